"""The requests of a workflow that a message is for: those whose fields have the values that it
names, each read as its field reads it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.errors import InvalidInput, WrongState
from workflows.engine.routing.awaited_messages import keeping_waits
from workflows.engine.values.field_types.base import FieldSpec, type_of_field
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.services.field_values.values import read_field_value
from workflows.execution.services.messages.waits import (
    find_coming_waits,
    find_waits,
    has_values,
    is_awaited_from,
    split_correlation,
)
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.people.models import User

PlainValue = str | int | float | Decimal | bool
MOST_CANDIDATES = 1000
"""So many requests that may fit are looked at; a correlation by truth values alone may need it."""


def require_correlation_fields(correlation: Mapping[str, Any]) -> None:
    """Raises InvalidInput where a correlation names a way of comparing, or no single value."""
    for key, value in correlation.items():
        names = key.split(".")
        is_name = len(names) <= 2 and all(name.isidentifier() for name in names)
        if not is_name or "__" in key or not isinstance(value, PlainValue):
            raise InvalidInput(
                "Correlate by a field with a text or a number, not by '%(key)s'.", key=key
            )


def has_correlation_values(work: UnitOfWork, correlation: Mapping[str, Any]) -> bool:
    """Whether the request's fields have these values; what is said of rows is the wait's to ask.
    Raises InvalidInput where a field cannot read one."""
    own, _ = split_correlation(work, correlation)
    return has_values(work.map.graph.definition.fields, work.instance.data, own)


def find_awaiting(
    workflow: str, message: str, correlation: Mapping[str, Any], actor: User, now: datetime
) -> list[WorkflowInstance]:
    """The requests that wait for the message and fit, as far as this person may see them or sends
    what they wait for."""
    rows = _waiting_requests(workflow, message)
    fitting = _find_fitting(rows, correlation, actor, now)
    return _known_to(
        actor, message, [work for work in fitting if message_finds_wait(work, message, correlation)]
    )


def find_coming(
    workflow: str, message: str, correlation: Mapping[str, Any], actor: User, now: datetime
) -> list[WorkflowInstance]:
    """The same of those that will yet come to a wait that the message is kept for."""
    rows = coming_requests(workflow, message)
    fitting = _find_fitting(rows, correlation, actor, now)
    return _known_to(actor, message, [work for work in fitting if find_coming_waits(work, message)])


def find_signalled(
    workflow: str,
    message: str,
    where: Mapping[str, Any],
    actor: User,
    now: datetime,
    *,
    after: int,
    most: int,
) -> tuple[list[WorkflowInstance], int | None]:
    """Both, of up to `most` candidates by their ids behind `after`; and behind which one to go on,
    where there may be more."""
    waiting, coming = _waiting_requests(workflow, message), coming_requests(workflow, message)
    both = Q(pk__in=waiting.order_by().values("pk")) | Q(pk__in=coming.order_by().values("pk"))
    rows = _running(workflow).filter(both, pk__gt=after).order_by("pk")
    candidates = find_candidates(rows, where, most)
    following = candidates[-1].pk if len(candidates) == most else None
    works = [
        work
        for work in _those_that_fit(candidates, where, actor, now)
        if message_finds_wait(work, message, where) or find_coming_waits(work, message)
    ]
    return _known_to(actor, message, works), following


def _known_to(actor: User, message: str, works: list[UnitOfWork]) -> list[WorkflowInstance]:
    ids = [work.instance.pk for work in works]
    visible = WorkflowInstance.objects.visible_to(actor).filter(pk__in=ids)
    seen = set(visible.values_list("pk", flat=True))
    return [
        work.instance
        for work in works
        if work.instance.pk in seen or is_awaited_from(work, message, actor)
    ]


def require_correlation_values(work: UnitOfWork, correlation: Mapping[str, Any]) -> None:
    """Raises WrongState where the request does not have these values."""
    if not has_correlation_values(work, correlation):
        raise WrongState(
            "%(reference)s does not have the values of this message's correlation.",
            reference=work.instance.reference,
        )


def message_finds_wait(work: UnitOfWork, message: str, correlation: Mapping[str, Any]) -> bool:
    """Whether an open wait of the request is for this message, and its row has the values."""
    return bool(find_waits(work, message, split_correlation(work, correlation)[1]))


def read_unlocked_work(instance: WorkflowInstance, actor: User, now: datetime) -> UnitOfWork:
    """The request as it stands, read without locks; whoever acts on it reads it again."""
    marking = instance.read_marking()
    version_map = cached_map(instance.version_id)
    return UnitOfWork(instance=instance, map=version_map, actor=actor, now=now, marking=marking)


def _waiting_requests(workflow: str, message: str) -> QuerySet[WorkflowInstance]:
    waiting = WorkItem.objects.open().filter(
        request__template__key=workflow, step__kind="wait", step__config__message=message
    )
    return _running(workflow).filter(pk__in=waiting.order_by().values("request"))


def coming_requests(workflow: str, message: str) -> QuerySet[WorkflowInstance]:
    """The running requests on a version that keeps this message for a wait."""
    running = _running(workflow)
    keeping = [
        version
        for version in running.order_by().values_list("version", flat=True).distinct()
        if keeping_waits(cached_map(version).graph, message)
    ]
    return running.filter(version__in=keeping)


def _running(workflow: str) -> QuerySet[WorkflowInstance]:
    return WorkflowInstance.objects.filter(template__key=workflow, state=WorkflowInstance.RUNNING)


def _find_fitting(
    rows: QuerySet[WorkflowInstance],
    correlation: Mapping[str, Any],
    actor: User,
    now: datetime,
) -> Iterable[UnitOfWork]:
    yield from _those_that_fit(find_candidates(rows, correlation), correlation, actor, now)


def _those_that_fit(
    candidates: Iterable[WorkflowInstance],
    correlation: Mapping[str, Any],
    actor: User,
    now: datetime,
) -> Iterable[UnitOfWork]:
    for candidate in candidates:
        work = read_unlocked_work(candidate, actor, now)
        try:
            if has_correlation_values(work, correlation):
                yield work
        except InvalidInput:  # what this version's field cannot read, its request does not have
            continue


def find_candidates(
    rows: QuerySet[WorkflowInstance], correlation: Mapping[str, Any], most: int = MOST_CANDIDATES
) -> Sequence[WorkflowInstance]:
    """Those of these requests that fit, as far as the database can tell.

    The two databases write truth values differently, so those are compared when they are here.
    """
    fits = Q(pk__in=())
    for version in rows.order_by().values_list("version", flat=True).distinct():
        definition = cached_map(version).graph.definition
        values = _parse_correlation(definition.all_fields, correlation)
        if values is not None:
            of_request = {key: value for key, value in values.items() if key in definition.fields}
            fits |= _build_spelling_filter(version, of_request)
    spelled = {
        f"said_{key}": Cast(KeyTextTransform(key, "data"), TextField())
        for key in correlation
        if "." not in key
    }
    fitting = rows.alias(**spelled).filter(fits).select_related("template", "requester")
    return list(fitting[:most])


def _build_spelling_filter(version: int, values: Mapping[str, tuple[FieldSpec, Any]]) -> Q:
    written = Q(version=version)
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
