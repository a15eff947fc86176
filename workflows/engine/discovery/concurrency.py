"""Which activities of a log are done beside each other: in either order, and each once.

As in the miners of the field (alpha, heuristic), what comes in both orders is concurrent; what
comes in one order only is before and after. Here orders are compared within a case, not only
between neighbours, so that branches of several steps are found too.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

Trace = tuple[str, ...]
Traces = Mapping[Trace, int]
"""Courses of cases, and how many cases took each."""

LEAST_BALANCE = 0.1
"""The rarer order must be this share of all, or the two are before and after each other."""
LEAST_SURE = 0.35


@dataclass(frozen=True, slots=True)
class Concurrency:
    """Two activities that seem to be done beside each other.

    `together` is the share of the cases with one of them (with stand-ins: with the rarer) in which
    they come together; `balance` the share of the rarer order; `sure`, from 0 to 1, how far both
    say so.
    """

    first: str
    second: str
    cases: int
    together: float
    balance: float

    @property
    def sure(self) -> float:
        """How sure it is: less where one comes without the other, where one order is rare, and
        where there are few cases."""
        evenness = min(1.0, 4 * self.balance)
        return self.together * evenness * self.cases / (self.cases + 1)


@dataclass(slots=True)
class _PairCounts:
    """In how many cases two activities come together, and in which order."""

    both: int = 0
    paired: int = 0
    first: int = 0
    second: int = 0


def find_concurrency(traces: Traces, *, stand_ins: bool = False) -> list[Concurrency]:
    """The pairs that are concurrent, the surest first.

    Each must come once a time where the other does. With `stand_ins` one may come in the place of
    another ('examine', thoroughly or casually): more is found, and more that is chance.
    """
    cases: Counter[str] = Counter()
    pairs: dict[tuple[str, str], _PairCounts] = defaultdict(_PairCounts)
    for trace, count in traces.items():
        places: dict[str, list[int]] = defaultdict(list)
        for place, activity in enumerate(trace):
            places[activity].append(place)
        for activity in places:
            cases[activity] += count
        for first, second in combinations(sorted(places), 2):
            turns = _turns(places[first], places[second])
            if stand_ins and not turns:
                turns = _neighbours(places[first], places[second])
            _count_turns(pairs[first, second], turns, count)
    found = [
        relation
        for pair, counts in pairs.items()
        if (relation := _judge_pair(pair, counts, cases, stand_ins=stand_ins)) is not None
    ]
    return sorted(found, key=lambda relation: (-relation.sure, relation.first, relation.second))


def _count_turns(counts: _PairCounts, turns: list[tuple[int, int]], weight: int) -> None:
    counts.both += weight
    if not turns:
        return
    counts.paired += weight
    before = sum(a < b for a, b in turns)
    counts.first += weight * before
    counts.second += weight * (len(turns) - before)


def _turns(first: list[int], second: list[int]) -> list[tuple[int, int]]:
    """Two activities that come in turns: one of each, then (in a loop) again."""
    if len(first) != len(second):
        return []
    turns = list(zip(first, second, strict=True))
    is_mixed = any(max(turns[n]) > min(turns[n + 1]) for n in range(len(turns) - 1))
    return [] if is_mixed else turns


def _neighbours(first: list[int], second: list[int]) -> list[tuple[int, int]]:
    """What stands side by side; not in a loop of the two, where one has the other on both sides."""
    beside = [(a, b) for a in first for b in (a - 1, a + 1) if b in second]
    used = Counter(place for pair in beside for place in pair)
    return [pair for pair in beside if all(used[place] == 1 for place in pair)]


def _judge_pair(
    pair: tuple[str, str], counts: _PairCounts, cases: Mapping[str, int], *, stand_ins: bool
) -> Concurrency | None:
    turns = counts.first + counts.second
    balance = min(counts.first, counts.second) / turns if turns else 0.0
    if balance < LEAST_BALANCE:
        return None
    either = cases[pair[0]] + cases[pair[1]] - counts.both
    of_cases = min(cases[name] for name in pair) if stand_ins else either
    found = Concurrency(*pair, counts.paired, counts.paired / of_cases, balance)
    return found if found.sure >= LEAST_SURE else None


def connected_parts(
    members: Collection[str], related: Collection[frozenset[str]], *, apart: bool = False
) -> list[list[str]]:
    """The members in groups: who is related, over others too, is in one. With `apart`, who is *not*
    related is."""
    left, parts = list(members), []
    while left:
        part = [left.pop(0)]
        for member in part:
            near = [m for m in left if (frozenset((member, m)) in related) is not apart]
            left = [m for m in left if m not in near]
            part += near
        parts.append(sorted(part))
    return parts


def nested_groups(
    relations: list[Concurrency],
) -> Iterator[tuple[list[list[str]], list[Concurrency], list[Concurrency]]]:
    """Groups of concurrent activities as branches, each with the relations that make it, and those
    that do not nest: the least sure are let go until each of a branch is concurrent to each of the
    others'."""
    by_pair = {frozenset((r.first, r.second)): r for r in relations}
    members = sorted({name for pair in by_pair for name in pair})
    for part in connected_parts(members, by_pair.keys()):
        inside = {pair for pair in by_pair if pair <= set(part)}
        yield from _nest(part, inside, by_pair)


def _nest(
    part: list[str], inside: set[frozenset[str]], by_pair: Mapping[frozenset[str], Concurrency]
) -> Iterator[tuple[list[list[str]], list[Concurrency], list[Concurrency]]]:
    dropped: list[Concurrency] = []
    inside = set(inside)
    while inside:
        groups = connected_parts(part, inside)
        group = max(groups, key=len)
        branches = connected_parts(group, inside, apart=True)
        if len(branches) > 1:
            own = {pair for pair in inside if pair <= set(group)}
            yield branches, [by_pair[pair] for pair in own], dropped
            part = [name for name in part if name not in group]
            inside -= own
            dropped = []
            continue
        weakest = min(inside, key=lambda pair: (by_pair[pair].sure, sorted(pair)))
        dropped.append(by_pair[weakest])
        inside.discard(weakest)
    if dropped:
        yield [], [], dropped
