"""What is done outside: attempts, and the messages that ask for them. Nobody writes them here; what
did not get through is sent again, or given up."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from workflows.admin_site.base import StaffAdmin, actor_of
from workflows.admin_site.confirmed_actions import ActionQuestion, build_confirmed_action
from workflows.admin_site.elements import (
    NOTHING,
    format_local_minute,
    moment_column,
    render_include,
    render_preformatted_text,
    render_recorded_data,
    render_state_badge,
    text_column,
)
from workflows.admin_site.filters import YesFilter
from workflows.admin_site.request_links import RequestLinkMixin
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.execution.queries.sight.attempts import conceal_attempts
from workflows.execution.queries.sight.field_sight import masked_fields
from workflows.monitoring.services import redelivery as resend
from workflows.outbox.choices import MessageKind
from workflows.outbox.models import TAKEN, WAITING, Attempt, OutboxMessage

if TYPE_CHECKING:
    pass


SITE_KINDS = (
    *(MessageKind.MAIL, MessageKind.NOTICE, MessageKind.DIGEST, MessageKind.HEAD),
    MessageKind.PUBLIC_MAIL,
)
"""Kinds that may be about no request: they are the site's."""
MESSAGE = text_column("message", gettext_lazy("message"))
LAST_ERROR = text_column("last_error", gettext_lazy("last error"))


@admin.register(Attempt)
class AttemptAdmin(RequestLinkMixin, StaffAdmin):
    """Every try of every automation: when, how long, and what came back."""

    of_workflow = "request__template"
    list_display = (
        *("__str__", "its_request", "state_", moment_column("started_at", gettext_lazy("began"))),
        *("milliseconds", "status", "code", MESSAGE),
    )
    list_select_related = ("step", "request")
    list_filter = ("state", "code", "request__template", "started_at")
    search_fields = ("=code", "=idempotency_key", "step__key")
    search_help_text = gettext_lazy(
        "An error code or an idempotency key in full, or a part of a step's key"
    )
    ordering = ("-id",)
    fields = (
        ("its_request", "step", "number"),
        ("state", "action", "idempotency_key"),
        ("started_at", "finished_at", "milliseconds"),
        ("status", "code"),
        MESSAGE,
        "what_came",
    )
    readonly_fields = ("its_request", "what_came", MESSAGE)

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """The row, as far as the reader may see it."""
        row = super().get_object(request, object_id, from_field)
        _conceal_from(request, [row] if row is not None else [])
        return row

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, with what came back as far as the reader may see it."""
        page = super().get_changelist_instance(request)
        _conceal_from(request, page.result_list)
        return page

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_(self, attempt: Attempt) -> SafeString:
        """Marked where it failed."""
        return render_attempt_badge(attempt)

    @admin.display(description=gettext_lazy("answer"))
    def what_came(self, attempt: Attempt) -> SafeString:
        """The first 2 kB of the answer, as it was kept."""
        return render_preformatted_text(attempt.answer)


def _conceal_from(request: HttpRequest, attempts: Iterable[Attempt]) -> None:
    """In tables over many requests auditors alone see what few may see."""
    by_workflow: dict[int, list[Attempt]] = {}
    for attempt in attempts:
        by_workflow.setdefault(attempt.request.template_id, []).append(attempt)
    for template, hidden in masked_fields(actor_of(request), by_workflow).items():
        conceal_attempts(by_workflow[template], hidden)


def render_attempt_badge(attempt: Attempt) -> SafeString:
    """An attempt's state that is seen at a glance."""
    return render_state_badge(_attempt_look(attempt), attempt.get_state_display())


def _attempt_look(attempt: Attempt) -> str:
    looks: dict[str, str] = {Attempt.SUCCEEDED: "running", Attempt.RUNNING: "waiting"}
    return looks.get(attempt.state, "late")


def render_attempts_table(attempts: Iterable[Attempt]) -> SafeString:
    """The attempts of one activation, the first above."""
    lines = [
        {
            "attempt": attempt,
            "look": _attempt_look(attempt),
            "began": format_local_minute(attempt.started_at),
            "took": NOTHING if attempt.milliseconds is None else f"{attempt.milliseconds:,} ms",
        }
        for attempt in attempts
    ]
    return render_include("attempts", lines=lines)


class DueFilter(YesFilter):
    """What should have been done by now: due, or with a worker whose lease ran out."""

    title = gettext_lazy("due")
    parameter_name = "due"
    choice = gettext_lazy("due now and not done")

    def condition(self) -> Q:
        """As the delivery looks for them."""
        now = timezone.now()
        return Q(state=WAITING, run_after__lte=now) | Q(state=TAKEN, taken_until__lt=now)


class FailingFilter(YesFilter):
    """What was tried and did not get through yet."""

    title = gettext_lazy("failing")
    parameter_name = "failing"
    choice = gettext_lazy("tried again and again")

    def condition(self) -> Q:
        """Since some moment, and not given up."""
        return Q(failing_since__isnull=False, state__in=(WAITING, TAKEN))


send_again_selected = build_confirmed_action(
    ActionQuestion(
        action="send_again_selected",
        title=gettext_lazy("Send messages again"),
        button=gettext_lazy("Send again"),
        done=gettext_lazy("%(count)s due now."),
        command=resend.send_again,
    ),
    description=gettext_lazy("Send again…"),
    permission="resend",
)
give_up_selected = build_confirmed_action(
    ActionQuestion(
        action="give_up_selected",
        title=gettext_lazy("Give messages up"),
        button=gettext_lazy("Give up"),
        done=gettext_lazy("%(count)s given up."),
        command=resend.give_up_message,
    ),
    description=gettext_lazy("Give up…"),
    permission="resend",
)


class OutboxColumns:
    """Columns of the list and of the page of messages."""

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_(self, message: OutboxMessage) -> SafeString:
        """Marked where it was given up or set aside."""
        looks = {"delivered": "running", "dropped": "late", "aside": "late"}
        words = message.get_state_display()
        return render_state_badge(looks.get(message.state, "waiting"), words)

    @admin.display(description=gettext_lazy("says"))
    def says(self, message: OutboxMessage) -> SafeString:
        """What the worker is told."""
        return render_recorded_data(message.payload)


@admin.register(OutboxMessage)
class OutboxAdmin(OutboxColumns, RequestLinkMixin, StaffAdmin):
    """What is still to be done outside, and what was; superusers alone read what it says."""

    of_workflow = "request__template"
    list_display = (
        *(
            "id",
            "kind",
            "state_",
            "its_request",
            moment_column("run_after", gettext_lazy("not before")),
        ),
        *("tries", moment_column("closed_at", gettext_lazy("closed")), LAST_ERROR),
    )
    list_select_related = ("request",)
    list_filter = ("state", "kind", DueFilter, FailingFilter)
    actions = (send_again_selected, give_up_selected)
    search_fields = ("=key", "=ticket")
    search_help_text = gettext_lazy("The mark of a message or of the worker who has it, in full")
    ordering = ("-id",)

    def in_sight(self, request: HttpRequest) -> Q:
        """Starts by a clock or after another workflow are their workflow's too; mails and heads
        of no request are the site's."""
        condition = super().in_sight(request)
        return condition and condition | self._without_request(request)

    def _without_request(self, request: HttpRequest) -> Q:
        visible_templates = WorkflowTemplate.objects.with_verbs(request.user, *self.seen_by)
        versions = TemplateVersion.objects.filter(template__in=visible_templates)
        starts = Q(
            request=None,
            kind__in=(MessageKind.SCHEDULE, MessageKind.START),
            payload__version__in=list(versions.values_list("pk", flat=True)),
        )
        sites = Q(request=None, kind__in=SITE_KINDS)
        return starts | sites

    def has_resend_permission(self, request: HttpRequest) -> bool:
        """Who may send messages again; the service asks too."""
        return request.user.has_perm(resend.RESEND)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The payload may hold what only a few may read."""
        plain = (
            ("kind", "state", "its_request", "activation"),
            ("created_at", "run_after", "closed_at"),
            ("taken_until", "ticket", "tries"),
            "key",
            "failing_since",
            LAST_ERROR,
        )
        return (*plain, "says") if request.user.is_superuser else plain

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """What is not a column."""
        own = ("says",) if request.user.is_superuser else ()
        return ("its_request", *own)
