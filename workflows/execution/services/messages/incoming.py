"""Messages from outside that waiting requests go on with: 'the goods have arrived'.

One that comes before its wait is kept for it (`keeping`) and handed over (`handing_over`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction

from workflows.engine.errors import InvalidInput, NotFound, WrongState
from workflows.engine.format.definition import WaitStep
from workflows.engine.routing.marking import Token
from workflows.execution.models import KeptMessage, WorkflowInstance
from workflows.execution.services.automation_steps import (
    complete_waiting_step,
    require_running_instance,
)
from workflows.execution.services.field_values.values import clean_values
from workflows.execution.services.messages.correlation import (
    find_awaiting,
    find_coming,
    read_unlocked_work,
    require_correlation_fields,
    require_correlation_values,
)
from workflows.execution.services.messages.handing_over import hand_over_kept_message
from workflows.execution.services.messages.keeping import (
    digest_of_message,
    keep_message,
    no_wait,
)
from workflows.execution.services.messages.waits import (
    authorize_sender,
    check_fills_only,
    find_coming_waits,
    find_waits,
    is_awaited_from,
    split_correlation,
)
from workflows.execution.services.unit_of_work import UnitOfWork, open_unit_of_work
from workflows.people.models import User


class MessageFate(StrEnum):
    """What became of a message."""

    TAKEN = "taken"
    KEPT = "kept"
    ALREADY_KEPT = "already_kept"


KEPT_FATES = (MessageFate.KEPT, MessageFate.ALREADY_KEPT)


@dataclass(frozen=True, slots=True)
class Received:
    """A request that a message was for, what became of the message there, and until when it is
    kept where that ends before the request does."""

    instance: WorkflowInstance
    fate: MessageFate
    kept_until: datetime | None = None


def receive_message(
    reference: str,
    message: str,
    *,
    actor: User,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    correlation: Mapping[str, Any] | None = None,
) -> WorkflowInstance:
    """`send_message`, where what became of the message is of no interest."""
    return send_message(
        reference, message, actor=actor, now=now, data=data, correlation=correlation
    ).instance


def send_message(
    reference: str,
    message: str,
    *,
    actor: User,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    correlation: Mapping[str, Any] | None = None,
) -> Received:
    """Let the step that waits for this message go on; where it is still to come, keep the message
    for it. `data` gives values for the fields that the wait declares as its `outputs`, as far as
    they are still empty, `correlation` values that the request's fields must have, or the row of
    an each-branch that the wait stands in (`row.item`).

    A value of the correlation is read as its field reads it. Raises NotFound (no such request,
    or neither to be seen by this person nor waiting for a message of theirs), NotAllowed,
    InvalidInput, and WrongState where nothing waits for the message, or two steps do.
    """
    request_id = _require_addressed_request(reference, message, actor, now)
    with transaction.atomic():
        work = open_unit_of_work(actor=actor, now=now, instance_id=request_id)
        return deliver_message(work, message, actor, data or {}, correlation or {})


def deliver_message(
    work: UnitOfWork,
    message: str,
    actor: User,
    data: Mapping[str, Any],
    correlation: Mapping[str, Any],
) -> Received:
    """The same on a request that is locked. What came before it and is kept for the same wait goes
    first, as a command of its own; then this one is for the next wait, or refused."""
    require_running_instance(work)
    rows = split_correlation(work, correlation)[1]
    found = _find_single_wait(work, message, rows)
    if found is None:
        kept, is_new = keep_message(work, message, actor, data, correlation)
        fate = MessageFate.KEPT if is_new else MessageFate.ALREADY_KEPT
        return Received(work.instance, fate, kept.keep_until)
    step, token = found
    authorize_sender(work, step, actor, token)
    require_correlation_values(work, correlation)
    check_fills_only(work, step, data, token)
    if _gives_way(work, step, token, data, rows):
        again = open_unit_of_work(actor=actor, now=work.now, instance_id=work.instance.pk)
        return deliver_message(again, message, actor, data, correlation)
    complete_waiting_step(work, token.id, outcome="received", raw_values=data, comment=message)
    return Received(work.instance, MessageFate.TAKEN)


def _gives_way(
    work: UnitOfWork,
    step: WaitStep,
    token: Token,
    data: Mapping[str, Any],
    rows: Mapping[str, Any],
) -> bool:
    """Whether the wait has gone on with a message that came before this one, and was not handed
    over yet. Where the same message is the first that is kept, this one is that one."""
    there = KeptMessage.objects.filter(request=work.instance, name=step.message or "")
    if not there.exists():
        return False
    values, wanted = clean_values(work.map, data), clean_values(work.map, rows)
    digest = digest_of_message(step.message or "", values, wanted)
    if hand_over_kept_message(work.instance.pk, token.id, work.now, until=digest):
        return True
    there.filter(digest=digest).delete()
    return False


def _find_single_wait(
    work: UnitOfWork, message: str, rows: Mapping[str, Any]
) -> tuple[WaitStep, Token] | None:
    """The open step that waits for a message; None where none does, but one may come."""
    waiting = find_waits(work, message, rows)
    if not waiting and not find_coming_waits(work, message):
        raise no_wait(work, message)
    if len(waiting) > 1:
        raise WrongState(
            "%(reference)s has several steps that wait for '%(message)s' now.",
            reference=work.instance.reference,
            message=message,
        )
    return waiting[0] if waiting else None


def _require_addressed_request(reference: str, message: str, actor: User, now: datetime) -> int:
    request_id = _find_addressed_request(reference, message, actor, now)
    if request_id is None:
        raise NotFound(
            "There is no request %(reference)s; look up its reference.", reference=reference[:40]
        )
    return request_id


def _find_addressed_request(reference: str, message: str, actor: User, now: datetime) -> int | None:
    """The request, where this person may see it, or holds the role of a wait for this message."""
    rows = WorkflowInstance.objects.by_reference(reference)
    instance = rows.select_related("template", "requester").first()
    if instance is None or not actor.is_active:
        return None
    if WorkflowInstance.objects.visible_to(actor).filter(pk=instance.pk).exists():
        return instance.pk
    work = read_unlocked_work(instance, actor, now)
    return instance.pk if is_awaited_from(work, message, actor) else None


# -- without a reference ----------------------------------------------------------------------


def correlate(
    workflow: str,
    message: str,
    *,
    actor: User,
    now: datetime,
    correlation: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
) -> WorkflowInstance:
    """`correlate_message`, where what became of the message is of no interest."""
    return correlate_message(
        workflow, message, actor=actor, now=now, correlation=correlation, data=data
    ).instance


def correlate_message(
    workflow: str,
    message: str,
    *,
    actor: User,
    now: datetime,
    correlation: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
) -> Received:
    """Find the one request of a workflow that waits for this message and has these values in
    its fields, and let it go on; where none waits, the one that will come to such a wait keeps
    it. Raises NotFound where there is none, WrongState where there are several."""
    if not correlation:
        raise InvalidInput("Give at least one field of the request under `correlation`.")
    require_correlation_fields(correlation)
    said = (workflow, message, correlation, actor, now)
    found = find_awaiting(*said) or find_coming(*said)
    _require_one_request(found, workflow, message)
    return send_message(
        found[0].reference, message, actor=actor, now=now, data=data, correlation=correlation
    )


def _require_one_request(found: Sequence[WorkflowInstance], workflow: str, message: str) -> None:
    if not found:
        raise NotFound(
            "No request of '%(workflow)s' waits for '%(message)s' with these values.",
            workflow=workflow,
            message=message,
        )
    if len(found) > 1:
        raise WrongState(
            "Several requests wait for this message with these values: correlate by more fields,"
            " or send it to one reference."
        )
