"""The requests that the cases of a log become, with what each of their rows knows of itself."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from reporting.eventlogs.readers.checks import parse_whole_number
from reporting.eventlogs.readers.rows import LogRow
from reporting.eventlogs.services.observed_map import LogSurvey
from reporting.metrics.cases import FinishedRow, link_handoffs, row_sort_key
from reporting.metrics.quantiles import to_microseconds, to_microseconds_or_none
from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.compiled_versions import get_version_map
from workflows.engine.errors import InvalidInput
from workflows.execution.models import WorkflowInstance
from workflows.execution.services.field_values.value_constraints import require_constraints
from workflows.execution.services.field_values.values import clean_values
from workflows.history_import.services.importing import PastCase, PastTask

STATES = (
    *(WorkflowInstance.RUNNING, WorkflowInstance.SUSPENDED),
    *(WorkflowInstance.COMPLETED, WorkflowInstance.CANCELLED),
)


def build_case(case_id: str, rows: list[LogRow], steps: Mapping[str, str]) -> PastCase:
    """A case with what each of its rows knows of itself, by the rules of the figures."""
    done = [_build_finished_row(row, steps) for row in rows]
    link_handoffs(
        sorted(
            (finished_row for finished_row in done if finished_row is not None), key=row_sort_key
        )
    )
    about = rows[0].about
    first = min(rows, key=_row_start)
    case = PastCase(
        case_id,
        _row_start(first),
        max(row.last for row in rows),
        about.get("requester", "" if "state" in about else first.resource)[:150],
        title=about.get("title", ""),
    )
    _set_request_state(case, about)
    case.tasks = [
        _build_task(row, finished_row, steps) for row, finished_row in zip(rows, done, strict=True)
    ]
    _count_rounds(case, rows)
    _number_tasks(case, rows)
    for row in rows:
        case.data.update(row.data)
    return case


def _row_start(row: LogRow) -> datetime:
    begins = row.enabled or row.start or row.end
    assert begins is not None
    return begins


def _set_request_state(case: PastCase, about: Mapping[str, str]) -> None:
    """How the request stands, where the log says so (Handoff's own do)."""
    state = about.get("state", "")
    if state in STATES:
        case.state = state
        case.result = about.get("result", "")[:60]


def _build_finished_row(row: LogRow, steps: Mapping[str, str]) -> FinishedRow | None:
    if row.end is None:
        return None
    paused = row.paused + sum((b - a).total_seconds() for a, b in row.rests)
    return FinishedRow(
        steps[row.activity],
        row.resource,
        to_microseconds_or_none(row.enabled),
        to_microseconds_or_none(row.start),
        to_microseconds(row.end),
        None,
        round(paused * 1_000_000),
    )


def _build_task(row: LogRow, done: FinishedRow | None, steps: Mapping[str, str]) -> PastTask:
    task = PastTask(
        steps[row.activity],
        row.resource,
        row.enabled,
        row.start,
        row.end,
        outcome=row.outcome[:80],
        rests=row.rests,
        paused=row.paused,
        paused_business=row.paused_business,
    )
    if done is not None:
        task.before = done.before.activity if done.before else ""
        task.waiting, task.lead_in = _to_seconds(done.waiting), _to_seconds(done.lead_in)
    return task


def _to_seconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / 1_000_000


def _count_rounds(case: PastCase, rows: list[LogRow]) -> None:
    """The how-manieth time it is that a step is done, in the order of time."""
    rounds: Counter[str] = Counter()
    order = sorted(range(len(rows)), key=lambda n: (rows[n].start or rows[n].last, rows[n].last))
    for place in order:
        task = case.tasks[place]
        rounds[task.step] += 1
        task.round = rows[place].round or rounds[task.step]


def _number_tasks(case: PastCase, rows: list[LogRow]) -> None:
    """Number the tasks: as the log numbers its instances, where it does it so, else in turn."""
    numbers = [parse_whole_number(row.instance) for row in rows]
    if not all(numbers) or len(set(numbers)) < len(numbers):
        numbers = list(range(1, len(rows) + 1))
    for task, number in zip(case.tasks, numbers, strict=True):
        task.number = number


def clean_case_values(version: TemplateVersion, seen: LogSurvey, cases: list[PastCase]) -> None:
    """Values of `data.` columns as the map's fields; people need not exist, documents cannot."""
    if not seen.fields:
        return
    version_map = get_version_map(version)
    worked_out = version_map.graph.worked_out
    for case in cases:
        try:
            # What an export says of worked-out fields is worked out again.
            said = {key: value for key, value in case.data.items() if key not in worked_out.keys}
            case.data = worked_out.completed(clean_values(version_map, said))
            require_constraints(
                version_map, case.data, [*case.data], case.first, requester=case.begun_by
            )
        except InvalidInput as problem:
            raise InvalidInput(
                "Case '%(case_id)s' of the log: %(problem)s", case_id=case.case_id, problem=problem
            ) from problem
