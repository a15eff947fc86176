"""What becomes of a kept message: its wait takes it, or it is dropped."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from workflows.engine.errors import HandoffError
from workflows.execution.models import KeptMessage, WorkflowInstance
from workflows.execution.services.automation_steps import (
    complete_waiting_step,
    open_work_of_instance,
    require_running_instance,
)
from workflows.execution.services.messages.keeping import still_kept
from workflows.execution.services.messages.waits import (
    authorize_sender,
    check_fills_only,
    find_waits,
)
from workflows.execution.services.unit_of_work import UnitOfWork, write_trail
from workflows.trail.changes import MessageDropped, MessageTaken
from workflows.trail.choices import TrailCommand


class DropReason(StrEnum):
    """Why no wait takes a kept message any more."""

    TIME = "time"
    ENDED = "ended"


def hand_over_kept_message(
    request_id: int, activation: int, now: datetime, *, until: str | None = None
) -> bool:
    """Let a wait go on with the first message that was kept for it and that it can take; whether
    there was one. With `until` only those count that came before the message of this digest. In
    its caller's transaction, which has locked the request."""
    for kept in list(still_kept(request_id, now)):
        if kept.digest == until:
            return False
        try:
            with transaction.atomic():
                work = open_work_of_instance(request_id, now=now, actor=kept.sender)
                if _take(work, kept, activation):
                    return True
        except HandoffError:
            continue  # it stays, and is shown: somebody may send what fits
    return False


def _take(work: UnitOfWork, kept: KeptMessage, activation: int) -> bool:
    require_running_instance(work)
    waiting = [
        (step, token)
        for step, token in find_waits(work, kept.name, kept.rows)
        if token.id == activation and token.stuck is None
    ]
    if not waiting or KeptMessage.objects.filter(pk=kept.pk).delete()[0] != 1:
        return False
    ((step, token),) = waiting
    authorize_sender(work, step, kept.sender, token)
    check_fills_only(work, step, kept.data, token)
    work.note(
        MessageTaken(
            message=kept.name,
            sender=kept.sender.get_username(),
            received_at=kept.received_at.isoformat(),
        )
    )
    complete_waiting_step(
        work, token.id, outcome="received", raw_values=kept.data, comment=kept.name
    )
    return True


# -- dropped ----------------------------------------------------------------------------------


def drop_overdue_messages(request_id: int, now: datetime) -> None:
    """Drop what a request keeps and whose time is over. In its caller's transaction."""
    work = open_work_of_instance(request_id, now=now)
    rows = KeptMessage.objects.filter(request=request_id, keep_until__lte=now)
    if _drop(work, rows.select_related("sender"), DropReason.TIME):
        work.save(TrailCommand.DROP_MESSAGE)
        write_trail(work, TrailCommand.DROP_MESSAGE, from_state=work.instance.state)


def _drop(work: UnitOfWork, rows: Iterable[KeptMessage], why: DropReason) -> bool:
    """Delete these and note each; whether there was one."""
    dropped = list(rows)
    for kept in dropped:
        sender = kept.sender.get_username()
        work.note(MessageDropped(message=kept.name, sender=sender, why=why))
    KeptMessage.objects.filter(pk__in=[kept.pk for kept in dropped]).delete()
    return bool(dropped)


def drop_messages_of_ended(request_id: int, now: datetime) -> None:
    """Drop all that a request keeps that is over. In its caller's transaction; one statement where
    it keeps nothing."""
    rows = KeptMessage.objects.filter(request=request_id).select_related("sender")
    if not rows.exists():
        return
    work = open_work_of_instance(request_id, now=now)
    if work.instance.state in WorkflowInstance.LIVE:
        return
    _drop(work, rows, DropReason.ENDED)
    work.save(TrailCommand.DROP_MESSAGE)
    write_trail(work, TrailCommand.DROP_MESSAGE, from_state=work.instance.state)
