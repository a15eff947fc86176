"""Who counts and who may not: quorum's forward outcome, and separation of duties."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workflows.engine.format.definition import Definition, HumanStep, RowScope, excluded_parties
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Marking, Person
from workflows.engine.routing.rows import Rows, shared_rows, slot_key, split_slot


def forward_outcome(step: HumanStep) -> str:
    """The outcome that a quorum counts: the first that is not an exception."""
    outcomes = step.outcomes.items()
    return next(
        (name for name, route in outcomes if not route.exception), next(iter(step.outcomes))
    )


def is_approving_outcome(step: HumanStep, outcome: str) -> bool:
    """Whether this outcome gives what the step is asked for: the forward one, or one that leads to
    the same step ('approve with conditions')."""
    forward = step.outcomes[forward_outcome(step)]
    route = step.outcomes[outcome]
    return route is forward or (not route.exception and route.to == forward.to)


def visible_field_keys(
    step: HumanStep, definition: Definition, scopes: Sequence[RowScope] = ()
) -> list[str]:
    """The fields that who decides a step has in front of them: its inputs (all, where it names
    none; in an each-branch the row in place of its list) and those that it fills in, in the map's
    order."""
    if step.inputs is None:
        names, lists = {scope.name for scope in scopes}, {scope.source for scope in scopes}
        return [
            key
            for key in definition.all_fields
            if (key in definition.fields and key not in lists) or key.partition(".")[0] in names
        ]
    visible = {*step.inputs, *(step.outputs or [])}
    return [key for key in definition.all_fields if key in visible]


@dataclass(frozen=True, slots=True)
class RowView:
    """From where separation of duties is asked: a step, and the rows that the work is about. Of
    steps in the same each-branch only those count who decided on the same row."""

    graph: Graph
    step: str
    rows: Rows

    def deciders_of(self, other: str, marking: Marking) -> Iterable[Person]:
        """Who decided another step, as far as it concerns this place."""
        scopes = self.graph.row_scopes
        shared = shared_rows(scopes[self.step], scopes[other]) if other in scopes else 0
        own = self.rows[:shared]
        if not own:
            return marking.deciders.get(other, ())
        if len(scopes[other]) == shared:
            return marking.deciders.get(slot_key(other, own), ())
        slots = ((split_slot(slot), people) for slot, people in marking.deciders.items())
        return [
            person
            for (step, rows), people in slots
            if step == other and rows and rows[:shared] == own
            for person in people
        ]


def people_kept_from_step(
    step: HumanStep, marking: Marking, view: RowView | None = None
) -> frozenset[Person]:
    """The people whom `not_by` keeps from this step in this request, and from steering past it.
    Without a view of one row, whoever decided on any."""
    people: set[Person] = set()
    for other in excluded_parties(step):
        if other != "requester":
            people.update(
                marking.deciders.get(other, ())
                if view is None
                else view.deciders_of(other, marking)
            )
        elif marking.requester is not None:
            people.add(marking.requester)
    return frozenset(people)


def barred_people(
    step: HumanStep, marking: Marking, view: RowView | None = None
) -> frozenset[Person]:
    """The people who may not act on this step in this request: whom `not_by` keeps from it; from
    an approval also who steered the request, changing by hand what is approved or how it came
    there."""
    people = people_kept_from_step(step, marking, view)
    if step.kind == "approval" and excluded_parties(step):
        return people | frozenset(marking.steered)
    return people
