"""Asking others on a task, and the page of a question where it is answered."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from approvals.forms.people_boxes import offer_people
from approvals.forms.question_forms import AnswerForm, OpinionForm, RequesterQuestionForm
from approvals.pages.command_results import describe_answer, describe_withdrawal
from approvals.pages.questions import find_asking_refusal, question_page
from approvals.ui.formats import person_name
from approvals.ui.responses import (
    button_only_view,
    refusal_context,
    signed_in_page,
    signed_in_user,
    status_of_form_page,
    submit_and_redirect,
)
from approvals.ui.typed_text import form_data, sent_file_names
from approvals.views.confirmations import GET_OR_POST, Confirmation, confirm_and_run
from workflows.access.services.once_only_forms import FormSubmission
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.errors import HandoffError
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.queries.questions import find_visible_question
from workflows.execution.queries.visible_instances import find_visible_human_task
from workflows.execution.services import questions
from workflows.execution.services.read_only_work import read_only_unit_of_work
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.people.models import User


@require_http_methods(GET_OR_POST)
@signed_in_page
def ask_opinion_view(request: HttpRequest, task_id: int) -> HttpResponse:
    """Ask others what they think of a task."""
    user = signed_in_user(request)
    task = _open_askable_task(user, task_id, is_to_have_it=False)[1]
    form = OpinionForm(form_data(request))
    offer_people(form, user, template=task.request.template_id)

    def ask_people(now: datetime) -> WorkflowInstance:
        questions.ask_opinions(
            task.pk,
            actor=user,
            people=form.cleaned_people(),
            question=form.cleaned_data["question"],
            now=now,
        )
        return task.request

    confirmation = Confirmation(
        gettext("Ask for an opinion on “%(step)s” of %(reference)s?") % _task_places(task),
        gettext("Ask for an opinion"),
        gettext(
            "Whoever you ask may see the whole request until they have answered, or you take the"
            " question back. Nothing waits for them: you can decide before they answer. Everyone"
            " who may see the request reads question and answer."
        ),
    )
    return _ask_and_return(request, task, confirmation, form, ask_people)


@require_http_methods(GET_OR_POST)
@signed_in_page
def ask_requester_view(request: HttpRequest, task_id: int) -> HttpResponse:
    """Ask whoever asked for the request something."""
    user = signed_in_user(request)
    work, task = _open_askable_task(user, task_id, is_to_have_it=True)
    refusal = questions.find_requester_refusal(work)
    if refusal is not None:
        raise refusal
    form = RequesterQuestionForm(form_data(request))

    def ask(now: datetime) -> WorkflowInstance:
        questions.ask_requester(
            task.pk, actor=user, question=form.cleaned_data["question"], now=now
        )
        return task.request

    person = {"person": person_name(task.request.requester)}
    confirmation = Confirmation(
        gettext("Ask the requester about “%(step)s” of %(reference)s?") % _task_places(task),
        gettext("Ask the requester"),
        gettext(
            "“%(step)s” rests until %(person)s has answered, or you take the question back. Its"
            " due date moves by the working time until then. Everyone who may see the request"
            " reads question and answer."
        )
        % {**_task_places(task), **person},
    )
    return _ask_and_return(request, task, confirmation, form, ask)


def _open_askable_task(
    user: User, task_id: int, *, is_to_have_it: bool
) -> tuple[UnitOfWork, WorkItem]:
    """The task with its request as it stands, if this person may ask something on it."""
    task = find_visible_human_task(user, task_id)
    added_as = {task.pk: task.added}  # type: ignore[attr-defined]
    work = read_only_unit_of_work(task.request, user, timezone.now(), added_as)
    refused = find_asking_refusal(work, task, is_to_have_it=is_to_have_it)
    if refused is not None:
        raise refused
    return work, task


def _task_places(task: WorkItem) -> dict[str, str]:
    version_map = cached_map(task.step.version_id)
    return {
        "step": version_map.graph.title(version_map.step_keys[task.step_id]),
        "reference": task.request.reference,
    }


def _ask_and_return(
    request: HttpRequest,
    task: WorkItem,
    confirmation: Confirmation,
    form: Any,
    run: Callable[[datetime], WorkflowInstance],
) -> HttpResponse:
    """Ask on GET; on POST run the command and go back to the task."""
    back = reverse("approvals:task", args=[task.pk])
    return confirm_and_run(request, task.request, confirmation, form, run, leads_to=back)


# -- answering --------------------------------------------------------------------------------


@require_http_methods(GET_OR_POST)
@signed_in_page
def question_view(request: HttpRequest, question_id: int) -> HttpResponse:
    """One question; whoever was asked answers it here."""
    user, now = signed_in_user(request), timezone.now()
    page = question_page(user, question_id, now)
    form, error = AnswerForm(form_data(request)), None
    if request.method == "POST" and form.is_valid():

        def submit_answer() -> FormSubmission:
            answered = questions.answer_question(
                question_id,
                actor=user,
                answer=form.cleaned_data["answer"],
                now=now,
                files=request.FILES.getlist("files"),
            )
            return FormSubmission(reverse("approvals:inbox"), describe_answer(answered))

        try:
            return submit_and_redirect(request, submit_answer)
        except HandoffError as refused:
            error, page = refused, question_page(user, question_id, now)
    status = status_of_form_page(request, error)
    context = {
        "page": page,
        "form": form,
        "files_lost": sent_file_names(request),
        "now": now,
        **refusal_context(error),
    }
    return render(request, "approvals/question.html", context, status=status)


@signed_in_page
@button_only_view(lambda question_id: reverse("approvals:question", args=[question_id]))
def withdraw_question_view(request: HttpRequest, question_id: int) -> HttpResponse:
    """Take a question back."""
    user, now = signed_in_user(request), timezone.now()
    task_id = find_visible_question(user, question_id).work_item_id

    def submit_withdrawal() -> FormSubmission:
        withdrawn = questions.withdraw_question(question_id, actor=user, now=now)
        back = reverse("approvals:task", args=[task_id])
        return FormSubmission(back, describe_withdrawal(withdrawn))

    return submit_and_redirect(request, submit_withdrawal)
