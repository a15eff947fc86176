"""The requests of a workflow as cases: who did what is left out, what was done is there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from reporting.metrics.native_rows import RequestPeriod
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.conformance.case_check import CaseChecker, LoggedRow
from workflows.engine.conformance.known_values import fields_of_step
from workflows.engine.conformance.map_walker import LoggedDecision
from workflows.engine.format.definition import HUMAN_KINDS
from workflows.engine.values.field_types.base import type_of_field
from workflows.execution.choices import TaskState
from workflows.execution.models import WorkflowInstance, WorkItem

COLUMNS = (
    *("request_id", "request__prefix", "request__data"),
    *("step__key", "outcome"),
)


@dataclass(frozen=True, slots=True)
class HistoryCase:
    """One request: its reference, and its finished tasks in the order in which they were done."""

    reference: str
    rows: list[LoggedRow]


def read_history_cases(
    template: WorkflowTemplate, period: RequestPeriod, checker: CaseChecker
) -> Iterator[HistoryCase]:
    """The requests with at least one finished task of a person. One statement, and a stream."""
    requests = period.requests(template).exclude(state__in=WorkflowInstance.NOT_HERE)
    tasks = (
        WorkItem.objects.filter(
            request__in=requests, state=TaskState.DONE, step__kind__in=sorted(HUMAN_KINDS)
        )
        .order_by("request_id", "completed_at", "id")
        .values_list(*COLUMNS)
        .iterator(chunk_size=5000)
    )
    fixed = _fixed_fields(checker)
    for _, group in groupby(tasks, key=lambda task: task[0]):
        done = list(group)
        request, prefix, values, _, _ = done[0]
        rows = [_build_row(key, outcome, checker) for *_, key, outcome in done]
        rows[0] = LoggedRow(
            rows[0].activity, rows[0].meaning, True, _known_values(values, fixed, checker)
        )
        yield HistoryCase(f"{prefix}-{request}", rows)


def _fixed_fields(checker: CaseChecker) -> list[str]:
    """The fields that rules ask for and no step writes: a request has had them from its start. Of
    others nobody can say here what they were at the time."""
    graph = checker.walker.graph
    written = frozenset[str]().union(*(fields_of_step(graph, key) for key in graph.steps))
    return [key for key in checker.rules.fields if key not in written]


def _known_values(
    values: Mapping[str, Any], fixed: list[str], checker: CaseChecker
) -> dict[str, str]:
    fields = checker.walker.graph.definition.fields
    return {
        key: _written(type_of_field(fields[key]).log_value(values[key]))
        for key in fixed
        if values.get(key) is not None
    }


def _written(value: bool | int | str) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _build_row(key: str, outcome: str, checker: CaseChecker) -> LoggedRow:
    """A finished task: all of its step's work, with its outcome where that is known and the map's
    step has it."""
    activity = f"{key}/{outcome}" if outcome else key
    step = checker.walker.graph.steps.get(key)
    if step is None:
        return LoggedRow(activity, None, is_whole=True)
    return LoggedRow(activity, (LoggedDecision(key, outcome),), is_whole=True)
