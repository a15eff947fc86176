"""Row history for guarded and bulk writes, which bypass simple-history's signals."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import models
from simple_history.utils import get_history_model_for_model

from workflows.services.fastsql import insert_rows

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
    kept = [
        history(
            history_date=now,
            history_type=kind,
            history_user=by,
            history_change_reason=why,
            **{name: getattr(row, name) for name in names},
        )
        for kind, row in pairs
    ]
    for begin in range(0, len(kept), BATCH):
        insert_rows(kept[begin : begin + BATCH])


@lru_cache
def _history_of(model: type[models.Model]) -> tuple[Any, tuple[str, ...]]:
    """The model of a model's history, and what it keeps of a row."""
    history: Any = get_history_model_for_model(model)
    return history, tuple(field.attname for field in history.tracked_fields)


def in_the_name_of(row: Any, actor: Any, now: datetime) -> None:
    """Tell simple-history who saves this row next, and when."""
    row._history_user, row._history_date = actor, now
