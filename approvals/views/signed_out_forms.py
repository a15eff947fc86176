"""A form that comes after its session has ended: its sender signs in, and finds it as it was."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.urls import resolve

from approvals.forms.form_drafts import keep_start_form, keep_task_form
from approvals.ui.typed_text import keep_typed_form
from approvals.views.tasks import read_sent_form
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.errors import HandoffError
from workflows.execution.queries.visible_instances import find_visible_human_task
from workflows.people.models import User


class KeepTypedForm:
    """Middleware: a form that was sent without a session is led to sign in; its text is kept, in
    the new session and (their writer may sign in elsewhere, or later) as a draft on the server."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method == "POST" and response.status_code == 302 and _leads_to_sign_in(response):
            person_id = keep_typed_form(request)
            if person_id is not None:
                _keep_as_draft(request, person_id)
        return response


def _leads_to_sign_in(response: HttpResponse) -> bool:
    return response.headers.get("Location", "").startswith(resolve_url(settings.LOGIN_URL))


def _keep_as_draft(request: HttpRequest, person_id: int) -> None:
    match = resolve(request.path_info)
    keep_form = DRAFTED_FORMS.get(match.view_name)
    person = User.objects.filter(pk=person_id, is_active=True).first()
    if keep_form is not None and person is not None:
        # A draft is a courtesy: what refuses it must not keep the person from signing in.
        with suppress(HandoffError):
            keep_form(request, person, **match.kwargs)


def _keep_start_form(request: HttpRequest, person: User, key: str) -> None:
    template = WorkflowTemplate.objects.filter(key=key).first()
    if template is not None:
        keep_start_form(request, person.pk, template)


def _keep_decision(request: HttpRequest, person: User, task_id: int) -> None:
    task = find_visible_human_task(person, task_id)
    if task.is_open:
        opened, form = read_sent_form(request, person, task)
        seen = opened.seen if opened is not None else ""
        keep_task_form(request, person.pk, task, form, seen=seen)


DRAFTED_FORMS: dict[str, Callable[..., Any]] = {
    "approvals:start-form": _keep_start_form,
    "approvals:task": _keep_decision,
}
"""The forms of which drafts are kept, by the names of their addresses."""
