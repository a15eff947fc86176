"""Tasks: who has what, what is late, and putting a task into somebody else's hands."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from workflows.admin.addresses import request_page
from workflows.admin.asking import Question, ReassignForm, ask_then_do
from workflows.admin.base import HistoryAdmin, ReadOnly, actor_of, link, moment, timed
from workflows.models import WorkflowInstance, WorkItem
from workflows.services.tasks import reassign


class OpenFilter(admin.SimpleListFilter):
    """Open tasks, those that are late, those that nobody has taken, and those that are over."""

    title = "waiting"
    parameter_name = "waiting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """In the order in which they are looked for."""
        return [
            ("open", "open"),
            ("late", "overdue"),
            ("queue", "in the queue, nobody's yet"),
            ("over", "over"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By the columns that have an index."""
        chosen = {
            "open": Q(is_open=True),
            "late": Q(is_open=True, due_at__lt=timezone.now()),
            "queue": Q(in_queue=True, assignee=None),
            "over": Q(is_open=False),
        }.get(self.value() or "")
        return queryset if chosen is None else queryset.filter(chosen)


@admin.action(description="Reassign", permissions=["command"])
def reassign_selected(
    page: "TaskAdmin", request: HttpRequest, tasks: QuerySet[WorkItem]
) -> TemplateResponse | None:
    """Put each selected task into one person's hands, or say why not."""

    def run(pk: int, given: Mapping[str, Any]) -> object:
        return reassign(
            pk, actor=actor_of(request), to=given["to"], reason=given["reason"], now=timezone.now()
        )  # fmt: skip

    question = Question(
        action="reassign_selected",
        title="Reassign tasks",
        button="Reassign",
        done="reassigned",
        command=run,
        form=ReassignForm,
    )
    return ask_then_do(page, request, tasks, question)


@admin.register(WorkItem)
class TaskAdmin(ReadOnly, HistoryAdmin):
    """Tasks: read here; decided by the people whose they are, in their inbox."""

    of_workflow = "request__template"
    list_display = (
        *("task", "its_request", "state", "assignee", timed("enabled_at", "waiting since")),
        *("due", "outcome"),
    )
    list_select_related = ("step", "request__template", "assignee")
    list_filter = (
        OpenFilter,
        "request__template",
        *("step__kind", "state"),
    )
    search_fields = ("step__key", "step__name", "assignee__username", "performer_name")
    search_help_text = "Step or person"
    actions = (reassign_selected,)
    ordering = ("-id",)
    fields = (
        ("task", "its_request", "round"), ("state", "assignee", "in_queue"),
        ("enabled_at", "started_at", "completed_at"), ("due_at", "paused_at"),
        ("outcome", "performer_name"), "comment", ("needed", "votes"), "document_versions",
        "cancel_reason", ("waiting_seconds", "working_seconds", "paused_seconds"),
        ("waiting_business_seconds", "working_business_seconds", "paused_business_seconds"),
    )  # fmt: skip
    readonly_fields = ("task", "its_request", "due", "in_queue")

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkItem]:
        """All but tasks of a log that is on its way in or out."""
        rows: QuerySet[WorkItem] = super().get_queryset(request)
        return rows.exclude(request__state__in=WorkflowInstance.NOT_HERE)

    @admin.display(description="task", ordering="step__key")
    def task(self, item: WorkItem) -> str:
        """The step that it is of."""
        return str(item.step)

    @admin.display(description="request", ordering="request")
    def its_request(self, item: WorkItem) -> SafeString:
        """The request's page."""
        return link(request_page(item.request), item.request)

    @admin.display(description="due", ordering="due_at")
    def due(self, item: WorkItem) -> SafeString | str:
        """When it is due; marked where that is past."""
        if item.due_at is None:
            return "—"
        late = item.is_open and item.due_at < timezone.now()
        look = "handoff-badge is-late" if late else "handoff-moment"
        return format_html('<span class="{}">{}</span>', look, moment(item.due_at))
