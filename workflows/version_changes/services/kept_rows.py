"""What a move changes of a request's rows, kept column by column, so that it can be put back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Model, Q

from workflows.execution.models import Incident, MergeRecord, WorkflowInstance, WorkItem
from workflows.outbox.models import OutboxMessage
from workflows.resources.choices import LIVE_STATES
from workflows.resources.models import Hold

Columns = dict[str, Any]
Rows = dict[tuple[str, int], Columns]

REQUEST_COLUMNS = (
    *("version_id", "marking", "data"),
    *("due_at", "deadline_at", "deadline_record"),
)
_MODELS: Mapping[str, tuple[Any, Q]] = {
    "task": (WorkItem, Q(is_open=True)),
    "merge": (MergeRecord, Q(state__in=(MergeRecord.WAITING, MergeRecord.CONFLICT))),
    "incident": (Incident, Q(state=Incident.OPEN)),
    "message": (OutboxMessage, Q(closed_at=None)),
    "hold": (Hold, Q(state__in=LIVE_STATES)),
}
"""The tables whose rows a move may change, and which rows of a request may be changed."""


@dataclass(frozen=True)
class KeptChange:
    """One row that a move changed: its columns, from what to what."""

    model: Any
    pk: int
    columns: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True)
class KeptMove:
    """All that a move changed, and the rows that it made."""

    changes: tuple[KeptChange, ...] = ()
    made: Mapping[str, list[int]] = field(default_factory=dict)

    def made_of(self, name: str) -> list[int]:
        """The rows of a table that it made."""
        return self.made.get(name, [])

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        names = {model: name for name, (model, _) in _MODELS.items()}
        names[WorkflowInstance] = "request"
        changed = [
            [names[change.model], change.pk, _written_columns(change.columns)]
            for change in self.changes
        ]
        return {"changed": changed, "made": dict(self.made)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "KeptMove":
        """What `to_json` wrote."""
        return cls(tuple(_read_changes(kept["changed"])), kept["made"])


def read_request_rows(instance_id: int, known: Rows | None = None) -> Rows:
    """The rows of a request that a move may change, and those that were among them before
    (`known`). Six statements."""
    found: Rows = {}
    for name, (model, changeable) in _MODELS.items():
        before = [pk for table, pk in known or () if table == name]
        for row in model.objects.filter(
            changeable | Q(pk__in=before), request=instance_id
        ).values():
            found[name, row["id"]] = row
    values = WorkflowInstance.everything.filter(pk=instance_id).values(*REQUEST_COLUMNS)
    found["request", instance_id] = values.get()
    return found


def compare_rows(before: Rows, after: Rows) -> KeptMove:
    """What is other, and what was made."""
    changes, made = [], {name: list[int]() for name in _MODELS}
    for (name, pk), row in after.items():
        if (name, pk) not in before:
            made[name].append(pk)
            continue
        old = before[name, pk]
        columns = {key: (old[key], value) for key, value in row.items() if old[key] != value}
        if columns:
            changes.append(KeptChange(_model_named(name), pk, columns))
    return KeptMove(tuple(changes), {name: pks for name, pks in made.items() if pks})


def restore_columns(change: KeptChange) -> None:
    """Give a row back what the move changed; what somebody has changed again since stays."""
    rows: Any = change.model._base_manager.filter(pk=change.pk)
    current = rows.values(*change.columns).get()
    back = {
        name: before for name, (before, after) in change.columns.items() if current[name] == after
    }
    if back:
        rows.update(**back)


def _model_named(name: str) -> type[Model]:
    model: type[Model] = WorkflowInstance if name == "request" else _MODELS[name][0]
    return model


def _written_columns(columns: Mapping[str, tuple[Any, Any]]) -> dict[str, list[Any]]:
    return {name: [_written(value) for value in pair] for name, pair in columns.items()}


def _written(value: Any) -> Any:
    return {"moment": value.isoformat()} if isinstance(value, datetime) else value


def _read_changes(changed: list[Any]) -> Iterator[KeptChange]:
    for name, pk, columns in changed:
        pairs = {key: (_read(old), _read(new)) for key, (old, new) in columns.items()}
        yield KeptChange(_model_named(name), pk, pairs)


def _read(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"moment"}:
        return datetime.fromisoformat(value["moment"])
    return value
