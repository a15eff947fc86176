"""Pages that ask before they do: what will happen, why, and then one service."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from approvals.after import last_row, what_was_done
from approvals.pages import go_to, refusal_shown, status_of
from approvals.reading import NO_REQUEST, case_of
from workflows.engine.errors import HandoffError, NotAllowed, NotFound
from workflows.models import Incident, WorkflowInstance
from workflows.once import Sent, once
from workflows.permissions import manages_as, visible_requests
from workflows.services.acting import why_not_steer

GET_OR_POST = ["GET", "HEAD", "POST"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page says before and on the button; what it did is read from the trail."""

    heading: str
    button: str
    warning: str


def ask(
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
        try:
            return go_to(request, once(request, lambda: _done(instance, run)))
        except HandoffError as refused:
            error = refused
    status = status_of(error) if error else 422 if request.method == "POST" else 200
    given = {"instance": instance, "asked": asked, "form": form, **refusal_shown(error)}
    blank: dict[str, Any] = {
        "values": None, "values_title": "The request's values", "values_open": False,
        "disagreements": [],
    }  # fmt: skip
    return render(request, "approvals/ask.html", {**blank, **given, **context}, status=status)


def _done(instance: WorkflowInstance, run: Callable[[datetime], WorkflowInstance]) -> Sent:
    now, before = timezone.now(), last_row(instance)
    changed = run(now)
    case = case_of(WorkflowInstance.objects.get(pk=changed.pk), None, now)
    to = reverse("approvals:request", args=[instance.reference])
    return Sent(to, what_was_done(case, before))


def managers_only(user: User, instance: WorkflowInstance, *steps: str) -> None:
    """Refuse everybody who does not manage the request's workflow, and whom separation of duties
    keeps from steering it at these steps."""
    if manages_as(user, instance.template) is None:
        raise NotAllowed(
            f"Only the owner or deputy of “{instance.template.name}” may do this. You may still"
            f" read {instance.reference}."
        )
    refused = why_not_steer(case_of(instance, user, timezone.now()), user, *steps)
    if refused is not None:
        raise refused


def in_sight(user: User, model: Any, pk: int) -> Any:
    """An incident or a merge of a request that the person may see and manage."""
    row = (
        model.objects.select_related("request__template", "request__requester")
        .filter(pk=pk, request__in=visible_requests(user))
        .first()
    )
    if row is None:
        raise NotFound(NO_REQUEST)
    managers_only(user, row.request, *([row.step.key] if isinstance(row, Incident) else []))
    return row
