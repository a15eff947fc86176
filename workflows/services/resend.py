"""Messages that did not get through: sent again, or given up, by those who run the site."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from workflows.engine.errors import NotAllowed, NotFound, WrongState
from workflows.models import OutboxMessage
from workflows.models.outbox import ASIDE, DROPPED, WAITING
from workflows.services import outbox
from workflows.services.trail import write_fact
from workflows.services.values import reason_given

RESEND = "workflows.resend_outboxmessage"


def send_again(message_id: int, *, actor: User, reason: str, now: datetime) -> OutboxMessage:
    """Let a message be due now, as if it were new: one set aside, given up, or put off because it
    failed. What it asks for is looked at anew, so nothing is done twice. Raises NotAllowed,
    NotFound or WrongState."""
    reason = reason_given(reason)
    with transaction.atomic():
        message = _locked(message_id, actor)
        fails = message.state == WAITING and message.failing_since is not None
        if message.state not in (ASIDE, DROPPED) and not fails:
            raise WrongState("This message is neither set aside nor given up; it needs no help.")
        before, why = message.state, message.last_error
        message.send_again(now=now)
        message.save()
        _record("send_again", message, actor, now, reason, before, why)
        transaction.on_commit(outbox.ring)
    return message


def give_up(message_id: int, *, actor: User, reason: str, now: datetime) -> OutboxMessage:
    """Close a message undone that was set aside or fails. Raises NotAllowed, NotFound or
    WrongState."""
    reason = reason_given(reason)
    with transaction.atomic():
        message = _locked(message_id, actor)
        if message.state not in (ASIDE, WAITING) or message.failing_since is None:
            raise WrongState("This message is neither set aside nor failing; leave it be.")
        before, why = message.state, message.last_error
        message.drop(now=now, why=f"{why}\nGiven up by {actor.get_username()}: {reason}"[:4000])
        message.save()
        _record("give_up", message, actor, now, reason, before, why)
    return message


def _locked(message_id: int, actor: User) -> OutboxMessage:
    if not actor.is_active or not actor.has_perm(RESEND):
        raise NotAllowed("You may not send messages again; ask for the permission to.")
    rows = OutboxMessage.objects.select_for_update(of=("self",))
    message = rows.select_related("request__template").filter(pk=message_id).first()
    if message is None:
        raise NotFound("There is no such message; it may be forgotten by now.")
    return message


def _record(
    command: str,
    message: OutboxMessage,
    actor: User,
    now: datetime,
    reason: str,
    before: str,
    why: str,
) -> None:
    request = message.request
    changes = {"message": message.pk, "kind": message.kind, "from": before, "error": why[:500]}
    if request is not None:
        changes |= {"request": request.reference, "activation": message.activation}
    write_fact(
        command, actor=actor, now=now, comment=reason, changes=changes, to_state=message.state,
        template=request.template if request is not None else None,
    )  # fmt: skip
