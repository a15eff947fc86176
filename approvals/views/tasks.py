"""The decision page, and the commands on one task."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from approvals.forms.conditional_fields import asks_which_fields, which_fields_response
from approvals.forms.field_forms import DeclaredForm
from approvals.forms.form_drafts import (
    DraftContent,
    announce_draft,
    keep_task_form,
    throw_draft_away,
)
from approvals.forms.kept_uploads import (
    keep_uploads,
    kept_pairs,
    release_uploads,
    take_kept_uploads,
    without_kept,
)
from approvals.forms.people_boxes import offer_people_of_map
from approvals.forms.signing import NotSigned, sign_task
from approvals.pages.command_results import (
    describe_decision_result,
    describe_extension,
    describe_task_command,
)
from approvals.pages.hold_lines import TypedHolds, read_typed_holds, says_what_is_held
from approvals.pages.task import TaskPage, task_page
from approvals.pages.task_snapshot import STALE_PAGE, TaskPageSnapshot
from approvals.ui.responses import (
    button_only_view,
    is_shown_on_page,
    redirect_after_form,
    refusal_context,
    signed_in_page,
    signed_in_user,
    status_of,
    submit_and_redirect,
)
from approvals.ui.typed_text import SAVE_DRAFT, form_data, read_typed_comment
from workflows.access.services.once_only_forms import (
    SIGNATURE_SECRET,
    FormSubmission,
    find_earlier_submission,
)
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.errors import HandoffError, InvalidInput, WrongState
from workflows.execution.models import FormDraft, WorkItem
from workflows.execution.queries.form_drafts import find_task_draft
from workflows.execution.queries.sight.field_sight import hidden_fields
from workflows.execution.queries.visible_instances import find_visible_human_task
from workflows.execution.services import work_items as tasks
from workflows.execution.services.agreement.withdrawn_votes import withdraw_vote
from workflows.execution.services.extensions import extend_task
from workflows.execution.services.field_values.default_values import default_values
from workflows.execution.services.form_drafts import discard_form_draft
from workflows.people.models import User

TASK_COMMANDS: Mapping[str, Callable[..., WorkItem]] = {
    "claim": tasks.claim,
    "start": tasks.start_work,
    "pause": tasks.pause,
    "release": tasks.release,
    "withdraw-vote": withdraw_vote,
}


@sensitive_post_parameters(SIGNATURE_SECRET)
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in_page
def task_page_view(request: HttpRequest, task_id: int) -> HttpResponse:
    """Show a task; a POST decides it, or keeps the form as a draft."""
    if SAVE_DRAFT in request.POST:
        return _keep_for_later(request, task_id)
    if asks_which_fields(request):
        return _which_fields(request, task_id)
    if request.method == "POST":
        return _decide_task(request, task_id)
    return _task_response(request, task_id)


def _which_fields(request: HttpRequest, task_id: int) -> HttpResponse:
    """What a page's script asks as somebody fills a task in."""
    user, now = signed_in_user(request), timezone.now()
    task = find_visible_human_task(user, task_id)
    form = read_sent_form(request, user, task)[1]
    version_map = cached_map(task.step.version_id)

    def answer_of_holds() -> Mapping[str, Any]:
        holds = read_typed_holds(
            user,
            version_map,
            form,
            now,
            instance=task.request,
            spending_step=task.step.key,
            hidden=hidden_fields(user, task.request),
        )
        return holds.answer

    return which_fields_response(form, answer_of_holds)


@signed_in_page
@button_only_view(lambda task_id, command: _task_address(task_id))
def task_command_view(request: HttpRequest, task_id: int, command: str) -> HttpResponse:
    """Take a task, start or pause work on it, give it back, take agreement to it back, or give it
    more time."""
    if command not in (*TASK_COMMANDS, "extend"):
        raise Http404
    user, now = signed_in_user(request), timezone.now()
    task = find_visible_human_task(user, task_id)

    def submit_task_command() -> FormSubmission:
        if command == "extend":
            reason = request.POST.get("reason", "")
            extended = extend_task(task_id, actor=user, reason=reason, now=now)
            return FormSubmission(_task_address(task_id), describe_extension(extended))
        TASK_COMMANDS[command](task_id, actor=user, now=now)
        to = reverse("approvals:inbox") if command == "release" else _task_address(task_id)
        return FormSubmission(to, describe_task_command(task, command))

    try:
        return submit_and_redirect(request, submit_task_command)
    except HandoffError as error:
        if not is_shown_on_page(error):
            raise
        reason = request.POST.get("reason") if command == "extend" else None
        return _task_response(request, task_id, error=error, extension_reason=reason)


def _task_address(task_id: int) -> str:
    return reverse("approvals:task", args=[task_id])


# -- deciding ---------------------------------------------------------------------------------


def _decide_task(request: HttpRequest, task_id: int) -> HttpResponse:
    """Decide, or show the page again with what was typed and what to mend."""
    user, now = signed_in_user(request), timezone.now()
    task = find_visible_human_task(user, task_id)
    take_kept_uploads(request)
    opened, form = read_sent_form(request, user, task)
    if form.is_reshaped:
        return _task_response(request, task_id, form=form)
    step = cached_map(task.step.version_id).graph.human(task.step.key)
    if step.sign is not None and (earlier := find_earlier_submission(request)) is not None:
        return redirect_after_form(request, earlier)  # a code that was used is not asked for twice
    try:
        if opened is None:
            raise InvalidInput(STALE_PAGE)
        outcome, comment = chosen_outcome(request), read_typed_comment(request)
        require_valid_form(form)
        decide = partial(
            tasks.decide,
            task_id,
            actor=user,
            outcome=outcome,
            now=now,
            comment=comment,
            data=form.changed(),
            files=form.uploads(),
            opened_at=opened.at,
            seen=opened.seen,
        )
        # Before the transaction: a password is checked slowly, and nothing waits for it.
        signature = sign_task(
            *(request, user, task, step),
            lambda supposed: decide(signature=supposed, only_check=True),
        )

        def submit_decision() -> FormSubmission:
            decided = decide(signature=signature)
            notice = describe_decision_result(decided, outcome, now)
            return FormSubmission(reverse("approvals:inbox"), notice)

        response = submit_and_redirect(request, submit_decision)
        release_uploads(request, form)
        return response
    except HandoffError as error:
        if not is_shown_on_page(error):
            raise
        return _task_response(request, task_id, form=form, error=error)


def read_sent_form(
    request: HttpRequest, user: User, task: WorkItem
) -> tuple[TaskPageSnapshot | None, DeclaredForm]:
    """What the page showed that was sent, and its form filled in. Where what it showed cannot be
    read, the form is compared with what stands there now."""
    keys = task_output_keys(task, user)
    data = cached_map(task.step.version_id).data_of_task(
        task.step_id, task.rows, task.request.data, task.request.chains
    )
    opened, values = None, {key: data.get(key) for key in keys}
    with suppress(InvalidInput):
        opened = TaskPageSnapshot.read(request.POST.get("opened", ""), user, task.pk)
        values = dict(opened.form_values)
    return opened, task_outputs_form(task, values, user, request)


def require_valid_form(form: Form) -> None:
    if not form.is_valid():
        raise InvalidInput("Something is missing or cannot be read; see below.")


def chosen_outcome(request: HttpRequest) -> str:
    outcome = request.POST.get("outcome", "")
    if not outcome:
        raise InvalidInput("Choose one of the buttons below.")
    return outcome


def task_output_keys(task: WorkItem, by: User) -> list[str]:
    """The fields that the task's step fills in, without those that this person may not see."""
    outputs = cached_map(task.step.version_id).graph.human(task.step.key).outputs or []
    hidden = hidden_fields(by, task.request) if outputs else frozenset()
    return [key for key in outputs if key not in hidden]


def task_outputs_form(
    task: WorkItem, values: Mapping[str, Any], by: User, request: HttpRequest | None = None
) -> DeclaredForm:
    """The fields that the step fills in, as they stood when the page was opened."""
    version_map = cached_map(task.step.version_id)
    files = request.FILES if request else None
    form = DeclaredForm(
        version_map.graph.definition,
        task_output_keys(task, by),
        form_data(request) if request else None,
        files,
        opening_values=values,
        required=False,
        at=task.step.key,
        known=version_map.data_of_task(
            task.step_id, task.rows, task.request.data, task.request.chains
        ),
    )
    if not form.is_bound:
        requester, keys = task.request.requester, [*form.fields]
        form.fill_in_values(
            default_values(version_map, keys, requester, timezone.now(), task.request.data)
        )
    offer_people_of_map(form, by, version_map, task.request.requester_id)
    return form


def _task_response(
    request: HttpRequest,
    task_id: int,
    *,
    form: DeclaredForm | None = None,
    error: HandoffError | None = None,
    extension_reason: str | None = None,
) -> HttpResponse:
    now = timezone.now()
    page = task_page(signed_in_user(request), task_id, now)
    opened = page.snapshot(now)
    kept_data = form_data(request) if request.method != "POST" else None
    files_lost = keep_uploads(request, form) if form is not None else []
    draft = _draft_on_page(request, page, form if error is not None else None)
    content = DraftContent.of_draft(draft) if draft is not None else DraftContent()
    if request.method != "POST":
        take_kept_uploads(request, kept_data or content.data)
    if form is None:
        kept_request = request if kept_data else None
        user = signed_in_user(request)
        form = task_outputs_form(page.task, opened.form_values, user, kept_request)
        form.fill_in(content.data, request.FILES)
    context = {
        "page": page,
        "form": form,
        "comment": (kept_data or request.POST or content.data).get("comment", ""),
        "files_lost": files_lost,
        "holds": TypedHolds(),
        "extension_reason": extension_reason,
        "books": says_what_is_held(cached_map(page.task.step.version_id), form.fields),
        "draft": draft,
        "draft_files": without_kept(request, content.files),
        "changed_since_draft": draft is not None and content.seen != page.seen,
        "opened": _signed_snapshot(request, page, opened, error),
        **refusal_context(error),
        "signing_error": str(error) if isinstance(error, NotSigned) else "",
        "now": now,
    }
    status = status_of(error) if error else 200
    return render(request, "approvals/task.html", context, status=status)


# -- drafts -----------------------------------------------------------------------------------


def _draft_on_page(
    request: HttpRequest, page: TaskPage, form: DeclaredForm | None
) -> FormDraft | None:
    """The reader's draft: of what was just refused (`form`), else what they kept before. Where they
    can decide nothing there is none: a refusal shows what was typed, to be copied."""
    if not page.buttons:
        return None
    user, refused = signed_in_user(request), None
    if form is not None:
        kept = kept_pairs(request)
        refused = keep_task_form(request, user.pk, page.task, form, kept, seen=page.seen)
    return refused or find_task_draft(user, page.task)


def _keep_for_later(request: HttpRequest, task_id: int) -> HttpResponse:
    """Keep what was typed and decide nothing; nothing is checked. What was emptied is no draft."""
    user, now = signed_in_user(request), timezone.now()
    page = task_page(user, task_id, now)
    take_kept_uploads(request)
    opened, form = read_sent_form(request, user, page.task)
    if not page.buttons:
        error = WrongState("Nothing was kept: there is nothing here that you can decide now.")
        return _task_response(request, task_id, form=form, error=error)
    seen = opened.seen if opened is not None else ""
    draft = keep_task_form(request, user.pk, page.task, form, kept_pairs(request), seen=seen)
    if draft is None and not form.changed_texts():
        discard_form_draft(user.pk, page.task)
    announce_draft(
        request,
        draft,
        nothing_kept=gettext("Nothing was kept: you changed nothing, or wrote far too much."),
    )
    return HttpResponseRedirect(_task_address(task_id))


@signed_in_page
@button_only_view(lambda task_id: _task_address(task_id))
def discard_task_draft_view(request: HttpRequest, task_id: int) -> HttpResponse:
    """Throw the draft of a decision away."""
    task = find_visible_human_task(signed_in_user(request), task_id)
    return throw_draft_away(request, task, leads_to=_task_address(task_id))


# -- what the page remembers ------------------------------------------------------------------


def _signed_snapshot(
    request: HttpRequest,
    page: TaskPage,
    current_snapshot: TaskPageSnapshot,
    error: HandoffError | None,
) -> str:
    """What the page remembers. Shown again with what was typed, it keeps when it was opened and
    which values it showed then, or what nobody touched would count as changed; only after what was
    seen was refused does it show what stands there now."""
    user, task_id = signed_in_user(request), page.task.pk
    try:
        kept_snapshot = TaskPageSnapshot.read(request.POST.get("opened", ""), user, task_id)
    except InvalidInput:
        return current_snapshot.signed(user, task_id)
    seen = kept_snapshot.seen if isinstance(error, InvalidInput) else current_snapshot.seen
    return TaskPageSnapshot(kept_snapshot.at, seen, kept_snapshot.form_values).signed(user, task_id)
