"""Which fields are filled in when a request comes to a step: surely, or by some way there."""

from collections.abc import Iterator, Mapping

from workflows.engine.definition import (
    AutomationStep,
    HumanStep,
    JoinStep,
    Link,
    ParallelStep,
    Step,
    SubworkflowStep,
    WaitStep,
)
from workflows.engine.graph import Graph, reach

Filled = Mapping[str, frozenset[str]]
"""By step."""


def surely_filled(graph: Graph) -> Filled:
    """For each step the fields that are filled in there; all of them where nobody comes."""
    every = frozenset(graph.definition.fields)
    filled = dict.fromkeys(graph.steps, every)
    ways = _ways_to(graph)
    branches = _sure_branches(graph, ways)
    changed = True
    while changed:
        changed = False
        for key in graph.steps:
            given = [_after(graph, link, filled) for link in ways[key]]
            if key == graph.first:
                given.append(_at_start(graph))
            now = every.intersection(*given) if given else every
            for arrivals in branches.get(key, ()):
                now |= every.intersection(*(_after(graph, link, filled) for link in arrivals))
            if now != filled[key]:
                filled[key], changed = now, True
    return filled


def _ways_to(graph: Graph) -> dict[str, list[Link]]:
    ways: dict[str, list[Link]] = {key: [] for key in graph.steps}
    for link in graph.links:
        ways[link.to].append(link)
    return ways


def _at_start(graph: Graph) -> frozenset[str]:
    fields = graph.definition.fields
    asked = graph.definition.start.fields if graph.definition.start else None
    return frozenset(key for key in asked or [] if key in fields and fields[key].required)


def _after(graph: Graph, link: Link, filled: Filled) -> frozenset[str]:
    """What is filled in once this way was taken. An exception way may leave outputs empty."""
    before, step = filled[link.source], graph[link.source]
    fields = graph.definition.fields
    if isinstance(step, HumanStep):
        outputs = frozenset(step.outputs or []) & fields.keys()
        must = frozenset(key for key in outputs if fields[key].required)
        return before - outputs | (frozenset() if link.route.exception else must)
    if isinstance(step, AutomationStep | SubworkflowStep) and link.kind == "to":
        given = {*(step.outputs or {})}
        if isinstance(step, AutomationStep) and step.action == "set_fields":
            given |= {*(step.with_ or {})}
        return before | (given & fields.keys())
    if isinstance(step, WaitStep):  # a message that leaves a required one out is refused
        given = {*(step.outputs or [])} & fields.keys()
        return before | {key for key in given if fields[key].required}
    return before


def _sure_branches(graph: Graph, ways: Mapping[str, list[Link]]) -> dict[str, list[list[Link]]]:
    """For each join of all, the ways by which each of its unconditional branches may arrive."""
    result: dict[str, list[list[Link]]] = {}
    for key, step in graph.steps.items():
        if not isinstance(step, ParallelStep) or step.join is None:
            continue
        join = graph[step.join]
        if not isinstance(join, JoinStep) or join.wait_for not in (None, "all"):
            continue
        for number, branch in enumerate(step.branches, start=1):
            if branch.when is None:
                inside = reach({branch.to}, graph.following, {key, step.join})
                arrivals = [
                    link
                    for link in ways[step.join]
                    if link.source in inside or (link.source == key and link.name == str(number))
                ]
                if arrivals:
                    result.setdefault(step.join, []).append(arrivals)
    return result


# -- what may be ------------------------------------------------------------------------------


def may_be_filled(graph: Graph) -> Mapping[str, frozenset[str]]:
    """For each step the fields that something may have filled in before a request comes there."""
    at_start = frozenset(_may_be_given(graph))
    filled = dict.fromkeys(graph.steps, at_start)
    changed = True
    while changed:
        changed = False
        for source, targets in _ways(graph).items():
            after = filled[source] | _gives(graph, graph[source])
            for target in targets:
                if not after <= filled[target]:
                    filled[target], changed = filled[target] | after, True
    return filled


def _ways(graph: Graph) -> Mapping[str, set[str]]:
    """Every way, reopening included; what one branch writes its block's other steps see."""
    ways: dict[str, set[str]] = {key: set() for key in graph.steps}
    for link in graph.links:
        ways[link.source].add(link.to)
    for inside in graph.body.values():
        for key in inside:
            ways[key] |= inside
    return ways


def _may_be_given(graph: Graph) -> Iterator[str]:
    begin = graph.definition.start
    if begin is None:
        return
    yield from begin.fields or ()
    for trigger in begin.triggers or ():
        yield from (*(trigger.data or ()), *(trigger.mapping or ()))


def _gives(graph: Graph, step: Step) -> frozenset[str]:
    """What a step may fill in; a wait whose message is bound to no fields may be told any."""
    given = set(getattr(step, "outputs", None) or ())
    if isinstance(step, AutomationStep) and step.action not in ("http", "email", "start_workflow"):
        given |= {*(step.with_ or {})}
    if isinstance(step, WaitStep) and step.message and not given:
        given |= graph.definition.fields.keys()
    return frozenset(given)
