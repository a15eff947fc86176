"""What one save of a form changes: rows to add, rows as they are to be, rows to delete."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db import models

from workflows.persistence.row_history import attribute_history_to

EditedRow = TypeVar("EditedRow", bound=models.Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowEdits(Generic[EditedRow]):
    """The rows of one save. Those that are there already carry what they are to say."""

    added: Sequence[EditedRow] = ()
    changed: Sequence[EditedRow] = ()
    deleted: Sequence[EditedRow] = ()


def changed_column_names(row: models.Model, stored: models.Model) -> list[str]:
    """The fields in which a row says something else than what is stored of it."""
    return [
        field.name
        for field in row._meta.concrete_fields
        if getattr(row, field.attname) != getattr(stored, field.attname)
    ]


def describe_column_changes(
    row: models.Model, stored: models.Model, names: Sequence[str]
) -> dict[str, list[Any]]:
    """What each of these fields said, and what it says now, as JSON takes it."""
    return {name: [_plain_column(stored, name), _plain_column(row, name)] for name in names}


def _plain_column(row: models.Model, name: str) -> Any:
    try:
        value = getattr(row, name)
    except ObjectDoesNotExist:  # what it named was deleted by the same save
        value = getattr(row, f"{name}_id")
    if isinstance(value, models.Model):
        return getattr(value, "key", str(value))
    if value is None or isinstance(value, bool | int | str | list | dict):
        return value
    return str(value)


def save_changed_columns(
    row: models.Model, names: Sequence[str], *, by: Any, now: datetime, why: str
) -> None:
    """Write these fields of a row, with its history."""
    row._change_reason = why  # type: ignore[attr-defined]
    attribute_history_to(row, by, now)
    row.save(update_fields=list(names))


def save_row(row: models.Model, *, by: Any, now: datetime, why: str) -> None:
    """Write a row, new or not, with its history."""
    row._change_reason = why  # type: ignore[attr-defined]
    attribute_history_to(row, by, now)
    row.save()


def delete_row(row: models.Model, *, by: Any, now: datetime, why: str) -> None:
    """Delete a row, with its history."""
    row._change_reason = why  # type: ignore[attr-defined]
    attribute_history_to(row, by, now)
    row.delete()


def stored_rows(rows: Sequence[EditedRow]) -> Mapping[int, EditedRow]:
    """Rows of one model as they are stored now, by their keys. One statement."""
    if not rows:
        return {}
    return type(rows[0])._base_manager.in_bulk([row.pk for row in rows])
