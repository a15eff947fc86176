"""Asking one more person to agree to a task."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from approvals.forms.field_forms import TaskReassignForm
from approvals.forms.people_boxes import offer_people
from approvals.ui.responses import signed_in_page, signed_in_user
from approvals.ui.typed_text import form_data
from approvals.views.confirmations import (
    GET_OR_POST,
    Confirmation,
    confirm_and_run,
    require_manager,
)
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.errors import WrongState
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.queries.closed_tasks import describe_closed_task
from workflows.execution.queries.visible_instances import find_visible_human_task
from workflows.execution.services.agreement import added_approvers
from workflows.execution.services.read_only_work import read_only_unit_of_work
from workflows.execution.services.work_items import has_or_could_take
from workflows.people.models import User


@require_http_methods(GET_OR_POST)
@signed_in_page
def add_approver_view(request: HttpRequest, task_id: int) -> HttpResponse:
    """Choose who must agree besides, and say why."""
    user = signed_in_user(request)
    task = _find_task(user, task_id)
    form = TaskReassignForm(form_data(request))
    form.fields["to"].label = gettext("Whom")
    offer_people(form, user, template=task.request.template_id)

    def add(now: datetime) -> WorkflowInstance:
        cleaned = form.cleaned_data
        added_approvers.add_approver(
            task.pk, actor=user, person=cleaned["to"], reason=cleaned["reason"], now=now
        )
        return task.request

    confirmation = _question(task)
    back = reverse("approvals:task", args=[task.pk])
    return confirm_and_run(request, task.request, confirmation, form, add, leads_to=back)


def _find_task(user: User, task_id: int) -> WorkItem:
    """The task, if this person may add somebody to it, and anybody may be."""
    task = find_visible_human_task(user, task_id)
    added_as = {task.pk: task.added}  # type: ignore[attr-defined]
    work = read_only_unit_of_work(task.request, user, timezone.now(), added_as)
    if not task.is_open:
        raise WrongState(describe_closed_task(task.pk))
    if not has_or_could_take(work, task, task.step.key):
        require_manager(user, task.request, task.step.key)
    refusal = added_approvers.find_adding_refusal(work, task)
    if refusal is not None:
        raise refusal
    return task


def _question(task: WorkItem) -> Confirmation:
    version_map = cached_map(task.step.version_id)
    title = version_map.graph.title(version_map.step_keys[task.step_id])
    return Confirmation(
        gettext("Ask one more person to agree to “%(step)s” of %(reference)s?")
        % {"step": title, "reference": task.request.reference},
        gettext("Ask them to agree"),
        gettext(
            "“%(step)s” does not go on without their agreement, and they may refuse like everybody"
            " here. They see the whole request. Nobody takes this back: it ends when they have"
            " decided, or with the step. It is kept in the record who asked whom, and why."
        )
        % {"step": title},
    )
