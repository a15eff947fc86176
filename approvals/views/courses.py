"""Pages that change a request's course: each says what will happen, asks why, and calls one
service. A GET only asks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from approvals.after import what_is_next
from approvals.forms import DeclaredForm, ReasonForm, ReassignForm
from approvals.pages import page, person_of, status_of
from approvals.reading import NO_REQUEST, case_of, request_in_sight, task_in_sight
from approvals.request_record import Merge, merge_shown
from approvals.wording import person
from workflows.engine.errors import HandoffError, NotAllowed, NotFound
from workflows.models import Incident, MergeRecord, WorkflowInstance
from workflows.permissions import may_manage, visible_requests
from workflows.services import incidents, requests, tasks
from workflows.services.case import Case
from workflows.services.maps import cached_map

GET_OR_POST = ["GET", "HEAD", "POST"]


@dataclass(frozen=True, slots=True)
class Course:
    """One way to change a request's course, and how its page speaks of it."""

    run: Callable[..., WorkflowInstance]
    heading: str
    button: str
    warning: str
    done: str
    requester_may: bool = False


COURSES: Mapping[str, Course] = {
    "cancel": Course(
        requests.cancel, "Cancel", "Cancel the request",
        "All open work on it stops. A cancelled request cannot be reopened.",
        "was cancelled.", requester_may=True,
    ),
    "suspend": Course(
        requests.suspend, "Suspend", "Suspend the request",
        "Nobody can decide anything on it until it is resumed. Due dates go on counting.",
        "is suspended.",
    ),
    "resume": Course(
        requests.resume, "Resume", "Resume the request",
        "Work on it goes on where it stood.", "goes on.",
    ),
    "reopen": Course(
        requests.reopen, "Reopen", "Reopen the request",
        "It goes back to the step that its map names for this.", "is open again.",
    ),
}  # fmt: skip


@require_http_methods(GET_OR_POST)
@page
def change(request: HttpRequest, reference: str, course: str) -> HttpResponse:
    """Cancel, suspend, resume or reopen a request."""
    if course not in COURSES:
        raise Http404
    user, way = person_of(request), COURSES[course]
    instance = request_in_sight(user, reference)
    if not (way.requester_may and instance.requester_id == user.pk):
        _managers_only(user, instance)
    form = ReasonForm(request.POST or None)

    def run(now: datetime) -> WorkflowInstance:
        return way.run(instance.pk, actor=user, reason=form.cleaned_data["reason"], now=now)

    asked = Asked(way.heading, way.button, way.warning, f"{instance.reference} {way.done}")
    return _ask(request, instance, asked, form, run)


@require_http_methods(GET_OR_POST)
@page
def reassign(request: HttpRequest, task_id: int) -> HttpResponse:
    """Put a task into another person's hands."""
    user = person_of(request)
    task = task_in_sight(user, task_id)
    _managers_only(user, task.request)
    title = cached_map(task.request.version_id).graph.title(task.step.key)
    form = ReassignForm(request.POST or None)

    def run(now: datetime) -> WorkflowInstance:
        given = form.cleaned_data
        tasks.reassign(task.pk, actor=user, to=given["to"], reason=given["reason"], now=now)
        return task.request

    now_with = f"It is with {person(task.assignee)} now." if task.assignee else ""
    asked = Asked(
        f"Reassign “{title}” of",
        "Reassign the task",
        f"{now_with} From then on only the person whom you choose can decide it.".strip(),
        f"“{title}” was reassigned.",
    )
    return _ask(request, task.request, asked, form, run)


# -- incidents and merges ---------------------------------------------------------------------


@require_http_methods(GET_OR_POST)
@page
def retry(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Let a step that could not go on try again, with values put right."""
    user = person_of(request)
    incident = _in_sight(user, Incident, incident_id)
    case = case_of(incident.request, user, timezone.now())
    values = _values_form(case, request)
    form = ReasonForm(request.POST or None)

    def run(now: datetime) -> WorkflowInstance:
        return incidents.retry(
            incident.pk,
            actor=user,
            reason=form.cleaned_data["reason"],
            now=now,
            data=values.changed(),
        )

    asked = Asked(
        "Try again:", "Try again", incident.message, f"{incident.request.reference}: tried again."
    )
    return _ask(request, incident.request, asked, form, run, values=values)


def _values_form(case: Case, request: HttpRequest) -> DeclaredForm:
    """The request's values, to be put right; documents come in at their steps."""
    definition = case.map.graph.definition
    keys = [key for key, field in definition.fields.items() if field.type != "document"]
    shown = {key: case.instance.data.get(key) for key in keys}
    return DeclaredForm(definition, keys, request.POST or None, shown=shown, required=False)


@require_http_methods(GET_OR_POST)
@page
def resolve(request: HttpRequest, merge_id: int) -> HttpResponse:
    """Choose between branches that disagree."""
    user = person_of(request)
    row = _in_sight(user, MergeRecord, merge_id)
    case = case_of(row.request, user, timezone.now())
    merge = merge_shown(case, row)
    form = ReasonForm(request.POST or None)

    def run(now: datetime) -> WorkflowInstance:
        return requests.resolve_merge(
            row.pk,
            actor=user,
            choices=_choices(request, merge),
            reason=form.cleaned_data["reason"],
            now=now,
        )

    asked = Asked(
        f"Choose at “{merge.join}” of",
        "Use these values",
        "The branches gave different values. Choose which holds; then the request goes on.",
        f"{row.request.reference}: the branches are merged.",
    )
    given = request.POST.get
    chosen = [
        (one, given(f"choice-{one.key}", ""), given(f"other-{one.key}", ""))
        for one in merge.disagreements
    ]
    return _ask(request, row.request, asked, form, run, disagreements=chosen)


def _choices(request: HttpRequest, merge: Merge) -> dict[str, Any]:
    """For each field the branch that was chosen, or another value that was typed."""
    choices: dict[str, Any] = {}
    for one in merge.disagreements:
        chosen = request.POST.get(f"choice-{one.key}", "")
        if chosen == "other":
            choices[one.key] = {"value": request.POST.get(f"other-{one.key}", "")}
        elif chosen:
            choices[one.key] = chosen
    return choices


# -- what these pages share -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page says before, on and after the button."""

    heading: str
    button: str
    warning: str
    done: str


def _ask(
    request: HttpRequest,
    instance: WorkflowInstance,
    asked: Asked,
    form: Form,
    run: Callable[[datetime], WorkflowInstance],
    **context: Any,
) -> HttpResponse:
    """Ask on GET; on POST run the command and go to the request, or show what was refused.

    Whether the person may ask at all was settled before."""
    error = None
    if request.method == "POST" and all(f.is_valid() for f in (form, context.get("values")) if f):
        now = timezone.now()
        try:
            changed = run(now)
        except HandoffError as refused:
            error = refused
        else:
            _say(request, changed, asked, now)
            return redirect("approvals:request", instance.reference)
    status = status_of(error) if error else 422 if request.method == "POST" else 200
    given = {"instance": instance, "asked": asked, "form": form, "error": str(error or "")}
    blank: dict[str, Any] = {"values": None, "disagreements": []}
    return render(request, "approvals/ask.html", {**blank, **given, **context}, status=status)


def _say(request: HttpRequest, changed: WorkflowInstance, asked: Asked, now: datetime) -> None:
    case = case_of(WorkflowInstance.objects.get(pk=changed.pk), None, now)
    messages.success(request, f"{asked.done} {what_is_next(case)}")


def _managers_only(user: User, instance: WorkflowInstance) -> None:
    if not may_manage(user, instance.template):
        raise NotAllowed(
            f"Only the owner or deputy of “{instance.template.name}” may do this. You may still"
            f" read {instance.reference}."
        )


def _in_sight(user: User, model: Any, pk: int) -> Any:
    """An incident or a merge of a request that the person may see and manage."""
    row = (
        model.objects.select_related("request__template", "request__requester")
        .filter(pk=pk, request__in=visible_requests(user))
        .first()
    )
    if row is None:
        raise NotFound(NO_REQUEST)
    _managers_only(user, row.request)
    return row
