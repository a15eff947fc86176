"""Loops that no person is in: a request caught in one would go round for ever.

A join counts as passable without a person only where its branches can come to it so.
"""

from collections.abc import Iterator
from typing import Any

import networkx as nx

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.map_facts import ParallelBlock, Survey
from workflows.engine.format.definition import HUMAN_KINDS, JoinStep, Step, TaskStep
from workflows.engine.format.parts import ExpiryDef
from workflows.engine.routing.graph import Graph, find_reachable


def check_loops_have_person(survey: Survey) -> Iterator[AuditFinding]:
    """Every loop has a person in it."""
    silent = unattended_routes(survey)
    graph: Any = nx.DiGraph(
        (source, target) for source, targets in silent.items() for target in sorted(targets)
    )
    order = list(survey.graph.steps)
    for part in nx.strongly_connected_components(graph):
        keys = sorted(part, key=order.index)
        if len(keys) == 1 and not graph.has_edge(keys[0], keys[0]):
            continue
        yield make_finding(
            "loop_without_person", keys[0], steps=" → ".join(survey.called(key) for key in keys)
        )


def unattended_routes(survey: Survey) -> dict[str, set[str]]:
    """The ways that a request can take with nobody deciding anything."""
    routes = dict(_unattended_ways(survey.graph))
    for block in survey.blocks:  # smallest first, so inner joins are known
        if not _passes_unattended(survey, block, routes):
            for targets in routes.values():
                targets.discard(block.join)
    return routes


def _unattended_ways(graph: Graph) -> Iterator[tuple[str, set[str]]]:
    """The ways out of each step that needs nobody; a task that expires needs nobody to do so."""
    unattended = {
        key for key, step in graph.steps.items() if step.kind not in HUMAN_KINDS or _expiry(step)
    }
    for key in unattended:
        expiry = _expiry(graph[key])
        following = {expiry.to} if expiry else graph.following[key]
        yield key, unattended & following


def _expiry(step: Step) -> ExpiryDef | None:
    return step.expires if isinstance(step, TaskStep) else None


def _passes_unattended(survey: Survey, block: ParallelBlock, routes: dict[str, set[str]]) -> bool:
    """Whether the join can fire with nobody having decided anything in the block."""
    join = survey.graph[block.join]
    assert isinstance(join, JoinStep)
    silent = [
        (
            branch.when is None and branch.listed is None,
            _arrives_unattended(branch.to, block, routes),
        )
        for branch in block.step.branches
    ]
    if not any(sure and not quiet for sure, quiet in silent):
        return True  # what needs a person may happen not to be opened
    if join.wait_for in (None, "all"):
        return False
    quiet_count = sum(quiet for _, quiet in silent)
    if isinstance(join.wait_for, str) and join.wait_for.endswith("%"):
        goes_through_rows = any(branch.each for branch in block.step.branches)
        share = 1 if goes_through_rows else int(join.wait_for[:-1]) * len(silent)
        return quiet_count * 100 >= share
    required_count = 1 if join.wait_for == "any" else int(join.wait_for or 1)
    return quiet_count >= required_count


def _arrives_unattended(target: str, block: ParallelBlock, routes: dict[str, set[str]]) -> bool:
    if target == block.join:
        return True
    if target not in routes:
        return False
    inside = {key: routes.get(key, set()) & (block.inside | {block.join}) for key in routes}
    return block.join in find_reachable({target}, inside, set())


CHECKS = (check_loops_have_person,)
