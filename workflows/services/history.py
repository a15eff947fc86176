"""Row history for guarded and bulk writes, which bypass simple-history's signals."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models


def write_history(
    rows: Iterable[tuple[str, models.Model]], *, by: Any, now: datetime, why: str
) -> None:
    """One statement for the history of many rows of one model: ('+' created, '~' changed, row)."""
    pairs = list(rows)
    if not pairs:
        return
    history: Any = type(pairs[0][1]).history.model  # type: ignore[attr-defined]
    names = [field.attname for field in history.tracked_fields]
    history.objects.bulk_create(
        [
            history(
                history_date=now,
                history_type=kind,
                history_user=by,
                history_change_reason=why,
                **{name: getattr(row, name) for name in names},
            )
            for kind, row in pairs
        ],
        batch_size=500,
    )


def in_the_name_of(row: Any, actor: Any, now: datetime) -> None:
    """Tell simple-history who saves this row next, and when."""
    row._history_user, row._history_date = actor, now
