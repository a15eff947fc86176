"""The merge check: how many branches a join waits for, and where those that came disagree."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from workflows.engine.format.definition import JoinStep, ParallelStep
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Block


def needed_arrivals(graph: Graph, block: Block) -> int:
    """How many branches the join of this block waits for.

    Never more than were opened, so that a join of n cannot wait for a branch that was not
    taken; nor for rows that are not needed since somebody refused.
    """
    step = graph[block.step]
    assert isinstance(step, ParallelStep)
    assert step.join is not None
    join = graph[step.join]
    assert isinstance(join, JoinStep)
    left = len(block.waits_for) - len(block.dropped)
    return min(_count_of(join.wait_for, len(block.waits_for)), left)


def _count_of(wait_for: int | str | None, opened: int) -> int:
    """How many of so many branches; a share of them is rounded up."""
    if wait_for in (None, "all"):
        return opened
    if isinstance(wait_for, str) and wait_for.endswith("%"):
        return -(-opened * int(wait_for[:-1]) // 100)
    return 1 if wait_for == "any" else int(wait_for or 1)


def conflicting_fields(block: Block) -> dict[str, dict[str, Any]]:
    """Fields to which arrived branches gave different values, or whose document they approved in
    different versions: field → branch → value."""
    conflicts: dict[str, dict[str, Any]] = {}
    for notes in (block.written, block.seen):
        by_field: dict[str, dict[str, Any]] = {}
        for branch in map(str, block.arrived):
            for key, value in notes.get(branch, {}).items():
                by_field.setdefault(key, {})[branch] = value
        for key, values in by_field.items():
            distinct = list(values.values())
            if any(value != distinct[0] for value in distinct[1:]):
                conflicts.setdefault(key, values)
    return conflicts


def with_branch_notes(
    block: Block, branch: int | None, written: Mapping[str, Any], seen: Mapping[str, Any]
) -> Block:
    """The block with what one of its branches wrote and approved added."""
    name = str(branch)
    return replace(
        block,
        written={**block.written, name: {**block.written.get(name, {}), **written}},
        seen={**block.seen, name: {**block.seen.get(name, {}), **seen}},
    )


def merged_branch_values(block: Block) -> dict[str, Any]:
    """What the branches that arrived wrote, where they do not disagree."""
    values: dict[str, Any] = {}
    for branch in block.arrived:
        values.update(block.written.get(str(branch), {}))
    return values


def combined_branch_notes(
    block: Block, branches: Iterable[str], data: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What these branches wrote and approved, as one: the value that holds now, where one of
    them wrote it, else the last."""
    written: dict[str, Any] = {}
    seen: dict[str, Any] = {}
    for branch in branches:
        for key, value in block.written.get(branch, {}).items():
            if key not in written or written[key] != data.get(key):
                written[key] = value
        seen.update(block.seen.get(branch, {}))
    return written, seen


def with_conflict_settled(block: Block, chosen: Mapping[str, Any]) -> Block:
    """The block after a person chose the value of the fields in question."""
    return replace(
        block,
        conflict=False,
        written={
            branch: {key: chosen.get(key, value) for key, value in values.items()}
            for branch, values in block.written.items()
        },
        seen={
            branch: {key: value for key, value in values.items() if key not in chosen}
            for branch, values in block.seen.items()
        },
    )
