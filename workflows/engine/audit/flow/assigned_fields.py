"""Which fields are filled in when a request comes to a step: surely, or by some way there."""

from collections.abc import Iterator, Mapping

from workflows.engine.audit.flow.emptiness import taken_when_empty, wanted_filled
from workflows.engine.audit.flow.table_ways import given_behind
from workflows.engine.audit.flow.unsure_results import unsure_worked_out, with_results_of_rows
from workflows.engine.authority.asked_fields import conditional_fields
from workflows.engine.format.definition import (
    AutomationStep,
    BranchDef,
    HumanStep,
    JoinStep,
    Link,
    ParallelStep,
    Step,
    SubworkflowStep,
    TableStep,
    WaitStep,
)
from workflows.engine.routing.graph import Graph, find_reachable

FilledFields = Mapping[str, frozenset[str]]
"""By step. That a step of people was decided is among what is known, under a name of its own."""


def name_of_decision(step: str) -> str:
    """Under which it is known that somebody has decided a step; no field is called so."""
    return f"{step}!"


def surely_filled(graph: Graph) -> FilledFields:
    """For each step the fields that are filled in there; all of them where nobody comes. What is
    asked for under a condition, or worked out, may be emptied by any change of what that reads: it
    is filled in behind a question for it, until something else is written."""
    unsteady = conditional_fields(graph) | graph.worked_out.keys
    decided = {
        name_of_decision(k) for k, step in graph.steps.items() if isinstance(step, HumanStep)
    }
    every = frozenset(graph.definition.all_fields) | decided
    filled = dict.fromkeys(graph.steps, every)
    incoming = _incoming_links(graph)
    branches = _sure_branches(graph, incoming)
    changed = True
    while changed:
        changed = False
        for key in graph.steps:
            incoming_fields = [
                _filled_after(graph, link, filled, unsteady) for link in incoming[key]
            ]
            if key == graph.first:
                incoming_fields.append(_filled_at_start(graph) - unsteady)
            now = every.intersection(*incoming_fields) if incoming_fields else every
            for arrivals in branches.get(key, ()):
                now |= every.intersection(
                    *(_filled_after(graph, link, filled, unsteady) for link in arrivals)
                )
            if now != filled[key]:
                filled[key], changed = now, True
    return {key: with_results(graph, known) for key, known in filled.items()}


def with_results(graph: Graph, known: frozenset[str]) -> frozenset[str]:
    """These fields, with what is surely worked out from them, of the request and of a row."""
    found = graph.worked_out.filled_with(known, unsure_worked_out(graph, known))
    return with_results_of_rows(graph, found)


def _incoming_links(graph: Graph) -> dict[str, list[Link]]:
    incoming: dict[str, list[Link]] = {key: [] for key in graph.steps}
    for link in graph.links:
        incoming[link.to].append(link)
    return incoming


def _filled_at_start(graph: Graph) -> frozenset[str]:
    fields = graph.definition.fields
    field_keys = graph.definition.start.fields if graph.definition.start else None
    return frozenset(key for key in field_keys or [] if key in fields and fields[key].required)


def _filled_after(
    graph: Graph, link: Link, filled: FilledFields, unsteady: frozenset[str]
) -> frozenset[str]:
    """What is filled in once this way was taken: what its step gives, and what was asked there."""
    asked = filled_by_asking(graph, link) | wanted_filled(link.route.when or "")
    before, after = filled[link.source], _filled_by_step(graph, link, filled)
    step = graph[link.source]
    if isinstance(step, TableStep):
        asked |= given_behind(graph, link, filled[link.source]) - {*(step.outputs or ())}
    if isinstance(step, ParallelStep) or fields_written_by(graph, step):
        after -= unsteady
    else:
        after -= unsteady - before
    return after | (asked & graph.definition.all_fields.keys())


def filled_by_asking(graph: Graph, link: Link) -> frozenset[str]:
    """The fields that earlier rules of a decision have asked for: where one was empty, the request
    has gone their way."""
    if link.kind not in ("rule", "otherwise") or graph[link.source].kind != "decision":
        return frozenset()
    rules = [one for one in graph.links if one.kind == "rule" and one.source == link.source]
    earlier = rules[: rules.index(link)] if link in rules else rules
    return frozenset().union(*(taken_when_empty(one.route.when or "") for one in earlier))


def _filled_by_step(graph: Graph, link: Link, filled: FilledFields) -> frozenset[str]:
    """What is filled in behind a step. An exception way may leave outputs empty."""
    before, step = filled[link.source], graph[link.source]
    fields = graph.definition.all_fields
    if isinstance(step, ParallelStep):
        return before | filled_in_rows(graph, step, link)
    if isinstance(step, HumanStep):
        outputs = frozenset(step.outputs or []) & fields.keys()
        must = frozenset(key for key in outputs if fields[key].required)
        by_time = link.kind == "expires"
        decided = frozenset() if by_time else frozenset({name_of_decision(link.source)})
        leaves_out = link.route.exception or by_time
        return before - outputs | decided | (frozenset() if leaves_out else must)
    if isinstance(step, AutomationStep | SubworkflowStep) and link.kind == "to":
        given_fields = {*(step.outputs or {})}
        if isinstance(step, AutomationStep) and step.action == "set_fields":
            given_fields |= {key for key, said in (step.with_ or {}).items() if said is not None}
        return before | (given_fields & fields.keys())
    if isinstance(step, TableStep):
        given = _given_by_table(step, link) & fields.keys()
        return before - frozenset(step.outputs or ()) | given
    if isinstance(step, WaitStep):  # a message that leaves a required one out is refused
        given_fields = {*(step.outputs or [])} & fields.keys()
        return before | {key for key in given_fields if fields[key].required}
    return before


def _given_by_table(step: TableStep, link: Link) -> frozenset[str]:
    """The results that each row which takes this way gives, and where no row holds."""
    if step.collect is not None:
        return frozenset(key for key, how in step.collect.items() if how == "count")
    answers = [
        row.set_ or {}
        for row in step.rows or ()
        if (row.to == link.to if link.kind == "row" else link.kind == "to" and row.to is None)
    ]
    is_default = link.kind == "otherwise" or (link.kind == "to" and step.otherwise is None)
    if is_default and (step.defaults is not None or link.kind == "otherwise"):
        answers.append(step.defaults or {})
    given = [{key for key, value in said.items() if value is not None} for said in answers]
    return frozenset(set.intersection(*given)) if given else frozenset()


def filled_in_rows(graph: Graph, step: ParallelStep, link: Link) -> frozenset[str]:
    """What is filled in of a row when its branch begins: the person, or the columns that a list
    must have."""
    branch = branch_of_link(step, link)
    if branch is None or branch.each is None:
        return frozenset()
    fields, asked_later = graph.definition.all_fields, graph.definition.row_outputs
    return frozenset(
        key
        for key in fields
        if key == branch.row_name
        or (
            key.startswith(f"{branch.row_name}.")
            and fields[key].required
            and key not in asked_later
        )
    )


def branch_of_link(step: ParallelStep, link: Link) -> BranchDef | None:
    """The branch that a way out of a parallel step is."""
    return step.branches[int(link.name) - 1] if link.name.isdigit() else None


def _sure_branches(graph: Graph, incoming: Mapping[str, list[Link]]) -> dict[str, list[list[Link]]]:
    """For each join of all, the ways by which each of its unconditional branches may arrive."""
    result: dict[str, list[list[Link]]] = {}
    for key, step in graph.steps.items():
        if not isinstance(step, ParallelStep) or step.join is None:
            continue
        join = graph[step.join]
        if not isinstance(join, JoinStep) or not _waits_for_all(step, join):
            continue
        for number, branch in enumerate(step.branches, start=1):
            if branch.when is None and branch.listed is None:  # a chain has somebody
                inside = find_reachable({branch.to}, graph.following, {key, step.join})
                arrivals = [
                    link
                    for link in incoming[step.join]
                    if link.source in inside or (link.source == key and link.name == str(number))
                ]
                if arrivals:
                    result.setdefault(step.join, []).append(arrivals)
    return result


def _waits_for_all(step: ParallelStep, join: JoinStep) -> bool:
    """Whether a join passes only when every branch that was opened has arrived."""
    if isinstance(join.wait_for, int):
        is_each = any(branch.each for branch in step.branches)
        return not is_each and join.wait_for >= len(step.branches)
    return join.wait_for in (None, "all", "100%")


# -- what may be ------------------------------------------------------------------------------


def possibly_filled(graph: Graph) -> Mapping[str, frozenset[str]]:
    """For each step the fields that something may have filled in before a request comes there."""
    at_start = frozenset(_possible_start_fields(graph))
    filled = dict.fromkeys(graph.steps, at_start)
    changed = True
    while changed:
        changed = False
        for source, targets in _all_routes(graph).items():
            after = filled[source] | fields_written_by(graph, graph[source])
            for target in targets:
                if not after <= filled[target]:
                    filled[target], changed = filled[target] | after, True
    return {key: known | graph.worked_out.keys for key, known in filled.items()}


def _all_routes(graph: Graph) -> Mapping[str, set[str]]:
    """Every way, reopening included; what one branch writes its block's other steps see."""
    routes: dict[str, set[str]] = {key: set() for key in graph.steps}
    for link in graph.links:
        routes[link.source].add(link.to)
    for inside in graph.body.values():
        for key in inside:
            routes[key] |= inside
    return routes


def _possible_start_fields(graph: Graph) -> Iterator[str]:
    begin = graph.definition.start
    if begin is None:
        return
    yield from begin.fields or ()
    for trigger in begin.triggers or ():
        yield from (*(trigger.data or ()), *(trigger.mapping or ()))


def fields_written_by(graph: Graph, step: Step) -> frozenset[str]:
    """What a step may fill in; a wait whose message is bound to no fields may be told any."""
    field_keys = set(getattr(step, "outputs", None) or ())
    if isinstance(step, AutomationStep) and step.action not in ("http", "email", "start_workflow"):
        field_keys |= {*(step.with_ or {})}
    if isinstance(step, ParallelStep):
        names = {branch.row_name for branch in step.branches if branch.each}
        field_keys |= {key for key in graph.definition.all_fields if key.partition(".")[0] in names}
    if isinstance(step, WaitStep) and step.message and not field_keys:
        field_keys |= graph.definition.fields.keys()
    return frozenset(field_keys)
