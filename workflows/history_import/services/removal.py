"""Takes an imported log out again, and clears away what a killed import has left.

A request of a log that was taken out stays as an empty row that no page shows, because the trail
tells of it; its tasks and their histories go. Everything happens in short transactions: from the
first one on nobody sees the requests, and a killed command is carried on by the next.
"""

from datetime import datetime, timedelta

from django.db import transaction
from simple_history.utils import get_history_model_for_model

from workflows.engine.errors import NotFound, WrongState
from workflows.engine.texts import Text, text
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.services.form_drafts import delete_drafts_on_requests
from workflows.execution.services.unit_of_work.search_values import forget_search_values
from workflows.history_import.models import LogImport
from workflows.people.models import User
from workflows.persistence.row_history import write_history
from workflows.trail.choices import FOLLOW_COMMANDS, TrailCommand
from workflows.trail.fact_changes import ImportRemoved
from workflows.trail.models import TrailEvent
from workflows.trail.services.recording import write_fact

PIECE = 100
"""So many requests are emptied in one transaction."""
KILLED = timedelta(minutes=5)
"""An import of which nothing was heard for so long has no process any more."""


def begin_import_removal(
    import_id: int, *, actor: User | None, reason: str, now: datetime
) -> LogImport:
    """Begin to take an import out: nobody sees its requests from now on, and the trail says so.

    Raises NotFound, or WrongState where somebody has worked on its requests since.
    """
    with transaction.atomic():
        record = LogImport.objects.select_for_update().filter(pk=import_id).first()
        if record is None:
            raise NotFound(
                "There is no import %(import_id)s; `import_log --list` names them.",
                import_id=import_id,
            )
        if record.state != LogImport.HERE:
            raise WrongState(
                "Import %(import_id)s is %(state)s.",
                import_id=import_id,
                state=record.get_state_display(),
            )
        requests = WorkflowInstance.everything.filter(log_import=record)
        _refuse_if_worked_on(record)
        requests.update(state=WorkflowInstance.TAKEN_OUT, case_ref=None)
        LogImport.objects.filter(pk=record.pk).update(state=LogImport.LEAVING, seen_at=now)
        _write_trail(record, actor, reason, now)
    record.refresh_from_db()
    return record


def _refuse_if_worked_on(record: LogImport) -> None:
    """What people did here stays: an import is taken out only as it came in."""
    later = TrailEvent.objects.filter(request__log_import=record).exclude(
        command__in=(TrailCommand.IMPORT_LOG, *FOLLOW_COMMANDS)
    )
    worked_on = list(later.values_list("reference", flat=True).distinct().order_by("reference")[:6])
    if worked_on:
        named: Text | str = ", ".join(worked_on[:5])
        if len(worked_on) > 5:
            named = text("%(references)s and more", references=named)
        raise WrongState(
            "Import %(pk)s cannot be taken out: %(named)s have been worked on here since, and what"
            " was done here stays.",
            pk=record.pk,
            named=named,
        )


def delete_next_tasks(record: LogImport, *, now: datetime) -> int:
    """Delete the tasks of some requests that are leaving; 0 when there is none left."""
    instances = WorkflowInstance.everything.filter(log_import=record)
    history = get_history_model_for_model(WorkItem)
    first = WorkItem.objects.filter(request__log_import=record).order_by("request_id")
    begin = first.values_list("request_id", flat=True).first()
    if begin is None:
        _finish_removal(record, now=now)
        return 0
    keys = list(instances.filter(pk__gte=begin).order_by("pk").values_list("pk", flat=True)[:PIECE])
    with transaction.atomic():
        history.objects.filter(request__in=keys)._raw_delete("default")
        delete_drafts_on_requests(keys)
        gone = WorkItem.objects.filter(request__in=keys)._raw_delete("default")
        forget_search_values(keys)
        LogImport.objects.filter(pk=record.pk).update(seen_at=now)
    return int(gone or 1)


def _finish_removal(record: LogImport, *, now: datetime) -> None:
    """All tasks are gone. Requests that never came in whole have no trail, and go too."""
    requests = WorkflowInstance.everything.filter(log_import=record)
    history = get_history_model_for_model(WorkflowInstance)
    while keys := list(
        requests.filter(state=WorkflowInstance.ARRIVING).values_list("pk", flat=True)[:PIECE]
    ):
        with transaction.atomic():
            history.objects.filter(id__in=keys)._raw_delete("default")
            forget_search_values(keys)
            WorkflowInstance.everything.filter(pk__in=keys)._raw_delete("default")
    removed_instances = requests.filter(state=WorkflowInstance.TAKEN_OUT).order_by("pk")
    rows = list(removed_instances)
    for begin in range(0, len(rows), PIECE):
        with transaction.atomic():
            piece = rows[begin : begin + PIECE]
            write_history([("~", row) for row in piece], by=None, now=now, why="undo_import")
    LogImport.objects.filter(pk=record.pk).update(state=LogImport.TAKEN_OUT, seen_at=now)


def find_abandoned_imports(*, now: datetime) -> list[LogImport]:
    """Imports, and takings out, whose process was killed."""
    under_way = LogImport.objects.filter(state__in=LogImport.UNDER_WAY)
    return list(under_way.filter(seen_at__lt=now - KILLED).order_by("pk"))


def _write_trail(record: LogImport, actor: User | None, reason: str, now: datetime) -> None:
    write_fact(
        TrailCommand.UNDO_IMPORT,
        actor=actor,
        now=now,
        template=record.template,
        version=record.version.number,
        comment=reason,
        fact=ImportRemoved(
            log_import=record.pk,
            file=record.file_name,
            sha256=record.digest,
            requests=record.cases,
            tasks=record.tasks,
        ),
    )
