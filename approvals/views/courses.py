"""Pages that change a request's course: each says what will happen, asks why, and calls one
service. A GET only asks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from approvals.forms import ReasonForm, ReassignForm
from approvals.pages import page, person_of
from approvals.reading import case_of, request_in_sight, task_in_sight
from approvals.request_record import Merge, merge_shown
from approvals.typed import form_data
from approvals.views.asking import GET_OR_POST, Asked, ask, in_sight, managers_only
from approvals.wording import person
from workflows.models import MergeRecord, WorkflowInstance
from workflows.services import requests, tasks
from workflows.services.maps import cached_map


@dataclass(frozen=True, slots=True)
class Course:
    """One way to change a request's course, and how its page speaks of it."""

    run: Callable[..., WorkflowInstance]
    heading: str
    button: str
    warning: str
    requester_may: bool = False


COURSES: Mapping[str, Course] = {
    "cancel": Course(
        requests.cancel, "Cancel", "Cancel the request",
        "All open work on it stops. A cancelled request cannot be reopened.",
        requester_may=True,
    ),
    "suspend": Course(
        requests.suspend, "Suspend", "Suspend the request",
        "Nobody can decide anything on it until it is resumed. Due dates go on counting.",
    ),
    "resume": Course(
        requests.resume, "Resume", "Resume the request",
        "Work on it goes on where it stood.",
    ),
    "reopen": Course(
        requests.reopen, "Reopen", "Reopen the request",
        "It goes back to the step that its map names for this.",
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
        managers_only(user, instance)
    form = ReasonForm(form_data(request))

    def run(now: datetime) -> WorkflowInstance:
        return way.run(instance.pk, actor=user, reason=form.cleaned_data["reason"], now=now)

    asked = Asked(way.heading, way.button, way.warning)
    return ask(request, instance, asked, form, run)


@require_http_methods(GET_OR_POST)
@page
def reassign(request: HttpRequest, task_id: int) -> HttpResponse:
    """Put a task into another person's hands."""
    user = person_of(request)
    task = task_in_sight(user, task_id)
    managers_only(user, task.request, task.step.key)
    title = cached_map(task.request.version_id).graph.title(task.step.key)
    form = ReassignForm(form_data(request))

    def run(now: datetime) -> WorkflowInstance:
        given = form.cleaned_data
        tasks.reassign(task.pk, actor=user, to=given["to"], reason=given["reason"], now=now)
        return task.request

    now_with = f"It is with {person(task.assignee)} now. " if task.assignee else ""
    then = (
        "Who has left is missing among those who must agree: the person whom you choose takes that"
        " place."
        if task.needed > 1
        else "From then on only the person whom you choose can decide it."
    )
    asked = Asked(
        f"Reassign “{title}” of",
        "Reassign the task",
        f"{now_with}{then} Somebody who is not in its role stands in, and the record says so.",
    )
    return ask(request, task.request, asked, form, run)


# -- merges ------------------------------------------------------------------------------------


@require_http_methods(GET_OR_POST)
@page
def resolve(request: HttpRequest, merge_id: int) -> HttpResponse:
    """Choose between branches that disagree."""
    user = person_of(request)
    row = in_sight(user, MergeRecord, merge_id)
    case = case_of(row.request, user, timezone.now())
    merge = merge_shown(case, row)
    form = ReasonForm(form_data(request))

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
    )
    given = (form_data(request) or request.POST).get
    chosen = [
        (one, given(f"choice-{one.key}", ""), given(f"other-{one.key}", ""))
        for one in merge.disagreements
    ]
    return ask(request, row.request, asked, form, run, disagreements=chosen)


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
