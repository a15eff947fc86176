"""Row history for guarded and bulk writes, which bypass simple-history's signals."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import models
from simple_history.utils import get_history_model_for_model

from workflows.services.fastsql import columns_of, insert_values

BATCH = 500


def write_history(
    rows: Iterable[tuple[str, models.Model]], *, by: Any, now: datetime, why: str
) -> None:
    """The history of many rows of one model: ('+' created, '~' changed, row). One statement for
    each 500 rows."""
    pairs = list(rows)
    if not pairs:
        return
    history, names = _history_of(type(pairs[0][1]))
    of_all = {
        "history_date": now,
        "history_user_id": None if by is None else by.pk,
        "history_change_reason": why,
    }
    kept = [[_value(name, kind, row, of_all) for name in names] for kind, row in pairs]
    for begin in range(0, len(kept), BATCH):
        insert_values(history, kept[begin : begin + BATCH])


def _value(name: str, kind: str, row: models.Model, of_all: Mapping[str, Any]) -> Any:
    if name == "history_type":
        return kind
    return of_all[name] if name in of_all else getattr(row, name)


@lru_cache
def _history_of(model: type[models.Model]) -> tuple[Any, list[str]]:
    """The model of a model's history, and the columns that it keeps."""
    history: Any = get_history_model_for_model(model)
    return history, columns_of(history)


def in_the_name_of(row: Any, actor: Any, now: datetime) -> None:
    """Tell simple-history who saves this row next, and when."""
    row._history_user, row._history_date = actor, now
