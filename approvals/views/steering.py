"""Pages that change a request's course: each says what will happen, asks why, and calls one
service. A GET only asks."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from approvals.forms.field_forms import CommandReasonForm, TaskReassignForm
from approvals.forms.people_boxes import offer_people
from approvals.pages.request_record import Disagreement, Merge, describe_merge_record
from approvals.ui.formats import person_name
from approvals.ui.responses import signed_in_page, signed_in_user
from approvals.ui.typed_text import form_data
from approvals.views.confirmations import (
    GET_OR_POST,
    Confirmation,
    confirm_and_run,
    find_steerable_merge,
    require_manager,
)
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.execution.models import MergeRecord, WorkflowInstance, WorkItem
from workflows.execution.queries.holders import HolderKind
from workflows.execution.queries.position import StepPosition, build_step_position
from workflows.execution.queries.sight.field_sight import hidden_fields
from workflows.execution.queries.visible_instances import find_visible_request, find_visible_task
from workflows.execution.services import instances as requests
from workflows.execution.services import merges
from workflows.execution.services import work_items as tasks
from workflows.execution.services.extensions import due_of_extended_request, extend_request
from workflows.execution.services.read_only_work import read_only_unit_of_work
from workflows.execution.services.reassignment import lacks_people
from workflows.language.formats import moment_text
from workflows.people.models import User

SteeringService = Callable[..., WorkflowInstance]

STEERING_COMMANDS: Mapping[str, SteeringService] = {
    "cancel": requests.cancel,
    "suspend": requests.suspend,
    "resume": requests.resume,
    "reopen": requests.reopen,
    "extend": extend_request,
}
REQUESTER_COMMANDS = frozenset({"cancel"})
"""What who asked for a request may do with it."""


@require_http_methods(GET_OR_POST)
@signed_in_page
def steer_request_view(request: HttpRequest, reference: str, course: str) -> HttpResponse:
    """Cancel, suspend, resume or reopen a request."""
    if course not in STEERING_COMMANDS:
        raise Http404
    user = signed_in_user(request)
    instance = find_visible_request(user, reference)
    if not (course in REQUESTER_COMMANDS and instance.requester_id == user.pk):
        require_manager(user, instance)
    form = CommandReasonForm(form_data(request))

    def steer_request(now: datetime) -> WorkflowInstance:
        run = STEERING_COMMANDS[course]
        return run(instance.pk, actor=user, reason=form.cleaned_data["reason"], now=now)

    question = _steering_question(course, instance, user)
    return confirm_and_run(request, instance, question, form, steer_request)


def _steering_question(course: str, instance: WorkflowInstance, user: User) -> Confirmation:
    """What the page of a change of course says before it."""
    questions = {
        "cancel": Confirmation(
            gettext("Cancel %(reference)s?"),
            gettext("Cancel the request"),
            gettext("All open work on it stops. A cancelled request cannot be reopened."),
        ),
        "suspend": Confirmation(
            gettext("Suspend %(reference)s?"),
            gettext("Suspend the request"),
            gettext(
                "Nobody can decide anything on it until it is resumed. Due dates go on counting."
            ),
        ),
        "resume": Confirmation(
            gettext("Resume %(reference)s?"),
            gettext("Resume the request"),
            gettext("Work on it goes on where it stood."),
        ),
        "extend": Confirmation(
            gettext("Give %(reference)s more time?"),
            gettext("Give it more time"),
            _extension_sentence(instance, user) if course == "extend" else "",
        ),
        "reopen": Confirmation(
            gettext("Reopen %(reference)s?"),
            gettext("Reopen the request"),
            gettext("It goes back to the step that its map names for this."),
        ),
    }
    question = questions[course]
    return replace(question, heading=question.heading % {"reference": instance.reference})


def _extension_sentence(instance: WorkflowInstance, user: User) -> str:
    """When the request is due if it is given more time."""
    due = due_of_extended_request(read_only_unit_of_work(instance, user, timezone.now()))
    if due is None:
        return gettext("It cannot be given more time now.")
    return gettext("It is due %(moment)s then. The requester is told, with your reason.") % {
        "moment": moment_text(due)
    }


@require_http_methods(GET_OR_POST)
@signed_in_page
def reassign_task_view(request: HttpRequest, task_id: int) -> HttpResponse:
    """Put a task into another person's hands."""
    user = signed_in_user(request)
    task = find_visible_task(user, task_id)
    is_holder = _may_pass_on(user, task)
    if not is_holder:
        require_manager(user, task.request, task.step.key)
    position = build_step_position(cached_map(task.request.version_id), task)
    form = TaskReassignForm(form_data(request))
    role = _role_to_choose_from(task) if is_holder else None
    offer_people(form, user, template=task.request.template_id, role=role)

    def run_reassignment(now: datetime) -> WorkflowInstance:
        cleaned = form.cleaned_data
        tasks.reassign(task.pk, actor=user, to=cleaned["to"], reason=cleaned["reason"], now=now)
        return task.request

    confirmation = _reassignment_question(user, task, position, is_holder=is_holder)
    return confirm_and_run(request, task.request, confirmation, form, run_reassignment)


def _role_to_choose_from(task: WorkItem) -> int | None:
    """The role of whose people one must be to be given the task; None for anybody."""
    version_map = cached_map(task.request.version_id)
    step, role = version_map.human(task.step.key), version_map.role_of(task.step.key)
    is_listed = step.role is not None and role is not None and role.is_static
    if step.role is None or not is_listed or step.reassign == "anyone":
        return None
    return version_map.role_ids[step.role]


def _may_pass_on(user: User, task: WorkItem) -> bool:
    """Whether the person may put the task into other hands as one who has it, or could take it."""
    if not task.is_open:
        return False
    added_as = {task.pk: task.added}  # type: ignore[attr-defined]
    work = read_only_unit_of_work(task.request, user, timezone.now(), added_as)
    return tasks.may_pass_on(work, task, task.step.key)


def _reassignment_question(
    user: User, task: WorkItem, position: StepPosition, *, is_holder: bool
) -> Confirmation:
    places = {"step": position.title, "reference": task.request.reference}
    if is_holder:
        return Confirmation(
            gettext("Pass “%(step)s” of %(reference)s on?") % places,
            gettext("Pass it on"),
            gettext(
                "From then on only the person whom you choose can decide it. They must be in its"
                " role, unless its map lets anybody stand in."
            ),
        )
    return Confirmation(
        gettext("Reassign “%(step)s” of %(reference)s?") % places,
        gettext("Reassign the task"),
        _reassignment_warning(user, task, position),
    )


def _reassignment_warning(user: User, task: WorkItem, position: StepPosition) -> str:
    """Who has the task now, and what follows from giving it to somebody else."""
    sentences = []
    if position.holder.kind == HolderKind.PERSON:
        person = {"person": person_name(position.holder.person)}
        sentences.append(gettext("It is with %(person)s now.") % person)
    if task.needed > 1:
        sentences.append(_several_warning(user, task))
    else:
        sentences.append(gettext("From then on only the person whom you choose can decide it."))
    sentences.append(gettext("Somebody who is not in its role stands in, and the record says so."))
    return " ".join(sentences)


def _several_warning(user: User, task: WorkItem) -> str:
    """What putting somebody in means where several must agree: they take the place of one who is
    missing, or of nobody."""
    if task.is_open:
        work = read_only_unit_of_work(task.request, user, timezone.now())
        if lacks_people(work, task):
            return gettext(
                "Who has left is missing among those who must agree: the person whom you choose"
                " takes that place."
            )
    return gettext(
        "There are enough who can agree, so nobody has to be put in. To hear one more person"
        " besides, ask them to agree, on the task's page."
    )


# -- merges ------------------------------------------------------------------------------------


@require_http_methods(GET_OR_POST)
@signed_in_page
def resolve_merge_view(request: HttpRequest, merge_id: int) -> HttpResponse:
    """Choose between branches that disagree."""
    user = signed_in_user(request)
    row = find_steerable_merge(user, merge_id)
    if request.method != "POST" and row.state != MergeRecord.CONFLICT:
        messages.info(request, gettext("There is nothing to choose here any more."))
        return redirect("approvals:request", reference=row.request.reference)
    merge = describe_merge_record(
        cached_map(row.request.version_id), row, hidden_fields(user, row.request)
    )
    form = CommandReasonForm(form_data(request))

    def run_merge_choice(now: datetime) -> WorkflowInstance:
        return merges.resolve_merge(
            row.pk,
            actor=user,
            choices=_merge_choices(request, merge),
            reason=form.cleaned_data["reason"],
            now=now,
        )

    confirmation = Confirmation(
        gettext("Choose at “%(step)s” of %(reference)s?")
        % {"step": merge.join, "reference": row.request.reference},
        gettext("Use these values"),
        gettext(
            "The branches gave different values. Choose which holds; then the request goes on."
        ),
    )
    typed = _typed_choices(request, merge)
    return confirm_and_run(
        request, row.request, confirmation, form, run_merge_choice, disagreements=typed
    )


def _typed_choices(request: HttpRequest, merge: Merge) -> list[tuple[Disagreement, str, str]]:
    """Each disagreement with the branch that is chosen and the other value that was typed."""
    read_field = (form_data(request) or request.POST).get
    return [
        (
            disagreement,
            read_field(f"choice-{disagreement.key}", ""),
            read_field(f"other-{disagreement.key}", ""),
        )
        for disagreement in merge.disagreements
    ]


def _merge_choices(request: HttpRequest, merge: Merge) -> dict[str, Any]:
    """For each field the branch that was chosen, or another value that was typed."""
    choices: dict[str, Any] = {}
    for disagreement in merge.disagreements:
        chosen = request.POST.get(f"choice-{disagreement.key}", "")
        if chosen == "other":
            choices[disagreement.key] = {"value": request.POST.get(f"other-{disagreement.key}", "")}
        elif chosen:
            choices[disagreement.key] = chosen
    return choices
