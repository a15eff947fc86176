"""Taking an import out again, and clearing away what killed imports have left."""

import time
from datetime import date, datetime, timedelta

from django.db import transaction

from reporting.eventlogs.services.progress import Progress, ignore_progress
from reporting.rollups.services import mark_stale
from workflows.history_import.models import LogImport
from workflows.history_import.services import removal as past_out
from workflows.people.models import User


def undo_import(
    import_id: int,
    *,
    actor: User | None,
    reason: str,
    now: datetime,
    progress: Progress = ignore_progress,
) -> LogImport:
    """Take an import out again: its requests, their tasks, and what they added to the figures.

    Nothing of other imports is touched. Raises NotFound or WrongState.
    """
    with transaction.atomic():
        record = past_out.begin_import_removal(import_id, actor=actor, reason=reason, now=now)
        mark_stale(_import_days(record))
    delete_import_rows(record, now=now, progress=progress)
    record.refresh_from_db()
    return record


def clear_abandoned_imports(*, now: datetime) -> int:
    """Clear away what killed imports have left; returns how many there were."""
    records = past_out.find_abandoned_imports(now=now)
    for record in records:
        delete_import_rows(record, now=now)
    return len(records)


def delete_import_rows(
    record: LogImport, *, now: datetime, progress: Progress = ignore_progress
) -> None:
    """Delete what is there of an import, piece by piece."""
    began, gone = time.monotonic(), 0
    while count := past_out.delete_next_tasks(
        record, now=now + timedelta(seconds=time.monotonic() - began)
    ):
        gone += count
        progress("taken out", gone, record.tasks)
    mark_stale(_import_days(record))


def _import_days(record: LogImport) -> list[date]:
    return [date.fromisoformat(text) for text in record.days]
