"""Messages from outside that waiting requests go on with: 'the goods have arrived'."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from workflows.engine.definition import WaitStep
from workflows.engine.errors import InvalidInput, NotFound, WrongState
from workflows.engine.fields import FieldSpec, kept
from workflows.engine.marking import Marking, Token
from workflows.engine.spelling import plain_number
from workflows.models import WorkflowInstance, WorkItem
from workflows.permissions import visible_requests
from workflows.services.acting import steering
from workflows.services.case import Acting, Case, open_case
from workflows.services.maps import cached_map
from workflows.services.outside import check_given, complete, must_run
from workflows.services.standing import in_role
from workflows.services.values import read_value

Plain = str | int | float | Decimal | bool
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
    """Let the step that waits for this message go on. `data` gives values for the fields that the
    wait declares as its `outputs`, as far as they are still empty, `correlation` values that the
    request's fields must have.

    A value of the correlation is read as its field reads it. Raises NotFound (no such request,
    or neither to be seen by this person nor waiting for a message of theirs), NotAllowed,
    InvalidInput, and WrongState where nothing waits for the message, or two steps do.
    """
    found = _in_sight(reference, message, actor, now)
    if found is None:
        raise NotFound(f"There is no request {reference[:40]}; look up its reference.")
    with transaction.atomic():
        case = open_case(actor=actor, now=now, instance_id=found)
        must_run(case)
        step, token = _waits_for(case, message)
        _may_send(case, step, actor)
        if not _has_values(case, correlation or {}):
            raise WrongState(
                f"{case.instance.reference} does not have the values of this message's correlation."
            )
        _fills_in_only(case, step, data or {})
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
    for key, value in correlation.items():
        if not key.isidentifier() or "__" in key or not isinstance(value, Plain):
            raise InvalidInput(f"Correlate by a field with a text or a number, not by '{key}'.")
    fitting = [
        one
        for one in _that_may_fit(workflow, message, correlation)
        if _has_values(_case(one, actor, now), correlation)
    ]
    seen = set(
        visible_requests(actor)
        .filter(pk__in=[one.pk for one in fitting])
        .values_list("pk", flat=True)
    )
    references = sorted(
        one.reference
        for one in fitting
        if one.pk in seen or _waits_for_theirs(_case(one, actor, now), message, actor)
    )
    if not references:
        raise NotFound(f"No request of '{workflow}' waits for '{message}' with these values.")
    if len(references) > 1:
        raise WrongState(
            "Several requests wait for this message with these values: correlate by more fields,"
            " or send it to one reference."
        )
    return receive(references[0], message, actor=actor, now=now, data=data, correlation=correlation)


def _that_may_fit(
    workflow: str, message: str, correlation: Mapping[str, Any]
) -> Iterable[WorkflowInstance]:
    """The running requests that wait for the message, as far as the database can tell.

    The two databases write truth values differently, so those are compared when they are here.
    """
    waiting = WorkItem.objects.open().filter(
        request__template__key=workflow,
        request__state=WorkflowInstance.RUNNING,
        step__kind="wait",
        step__config__message=message,
    )
    versions = waiting.order_by().values_list("request__version_id", flat=True).distinct()
    fits = Q(pk__in=())
    for version in versions:
        values = _read(cached_map(version).graph.definition.fields, correlation)
        if values is not None:
            fits |= _written_so(version, values)
    said = {
        f"said_{key}": Cast(KeyTextTransform(key, "request__data"), TextField())
        for key in correlation
    }
    rows = (
        waiting.alias(**said).filter(fits).select_related("request__template", "request__requester")
    )
    return [row.request for row in rows[:MOST_CANDIDATES]]


def _written_so(version: int, values: Mapping[str, tuple[FieldSpec, Any]]) -> Q:
    written = Q(request__version_id=version)
    for key, (spec, value) in values.items():
        if spec.type != "boolean":
            written &= Q(**{f"said_{key}__in": sorted(_spellings(spec, value))})
    return written


def _spellings(spec: FieldSpec, value: Any) -> set[str]:
    """How a row may hold this value: as it is written today, or was in an older version."""
    if value is None or spec.type not in ("number", "money"):
        return {str(value)}
    number = Decimal(value)
    return {value, plain_number(number), f"{number:.2f}"}


def _read(
    fields: Mapping[str, FieldSpec], correlation: Mapping[str, Any]
) -> dict[str, tuple[FieldSpec, Any]] | None:
    """The values as the fields read them; None where there is no such field, or none that can be
    read: then no request has it."""
    try:
        return {k: (fields[k], read_value(k, fields[k], v)) for k, v in correlation.items()}
    except (KeyError, InvalidInput):
        return None


def _case(instance: WorkflowInstance, actor: User, now: datetime) -> Case:
    """The request as it stands, read without locks; whoever acts on it reads it again."""
    marking = Marking.from_json(instance.marking)
    version_map = cached_map(instance.version_id)
    return Case(instance=instance, map=version_map, actor=actor, now=now, marking=marking)


def _in_sight(reference: str, message: str, actor: User, now: datetime) -> int | None:
    """The request, where this person may see it, or holds the role of a wait for this message."""
    rows = WorkflowInstance.objects.by_reference(reference)
    found = rows.select_related("template", "requester").first()
    if found is None or not actor.is_active:
        return None
    if visible_requests(actor).filter(pk=found.pk).exists():
        return found.pk
    return found.pk if _waits_for_theirs(_case(found, actor, now), message, actor) else None


def _waits_for_theirs(case: Case, message: str, actor: User) -> bool:
    """Whether the request waits for this message, and of this person by the wait's own role."""
    return any(
        step.role is not None and _is_for(case, step, actor) for step, _ in _waits(case, message)
    )


def _waits(case: Case, message: str) -> list[tuple[WaitStep, Token]]:
    return [
        (step, token)
        for token in case.marking.tokens
        if isinstance(step := case.map.graph[token.step], WaitStep) and step.message == message
    ]


def _waits_for(case: Case, message: str) -> tuple[WaitStep, Token]:
    waiting = _waits(case, message)
    if len(waiting) != 1:
        how_many = "several steps that wait" if waiting else "no step that waits"
        raise WrongState(f"{case.instance.reference} has {how_many} for '{message}' now.")
    return waiting[0]


def _may_send(case: Case, step: WaitStep, actor: User) -> None:
    """The wait's own role, else the requester; and whoever manages the workflow."""
    case.acting = Acting("role", step.role) if step.role else Acting("requester")
    if not _is_for(case, step, actor):
        steering(case, f"'{step.message}' is for the people of the role that waits for it.")


def _is_for(case: Case, step: WaitStep, actor: User) -> bool:
    role = case.map.graph.definition.roles.get(step.role or "")
    if role is None:
        return case.instance.requester_id == actor.pk
    return in_role(case, actor, step.role)


def _fills_in_only(case: Case, step: WaitStep, data: Mapping[str, Any]) -> None:
    """A message gives the fields that the wait declares, and changes nothing that is there."""
    check_given(case, step, data)
    there = [key for key in data if case.instance.data.get(key) is not None]
    if there:
        raise InvalidInput(
            f"The request has {', '.join(there)} already, and a message changes nothing; leave it"
            " out."
        )


def _has_values(case: Case, correlation: Mapping[str, Any]) -> bool:
    """Whether the request's fields have these values, each read as its field reads it. Raises
    InvalidInput where the field cannot read one."""
    fields = case.map.graph.definition.fields
    return all(
        key in fields
        and read_value(key, fields[key], value) == kept(fields[key], case.instance.data.get(key))
        for key, value in correlation.items()
    )
