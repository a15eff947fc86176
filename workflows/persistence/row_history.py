"""Row history for guarded and bulk writes, which bypass simple-history's signals."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import models
from simple_history.utils import get_history_model_for_model

from workflows.persistence.bulk_sql import insert_column_names, insert_values

BATCH = 500


def write_history(
    rows: Iterable[tuple[str, models.Model]], *, by: Any, now: datetime, why: str
) -> None:
    """The history of many rows of one model: ('+' created, '~' changed, row). One statement for
    each 500 rows."""
    pairs = list(rows)
    if not pairs:
        return
    history, names = _history_columns(type(pairs[0][1]))
    shared = {
        "history_date": now,
        "history_user_id": None if by is None else by.pk,
        "history_change_reason": why,
    }
    history_rows = [
        [_history_value(name, kind, row, shared) for name in names] for kind, row in pairs
    ]
    for begin in range(0, len(history_rows), BATCH):
        insert_values(history, history_rows[begin : begin + BATCH])


def _history_value(name: str, kind: str, row: models.Model, shared: Mapping[str, Any]) -> Any:
    if name == "history_type":
        return kind
    return shared[name] if name in shared else getattr(row, name)


@lru_cache
def _history_columns(model: type[models.Model]) -> tuple[Any, list[str]]:
    """The model of a model's history, and the columns that it keeps."""
    history: Any = get_history_model_for_model(model)
    return history, insert_column_names(history)


def attribute_history_to(row: Any, actor: Any, now: datetime) -> None:
    """Tell simple-history who saves this row next, and when."""
    row._history_user, row._history_date = actor, now
