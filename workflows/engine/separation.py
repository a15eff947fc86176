"""Who counts and who may not: quorum's forward outcome, and separation of duties."""

from workflows.engine.definition import HumanStep, not_by
from workflows.engine.marking import Marking, Person


def forward_outcome(step: HumanStep) -> str:
    """The outcome that a quorum counts: the first that is not an exception."""
    ways = step.outcomes.items()
    return next((name for name, way in ways if not way.exception), next(iter(step.outcomes)))


def barred(step: HumanStep, marking: Marking) -> frozenset[Person]:
    """The people whom `not_by` keeps from acting on this step in this request."""
    people: set[Person] = set()
    for other in not_by(step):
        if other != "requester":
            people.update(marking.deciders.get(other, ()))
        elif marking.requester is not None:
            people.add(marking.requester)
    return frozenset(people)
