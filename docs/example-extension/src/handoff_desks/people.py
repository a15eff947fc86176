"""A role finder: whoever looks after the place at which the requester sits."""

from typing import Literal

from django.contrib.auth import get_user_model

from workflows.extensions.api import ROLE_FINDERS, ROLE_LOOKUPS, RoleFinder, RoleLookup, text

FACILITIES = "Facilities"


class CaretakersFinder(RoleFinder):
    """`{caretakers_of: requester}`."""

    name, title = "caretakers_of", text("the caretakers of")
    setting_type = Literal["requester"]

    def people_text(self, setting, names):
        return text("whoever looks after the requester's place")


class CaretakersLookup(RoleLookup):
    """All of Facilities who are at the same place; one statement for all questions."""

    def find_everybody(self, questions):
        places = {asked.instance.requester.place for asked in questions if asked.instance.requester}
        people = get_user_model().objects.filter(department=FACILITIES, place__in=places - {""})
        there = list(people.order_by("username"))
        return [
            [person for person in there if person.place == asked.instance.requester.place]
            if asked.instance.requester
            else []
            for asked in questions
        ]


ROLE_FINDERS.register(CaretakersFinder.name, CaretakersFinder())
ROLE_LOOKUPS.register(CaretakersFinder.name, CaretakersLookup())
