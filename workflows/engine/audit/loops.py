"""Loops that no person is in: a request caught in one would go round for ever.

A join counts as passable without a person only where its branches can come to it so.
"""

from collections.abc import Iterator
from typing import Any

import networkx as nx

from workflows.engine.audit.findings import Finding, found
from workflows.engine.audit.survey import Block, Survey
from workflows.engine.definition import JoinStep
from workflows.engine.graph import reach


def without_person(survey: Survey) -> Iterator[Finding]:
    """Every loop has a person in it."""
    silent = silent_ways(survey)
    graph: Any = nx.DiGraph(
        (source, target) for source, targets in silent.items() for target in sorted(targets)
    )
    order = list(survey.graph.steps)
    for part in nx.strongly_connected_components(graph):
        keys = sorted(part, key=order.index)
        if len(keys) == 1 and not graph.has_edge(keys[0], keys[0]):
            continue
        yield found(
            "loop_without_person",
            keys[0],
            f"A request can go round for ever without a person:"
            f" {' → '.join(survey.called(key) for key in keys)}.",
            "Put an approval or a task into the loop, or lead one of its ways out.",
        )


def silent_ways(survey: Survey) -> dict[str, set[str]]:
    """The ways that a request can take with nobody deciding anything."""
    graph = survey.graph
    ways = {
        key: {other for other in graph.following[key] if not graph.is_human(other)}
        for key in graph.steps
        if not graph.is_human(key)
    }
    for block in survey.blocks:  # smallest first, so inner joins are known
        if not _passes_silently(survey, block, ways):
            for targets in ways.values():
                targets.discard(block.join)
    return ways


def _passes_silently(survey: Survey, block: Block, ways: dict[str, set[str]]) -> bool:
    """Whether the join can fire with nobody having decided anything in the block."""
    join = survey.graph[block.join]
    assert isinstance(join, JoinStep)
    silent = [
        (branch.when is None, _comes_silently(branch.to, block, ways))
        for branch in block.step.branches
    ]
    if not any(sure and not quiet for sure, quiet in silent):
        return True  # what needs a person may happen not to be opened
    if join.wait_for in (None, "all"):
        return False
    wanted = 1 if join.wait_for == "any" else int(join.wait_for or 1)
    return sum(quiet for _, quiet in silent) >= wanted


def _comes_silently(target: str, block: Block, ways: dict[str, set[str]]) -> bool:
    if target == block.join:
        return True
    if target not in ways:
        return False
    inside = {key: ways.get(key, set()) & (block.inside | {block.join}) for key in ways}
    return block.join in reach({target}, inside, set())


CHECKS = (without_person,)
