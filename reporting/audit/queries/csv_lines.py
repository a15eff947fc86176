"""The audit trail as CSV: one row a recorded change, oldest first, streamed."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery

from approvals.ui.csv_cells import EchoFile, csv_cell, format_csv_moment
from reporting.audit.queries.postgres_copy import copy_csv_lines
from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models import WorkItem
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
    "row",
)
OTHERWISE = {
    "sequence": "id",
    "actor": "actor_name",
    "seal": "seal__hash",
    "row": "row_label",
}
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


def _values_of(events: QuerySet[TrailEvent], *more: str) -> Iterator[tuple[Any, ...]]:
    """The values of each event, with those that are asked for besides in front."""
    tasks = WorkItem.objects.filter(pk=OuterRef("work_item"))
    named = events.annotate(row_label=Subquery(tasks.values("row_label")))
    return named.values_list(*more, *VALUES).iterator(chunk_size=2000)


def _masked_csv_lines(events: QuerySet[TrailEvent], masked: Masked) -> Iterator[str]:
    writer = csv.writer(EchoFile())
    for template, *values in _values_of(events, "template_id"):
        row = dict(zip(COLUMNS, values, strict=True))
        hidden = masked.get(template, frozenset())
        row["changes"] = mask_changes(row["changes"], hidden)
        row["seen"] = mask_changes(row["seen"], hidden)
        yield writer.writerow([*map(csv_cell, row.values())])


def encode_csv_lines(events: QuerySet[TrailEvent]) -> Iterator[str]:
    """One line an event, written here: where the database cannot write them itself."""
    writer = csv.writer(EchoFile())
    for values in _values_of(events):
        yield writer.writerow([*map(csv_cell, values)])


def trail_json_lines(events: QuerySet[TrailEvent]) -> Iterator[str]:
    """The same rows as one JSON array, a line an event, for programs: no cell is made harmless."""
    opening = "[\n"
    for values in _values_of(events):
        row = dict(zip(COLUMNS, map(_json_value, values), strict=True))
        row |= {name: row[name] or "" for name in ("seal", "row")}
        yield opening + json.dumps(row, ensure_ascii=False)
        opening = ",\n"
    yield "[]\n" if opening == "[\n" else "\n]\n"


def _json_value(value: Any) -> Any:
    return format_csv_moment(value) if isinstance(value, datetime) else value
