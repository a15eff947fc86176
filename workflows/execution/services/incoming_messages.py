"""Messages from outside that waiting requests go on with: 'the goods have arrived'."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.errors import InvalidInput, NotFound, WrongState
from workflows.engine.format.definition import WaitStep
from workflows.engine.routing.marking import Marking, Token
from workflows.engine.texts import text
from workflows.engine.values.field_types.base import FieldSpec, type_of_field
from workflows.engine.values.fields import canonical_field_value
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.services.automation_steps import (
    complete_waiting_step,
    require_running_instance,
    validate_output_values,
)
from workflows.execution.services.capacities import authorize_steering
from workflows.execution.services.field_values.values import read_field_value
from workflows.execution.services.unit_of_work import ActingCapacity, UnitOfWork, open_unit_of_work
from workflows.people.models import User
from workflows.people.queries.eligibility import is_in_role
from workflows.trail.choices import TrailCapacity, TrailCommand

PlainValue = str | int | float | Decimal | bool
MOST_CANDIDATES = 1000
"""So many requests that may fit are looked at; a correlation by truth values alone may need it."""


def receive_message(
    reference: str,
    message: str,
    *,
    actor: User,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    correlation: Mapping[str, Any] | None = None,
) -> WorkflowInstance:
    """Let the step that waits for this message go on. `data` gives values for the fields that the
    wait declares as its `outputs`, as far as they are still empty, `correlation` values that the
    request's fields must have.

    A value of the correlation is read as its field reads it. Raises NotFound (no such request,
    or neither to be seen by this person nor waiting for a message of theirs), NotAllowed,
    InvalidInput, and WrongState where nothing waits for the message, or two steps do.
    """
    request_id = _require_addressed_request(reference, message, actor, now)
    with transaction.atomic():
        work = open_unit_of_work(actor=actor, now=now, instance_id=request_id)
        require_running_instance(work)
        step, token = _require_single_wait(work, message)
        _authorize_sender(work, step, actor)
        _require_correlation_values(work, correlation or {})
        _check_fills_only(work, step, data or {}, token)
        _complete_wait(work, token, message, data)
        return work.instance


def _require_addressed_request(reference: str, message: str, actor: User, now: datetime) -> int:
    request_id = _find_addressed_request(reference, message, actor, now)
    if request_id is None:
        raise NotFound(
            "There is no request %(reference)s; look up its reference.", reference=reference[:40]
        )
    return request_id


def _require_correlation_values(work: UnitOfWork, correlation: Mapping[str, Any]) -> None:
    if not _has_correlation_values(work, correlation):
        raise WrongState(
            "%(reference)s does not have the values of this message's correlation.",
            reference=work.instance.reference,
        )


def _complete_wait(
    work: UnitOfWork, token: Token, message: str, data: Mapping[str, Any] | None
) -> None:
    complete_waiting_step(
        work,
        token.id,
        outcome="received",
        raw_values=data,
        command=TrailCommand.FINISH,
        comment=message,
    )


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
    _require_correlation_fields(correlation)
    references = _find_awaiting_references(workflow, message, correlation, actor, now)
    _require_one_reference(references, workflow, message)
    return receive_message(
        references[0], message, actor=actor, now=now, data=data, correlation=correlation
    )


def _require_one_reference(references: Sequence[str], workflow: str, message: str) -> None:
    if not references:
        raise NotFound(
            "No request of '%(workflow)s' waits for '%(message)s' with these values.",
            workflow=workflow,
            message=message,
        )
    if len(references) > 1:
        raise WrongState(
            "Several requests wait for this message with these values: correlate by more fields,"
            " or send it to one reference."
        )


def _require_correlation_fields(correlation: Mapping[str, Any]) -> None:
    if not correlation:
        raise InvalidInput("Give at least one field of the request under `correlation`.")
    for key, value in correlation.items():
        if not key.isidentifier() or "__" in key or not isinstance(value, PlainValue):
            raise InvalidInput(
                "Correlate by a field with a text or a number, not by '%(key)s'.", key=key
            )


def _find_awaiting_references(
    workflow: str, message: str, correlation: Mapping[str, Any], actor: User, now: datetime
) -> list[str]:
    """The requests that fit, as far as this person may see them or sends what they wait for."""
    fitting = [
        candidate
        for candidate in _find_candidates(workflow, message, correlation)
        if _has_correlation_values(_read_unlocked_work(candidate, actor, now), correlation)
    ]
    seen = set(
        WorkflowInstance.objects.visible_to(actor)
        .filter(pk__in=[candidate.pk for candidate in fitting])
        .values_list("pk", flat=True)
    )
    return sorted(
        candidate.reference
        for candidate in fitting
        if candidate.pk in seen
        or _is_awaited_from(_read_unlocked_work(candidate, actor, now), message, actor)
    )


def _find_waiting_items(workflow: str, message: str) -> QuerySet[WorkItem]:
    return WorkItem.objects.open().filter(
        request__template__key=workflow,
        request__state=WorkflowInstance.RUNNING,
        step__kind="wait",
        step__config__message=message,
    )


def _find_candidates(
    workflow: str, message: str, correlation: Mapping[str, Any]
) -> Iterable[WorkflowInstance]:
    """The running requests that wait for the message, as far as the database can tell.

    The two databases write truth values differently, so those are compared when they are here.
    """
    waiting = _find_waiting_items(workflow, message)
    versions = waiting.order_by().values_list("request__version_id", flat=True).distinct()
    fits = Q(pk__in=())
    for version in versions:
        values = _parse_correlation(cached_map(version).graph.definition.fields, correlation)
        if values is not None:
            fits |= _build_spelling_filter(version, values)
    spelled = {
        f"said_{key}": Cast(KeyTextTransform(key, "request__data"), TextField())
        for key in correlation
    }
    rows = (
        waiting.alias(**spelled)
        .filter(fits)
        .select_related("request__template", "request__requester")
    )
    return [row.request for row in rows[:MOST_CANDIDATES]]


def _build_spelling_filter(version: int, values: Mapping[str, tuple[FieldSpec, Any]]) -> Q:
    written = Q(request__version_id=version)
    for key, (spec, value) in values.items():
        texts = {"None"} if value is None else type_of_field(spec).search_texts(value)
        if texts is not None:
            written &= Q(**{f"said_{key}__in": sorted(texts)})
    return written


def _parse_correlation(
    fields: Mapping[str, FieldSpec], correlation: Mapping[str, Any]
) -> dict[str, tuple[FieldSpec, Any]] | None:
    """The values as the fields read them; None where there is no such field, or none that can be
    read: then no request has it."""
    try:
        return {
            key: (fields[key], read_field_value(key, fields[key], value))
            for key, value in correlation.items()
        }
    except (KeyError, InvalidInput):
        return None


def _read_unlocked_work(instance: WorkflowInstance, actor: User, now: datetime) -> UnitOfWork:
    """The request as it stands, read without locks; whoever acts on it reads it again."""
    marking = Marking.from_json(instance.marking)
    version_map = cached_map(instance.version_id)
    return UnitOfWork(instance=instance, map=version_map, actor=actor, now=now, marking=marking)


def _find_addressed_request(reference: str, message: str, actor: User, now: datetime) -> int | None:
    """The request, where this person may see it, or holds the role of a wait for this message."""
    rows = WorkflowInstance.objects.by_reference(reference)
    instance = rows.select_related("template", "requester").first()
    if instance is None or not actor.is_active:
        return None
    if WorkflowInstance.objects.visible_to(actor).filter(pk=instance.pk).exists():
        return instance.pk
    return (
        instance.pk
        if _is_awaited_from(_read_unlocked_work(instance, actor, now), message, actor)
        else None
    )


def _is_awaited_from(work: UnitOfWork, message: str, actor: User) -> bool:
    """Whether the request waits for this message, and of this person by the wait's own role."""
    return any(
        step.role is not None and _is_accepted_from(work, step, actor)
        for step, _ in _find_waits(work, message)
    )


def _find_waits(work: UnitOfWork, message: str) -> list[tuple[WaitStep, Token]]:
    return [
        (step, token)
        for token in work.marking.tokens
        if isinstance(step := work.map.graph[token.step], WaitStep) and step.message == message
    ]


def _require_single_wait(work: UnitOfWork, message: str) -> tuple[WaitStep, Token]:
    waiting = _find_waits(work, message)
    if len(waiting) != 1:
        raise WrongState(
            "%(reference)s has several steps that wait for '%(message)s' now."
            if waiting
            else "%(reference)s has no step that waits for '%(message)s' now.",
            reference=work.instance.reference,
            message=message,
        )
    return waiting[0]


def _authorize_sender(work: UnitOfWork, step: WaitStep, actor: User) -> None:
    """The wait's own role, else the requester; and whoever manages the workflow."""
    work.acting = (
        ActingCapacity(TrailCapacity.ROLE, step.role)
        if step.role
        else ActingCapacity(TrailCapacity.REQUESTER)
    )
    if not _is_accepted_from(work, step, actor):
        authorize_steering(
            work,
            text(
                "'%(message)s' is for the people of the role that waits for it.",
                message=step.message,
            ),
        )


def _is_accepted_from(work: UnitOfWork, step: WaitStep, actor: User) -> bool:
    role = work.map.graph.definition.roles.get(step.role or "")
    if role is None:
        return work.instance.requester_id == actor.pk
    return is_in_role(work, actor, step.role)


def _check_fills_only(
    work: UnitOfWork, step: WaitStep, data: Mapping[str, Any], token: Token
) -> None:
    """A message gives the fields that the wait declares, and changes nothing that is there."""
    validate_output_values(work, step, data, token.id)
    there = work.data_at_activation(token.id)
    filled_keys = [key for key in data if there.get(key) is not None]
    if filled_keys:
        raise InvalidInput(
            "The request has %(filled_keys)s already, and a message changes nothing; leave it out.",
            filled_keys=", ".join(filled_keys),
        )


def _has_correlation_values(work: UnitOfWork, correlation: Mapping[str, Any]) -> bool:
    """Whether the request's fields have these values, each read as its field reads it. Raises
    InvalidInput where the field cannot read one."""
    fields = work.map.graph.definition.fields
    return all(
        key in fields
        and read_field_value(key, fields[key], value)
        == canonical_field_value(fields[key], work.instance.data.get(key))
        for key, value in correlation.items()
    )
