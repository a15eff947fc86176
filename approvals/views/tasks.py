"""The decision page, and the commands on one task."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from approvals.after import what_happened
from approvals.forms import DeclaredForm
from approvals.pages import by_button, go_to, on_the_page, page, person_of, refusal_shown, status_of
from approvals.task_page import Opened, TaskPage, opened_now, task_page
from approvals.typed import form_data
from workflows.engine.errors import HandoffError, InvalidInput
from workflows.models import WorkItem
from workflows.once import Sent, once
from workflows.services import tasks
from workflows.services.maps import cached_map

MAX_COMMENT = 4000


@require_http_methods(["GET", "HEAD", "POST"])
@page
def task(request: HttpRequest, task_id: int) -> HttpResponse:
    """Show a task; a POST decides it."""
    if request.method == "POST":
        return _decide(request, task_id)
    return _show(request, task_page(person_of(request), task_id, timezone.now()))


@page
@by_button(lambda task_id, command: _address(task_id))
def command(request: HttpRequest, task_id: int, command: str) -> HttpResponse:
    """Take a task, start or pause work on it, or give it back."""
    if command not in COMMANDS:
        raise Http404
    user, now = person_of(request), timezone.now()
    shown = task_page(user, task_id, now)
    run, said = COMMANDS[command]
    to = reverse("approvals:inbox") if command == "release" else _address(task_id)

    def act() -> Sent:
        run(task_id, actor=user, now=now)
        return Sent(to, said.format(step=shown.title))

    try:
        return go_to(request, once(request, act))
    except HandoffError as error:
        if not on_the_page(error):
            raise
        return _show(request, task_page(user, task_id, now), error=error)


def _address(task_id: int) -> str:
    return reverse("approvals:task", args=[task_id])


COMMANDS: Mapping[str, tuple[Callable[..., WorkItem], str]] = {
    "claim": (tasks.claim, "“{step}” is yours now. Decide it below when you are ready."),
    "start": (tasks.start_work, "Work on “{step}” has begun; its time counts from now."),
    "pause": (tasks.pause, "Work on “{step}” is paused; the rest does not count as work."),
    "release": (tasks.release, "“{step}” is back in the queue for others to take."),
}


# -- deciding ---------------------------------------------------------------------------------


def _decide(request: HttpRequest, task_id: int) -> HttpResponse:
    """Decide, or show the page again with what was typed and what to mend."""
    user, now = person_of(request), timezone.now()
    shown = task_page(user, task_id, now)
    form = None
    try:
        opened = Opened.read(request.POST.get("opened", ""), user, task_id)
        form = _form(shown, opened.shown, request)
        outcome, comment, filled = _outcome(request), _comment(request), form
        if not form.is_valid():
            raise InvalidInput("Something is missing or cannot be read; see below.")

        def act() -> Sent:
            decided = tasks.decide(
                task_id,
                actor=user,
                outcome=outcome,
                now=now,
                comment=comment,
                data=filled.changed(),
                files=filled.uploads(),
                opened_at=opened.at,
                seen=opened.seen,
            )
            return Sent(
                reverse("approvals:inbox"), what_happened(decided, shown.title, outcome, now)
            )

        return go_to(request, once(request, act))
    except HandoffError as error:
        if not on_the_page(error):
            raise
        return _show(request, task_page(user, task_id, now), form=form, error=error)


def _outcome(request: HttpRequest) -> str:
    outcome = request.POST.get("outcome", "")
    if not outcome:
        raise InvalidInput("Choose one of the buttons below.")
    return outcome


def _comment(request: HttpRequest) -> str:
    comment = request.POST.get("comment", "").replace("\r\n", "\n").strip()
    if len(comment) > MAX_COMMENT or "\x00" in comment:
        raise InvalidInput(f"The comment is too long; {MAX_COMMENT:,} characters are enough.")
    return comment


def _form(
    shown: TaskPage, values: Mapping[str, Any], request: HttpRequest | None = None
) -> DeclaredForm:
    definition = cached_map(shown.task.request.version_id).graph.definition
    data = form_data(request) if request else None
    files = request.FILES if request and request.method == "POST" else None
    return DeclaredForm(
        definition, shown.step.outputs or [], data, files, shown=values, required=False
    )


def _show(
    request: HttpRequest,
    shown: TaskPage,
    *,
    form: DeclaredForm | None = None,
    error: HandoffError | None = None,
) -> HttpResponse:
    now = timezone.now()
    opened = opened_now(shown, now)
    kept = form_data(request) if request.method != "POST" else None
    context = {
        "page": shown,
        "form": form or _form(shown, opened.shown, request if kept else None),
        "comment": (kept or request.POST).get("comment", ""),
        "opened": _opened_text(request, shown, opened, error),
        **refusal_shown(error),
        "now": now,
    }
    status = status_of(error) if error else 200
    return render(request, "approvals/task.html", context, status=status)


def _opened_text(
    request: HttpRequest, shown: TaskPage, now_shown: Opened, error: HandoffError | None
) -> str:
    """What the page remembers. Shown again with what was typed, it keeps when it was opened and
    which values it showed then, or what nobody touched would count as changed; only after what was
    seen was refused does it show what stands there now."""
    user, task_id = person_of(request), shown.task.pk
    try:
        kept = Opened.read(request.POST.get("opened", ""), user, task_id)
    except InvalidInput:
        return now_shown.signed(user, task_id)
    seen = kept.seen if isinstance(error, InvalidInput) else now_shown.seen
    return Opened(kept.at, seen, kept.shown).signed(user, task_id)
