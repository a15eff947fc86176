"""Messages from outside that waiting requests go on with: 'the goods have arrived'."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from workflows.engine.definition import WaitStep
from workflows.engine.errors import InvalidInput, NotFound, WrongState
from workflows.engine.fields import clean
from workflows.engine.marking import Token
from workflows.models import WorkflowInstance, WorkItem
from workflows.permissions import in_role, visible_requests
from workflows.services.acting import steering
from workflows.services.case import Acting, Case, open_case
from workflows.services.outside import complete, must_run

MOST_CANDIDATES = 1000
"""So many requests that may fit are looked at; a correlation by truth values alone may need it."""


def receive(
    reference: str,
    message: str,
    *,
    actor: User,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    correlation: Mapping[str, Any] | None = None,
) -> WorkflowInstance:
    """Let the step that waits for this message go on; `data` gives values for fields that are
    still empty, `correlation` values that the request's fields must have.

    Raises NotFound (no such request, or not for this person's eyes), NotAllowed, InvalidInput,
    and WrongState where nothing waits for the message, or two steps do.
    """
    found = visible_requests(actor).by_reference(reference).values_list("pk", flat=True).first()  # type: ignore[attr-defined]
    if found is None:
        raise NotFound(f"There is no request {reference[:40]}; look up its reference.")
    with transaction.atomic():
        case = open_case(actor=actor, now=now, instance_id=found)
        must_run(case)
        step, token = _waits_for(case, message)
        _may_send(case, step, actor)
        if not _matches(case, correlation or {}):
            raise WrongState(
                f"{case.instance.reference} does not have the values of this message's correlation."
            )
        _fills_in_only(case, data or {})
        complete(case, token.id, how="received", given=data, command="finish", comment=message)
        return case.instance


def correlate(
    workflow: str,
    message: str,
    *,
    actor: User,
    now: datetime,
    correlation: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
) -> WorkflowInstance:
    """Find the one request of a workflow that waits for this message and has these values in
    its fields, and let it go on. Raises NotFound where none does, WrongState where several do."""
    if not correlation:
        raise InvalidInput("Give at least one field of the request under `correlation`.")
    waiting = WorkItem.objects.open().filter(
        request__in=visible_requests(actor).filter(
            template__key=workflow, state=WorkflowInstance.RUNNING
        ),
        step__kind="wait",
        step__config__message=message,
    )
    for number, (key, value) in enumerate(_plain(correlation).items()):
        if not isinstance(value, bool):  # the two databases write those differently
            said = Cast(KeyTextTransform(key, "request__data"), TextField())
            waiting = waiting.alias(**{f"said{number}": said}).filter(**{f"said{number}": value})
    candidates = waiting.select_related("request")[:MOST_CANDIDATES]
    found = (
        i for i in candidates if all(i.request.data.get(k) == v for k, v in correlation.items())
    )
    references = sorted({item.request.reference for item in found})
    if not references:
        raise NotFound(f"No request of '{workflow}' waits for '{message}' with these values.")
    if len(references) > 1:
        raise WrongState(
            "Several requests wait for this message with these values: correlate by more fields,"
            " or send it to one reference."
        )
    return receive(references[0], message, actor=actor, now=now, data=data, correlation=correlation)


def _plain(correlation: Mapping[str, Any]) -> dict[str, Any]:
    """Names and values that a field can have."""
    for key, value in correlation.items():
        if not key.isidentifier() or "__" in key or not isinstance(value, str | int | bool):
            raise InvalidInput(f"Correlate by a field with a text or a number, not by '{key}'.")
    return dict(correlation)


def _waits_for(case: Case, message: str) -> tuple[WaitStep, Token]:
    waiting = [
        (step, token)
        for token in case.marking.tokens
        if isinstance(step := case.map.graph[token.step], WaitStep) and step.message == message
    ]
    if len(waiting) != 1:
        how_many = "several steps that wait" if waiting else "no step that waits"
        raise WrongState(f"{case.instance.reference} has {how_many} for '{message}' now.")
    return waiting[0]


def _may_send(case: Case, step: WaitStep, actor: User) -> None:
    """The wait's own role, else the requester; and whoever manages the workflow."""
    role = case.map.graph.definition.roles.get(step.role or "")
    if role is None:
        fits = case.instance.requester_id == actor.pk
        case.acting = Acting("requester")
    else:
        stands_for = case.instance.data.get(role.field) if role.field else None
        if role.requester and case.instance.requester is not None:
            stands_for = case.instance.requester.get_username()
        fits = in_role(actor, role, case.groups_of(actor), stands_for)
        case.acting = Acting("role", step.role or "")
    if not fits:
        steering(case, f"'{step.message}' is for the people of the role that waits for it.")


def _fills_in_only(case: Case, data: Mapping[str, Any]) -> None:
    """What people have decided about is not changed by a message."""
    there = [key for key in data if case.instance.data.get(key) is not None]
    if there:
        raise InvalidInput(
            f"The request has {', '.join(there)} already, and a message changes nothing; leave it"
            " out."
        )


def _matches(case: Case, correlation: Mapping[str, Any]) -> bool:
    fields = case.map.graph.definition.fields
    return all(
        key in fields and clean(key, fields[key], value) == case.instance.data.get(key)
        for key, value in correlation.items()
    )
