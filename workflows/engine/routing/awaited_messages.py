"""Which steps of a map wait for a message, and which of them a request can still come to."""

from workflows.engine.format.definition import WaitStep
from workflows.engine.format.parts import KEEP_NOTHING
from workflows.engine.routing.graph import Graph, find_reachable
from workflows.engine.routing.marking import Marking


def keeping_waits(graph: Graph, message: str | None = None) -> dict[str, WaitStep]:
    """The steps that wait for this message (any, where none is named) and have it kept for them
    when it comes early."""
    return {
        key: step
        for key, step in graph.steps.items()
        if isinstance(step, WaitStep)
        and step.message is not None
        and step.keep != KEEP_NOTHING
        and message in (None, step.message)
    }


def coming_waits(graph: Graph, marking: Marking, message: str) -> dict[str, WaitStep]:
    """Those of them that some way leads to from where the request stands: from its open steps,
    from the joins of its running blocks, and by branches that have yet to begin."""
    waits = keeping_waits(graph, message)
    if not waits:
        return {}
    starts = {to for token in marking.tokens for to in graph.following[token.step]}
    for block in marking.blocks:
        if (join := getattr(graph[block.step], "join", None)) is not None:
            starts.add(join)
        if block.pending:
            starts |= graph.following[block.step]
    reached = find_reachable(starts, graph.following, frozenset())
    return {key: step for key, step in waits.items() if key in reached}
