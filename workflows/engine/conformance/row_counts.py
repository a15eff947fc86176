"""For how many rows a case went through an each-branch, as far as its own rows tell.

A log seldom has the lists of a request. But each row of a list is a row of the log at each step of
its branch; so the log's rows are counted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from workflows.engine.format.branches import chain_source
from workflows.engine.format.definition import JoinStep, ParallelStep
from workflows.engine.routing.graph import Graph

MOST_ROWS_FOLLOWED = 200
"""So many rows of one list a case is followed through; of more than these nothing is said."""
MOST_GUESSES = 60
"""So many numbers are tried where a branch goes round, so that its steps do not tell."""

ListSizes = tuple[tuple[str, int], ...]
"""How many rows each list has, by its field, and how many managers each chain, by its name."""


@dataclass(frozen=True, slots=True)
class CaseLists:
    """The sizes that a case's lists may have had; `is_cut` where there are more than are tried."""

    sizes: tuple[ListSizes, ...] = ((),)
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class _Each:
    """An each-branch: its field, its steps, whether they or the block may come again, how large a
    share of its rows is awaited, and the fields of the each-branches around it."""

    source: str
    steps: frozenset[str]
    goes_round: bool
    share: Decimal
    around: tuple[str, ...]


class RowCounter:
    """Counts the rows of lists on one map."""

    def __init__(self, graph: Graph) -> None:
        self._branches = sorted(_branches_of(graph), key=lambda each: len(each.around))

    def count(self, steps_of_rows: Iterable[Iterable[str]]) -> CaseLists:
        """Of a case whose rows may each be of these steps."""
        if not self._branches:
            return CaseLists()
        seen = Counter(step for steps in steps_of_rows for step in set(steps))
        found: dict[str, set[int]] = {}
        for each in self._branches:
            outer = [max(found[field], default=1) or 1 for field in each.around if field in found]
            sizes = _possible_sizes(each, seen, outer)
            found[each.source] = found.get(each.source, set()) | sizes
        is_cut = any(size > MOST_ROWS_FOLLOWED for sizes in found.values() for size in sizes)
        is_cut |= any(
            each.goes_round and max(found[each.source]) > MOST_GUESSES for each in self._branches
        )
        listed = [
            [(field, min(size, MOST_ROWS_FOLLOWED)) for size in sorted(sizes)]
            for field, sizes in found.items()
        ]
        guesses = list(dict.fromkeys(product(*listed)))
        return CaseLists(tuple(guesses[:MOST_GUESSES]), is_cut or len(guesses) > MOST_GUESSES)


def _possible_sizes(each: _Each, seen: Mapping[str, int], outer: list[int]) -> set[int]:
    """The numbers of rows that explain how often the branch's steps were done."""
    counts = {seen.get(step, 0) for step in each.steps} - {0}
    for size in outer:
        counts = {-(-count // size) for count in counts}
    if not counts:
        return {0}
    most = max(counts)
    sizes = set(range(1, most + 1)) if each.goes_round and most <= MOST_GUESSES else {most}
    # Where a share is awaited, the others were called off, and are no rows of the log.
    return sizes | {int(count / each.share) for count in sizes}


def _branches_of(graph: Graph) -> Iterator[_Each]:
    for key, step in graph.steps.items():
        if not isinstance(step, ParallelStep):
            continue
        for index, branch in enumerate(step.branches):
            if branch.each is None:
                continue
            inside = {
                other
                for other, scopes in graph.row_scopes.items()
                if any((scope.parallel, scope.index) == (key, index) for scope in scopes)
            }
            yield _Each(
                branch.listed or chain_source(key, index),
                frozenset(inside),
                _goes_round(graph, key, inside),
                _share_of_join(graph, step),
                tuple(scope.source for scope in graph.row_scopes[key]),
            )


def _goes_round(graph: Graph, parallel: str, inside: set[str]) -> bool:
    """Whether a step of the branch may come twice for one row, or the block twice for a case."""
    return any(_comes_again(graph, step, inside) for step in inside) or _comes_again(
        graph, parallel, set(graph.steps)
    )


def _comes_again(graph: Graph, step: str, within: set[str]) -> bool:
    todo, reached = [step], set[str]()
    while todo:
        for link in graph.leaving[todo.pop()]:
            if link.kind == "reopen":
                continue
            if link.to == step:
                return True
            if link.to in within and link.to not in reached:
                reached.add(link.to)
                todo.append(link.to)
    return False


def _share_of_join(graph: Graph, step: ParallelStep) -> Decimal:
    join = graph.steps.get(step.join or "")
    wait_for = join.wait_for if isinstance(join, JoinStep) else None
    if isinstance(wait_for, str) and wait_for.endswith("%"):
        return Decimal(wait_for.rstrip("% ")) / 100
    return Decimal(1)
