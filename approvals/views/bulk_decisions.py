"""Deciding several tasks with one outcome: a page that shows what will be decided, then each task
by itself, in a transaction and with a row of the trail of its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods

from approvals.pages.bulk_decisions import MOST_TASKS, BulkPage, SharedOutcome, read_bulk_page
from approvals.pages.command_results import describe_decision_result
from approvals.pages.task_snapshot import TaskPageSnapshot
from approvals.ui.responses import refusal_context, signed_in_page, signed_in_user, status_of
from approvals.ui.typed_text import read_typed_comment
from workflows.access.services.once_only_forms import FormSubmission, submit_row_once
from workflows.engine.errors import HandoffError, InvalidInput
from workflows.execution.models import WorkItem
from workflows.execution.services import work_items as tasks
from workflows.people.models import User

NONE_CHOSEN = gettext_noop("Choose one of the outcomes below.")


@dataclass(frozen=True, slots=True)
class ResultLine:
    """What became of one task: what its decision led to, or why it was refused."""

    task: WorkItem
    sentence: str
    is_refused: bool


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in_page
def decide_chosen_view(request: HttpRequest) -> HttpResponse:
    """Show the chosen tasks and what all of them offer; a POST decides them one by one."""
    chosen = request.POST if request.method == "POST" else request.GET
    ids = [int(text) for text in chosen.getlist("task") if text.isascii() and text.isdigit()]
    ids = [pk for pk in ids if pk < 2**63][:MOST_TASKS]
    if not ids:
        return redirect("approvals:inbox")
    user, now = signed_in_user(request), timezone.now()
    page = read_bulk_page(user, ids, now)
    if request.method == "POST":
        return _decide_chosen(request, user, page, ids, now)
    return _bulk_response(request, page)


def _bulk_response(
    request: HttpRequest, page: BulkPage, error: HandoffError | None = None
) -> HttpResponse:
    outcome_key = request.POST.get("outcome") or request.GET.get("choose") or ""
    outcome = page.find_outcome(outcome_key)
    context = {
        "page": page,
        "chosen": outcome.key if outcome is not None else "",
        "comment": request.POST.get("comment", ""),
        **refusal_context(error),
    }
    status = status_of(error) if error else 200
    return render(request, "approvals/decide_chosen.html", context, status=status)


def _decide_chosen(
    request: HttpRequest, user: User, page: BulkPage, ids: Iterable[int], now: datetime
) -> HttpResponse:
    """One result line for each; what is missing in the form as a whole is asked for first."""
    outcome = request.POST.get("outcome", "")
    shared = page.find_outcome(outcome)
    try:
        comment = read_typed_comment(request)
        _require_complete(page, shared, outcome, comment)
        opened = {pk: _read_snapshot(request, user, pk) for pk in ids}
    except InvalidInput as error:
        return _bulk_response(request, page, error)
    rows = WorkItem.objects.select_related("request").in_bulk(list(opened))
    lines = [
        _decide_one(request, rows[pk], snapshot, outcome=outcome, comment=comment, now=now)
        for pk, snapshot in opened.items()
        if pk in rows
    ]
    context = {
        "lines": lines,
        "refused": sum(line.is_refused for line in lines),
        "decided": sum(not line.is_refused for line in lines),
    }
    return render(request, "approvals/decided.html", context)


def _require_complete(
    page: BulkPage, shared: SharedOutcome | None, outcome: str, comment: str
) -> None:
    if not outcome or (shared is None and page.tasks):
        raise InvalidInput(NONE_CHOSEN)
    if shared is not None and shared.needs_comment and not comment:
        raise InvalidInput(
            "“%(outcome)s” needs a comment: say why; it is kept with each of them.",
            outcome=shared.label,
        )


def _read_snapshot(request: HttpRequest, user: User, task_id: int) -> TaskPageSnapshot:
    return TaskPageSnapshot.read(request.POST.get(f"opened-{task_id}", ""), user, task_id)


def _decide_one(
    request: HttpRequest,
    task: WorkItem,
    snapshot: TaskPageSnapshot,
    *,
    outcome: str,
    comment: str,
    now: datetime,
) -> ResultLine:
    """Decide one task by the one service; whatever refuses it is the line's sentence."""

    def submit_decision() -> FormSubmission:
        decided = tasks.decide(
            task.pk,
            actor=signed_in_user(request),
            outcome=outcome,
            now=now,
            comment=comment,
            opened_at=snapshot.at,
            seen=snapshot.seen,
        )
        notice = describe_decision_result(decided, outcome, now)
        return FormSubmission(reverse("approvals:inbox"), notice)

    try:
        sent = submit_row_once(request, str(task.pk), submit_decision)
    except HandoffError as refused:
        return ResultLine(task, str(refused), is_refused=True)
    return ResultLine(task, sent.notice, is_refused=False)
