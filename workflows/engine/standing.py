"""Who can still finish a task: the one question behind queues, openings, remedies and the clock.

Pure: whoever asks says who is in which role at the moment. Everybody named here is active; who
has left, or whose account is closed, is simply not among them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from workflows.engine.definition import HumanStep, RouteDef
from workflows.engine.marking import Person
from workflows.engine.separation import forward_outcome


class Lack(StrEnum):
    """Why nobody can finish a task."""

    HOLDER = "holder"
    """The one who has it may not act on it any more."""
    NOBODY = "nobody"
    """Nobody is in a role that could go on."""
    BARRED = "barred"
    """Separation of duties keeps away everybody who is there."""
    QUORUM = "quorum"
    """Fewer people are left than must still agree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The people around one open task.

    `roles` has the people of each role that the step or one of its outcomes names; `added` those
    who stand in, and those to whom it was escalated and who are still in that role.
    """

    roles: Mapping[str, frozenset[Person]]
    holder: Person | None = None
    added: frozenset[Person] = frozenset()
    barred: frozenset[Person] = frozenset()
    voted: frozenset[Person] = frozenset()
    votes: int = 0
    needed: int = 1

    @property
    def lacking(self) -> int:
        """How many must still agree."""
        return max(1, self.needed - self.votes)


def roles_that_go_on(step: HumanStep) -> frozenset[str]:
    """The roles whose people can let a request go on from this step; exceptions do not count
    where there is another way."""
    return frozenset(role for way in _ways_on(step) if (role := way.role or step.role))


def needs_own_roles(step: HumanStep) -> bool:
    """Whether every outcome that goes on is for a role of its own, whoever has the task."""
    return all(way.role for way in _ways_on(step))


def lack(step: HumanStep, around: Around) -> Lack | None:
    """Why nobody can finish the task, or None where somebody can.

    Who has a task and may not act on it is a lack, whoever else could act on it: nobody would look.
    """
    if around.holder is not None and around.holder not in _may_act(step, around):
        return Lack.HOLDER
    if any(len(_able(step, way, around)) >= around.lacking for way in _ways_on(step, around)):
        return None
    there = {person for way in _ways_on(step, around) for person in _of(step, way, around)}
    if around.needed > 1 and there:
        return Lack.QUORUM
    return Lack.BARRED if there else Lack.NOBODY


def _ways_on(step: HumanStep, around: Around | None = None) -> Iterator[RouteDef]:
    """The outcomes of which one must be open to somebody: with a quorum the one that it counts,
    else those of the step's own people that are no exception. Only where there are none of these
    do outcomes count that are for other roles: nobody there is asked to look."""
    if around is not None and around.needed > 1:
        yield step.outcomes[forward_outcome(step)]
        return
    ordinary = [way for way in step.outcomes.values() if not way.exception]
    own = [way for way in ordinary if not way.role]
    yield from own or ordinary or step.outcomes.values()


def _of(step: HumanStep, way: RouteDef, around: Around) -> frozenset[Person]:
    """Everybody whom this outcome is for."""
    if way.role:
        return around.roles.get(way.role, frozenset())
    return around.roles.get(step.role or "", frozenset()) | around.added


def _able(step: HumanStep, way: RouteDef, around: Around) -> frozenset[Person]:
    """Those who could choose this outcome now."""
    able = _of(step, way, around) - around.barred - around.voted
    if way.role or around.holder is None:
        return able
    return able & (around.added | {around.holder})


def _may_act(step: HumanStep, around: Around) -> frozenset[Person]:
    """Everybody who may act on the task by a role or because they were added."""
    named = {step.role, *(way.role for way in step.outcomes.values())}
    people = [around.roles.get(role, frozenset()) for role in named if role]
    return frozenset().union(around.added, *people) - around.barred
