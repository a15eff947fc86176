"""The contract's own log format, which `import_log` reads again."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from reporting.audit_csv import Echo, cell
from reporting.exports.rows import OneRequest, Task
from reporting.exports.told import told
from reporting.logs.columns import ABOUT, OURS

MORE = ("instance", "paused", "paused_business")


def csv_lines(requests: Iterable[OneRequest], fields: Sequence[str]) -> Iterator[str]:
    """The header and a line for each task, request by request; a task that is not done has no
    end. How the request stands, and its values, are told with its last task."""
    writer = csv.writer(Echo())
    yield writer.writerow([*OURS, *MORE, *ABOUT, *(f"data.{name}" for name in fields), "votes"])
    for request in requests:
        about = [cell(text) for text in _about(request)]
        values = [cell(told(request.data.get(name))) for name in fields]
        nothing = [""] * len(fields)
        last = len(request.tasks) - 1
        for place, task in enumerate(request.tasks):
            votes = cell(told(task.votes)) if task.votes else ""
            row = [*_row(request, task), *about, *(values if place == last else nothing), votes]
            yield writer.writerow(row)


def _row(request: OneRequest, task: Task) -> list[Any]:
    texts = (request.reference, task.activity, task.resource)
    times = (_time(task.enabled), _time(task.start), _time(task.end))
    more = (task.round, task.activation, task.paused or "", task.paused_business or "")
    return [*(cell(text) for text in texts), *times, cell(task.outcome), *more]


def _about(request: OneRequest) -> tuple[str, ...]:
    return request.title, request.state, request.result, request.requester


def _time(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).isoformat()
