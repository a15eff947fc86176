"""The shape of a map: every step is reached and leads to an end, and parallel blocks nest.

For a block that passes here a join's count is exact: whoever is inside came in through the
parallel step, and goes out through its join or leaves the block as a whole.
"""

from collections.abc import Iterator

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.map_facts import ParallelBlock, Survey
from workflows.engine.format.definition import DecisionStep, EndStep, JoinStep, ParallelStep
from workflows.engine.routing.graph import find_reachable
from workflows.engine.texts import Text, text


def check_reachability(survey: Survey) -> Iterator[AuditFinding]:
    """Every step is reached from the start."""
    if survey.graph.first is None:
        return
    for key in survey.graph.steps:
        if key not in survey.graph.reachable:
            yield make_finding("step_unreachable", key, step=survey.called(key))


def check_ends_reachable(survey: Survey) -> Iterator[AuditFinding]:
    """From every step an end can be reached."""
    graph = survey.graph
    closing = {key for key, step in graph.steps.items() if isinstance(step, EndStep)}
    if not closing:
        yield make_finding("end_missing", None)
        return
    finishing = find_reachable(closing, graph.preceding, set())
    for key in graph.steps:
        if key not in finishing:
            yield make_finding("end_unreachable", key, step=survey.called(key))


def check_decisions(survey: Survey) -> Iterator[AuditFinding]:
    """A decision always has somewhere to go."""
    for key, step in survey.graph.steps.items():
        if isinstance(step, DecisionStep) and step.otherwise is None:
            yield make_finding("otherwise_missing", key, step=survey.called(key))


def check_reopening(survey: Survey) -> Iterator[AuditFinding]:
    """A request is reopened, and begun, where it can go on from: at no end and in no block."""
    graph = survey.graph
    inside = {key for block in survey.blocks for key in block.inside}
    for key, step in graph.steps.items():
        if not isinstance(step, EndStep) or step.reopen is None:
            continue
        if isinstance(graph[step.reopen], EndStep):
            why = text("is an end, so the request would be over again at once")
        elif step.reopen in inside or isinstance(graph[step.reopen], JoinStep):
            why = text(
                "stands in a parallel block, whose join would wait for branches never opened"
            )
        else:
            continue
        yield make_finding(
            "reopen_unfit", key, step=survey.called(key), target=survey.called(step.reopen), why=why
        )


# -- parallel blocks --------------------------------------------------------------------------


def check_join_pairs(survey: Survey) -> Iterator[AuditFinding]:
    """Each parallel step has a join of its own, and each join a parallel step."""
    graph, users = survey.graph, dict[str, list[str]]()
    for key, step in graph.steps.items():
        if isinstance(step, ParallelStep):
            yield from _check_join(survey, key, step)
            if step.join:
                users.setdefault(step.join, []).append(key)
    for key in graph.joins():
        parallels = users.get(key, [])
        if not parallels:
            yield make_finding("join_alone", key, step=survey.called(key))
        elif len(parallels) > 1:
            listed = " and ".join(survey.called(parallel) for parallel in parallels)
            yield make_finding("join_shared", key, listed=listed, step=survey.called(key))


def _check_join(survey: Survey, key: str, step: ParallelStep) -> Iterator[AuditFinding]:
    if step.join is None:
        yield make_finding("join_missing", key, step=survey.called(key))
    elif not isinstance(survey.graph[step.join], JoinStep):
        yield make_finding(
            "join_unfit",
            key,
            step=survey.called(key),
            join=survey.called(step.join),
            kind=survey.graph[step.join].kind,
        )


def check_join_counts(survey: Survey) -> Iterator[AuditFinding]:
    """A join asks for as many branches as there can be."""
    for block in survey.blocks:
        join = survey.graph[block.join]
        assert isinstance(join, JoinStep)
        if not isinstance(join.wait_for, int):
            continue
        names = {"join": survey.called(block.join), "parallel_step": survey.called(block.key)}
        wait_count, branch_count = join.wait_for, len(block.step.branches)
        sure = sum(b.when is None and b.listed is None for b in block.step.branches)
        is_counted = not any(branch.each for branch in block.step.branches)
        if is_counted and wait_count > branch_count:
            yield make_finding(
                "join_wants_too_many", block.join, wanted=wait_count, branches=branch_count, **names
            )
        elif wait_count > sure:
            yield make_finding("join_capped", block.join, wanted=wait_count, sure=sure, **names)


def check_branches(survey: Survey) -> Iterator[AuditFinding]:
    """Every branch can come to its join."""
    for block in survey.blocks:
        for number, branch in enumerate(block.step.branches, start=1):
            if branch.to != block.join and branch.to not in block.inside:
                yield make_finding(
                    "branch_misses_join",
                    block.key,
                    number=number,
                    parallel_step=survey.called(block.key),
                    target=survey.called(branch.to),
                    join=survey.called(block.join),
                )


def check_block_entries(survey: Survey) -> Iterator[AuditFinding]:
    """Nobody comes into a block, or to its join, but through its parallel step."""
    visited = survey.graph.reachable
    unvisited = set(survey.graph.steps) - visited if visited else set[str]()
    for block in survey.blocks:
        fine = block.inside | {block.key} | unvisited
        for key in sorted(survey.graph.preceding[block.join] - fine):
            yield _outside_entry_finding(survey, block, survey.called(key), key)
        if block.join in survey.entries:
            yield _outside_entry_finding(survey, block, text("The start"), None)
        for inner in sorted(block.inside):
            for key in sorted(survey.graph.preceding[inner] - fine):
                yield _side_entry_finding(survey, block, survey.called(key), inner)
            if inner == survey.graph.first:
                yield _side_entry_finding(survey, block, text("The start"), inner)


def _outside_entry_finding(
    survey: Survey, block: ParallelBlock, source: Text | str, key: str | None
) -> AuditFinding:
    return make_finding(
        "join_entered_from_outside",
        key or block.join,
        source=source,
        join=survey.called(block.join),
        parallel_step=survey.called(block.key),
    )


def _side_entry_finding(
    survey: Survey, block: ParallelBlock, source: Text | str, inner: str
) -> AuditFinding:
    return make_finding(
        "block_entered_from_side",
        inner,
        source=source,
        step=survey.called(inner),
        parallel_step=survey.called(block.key),
        join=survey.called(block.join),
    )


def check_nesting(survey: Survey) -> Iterator[AuditFinding]:
    """A block lies inside another with both its ends, or not at all."""
    for outer in survey.blocks:
        for inner in survey.blocks:
            if inner.key != outer.key and (inner.key in outer.inside) != (
                inner.join in outer.inside
            ):
                yield make_finding(
                    "blocks_cross",
                    inner.key,
                    inner_step=survey.called(inner.key),
                    inner_join=survey.called(inner.join),
                    outer_step=survey.called(outer.key),
                    outer_join=survey.called(outer.join),
                )


CHECKS = (
    check_reachability,
    check_ends_reachable,
    check_decisions,
    check_reopening,
    check_join_pairs,
    check_join_counts,
    check_branches,
    check_block_entries,
    check_nesting,
)
