"""Whose votes count, and whether there are enough: exact, by an assignment of people to parts.

With a quorum by roles each person counts for one of the roles in which they are, whichever leaves
the others the most; so a vote counts exactly if more parts can be filled with it than without.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from workflows.engine.format.definition import HumanStep
from workflows.engine.format.quorums import quorum_roles
from workflows.engine.routing.marking import Person, Token

Roles = Collection[str]


def filled_parts(parts: Mapping[str, int], people: Iterable[Roles]) -> int:
    """How many places these people (each by their roles) can fill at once, one each."""
    places: dict[str, list[Sequence[str]]] = {role: [] for role in parts}
    filled = 0
    for roles in people:
        known = sorted(role for role in roles if role in parts)
        filled += _place(known, parts, places, set())
        if filled == sum(parts.values()):
            break
    return filled


def _place(
    roles: Sequence[str],
    parts: Mapping[str, int],
    places: dict[str, list[Sequence[str]]],
    tried: set[str],
) -> bool:
    """Find somebody a place, moving those who have one to other roles of theirs where it helps."""
    for role in roles:
        if role in tried:
            continue
        tried.add(role)
        if len(places[role]) < parts[role]:
            places[role].append(roles)
            return True
        for number, other in enumerate(places[role]):
            if _place(other, parts, places, tried):
                places[role][number] = roles
                return True
    return False


def vote_counts(step: HumanStep, token: Token, person: Person, roles: Roles) -> bool:
    """Whether this person's agreement brings the step nearer to its end."""
    if person in token.extras:
        return person not in token.votes
    votes = base_vote_roles(token)
    parts = quorum_roles(step.quorum)
    if not parts:
        return len(votes) < token.needed - len(token.extras)
    return filled_parts(parts, [*votes, roles]) > filled_parts(parts, votes)


def base_vote_roles(token: Token) -> list[Roles]:
    """The votes of all but those who were added to the step, by the roles in which each was."""
    roles = [*token.vote_roles, *(() for _ in token.votes[len(token.vote_roles) :])]
    return [
        of_vote
        for person, of_vote in zip(token.votes, roles, strict=True)
        if person not in token.extras
    ]


def lacking_roles(step: HumanStep, token: Token) -> dict[str, int]:
    """Of each role how many could still count, where the quorum is by roles."""
    parts, votes = quorum_roles(step.quorum), base_vote_roles(token)
    now = filled_parts(parts, votes)
    lacking = {}
    for role, most in parts.items():
        more = filled_parts(parts, [*votes, *([(role,)] * most)]) - now
        if more:
            lacking[role] = more
    return lacking
