"""Who counts and who may not: quorum's forward outcome, and separation of duties."""

from workflows.engine.definition import Definition, HumanStep, not_by
from workflows.engine.marking import Marking, Person


def forward_outcome(step: HumanStep) -> str:
    """The outcome that a quorum counts: the first that is not an exception."""
    ways = step.outcomes.items()
    return next((name for name, way in ways if not way.exception), next(iter(step.outcomes)))


def approves(step: HumanStep, outcome: str) -> bool:
    """Whether this outcome gives what the step is asked for: the forward one, or one that leads to
    the same step ('approve with conditions')."""
    forward = step.outcomes[forward_outcome(step)]
    way = step.outcomes[outcome]
    return way is forward or (not way.exception and way.to == forward.to)


def shown_fields(step: HumanStep, definition: Definition) -> list[str]:
    """The fields that who decides a step has in front of them: its inputs (all, where it names
    none) and those that it fills in, in the map's order."""
    if step.inputs is None:
        return list(definition.fields)
    shown = {*step.inputs, *(step.outputs or [])}
    return [key for key in definition.fields if key in shown]


def kept_from(step: HumanStep, marking: Marking) -> frozenset[Person]:
    """The people whom `not_by` keeps from this step in this request, and from steering past it."""
    people: set[Person] = set()
    for other in not_by(step):
        if other != "requester":
            people.update(marking.deciders.get(other, ()))
        elif marking.requester is not None:
            people.add(marking.requester)
    return frozenset(people)


def barred(step: HumanStep, marking: Marking) -> frozenset[Person]:
    """The people who may not act on this step in this request: whom `not_by` keeps from it; from
    an approval also who steered the request, changing by hand what is approved or how it came
    there."""
    people = kept_from(step, marking)
    if step.kind == "approval" and not_by(step):
        return people | frozenset(marking.steered)
    return people
