"""The contract's own log format, which `import_log` reads again."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from approvals.ui.csv_cells import EchoFile, csv_cell
from reporting.eventlogs.readers.columns import HANDOFF_COLUMNS, REQUEST_COLUMNS
from reporting.eventlogs.writers.events import ExportedRequest, ExportedTask
from reporting.eventlogs.writers.values import render_log_value

EXTRA_COLUMNS = ("instance", "paused", "paused_business")


def log_csv_lines(requests: Iterable[ExportedRequest], fields: Sequence[str]) -> Iterator[str]:
    """The header and a line for each task, request by request; a task that is not done has no
    end. How the request stands, and its values, are told with its last task."""
    writer = csv.writer(EchoFile())
    yield writer.writerow(
        [
            *HANDOFF_COLUMNS,
            *EXTRA_COLUMNS,
            *REQUEST_COLUMNS,
            *(f"data.{name}" for name in fields),
            "votes",
            "acted_for",
            "row",
        ]
    )
    for request in requests:
        about = [csv_cell(text) for text in _request_cells(request)]
        values = [csv_cell(render_log_value(request.data.get(name))) for name in fields]
        nothing = [""] * len(fields)
        last = len(request.tasks) - 1
        for place, task in enumerate(request.tasks):
            votes = csv_cell(render_log_value(task.votes)) if task.votes else ""
            row = [
                *_task_row(request, task),
                *about,
                *(values if place == last else nothing),
                votes,
                csv_cell(task.acted_for),
                csv_cell(task.row),
            ]
            yield writer.writerow(row)


def _task_row(request: ExportedRequest, task: ExportedTask) -> list[Any]:
    texts = (request.reference, task.activity, task.resource)
    times = (_render_moment(task.enabled), _render_moment(task.start), _render_moment(task.end))
    extras = (task.round, task.activation, task.paused or "", task.paused_business or "")
    return [*(csv_cell(text) for text in texts), *times, csv_cell(task.outcome), *extras]


def _request_cells(request: ExportedRequest) -> tuple[str, ...]:
    return request.title, request.state, request.result, request.requester


def _render_moment(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).isoformat()
