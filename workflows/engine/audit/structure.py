"""The shape of a map: every step is reached and leads to an end, and parallel blocks nest.

For a block that passes here a join's count is exact: whoever is inside came in through the
parallel step, and goes out through its join or leaves the block as a whole.
"""

from collections.abc import Iterator

from workflows.engine.audit.findings import Finding, found
from workflows.engine.audit.survey import Block, Survey
from workflows.engine.definition import (
    DecisionStep,
    EndStep,
    JoinStep,
    ParallelStep,
)
from workflows.engine.graph import reach


def reachable(survey: Survey) -> Iterator[Finding]:
    """Every step is reached from the start."""
    if survey.graph.first is None:
        return
    for key in survey.graph.steps:
        if key not in survey.graph.reachable:
            yield found(
                "step_unreachable",
                key,
                f"No request ever comes to {survey.called(key)}: whoever relies on it waits in"
                " vain.",
                "Draw a way to it, or remove it.",
            )


def ends(survey: Survey) -> Iterator[Finding]:
    """From every step an end can be reached."""
    graph = survey.graph
    closing = {key for key, step in graph.steps.items() if isinstance(step, EndStep)}
    if not closing:
        yield found(
            "end_missing",
            None,
            "The map has no end: no request is ever complete.",
            "Add a step of kind `end`.",
        )
        return
    finishing = reach(closing, graph.preceding, set())
    for key in graph.steps:
        if key not in finishing:
            yield found(
                "end_unreachable",
                key,
                f"A request that comes to {survey.called(key)} can never be completed: no way"
                " from there leads to an end.",
                "Draw a way from it, or from a step after it, towards an end.",
            )


def decisions(survey: Survey) -> Iterator[Finding]:
    """A decision always has somewhere to go."""
    for key, step in survey.graph.steps.items():
        if isinstance(step, DecisionStep) and step.otherwise is None:
            yield found(
                "otherwise_missing",
                key,
                f"Where no rule of {survey.called(key)} holds, the request has nowhere to go"
                " and stops there.",
                "Add `otherwise`.",
            )


def reopening(survey: Survey) -> Iterator[Finding]:
    """A request is reopened, and begun, where it can go on from: at no end and in no block."""
    graph = survey.graph
    inside = {key for block in survey.blocks for key in block.inside}
    for key, step in graph.steps.items():
        if not isinstance(step, EndStep) or step.reopen is None:
            continue
        if isinstance(graph[step.reopen], EndStep):
            why = "is an end, so the request would be over again at once"
        elif step.reopen in inside or isinstance(graph[step.reopen], JoinStep):
            why = "stands in a parallel block, whose join would wait for branches never opened"
        else:
            continue
        yield found(
            "reopen_unfit",
            key,
            f"{survey.called(key)} reopens at {survey.called(step.reopen)}, which {why}.",
            "Reopen at a step outside every parallel block, such as the first one.",
        )


# -- parallel blocks --------------------------------------------------------------------------


def pairs(survey: Survey) -> Iterator[Finding]:
    """Each parallel step has a join of its own, and each join a parallel step."""
    graph, users = survey.graph, dict[str, list[str]]()
    for key, step in graph.steps.items():
        if isinstance(step, ParallelStep):
            yield from _join_of(survey, key, step)
            if step.join:
                users.setdefault(step.join, []).append(key)
    for key in graph.joins():
        parallels = users.get(key, [])
        if not parallels:
            yield found(
                "join_alone",
                key,
                f"No parallel step names {survey.called(key)} as its join: it cannot know what"
                " to wait for, and a request that comes there fails.",
                "Name it under `join` of its parallel step, or lead the way past it.",
            )
        elif len(parallels) > 1:
            listed = " and ".join(survey.called(parallel) for parallel in parallels)
            yield found(
                "join_shared",
                key,
                f"{listed} share the join {survey.called(key)}: it cannot tell whose branches"
                " it has to wait for.",
                "Give each parallel step a join of its own.",
            )


def _join_of(survey: Survey, key: str, step: ParallelStep) -> Iterator[Finding]:
    if step.join is None:
        yield found(
            "join_missing",
            key,
            f"The branches of {survey.called(key)} never meet: the request would go on several"
            " times, or never.",
            "Name the step of kind `join` where they meet under `join`.",
        )
    elif not isinstance(survey.graph[step.join], JoinStep):
        yield found(
            "join_unfit",
            key,
            f"{survey.called(key)} names {survey.called(step.join)} as its join, which is of"
            f" kind {survey.graph[step.join].kind} and waits for nobody.",
            "Name a step of kind `join`.",
        )


def counts(survey: Survey) -> Iterator[Finding]:
    """A join asks for as many branches as there can be."""
    for block in survey.blocks:
        join = survey.graph[block.join]
        assert isinstance(join, JoinStep)
        if not isinstance(join.wait_for, int):
            continue
        there = len(block.step.branches)
        sure = sum(branch.when is None for branch in block.step.branches)
        if join.wait_for > there:
            yield found(
                "join_wants_too_many",
                block.join,
                f"{survey.called(block.join)} waits for {join.wait_for} branches and"
                f" {survey.called(block.key)} has {there}: it can never get what it asks for.",
                f"Ask for at most {there} under `wait_for`, or write `all`.",
            )
        elif join.wait_for > sure:
            yield found(
                "join_capped",
                block.join,
                f"{survey.called(block.join)} waits for {join.wait_for} branches, and"
                f" {survey.called(block.key)} may open only {sure}: then it waits for those that"
                " were opened and no more.",
                "If that is not what you mean, open more branches without `when`.",
            )


def branches(survey: Survey) -> Iterator[Finding]:
    """Every branch can come to its join."""
    for block in survey.blocks:
        for number, branch in enumerate(block.step.branches, start=1):
            if branch.to != block.join and branch.to not in block.inside:
                yield found(
                    "branch_misses_join",
                    block.key,
                    f"Branch {number} of {survey.called(block.key)}, to"
                    f" {survey.called(branch.to)}, cannot come to the join"
                    f" {survey.called(block.join)}: the other branches would wait for it in vain"
                    " or be cut off by it.",
                    f"Draw a way from the branch to {survey.called(block.join)}.",
                )


def entries(survey: Survey) -> Iterator[Finding]:
    """Nobody comes into a block, or to its join, but through its parallel step."""
    visited = survey.graph.reachable
    unvisited = set(survey.graph.steps) - visited if visited else set[str]()
    for block in survey.blocks:
        fine = block.inside | {block.key} | unvisited
        for key in sorted(survey.graph.preceding[block.join] - fine):
            yield _from_outside(survey, block, survey.called(key), key)
        if block.join in survey.entries:
            yield _from_outside(survey, block, "The start", None)
        for inner in sorted(block.inside):
            for key in sorted(survey.graph.preceding[inner] - fine):
                yield _side_entry(survey, block, survey.called(key), inner)
            if inner == survey.graph.first:
                yield _side_entry(survey, block, "The start", inner)


def _from_outside(survey: Survey, block: Block, who: str, key: str | None) -> Finding:
    return found(
        "join_entered_from_outside",
        key or block.join,
        f"{who} leads to the join {survey.called(block.join)} from outside the block of"
        f" {survey.called(block.key)}: a request that comes that way fails there.",
        f"Lead to the step after {survey.called(block.join)} instead, or to"
        f" {survey.called(block.key)}.",
    )


def _side_entry(survey: Survey, block: Block, who: str, inner: str) -> Finding:
    return found(
        "block_entered_from_side",
        inner,
        f"{who} leads to {survey.called(inner)}, inside the block of {survey.called(block.key)},"
        f" from outside: the join {survey.called(block.join)} would be reached by work that it"
        " does not wait for.",
        f"Lead to {survey.called(block.key)} instead, or to a step outside the block.",
    )


def nesting(survey: Survey) -> Iterator[Finding]:
    """A block lies inside another with both its ends, or not at all."""
    for outer in survey.blocks:
        for inner in survey.blocks:
            if inner.key != outer.key and (inner.key in outer.inside) != (
                inner.join in outer.inside
            ):
                yield found(
                    "blocks_cross",
                    inner.key,
                    f"The block from {survey.called(inner.key)} to {survey.called(inner.join)}"
                    f" lies only partly inside the block from {survey.called(outer.key)} to"
                    f" {survey.called(outer.join)}: finishing one would cut through the other.",
                    "Move the parallel step or its join, so that one block lies wholly inside"
                    " the other.",
                )


CHECKS = (reachable, ends, decisions, reopening, pairs, counts, branches, entries, nesting)
