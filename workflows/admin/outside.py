"""What is done outside: attempts, and the messages that ask for them. Nobody writes them here; what
did not get through is sent again, or given up."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from workflows.admin.asking import Question, ask_then_do
from workflows.admin.base import StaffAdmin, actor_of, moment, timed
from workflows.admin.records import OfRequest, badge, shown
from workflows.models import Attempt, OutboxMessage, TemplateVersion
from workflows.models.outbox import TAKEN, WAITING
from workflows.permissions import templates_with
from workflows.services import resend


@admin.register(Attempt)
class AttemptAdmin(OfRequest, StaffAdmin):
    """Every try of every automation: when, how long, and what came back."""

    of_workflow = "request__template"
    list_display = (
        *("__str__", "its_request", "state_", timed("started_at", "began")),
        *("milliseconds", "status", "code", "message"),
    )
    list_select_related = ("step", "request")
    list_filter = ("state", "code", "request__template", "started_at")
    search_fields = ("=code", "=idempotency_key", "step__key")
    search_help_text = "An error code or an idempotency key in full, or a part of a step's key"
    ordering = ("-id",)
    fields = (
        ("its_request", "step", "number"), ("state", "action", "idempotency_key"),
        ("started_at", "finished_at", "milliseconds"), ("status", "code"), "message",
        "what_came",
    )  # fmt: skip
    readonly_fields = ("its_request", "what_came")

    @admin.display(description="state", ordering="state")
    def state_(self, attempt: Attempt) -> SafeString:
        """Marked where it failed."""
        return attempt_badge(attempt)

    @admin.display(description="answer")
    def what_came(self, attempt: Attempt) -> SafeString | str:
        """The first 2 kB of the answer, as it was kept."""
        return answer_shown(attempt) or "—"


def attempt_badge(attempt: Attempt) -> SafeString:
    """An attempt's state that is seen at a glance."""
    looks = {Attempt.SUCCEEDED: "running", Attempt.RUNNING: "waiting"}
    look = looks.get(attempt.state, "late")
    return badge(look, attempt.get_state_display())  # type: ignore[attr-defined]


def answer_shown(attempt: Attempt) -> SafeString:
    """What the other side said, as text."""
    if not attempt.answer:
        return SafeString("")
    return format_html('<pre class="handoff-data">{}</pre>', attempt.answer)


def attempts_table(attempts: Iterable[Attempt]) -> SafeString:
    """The attempts of one activation, the first above."""
    lines = [
        (
            *(one.number, moment(one.started_at), "—" if one.milliseconds is None else
              f"{one.milliseconds:,} ms"),
            *(attempt_badge(one), one.status or "—", one.code or "—", one.message),
            answer_shown(one),
        )
        for one in attempts
    ]  # fmt: skip
    if not lines:
        return SafeString("Nothing was tried outside.")
    cells = "<td>{}</td>" * 6
    body = format_html_join("", f"<tr>{cells}<td>{{}}{{}}</td></tr>", lines)
    heads = ("No.", "Began", "Took", "State", "HTTP status", "Error code", "What came back")
    head = format_html_join("", '<th scope="col">{}</th>', ((words,) for words in heads))
    return format_html(
        '<div class="handoff-scroll"><table class="handoff-table handoff-attempts">'
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>",
        head,
        body,
    )


class DueFilter(admin.SimpleListFilter):
    """What should have been done by now: due, or with a worker whose lease ran out."""

    title = "due"
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Only one way to look."""
        return [("yes", "due now and not done")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By the columns that have an index."""
        if self.value() != "yes":
            return queryset
        now = timezone.now()
        return queryset.filter(
            Q(state=WAITING, run_after__lte=now) | Q(state=TAKEN, taken_until__lt=now)
        )


class FailingFilter(admin.SimpleListFilter):
    """What was tried and did not get through yet."""

    title = "failing"
    parameter_name = "failing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Only one way to look."""
        return [("yes", "tried again and again")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By the column that has an index."""
        if self.value() != "yes":
            return queryset
        return queryset.filter(failing_since__isnull=False, state__in=(WAITING, TAKEN))


def _command(title: str, button: str, done: str, command: Any, name: str) -> Any:
    """An action that asks for a reason, then calls the service for each selected message."""

    @admin.action(description=f"{button}…", permissions=["resend"])
    def act(
        page: "OutboxAdmin", request: HttpRequest, rows: QuerySet[OutboxMessage]
    ) -> TemplateResponse | None:
        def run(pk: int, given: Mapping[str, Any]) -> object:
            return command(pk, actor=actor_of(request), reason=given["reason"], now=timezone.now())

        question = Question(action=name, title=title, button=button, done=done, command=run)
        return ask_then_do(page, request, rows, question)

    act.__name__ = name
    return act


send_again_selected = _command(
    "Send messages again", "Send again", "due now", resend.send_again, "send_again_selected"
)
give_up_selected = _command(
    "Give messages up", "Give up", "given up", resend.give_up, "give_up_selected"
)


@admin.register(OutboxMessage)
class OutboxAdmin(OfRequest, StaffAdmin):
    """What is still to be done outside, and what was; superusers alone read what it says."""

    of_workflow = "request__template"
    list_display = (
        *("id", "kind", "state_", "its_request", timed("run_after", "not before")),
        *("tries", timed("closed_at", "closed"), "last_error"),
    )
    list_select_related = ("request",)
    list_filter = ("state", "kind", DueFilter, FailingFilter)
    actions = (send_again_selected, give_up_selected)
    search_fields = ("=key", "=ticket")
    search_help_text = "The mark of a message or of the worker who has it, in full"
    ordering = ("-id",)

    def in_sight(self, request: HttpRequest) -> Q:
        """Starts by a clock or after another workflow are their workflow's too; mails and heads
        of no request are the site's."""
        condition = super().in_sight(request)
        if not condition:
            return condition
        theirs = templates_with(request.user, *self.seen_by)
        versions = list(
            TemplateVersion.objects.filter(template__in=theirs).values_list("pk", flat=True)
        )
        starts = Q(
            request=None,
            kind__in=(OutboxMessage.SCHEDULE, OutboxMessage.START),
            payload__version__in=versions,
        )
        sites = Q(request=None, kind__in=(OutboxMessage.MAIL, OutboxMessage.HEAD))
        return condition | starts | sites

    def has_resend_permission(self, request: HttpRequest) -> bool:
        """Who may send messages again; the service asks too."""
        return request.user.has_perm(resend.RESEND)

    @admin.display(description="state", ordering="state")
    def state_(self, message: OutboxMessage) -> SafeString:
        """Marked where it was given up or set aside."""
        looks = {"delivered": "running", "dropped": "late", "aside": "late"}
        words = message.get_state_display()  # type: ignore[attr-defined]
        return badge(looks.get(message.state, "waiting"), words)

    @admin.display(description="says")
    def says(self, message: OutboxMessage) -> SafeString:
        """What the worker is told."""
        return shown(message.payload)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The payload may hold what only a few may read."""
        plain = (
            ("kind", "state", "its_request", "activation"),
            ("created_at", "run_after", "closed_at"), ("taken_until", "ticket", "tries"), "key",
            "failing_since", "last_error",
        )  # fmt: skip
        return (*plain, "says") if request.user.is_superuser else plain

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """What is not a column."""
        own = ("says",) if request.user.is_superuser else ()
        return ("its_request", *own)
