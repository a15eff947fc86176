"""Takes an imported log out again, and clears away what a killed import has left.

A request of a log that was taken out stays as an empty row that no page shows, because the trail
tells of it; its tasks and their histories go. Everything happens in short transactions: from the
first one on nobody sees the requests, and a killed command is carried on by the next.
"""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from simple_history.utils import get_history_model_for_model

from workflows.engine.errors import NotFound, WrongState
from workflows.models import LogImport, TrailEvent, WorkflowInstance, WorkItem
from workflows.services.history import write_history
from workflows.services.trail import write_fact

PIECE = 100
"""So many requests are emptied in one transaction."""
KILLED = timedelta(minutes=5)
"""An import of which nothing was heard for so long has no process any more."""


def take_out(import_id: int, *, actor: User | None, reason: str, now: datetime) -> LogImport:
    """Begin to take an import out: nobody sees its requests from now on, and the trail says so.

    Raises NotFound, or WrongState where somebody has worked on its requests since.
    """
    with transaction.atomic():
        record = LogImport.objects.select_for_update().filter(pk=import_id).first()
        if record is None:
            raise NotFound(f"There is no import {import_id}; `import_log --list` names them.")
        if record.state != LogImport.HERE:
            raise WrongState(f"Import {import_id} is {record.get_state_display()}.")
        requests = WorkflowInstance.everything.filter(log_import=record)
        _refuse_worked_on(record)
        requests.update(state=WorkflowInstance.TAKEN_OUT, case_ref=None)
        LogImport.objects.filter(pk=record.pk).update(state=LogImport.LEAVING, seen_at=now)
        _write_trail(record, actor, reason, now)
    record.refresh_from_db()
    return record


def _refuse_worked_on(record: LogImport) -> None:
    """What people did here stays: an import is taken out only as it came in."""
    later = TrailEvent.objects.filter(request__log_import=record).exclude(command="import_log")
    worked_on = list(later.values_list("reference", flat=True).distinct().order_by("reference")[:6])
    if worked_on:
        named = ", ".join(worked_on[:5]) + (" and more" if len(worked_on) > 5 else "")
        raise WrongState(
            f"Import {record.pk} cannot be taken out: {named} have been worked on here since, and"
            " what was done here stays."
        )


def empty_next(record: LogImport, *, now: datetime) -> int:
    """Delete the tasks of some requests that are leaving; 0 when there is none left."""
    away = WorkflowInstance.everything.filter(log_import=record)
    history = get_history_model_for_model(WorkItem)
    first = WorkItem.objects.filter(request__log_import=record).order_by("request_id")
    begin = first.values_list("request_id", flat=True).first()
    if begin is None:
        _is_out(record, now=now)
        return 0
    keys = list(away.filter(pk__gte=begin).order_by("pk").values_list("pk", flat=True)[:PIECE])
    with transaction.atomic():
        history.objects.filter(request__in=keys)._raw_delete("default")
        gone = WorkItem.objects.filter(request__in=keys)._raw_delete("default")
        LogImport.objects.filter(pk=record.pk).update(seen_at=now)
    return int(gone or 1)


def _is_out(record: LogImport, *, now: datetime) -> None:
    """All tasks are gone. Requests that never came in whole have no trail, and go too."""
    requests = WorkflowInstance.everything.filter(log_import=record)
    history = get_history_model_for_model(WorkflowInstance)
    while keys := list(
        requests.filter(state=WorkflowInstance.ARRIVING).values_list("pk", flat=True)[:PIECE]
    ):
        with transaction.atomic():
            history.objects.filter(id__in=keys)._raw_delete("default")
            WorkflowInstance.everything.filter(pk__in=keys)._raw_delete("default")
    left = requests.filter(state=WorkflowInstance.TAKEN_OUT).order_by("pk")
    rows = list(left)
    for begin in range(0, len(rows), PIECE):
        with transaction.atomic():
            piece = rows[begin : begin + PIECE]
            write_history([("~", row) for row in piece], by=None, now=now, why="undo_import")
    LogImport.objects.filter(pk=record.pk).update(state=LogImport.TAKEN_OUT, seen_at=now)


def abandoned(*, now: datetime) -> list[LogImport]:
    """Imports, and takings out, whose process was killed."""
    under_way = LogImport.objects.filter(state__in=LogImport.UNDER_WAY)
    return list(under_way.filter(seen_at__lt=now - KILLED).order_by("pk"))


def _write_trail(record: LogImport, actor: User | None, reason: str, now: datetime) -> None:
    write_fact(
        "undo_import",
        actor=actor,
        now=now,
        template=record.template,
        version=record.version.number,
        comment=reason,
        changes={
            "import": record.pk,
            "file": record.file_name,
            "sha256": record.digest,
            "requests": record.cases,
            "tasks": record.tasks,
        },
    )
