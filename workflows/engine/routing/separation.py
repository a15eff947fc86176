"""Who counts and who may not: quorum's forward outcome, and separation of duties."""

from workflows.engine.format.definition import Definition, HumanStep, excluded_parties
from workflows.engine.routing.marking import Marking, Person


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


def visible_field_keys(step: HumanStep, definition: Definition) -> list[str]:
    """The fields that who decides a step has in front of them: its inputs (all, where it names
    none) and those that it fills in, in the map's order."""
    if step.inputs is None:
        return list(definition.fields)
    visible = {*step.inputs, *(step.outputs or [])}
    return [key for key in definition.fields if key in visible]


def people_kept_from_step(step: HumanStep, marking: Marking) -> frozenset[Person]:
    """The people whom `not_by` keeps from this step in this request, and from steering past it."""
    people: set[Person] = set()
    for other in excluded_parties(step):
        if other != "requester":
            people.update(marking.deciders.get(other, ()))
        elif marking.requester is not None:
            people.add(marking.requester)
    return frozenset(people)


def barred_people(step: HumanStep, marking: Marking) -> frozenset[Person]:
    """The people who may not act on this step in this request: whom `not_by` keeps from it; from
    an approval also who steered the request, changing by hand what is approved or how it came
    there."""
    people = people_kept_from_step(step, marking)
    if step.kind == "approval" and excluded_parties(step):
        return people | frozenset(marking.steered)
    return people
