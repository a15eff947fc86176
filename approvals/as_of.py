"""A request as it was at a moment of the past, from the kept versions of its rows and its trail."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Max, Min, Q
from django.utils import timezone

from approvals.request_page import Answers, answers, state_words
from approvals.request_record import PastStep, in_words
from approvals.shown import Shown, documents_of, other_versions, shown_values
from approvals.wording import moment
from workflows.engine.days import moment_is_taken
from workflows.engine.errors import InvalidInput, NotFound
from workflows.engine.marking import Marking
from workflows.models import Document, Incident, TrailEvent, WorkflowInstance, WorkItem
from workflows.services.case import Case
from workflows.services.maps import cached_map


@dataclass(frozen=True, slots=True, kw_only=True)
class AsItWas:
    """The request at that moment; `before` and `after` are the moments of the next commands."""

    at: datetime
    request: WorkflowInstance
    state: str
    answers: Answers
    values: list[Shown]
    documents: list[Document]
    steps: list[PastStep]
    trail: list[TrailEvent]
    before: datetime | None
    after: datetime | None


def read_moment(text: str, now: datetime) -> datetime:
    """The moment that an address names; a day means its end. Raises InvalidInput."""
    try:
        at = _moment(text.strip())
    except (ValueError, OverflowError):
        raise InvalidInput(
            f"'{text[:40]}' is not a moment; write it like 2026-03-31 or 2026-03-31T14:05."
        ) from None
    if at > now:
        raise InvalidInput(f"{moment(at)} has not come yet; choose a moment of the past.")
    return at


def _moment(text: str) -> datetime:
    if len(text) == len("2026-03-31"):
        return timezone.make_aware(datetime.combine(date.fromisoformat(text), time.max))
    at = datetime.fromisoformat(text)
    at = timezone.make_aware(at) if at.tzinfo is None else at
    if not moment_is_taken(at, timezone.get_current_timezone()):
        raise ValueError(text)
    return timezone.localtime(at)


def as_it_was(request: WorkflowInstance, at: datetime, *, user: User, audits: bool) -> AsItWas:
    """The request as the rows of then have it. Raises NotFound where there were none yet."""
    then = _request_then(request, at)
    case = Case(
        instance=then, map=cached_map(then.version_id), actor=user, now=at, marking=Marking()
    )
    tasks = _tasks_then(then, at)
    values = shown_values(case.map.graph.definition, then)
    uploaded = [one for one in documents_of(then) if one.uploaded_at <= at]
    trail = then.trail.filter(recorded_at__lte=at).order_by("-id")
    before, after = _moments_around(then, at)
    return AsItWas(
        at=at,
        request=then,
        state=state_words(then),
        answers=answers(case, [task for task in tasks if task.is_open], _troubles_then(then, at)),
        values=values,
        documents=other_versions(uploaded, values),
        steps=in_words(case, tasks),
        trail=list(trail) if audits else [],
        before=before,
        after=after,
    )


def _request_then(request: WorkflowInstance, at: datetime) -> WorkflowInstance:
    kept = request.history.order_by("history_date", "history_id")  # type: ignore[attr-defined]
    row = kept.filter(history_date__lte=at).last()
    if row is None:
        first = kept.first()
        begins = f"; its record begins on {moment(first.history_date)}" if first else ""
        raise NotFound(f"{request.reference} was not there on {moment(at)}{begins}.")
    then: WorkflowInstance = row.instance
    then.template, then.requester = request.template, request.requester
    return then


def _tasks_then(request: WorkflowInstance, at: datetime) -> list[WorkItem]:
    """Its tasks with their people, oldest first, each as its last version of then."""
    history: Any = WorkItem.history  # type: ignore[attr-defined]
    rows = history.filter(request_id=request.pk, history_date__lte=at)
    last = {row.id: row for row in rows.order_by("history_date", "history_id")}
    tasks = [last[pk].instance for pk in sorted(last)]
    people = User.objects.in_bulk(_people(tasks))
    for task in tasks:
        task.request = request
        task.assignee = people.get(task.assignee_id)
        task.decided_by = people.get(task.decided_by_id)
    return tasks


def _people(tasks: Iterable[WorkItem]) -> set[int]:
    ids = {pk for task in tasks for pk in (task.assignee_id, task.decided_by_id)}
    return {pk for pk in ids if pk is not None}


def _troubles_then(request: WorkflowInstance, at: datetime) -> list[Incident]:
    """The incidents that were open then, as they stood then."""
    still = Q(resolved_at=None) | Q(resolved_at__gt=at)
    rows = Incident.objects.filter(still, request=request, opened_at__lte=at).order_by("id")
    kept = [field.attname for field in Incident._meta.concrete_fields]
    return [
        Incident(
            **{name: getattr(row, name) for name in kept}
            | {"state": Incident.OPEN, "resolved_at": None, "resolution": ""}
        )
        for row in rows
    ]


def _moments_around(
    request: WorkflowInstance, at: datetime
) -> tuple[datetime | None, datetime | None]:
    """When something was recorded last before this moment, and next after it."""
    found = TrailEvent.objects.filter(request=request).aggregate(
        before=Max("recorded_at", filter=Q(recorded_at__lt=at)),
        after=Min("recorded_at", filter=Q(recorded_at__gt=at)),
    )
    return found["before"], found["after"]
