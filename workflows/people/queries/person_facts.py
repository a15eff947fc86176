"""What the directory says of somebody, as rules ask it."""

from typing import Any

from workflows.engine.format.person_facts import known_of_requester
from workflows.people.models import User


def find_known_of_person(person: User, asked: frozenset[str]) -> dict[str, Any]:
    """What the rules of a map ask of whoever asks (`requester.department`), as it is now; what is
    not said is left out. A statement for the manager, and one for the groups, where they are
    asked."""
    said: dict[str, Any] = {
        "approval_limit": None if person.approval_limit is None else str(person.approval_limit),
        "department": person.department,
        "cost_centre": person.cost_centre,
        "place": person.place,
    }
    if "requester.manager" in asked and person.manager is not None:
        said["manager"] = person.manager.get_username()
    if "requester.groups" in asked:
        said["groups"] = list(person.groups.order_by("name").values_list("name", flat=True))
    return known_of_requester(said, asked)
