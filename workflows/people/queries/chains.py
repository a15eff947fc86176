"""Chains of managers as the directory of people has them now."""

from collections.abc import Collection
from typing import Any

from workflows.access.conditions.role_lookups import PersonQuestion, RequestAtRow
from workflows.engine.routing.chains import ChainQuestion, Superior, climb
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Person
from workflows.people.models import User
from workflows.people.queries.directory_lookups import find_people_started_from

TAKEN_AT_ONCE = ("manager", "manager__manager", "manager__manager__manager")
"""Most chains are not longer than that: they cost one statement."""


class DirectoryChains:
    """Who is above whom, for one command: each person is read once, however many chains pass."""

    def __init__(self) -> None:
        self._people: dict[int, User] = {}

    def find(
        self, graph: Graph, question: ChainQuestion, request: Any, fresh: Collection[str]
    ) -> tuple[str, ...]:
        """Whom a chain of a request has. `fresh` are the fields that the command has just written.
        Raises ChainNotFound."""
        seen_from = RequestAtRow(request, question.data)
        asked = PersonQuestion(question.chain.chain_of, seen_from, fresh, question.position)
        ((*starts,),) = find_people_started_from([asked])
        start = self._person(starts[0]) if starts else None
        return climb(graph, question, as_superior(start) if start else None, self._above)

    def _above(self, person: Person) -> Superior | None:
        below = self._person(int(person))
        if below is None or below.manager_id is None:
            return None
        above = self._person(below.manager_id)
        return as_superior(above) if above is not None else None

    def _person(self, pk: int) -> User | None:
        if pk not in self._people:
            person = User.objects.select_related(*TAKEN_AT_ONCE).filter(pk=pk).first()
            while person is not None and person.pk not in self._people:
                self._people[person.pk] = person
                person = person.manager if "manager" in person._state.fields_cache else None
        return self._people.get(pk)


def as_superior(person: User) -> Superior:
    """What a chain's rule may ask of somebody."""
    return Superior(
        person=person.pk,
        login=person.get_username(),
        limit=person.approval_limit,
        department=person.department,
        cost_centre=person.cost_centre,
        place=person.place,
        is_active=person.is_active,
    )
