"""Pages that ask before they do: what will happen, why, and then one service."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from approvals.pages.command_results import describe_commands_done
from approvals.ui.responses import refusal_context, status_of_form_page, submit_and_redirect
from workflows.access.permissions import management_capacity
from workflows.access.services.once_only_forms import FormSubmission, Twins
from workflows.engine.errors import HandoffError, NotAllowed
from workflows.execution.models import Incident, MergeRecord, WorkflowInstance
from workflows.execution.queries.instance_record import last_trail_row_id
from workflows.execution.queries.visible_instances import (
    find_visible_incident,
    find_visible_merge,
    reread_instance,
)
from workflows.execution.services.capacities import find_steering_refusal
from workflows.execution.services.read_only_work import read_only_unit_of_work
from workflows.people.models import User

GET_OR_POST = ["GET", "HEAD", "POST"]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the page says before and on the button; what it did is read from the trail."""

    heading: str
    button: str
    warning: str


def confirm_and_run(
    request: HttpRequest,
    instance: WorkflowInstance,
    confirmation: Confirmation,
    form: Form,
    run: Callable[[datetime], WorkflowInstance],
    leads_to: str = "",
    **context: Any,
) -> HttpResponse:
    """Ask on GET; on POST run the command and go to the request (or where it leads to), or show
    what was refused.

    Whether the person may ask at all was settled before."""
    error = None
    if request.method == "POST" and all(f.is_valid() for f in (form, context.get("values")) if f):
        try:
            return submit_and_redirect(
                request, lambda: _run_and_describe(instance, run, leads_to), Twins.LED
            )
        except HandoffError as refused:
            error = refused
    status = status_of_form_page(request, error)
    page_context = {
        "instance": instance,
        "back": leads_to or reverse("approvals:request", args=[instance.reference]),
        "asked": confirmation,
        "form": form,
        **refusal_context(error),
    }
    page_context = {**_blank_context(), **page_context, **context}
    return render(request, "approvals/ask.html", page_context, status=status)


def _blank_context() -> dict[str, Any]:
    """What the page has where a command brings nothing of its own."""
    return {
        "values": None,
        "values_title": gettext("The request's values"),
        "values_open": False,
        "disagreements": [],
    }


def _run_and_describe(
    instance: WorkflowInstance, run: Callable[[datetime], WorkflowInstance], leads_to: str
) -> FormSubmission:
    now, before = timezone.now(), last_trail_row_id(instance)
    changed = run(now)
    to = leads_to or reverse("approvals:request", args=[instance.reference])
    return FormSubmission(to, describe_commands_done(reread_instance(changed), before, now))


def require_manager(user: User, instance: WorkflowInstance, *steps: str) -> None:
    """Refuse everybody who does not manage the request's workflow, and whom separation of duties
    keeps from steering it at these steps."""
    if management_capacity(user, instance.template) is None:
        raise NotAllowed(
            "Only the owner or deputy of “%(name)s” may do this. You may still read %(reference)s.",
            name=instance.template.name,
            reference=instance.reference,
        )
    refused = find_steering_refusal(
        read_only_unit_of_work(instance, user, timezone.now()), user, *steps
    )
    if refused is not None:
        raise refused


def find_steerable_incident(user: User, incident_id: int) -> Incident:
    """An incident of a request that the person may see and manage, at its step."""
    incident = find_visible_incident(user, incident_id)
    require_manager(user, incident.request, incident.step.key)
    return incident


def find_steerable_merge(user: User, merge_id: int) -> MergeRecord:
    """A merge record of a request that the person may see and manage."""
    merge = find_visible_merge(user, merge_id)
    require_manager(user, merge.request)
    return merge
