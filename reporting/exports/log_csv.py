"""The contract's own log format, which `import_log` reads again."""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from reporting.audit_csv import Echo, cell
from reporting.exports.rows import OneRequest

HEADER = ("case_id", "activity", "resource", "enabled", "start", "end", "outcome", "round")


def csv_lines(requests: Iterable[OneRequest]) -> Iterator[str]:
    """The header and a line for each finished task, request by request."""
    writer = csv.writer(Echo())
    yield writer.writerow(HEADER)
    for request in requests:
        for task in request.done:
            texts = (request.reference, task.activity, task.resource)
            times = (_time(task.enabled), _time(task.start), _time(task.end))
            yield writer.writerow(
                [*(cell(text) for text in texts), *times, cell(task.outcome), task.round]
            )


def _time(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).isoformat()
