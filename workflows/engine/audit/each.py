"""Each-branches: what they go through, where their rows are known, and who else writes the list."""

from collections.abc import Iterator
from contextlib import suppress

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.map_facts import Survey
from workflows.engine.authority.row_columns import AT_START, columns_left, way_past
from workflows.engine.format.definition import (
    AutomationStep,
    DueDef,
    HoldingStep,
    HumanStep,
    ParallelStep,
    RowScope,
    Step,
    SubworkflowStep,
    WaitStep,
    roles_of_step,
)
from workflows.engine.routing.holds import fields_of_hold, purposes_of
from workflows.engine.routing.waits import awaited_field
from workflows.engine.rules.evaluation import RuleProblem
from workflows.engine.texts import Text, text
from workflows.engine.values.placeholders import PlaceholderProblem, placeholder_names

DEEPEST = 2
"""An each-branch may stand in another, and in no more."""


def check_each_sources(survey: Survey) -> Iterator[AuditFinding]:
    """What is gone through is a list or several people, and something can have filled it in."""
    for scope in survey.definition.row_scopes():
        if scope.chain is not None:
            continue
        field = survey.definition.fields.get(scope.source)
        names = _names(survey, scope)
        if field is None:
            yield make_finding("each_unfit", scope.parallel, "unknown", **names)
        elif field.type not in ("list", "users"):
            yield make_finding("each_unfit", scope.parallel, kind=field.type, **names)
        elif not survey.may_know(scope.parallel, scope.source):
            yield make_finding("each_of_nothing", scope.parallel, **names)


def check_each_steps(survey: Survey) -> Iterator[AuditFinding]:
    """The steps of an each-branch are its own, so that each knows which row it is about."""
    graph = survey.graph
    for scope in survey.definition.row_scopes():
        own = graph.inside_branch(scope.parallel, scope.index)
        others = (
            key
            for index in range(len(graph.branches_of(scope.parallel)))
            if index != scope.index
            for key in graph.inside_branch(scope.parallel, index)
        )
        shared = next((key for key in others if key in own), None)
        if shared is not None:
            yield make_finding(
                "each_step_shared",
                shared,
                step=survey.called(shared),
                parallel_step=survey.called(scope.parallel),
            )
        if len(graph.row_scopes[scope.parallel]) >= DEEPEST:
            yield make_finding("each_too_deep", scope.parallel, **_names(survey, scope))


def check_each_stops(survey: Survey) -> Iterator[AuditFinding]:
    """What stops at a refusal can be refused without leaving the block."""
    for scope in survey.definition.row_scopes():
        parallel = survey.graph[scope.parallel]
        assert isinstance(parallel, ParallelStep)
        if parallel.branches[scope.index].stop_on is None or parallel.join is None:
            continue
        own = survey.graph.inside_branch(scope.parallel, scope.index)
        if not any(
            link.source in own and link.to == parallel.join and link.route.exception
            for link in survey.graph.links
        ):
            yield make_finding(
                "each_never_stops",
                scope.parallel,
                join=survey.called(parallel.join),
                **_names(survey, scope),
            )


def check_row_names(survey: Survey) -> Iterator[AuditFinding]:
    """A row is named only where there is one."""
    all_names = {scope.name for scope in survey.definition.row_scopes()}
    for key, step in survey.graph.steps.items():
        known = {scope.name for scope in survey.graph.row_scopes[key]}
        for name, usage in _names_used(survey, key, step):
            row = name.partition(".")[0]
            if row in all_names - known:
                yield make_finding(
                    "row_outside", key, step=survey.called(key), usage=usage, name=name
                )


def _names_used(survey: Survey, key: str, step: Step) -> Iterator[tuple[str, Text]]:
    """The fields and rows that a step names, each with how."""
    for name in getattr(step, "inputs", None) or ():
        yield name, text("shows")
    for name in getattr(step, "outputs", None) or ():
        yield name, text("fills in")
    if isinstance(step, AutomationStep) and step.action == "set_fields":
        for name in step.with_ or ():
            yield name, text("fills in")
    if isinstance(step, WaitStep) and awaited_field(step):
        yield awaited_field(step), text("waits until")
    if isinstance(step, HumanStep):
        yield from _names_of_human(survey, step)
    if isinstance(step, HoldingStep):
        for purpose in purposes_of(step):
            for name in fields_of_hold(step, purpose):
                yield name, text("books or spends by")
    for name in _placeholders(step):
        if not name.startswith("request."):
            yield name, text("tells others")
    yield from _names_in_rules(survey, key, step)


def _names_of_human(survey: Survey, step: HumanStep) -> Iterator[tuple[str, Text]]:
    if isinstance(step.due, DueDef):
        yield step.due.field, text("is due by")
    escalated = step.on_overdue.escalate_to if step.on_overdue else None
    of_outcomes = [route.role for route in step.outcomes.values()]
    for name in (*roles_of_step(step), escalated, *of_outcomes):
        role = survey.role(name)
        if role is not None and role.person_field:
            yield role.person_field, text("is for whoever is named in")


def _placeholders(step: Step) -> frozenset[str]:
    told = step.data if isinstance(step, SubworkflowStep) else None
    if isinstance(step, AutomationStep) and step.action != "set_fields":
        told = step.with_
    try:
        return placeholder_names(told)
    except PlaceholderProblem:
        return frozenset()


def _names_in_rules(survey: Survey, key: str, step: Step) -> Iterator[tuple[str, Text]]:
    """Of an each-branch's own condition its row is known already; of a chain's rule it is not."""
    for name in _names_in_chains(survey, step):
        yield name, text("decides by")
    for link in survey.graph.leaving[key]:
        if link.route.when is None:
            continue
        own = ""
        if isinstance(step, ParallelStep) and link.kind == "branch" and link.name.isdigit():
            branch = step.branches[int(link.name) - 1]
            own = branch.row_name if branch.each else ""
        try:
            names = survey.graph.rule(link.route.when).fields
        except RuleProblem:
            continue
        for name in sorted(names):
            if name.partition(".")[0] != own:
                yield name, text("decides by")


def _names_in_chains(survey: Survey, step: Step) -> Iterator[str]:
    for branch in step.branches if isinstance(step, ParallelStep) else ():
        if branch.chain is not None:
            with suppress(RuleProblem):
                yield from sorted(survey.graph.chain_rule(branch.chain).fields)


def check_list_stays(survey: Survey) -> Iterator[AuditFinding]:
    """A list stays as it is while branches go through its rows."""
    for scope in survey.definition.row_scopes():
        body = survey.graph.body.get(scope.parallel, frozenset())
        for key in survey.graph.steps:
            if key in body and scope.source in _fields_written(survey, key):
                yield make_finding(
                    "each_list_changed",
                    key,
                    step=survey.called(key),
                    **_names(survey, scope),
                )


def check_row_columns(survey: Survey) -> Iterator[AuditFinding]:
    """What is required of a row and left to a branch is filled in there, whichever way is taken."""
    graph = survey.graph
    for key, field in survey.definition.fields.items():
        for at in _writers_of(survey, key) if field.columns else ():
            for column in sorted(columns_left(graph, key, at)):
                end = way_past(graph, key, column, at)
                if end is not None:
                    yield make_finding(
                        "column_filled_by_nobody",
                        at or None,
                        field=key,
                        column=column,
                        end=survey.called(end),
                    )


def _writers_of(survey: Survey, key: str) -> Iterator[str]:
    start = survey.definition.start
    if start is not None and key in (start.fields or ()):
        yield AT_START
    for step in survey.graph.steps:
        if key in _fields_written(survey, step):
            yield step


def _fields_written(survey: Survey, key: str) -> set[str]:
    step = survey.graph[key]
    written = set(getattr(step, "outputs", None) or ())
    if isinstance(step, AutomationStep) and step.action == "set_fields":
        written |= set(step.with_ or ())
    return written


def _names(survey: Survey, scope: RowScope) -> dict[str, object]:
    source = scope.source if scope.chain is None else scope.chain.words
    return {"parallel_step": survey.called(scope.parallel), "field": source}


CHECKS = (
    check_each_sources,
    check_each_steps,
    check_each_stops,
    check_row_names,
    check_list_stays,
    check_row_columns,
)
