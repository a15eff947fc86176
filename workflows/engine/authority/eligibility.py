"""Who can still finish a task: the one question behind queues, openings, remedies and the clock.

Pure: whoever asks says who is in which role at the moment. Everybody named here is active; who
has left, or whose account is closed, is simply not among them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from workflows.engine.format.definition import HumanStep, RouteDef, roles_of_step
from workflows.engine.format.quorums import quorum_roles
from workflows.engine.routing.marking import Person, Token
from workflows.engine.routing.quorum import base_vote_roles, filled_parts
from workflows.engine.routing.separation import forward_outcome


class EligibilityGap(StrEnum):
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
class TaskPeople:
    """The people around one open task.

    `roles` has the people of each role that the step or one of its outcomes names; `added` those
    who stand in, and those to whom it was escalated and who are still in that role. `token` has the
    votes so far, where they are not only counted.
    """

    roles: Mapping[str, frozenset[Person]]
    holder: Person | None = None
    added: frozenset[Person] = frozenset()
    barred: frozenset[Person] = frozenset()
    voted: frozenset[Person] = frozenset()
    votes: int = 0
    needed: int = 1
    token: Token | None = None


def forward_roles(step: HumanStep) -> frozenset[str]:
    """The roles whose people can let a request go on from this step; exceptions do not count
    where there is another way."""
    named = (
        (route.role,) if route.role else roles_of_step(step) for route in _forward_routes(step)
    )
    return frozenset(role for roles in named for role in roles)


def needs_own_roles(step: HumanStep) -> bool:
    """Whether every outcome that goes on is for a role of its own, whoever has the task."""
    return all(route.role for route in _forward_routes(step))


def find_eligibility_gap(step: HumanStep, people: TaskPeople) -> EligibilityGap | None:
    """Why nobody can finish the task, or None where somebody can.

    Who has a task and may not act on it is a lack, whoever else could act on it: nobody would look.
    """
    if people.holder is not None and people.holder not in _people_who_may_act(step, people):
        return EligibilityGap.HOLDER
    if any(_can_be_agreed(step, route, people) for route in _forward_routes(step, people)):
        return None
    candidates = {
        person
        for route in _forward_routes(step, people)
        for person in _people_for_route(step, route, people)
    }
    if people.needed > 1 and candidates:
        return EligibilityGap.QUORUM
    return EligibilityGap.BARRED if candidates else EligibilityGap.NOBODY


def _can_be_agreed(step: HumanStep, route: RouteDef, people: TaskPeople) -> bool:
    """Whether enough could choose this outcome now. Who was added by hand must agree themselves,
    and by roles each counts for one of theirs."""
    able = _eligible_people(step, route, people)
    token, parts = people.token, quorum_roles(step.quorum)
    extras = frozenset(token.extras) if token is not None else frozenset()
    awaited = extras - people.voted
    if not awaited <= able:
        return False
    others = able - extras
    if not parts or people.needed == 1:
        votes = people.votes - len(extras - awaited)
        return len(others) >= max(0 if extras else 1, people.needed - len(extras) - votes)
    given = base_vote_roles(token) if token is not None else []
    more = [_roles_of(person, parts, people) for person in others]
    return filled_parts(parts, [*given, *more]) >= sum(parts.values())


def _roles_of(person: Person, parts: Iterable[str], people: TaskPeople) -> list[str]:
    """For which parts somebody counts: by their roles, or, put in by hand, for any."""
    if person in people.added:
        return list(parts)
    return [role for role in parts if person in people.roles.get(role, frozenset())]


def _forward_routes(step: HumanStep, people: TaskPeople | None = None) -> Iterator[RouteDef]:
    """The outcomes of which one must be open to somebody: with a quorum the one that it counts,
    else those of the step's own people that are no exception. Only where there are none of these
    do outcomes count that are for other roles: nobody there is asked to look."""
    if people is not None and people.needed > 1:
        yield step.outcomes[forward_outcome(step)]
        return
    ordinary = [route for route in step.outcomes.values() if not route.exception]
    own = [route for route in ordinary if not route.role]
    yield from own or ordinary or step.outcomes.values()


def _people_for_route(step: HumanStep, route: RouteDef, people: TaskPeople) -> frozenset[Person]:
    """Everybody whom this outcome is for."""
    if route.role:
        return people.roles.get(route.role, frozenset())
    by_role = [people.roles.get(role, frozenset()) for role in roles_of_step(step)]
    return frozenset[Person]().union(people.added, *by_role)


def _eligible_people(step: HumanStep, route: RouteDef, people: TaskPeople) -> frozenset[Person]:
    """Those who could choose this outcome now."""
    able = _people_for_route(step, route, people) - people.barred - people.voted
    if route.role or people.holder is None:
        return able
    return able & (people.added | {people.holder})


def _people_who_may_act(step: HumanStep, people: TaskPeople) -> frozenset[Person]:
    """Everybody who may act on the task by a role or because they were added."""
    named = {*roles_of_step(step), *(route.role for route in step.outcomes.values())}
    by_role = [people.roles.get(role, frozenset()) for role in named if role]
    return frozenset().union(people.added, *by_role) - people.barred
