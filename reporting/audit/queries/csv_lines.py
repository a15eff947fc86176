"""The audit trail as CSV: one row a recorded change, oldest first, streamed."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from approvals.ui.csv_cells import EchoFile, csv_cell, format_csv_moment
from reporting.audit.queries.postgres_copy import copy_csv_lines
from workflows.definitions.models import WorkflowTemplate
from workflows.execution.queries.sight.field_sight import mask_changes
from workflows.trail.models import TrailEvent

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


def select_trail_rows(
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


Masked = Mapping[int, frozenset[str]]
"""The fields whose values a reader may not see, by workflow."""


def trail_csv_lines(
    events: QuerySet[TrailEvent], masked: Masked = MappingProxyType({})
) -> Iterator[str]:
    """The header and one line (RFC 4180) an event; memory stays flat. Where values are masked, they
    are so in `changes` and `seen`, and each line is written here."""
    yield ",".join(COLUMNS) + "\r\n"
    if masked:
        yield from _masked_csv_lines(events, masked)
    elif connection.vendor == "postgresql":
        yield from copy_csv_lines(events, VALUES)
    else:
        yield from encode_csv_lines(events)


def _masked_csv_lines(events: QuerySet[TrailEvent], masked: Masked) -> Iterator[str]:
    writer = csv.writer(EchoFile())
    for template, *values in events.values_list("template_id", *VALUES).iterator(chunk_size=2000):
        row = dict(zip(COLUMNS, values, strict=True))
        hidden = masked.get(template, frozenset())
        row["changes"] = mask_changes(row["changes"], hidden)
        row["seen"] = mask_changes(row["seen"], hidden)
        yield writer.writerow([*map(csv_cell, row.values())])


def encode_csv_lines(events: QuerySet[TrailEvent]) -> Iterator[str]:
    """One line an event, written here: where the database cannot write them itself."""
    writer = csv.writer(EchoFile())
    for values in events.values_list(*VALUES).iterator(chunk_size=2000):
        yield writer.writerow([*map(csv_cell, values)])


def trail_json_lines(events: QuerySet[TrailEvent]) -> Iterator[str]:
    """The same rows as one JSON array, a line an event, for programs: no cell is made harmless."""
    opening = "[\n"
    for values in events.values_list(*VALUES).iterator(chunk_size=2000):
        row = dict(zip(COLUMNS, map(_json_value, values), strict=True))
        row["seal"] = row["seal"] or ""
        yield opening + json.dumps(row, ensure_ascii=False)
        opening = ",\n"
    yield "[]\n" if opening == "[\n" else "\n]\n"


def _json_value(value: Any) -> Any:
    return format_csv_moment(value) if isinstance(value, datetime) else value
