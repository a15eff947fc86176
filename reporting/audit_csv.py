"""The audit trail as CSV: one row a recorded change, oldest first, streamed."""

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from reporting.audit_copy import copied_lines
from workflows.models import TrailEvent, WorkflowTemplate

COLUMNS = (
    "sequence",
    "recorded_at",
    "workflow",
    "version",
    "reference",
    "step",
    "round",
    "work_item",
    "command",
    "actor",
    "acted_for",
    "role",
    "from_state",
    "to_state",
    "outcome",
    "comment",
    "changes",
    "document_versions",
    "seal",
    "channel",
    "capacity",
    "seen",
    "votes",
    "token",
    "token_by",
)
OTHERWISE = {"sequence": "id", "actor": "actor_name", "seal": "seal__hash"}
VALUES = tuple(OTHERWISE.get(name, name) for name in COLUMNS)
WIDE = ("\uff1d", "\uff0b", "\uff0d", "\uff20")
RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "'", *WIDE)
"""What a spreadsheet may take for a formula at the beginning of a cell, full-width forms too. The
quote itself is in it, so that taking one leading quote away always gives the text back."""

_encode = json.JSONEncoder(ensure_ascii=False).encode


def _json(value: Any) -> str:
    """JSON as PostgreSQL writes it, so that both databases give the same file."""
    return _encode(_in_order(value))


def _in_order(value: Any) -> Any:
    """Keys by their length, then by their bytes."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        return {key: _in_order(value[key]) for key in keys}
    return [_in_order(part) for part in value] if isinstance(value, list) else value


def trail_rows(
    *,
    templates: Iterable[WorkflowTemplate] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[TrailEvent]:
    """The trail of these workflows (None: all), recorded from `since` up to before `until`."""
    events = TrailEvent.objects.order_by("id")
    if templates is not None:
        events = events.filter(template__in=templates)
    if since is not None:
        events = events.filter(recorded_at__gte=since)
    if until is not None:
        events = events.filter(recorded_at__lt=until)
    return events


class Echo:
    """A file for the csv module that gives each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(events: QuerySet[TrailEvent]) -> Iterator[str]:
    """The header and one line (RFC 4180) an event; memory stays flat."""
    yield ",".join(COLUMNS) + "\r\n"
    if connection.vendor == "postgresql":
        yield from copied_lines(events, VALUES)
    else:
        yield from written_lines(events)


def written_lines(events: QuerySet[TrailEvent]) -> Iterator[str]:
    """One line an event, written here: where the database cannot write them itself."""
    writer = csv.writer(Echo())
    for values in events.values_list(*VALUES).iterator(chunk_size=2000):
        yield writer.writerow([*map(cell, values)])


def blocks(lines: Iterable[str]) -> Iterator[str]:
    """Several lines at once: a server sends each piece of a stream by itself."""
    iterator = iter(lines)
    while block := "".join(islice(iterator, 500)):
        yield block


def json_lines(events: QuerySet[TrailEvent]) -> Iterator[str]:
    """The same rows as one JSON array, a line an event, for programs: no cell is made harmless."""
    opening = "[\n"
    for values in events.values_list(*VALUES).iterator(chunk_size=2000):
        row = dict(zip(COLUMNS, map(_plain, values), strict=True))
        row["seal"] = row["seal"] or ""
        yield opening + json.dumps(row, ensure_ascii=False)
        opening = ",\n"
    yield "[]\n" if opening == "[\n" else "\n]\n"


def _plain(value: Any) -> Any:
    return _time(value) if isinstance(value, datetime) else value


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def cell(value: Any) -> str:
    """A value as text that no spreadsheet runs; no character is lost."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(RISKY) else value
    if value is None:
        return ""
    if isinstance(value, datetime):
        return _time(value)
    return _json(value)  # whole numbers, lists and dicts: none begins like a formula
