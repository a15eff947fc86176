"""Messages that did not get through: sent again, or given up, by those who run the site."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from workflows.engine.errors import NotAllowed, NotFound, WrongState
from workflows.execution.services.field_values.values import require_reason
from workflows.outbox.delivery_problems import GivenUp
from workflows.outbox.models import ASIDE, DROPPED, WAITING, OutboxMessage
from workflows.outbox.services import messages as outbox
from workflows.people.models import User
from workflows.trail.choices import TrailCommand
from workflows.trail.fact_changes import MessageReleased
from workflows.trail.services.recording import write_fact

RESEND = "workflows.resend_outboxmessage"


def send_again(message_id: int, *, actor: User, reason: str, now: datetime) -> OutboxMessage:
    """Let a message be due now, as if it were new: one set aside, given up, or put off because it
    failed. What it asks for is looked at anew, so nothing is done twice. Raises NotAllowed,
    NotFound or WrongState."""
    reason = require_reason(reason)
    with transaction.atomic():
        message = _lock_message(message_id, actor)
        fails = message.state == WAITING and message.failing_since is not None
        if message.state not in (ASIDE, DROPPED) and not fails:
            raise WrongState("This message is neither set aside nor given up; it needs no help.")
        before, problem = message.state, _kept_problem(message)
        message.send_again(now=now)
        message.save()
        _record_redelivery(TrailCommand.SEND_AGAIN, message, actor, now, reason, before, problem)
        transaction.on_commit(outbox.wake_workers)
    return message


def give_up_message(message_id: int, *, actor: User, reason: str, now: datetime) -> OutboxMessage:
    """Close a message undone that was set aside or fails. Raises NotAllowed, NotFound or
    WrongState."""
    reason = require_reason(reason)
    with transaction.atomic():
        message = _lock_message(message_id, actor)
        if message.state not in (ASIDE, WAITING) or message.failing_since is None:
            raise WrongState("This message is neither set aside nor failing; leave it be.")
        before, problem = message.state, _kept_problem(message)
        message.drop(now=now, why=GivenUp(actor.get_username(), reason, problem))
        message.save()
        _record_redelivery(TrailCommand.GIVE_UP, message, actor, now, reason, before, problem)
    return message


def _lock_message(message_id: int, actor: User) -> OutboxMessage:
    if not actor.is_active or not actor.has_perm(RESEND):
        raise NotAllowed("You may not send messages again; ask for the permission to.")
    rows = OutboxMessage.objects.select_for_update(of=("self",))
    message = rows.select_related("request__template").filter(pk=message_id).first()
    if message is None:
        raise NotFound("There is no such message; it may be forgotten by now.")
    return message


def _kept_problem(message: OutboxMessage) -> dict[str, Any]:
    """Why it was not delivered, as a part of another fact."""
    return {"code": message.error_code, **message.error_parameters} if message.error_code else {}


def _record_redelivery(
    command: TrailCommand,
    message: OutboxMessage,
    actor: User,
    now: datetime,
    reason: str,
    before: str,
    problem: Mapping[str, Any],
) -> None:
    request = message.request
    write_fact(
        command,
        actor=actor,
        now=now,
        comment=reason,
        fact=MessageReleased(
            message=message.pk,
            kind=message.kind,
            before=before,
            error=dict(problem),
            request=request.reference if request is not None else None,
            activation=message.activation if request is not None else None,
        ),
        to_state=message.state,
        template=request.template if request is not None else None,
    )
