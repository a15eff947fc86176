"""Who does what, as roles: activities that the same people do have one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

LEAST_SHARED = 0.5
"""Activities belong together where so much of their work is done by the same people."""


@dataclass(frozen=True, slots=True)
class ProposedRole:
    """A role: its key, and the activities that it does."""

    key: str
    activities: tuple[str, ...]


def propose_roles(resources: Mapping[str, Mapping[str, int]]) -> list[ProposedRole]:
    """Roles by who does what; an activity that nobody is named for is in none."""
    groups: list[tuple[list[str], dict[str, float]]] = []
    for activity, people in resources.items():
        shares = _shares(people)
        if not shares:
            continue
        best = max(groups, key=lambda group: _overlap(group[1], shares), default=None)
        if best is not None and _overlap(best[1], shares) >= LEAST_SHARED:
            best[0].append(activity)
            for name, share in shares.items():
                best[1][name] = max(best[1].get(name, 0.0), share)
        else:
            groups.append(([activity], shares))
    return _named(groups)


def _shares(people: Mapping[str, int]) -> dict[str, float]:
    whole = sum(count for name, count in people.items() if name)
    return {name: count / whole for name, count in people.items() if name}


def _overlap(known: Mapping[str, float], shares: Mapping[str, float]) -> float:
    """How much of the work is done by people who are known."""
    return sum(share for name, share in shares.items() if name in known)


def _named(groups: list[tuple[list[str], dict[str, float]]]) -> list[ProposedRole]:
    roles: list[ProposedRole] = []
    used: set[str] = set()
    for number, (activities, people) in enumerate(groups, start=1):
        base = _shared_stem(people) or f"team_{number}"
        key, count = base, 1
        while key in used:
            count += 1
            key = f"{base}_{count}"
        used.add(key)
        roles.append(ProposedRole(key, tuple(activities)))
    return roles


def _shared_stem(people: Mapping[str, float]) -> str:
    """What several people are called apart from their numbers ('Clerk-1', 'Clerk-2'), as a key."""
    stems = {re.sub(r"[\W_]*\d+$", "", name).strip() for name in people}
    stem = stems.pop() if len(stems) == 1 and len(people) > 1 else ""
    key = re.sub(r"[^a-z0-9]+", "_", stem.lower()).strip("_")[:50]
    return key if key[:1].isalpha() else ""
