"""Tasks: who has what, what is late, and putting a task into somebody else's hands."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from workflows.admin_site.base import HistoryAdmin, ReadOnly
from workflows.admin_site.confirmed_actions import (
    ActionQuestion,
    ActionReassignForm,
    build_confirmed_action,
)
from workflows.admin_site.elements import (
    NOTHING,
    format_local_minute,
    recorded_column,
    render_link,
    render_moment,
    render_state_badge,
    text_column,
)
from workflows.admin_site.site_links import request_page_url
from workflows.execution.admin.instance_columns import AwayPeopleMixin, TaskPositionColumns
from workflows.execution.admin.instance_inlines import IN_PLACE_OF, PERFORMER
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.queries.open_work import late_tasks_condition
from workflows.execution.queries.position import (
    prefetch_task_positions,
    read_prefetched_task_position,
)
from workflows.execution.services.work_items import reassign


class OpenFilter(admin.SimpleListFilter):
    """Open tasks, those that are late, those that nobody has taken, and those that are over."""

    title = gettext_lazy("waiting")
    parameter_name = "waiting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """In the order in which they are looked for."""
        return [
            ("open", gettext("open")),
            ("late", gettext("overdue")),
            ("queue", gettext("in the queue, nobody's yet")),
            ("over", gettext("over")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By the columns that have an index."""
        chosen = {
            "open": Q(is_open=True),
            "late": late_tasks_condition(timezone.now()),
            "queue": Q(in_queue=True, assignee=None),
            "over": Q(is_open=False),
        }.get(self.value() or "")
        return queryset if chosen is None else queryset.filter(chosen)


reassign_selected = build_confirmed_action(
    ActionQuestion(
        action="reassign_selected",
        title=gettext_lazy("Reassign tasks"),
        button=gettext_lazy("Reassign"),
        done=gettext_lazy("%(count)s reassigned."),
        command=reassign,
        form=ActionReassignForm,
    ),
    description=gettext_lazy("Reassign"),
    permission="command",
)
CLOSING_REASON = text_column("closing_reason", gettext_lazy("closed because"))
VOTES = recorded_column("votes", gettext_lazy("agreed so far"))
DOCUMENTS = recorded_column("document_versions", gettext_lazy("documents seen"))
WORDED = (CLOSING_REASON, PERFORMER, IN_PLACE_OF, VOTES, DOCUMENTS)


@admin.register(WorkItem)
class TaskAdmin(AwayPeopleMixin, TaskPositionColumns, ReadOnly, HistoryAdmin):
    """Tasks: read here; decided by the people whose they are, in their inbox."""

    of_workflow = "request__template"
    list_display = (
        *(
            "task",
            "its_request",
            "state",
            "holder",
            "since",
        ),
        *("due", "outcome"),
    )
    list_filter = (OpenFilter, "request__template", *("step__kind", "state"))
    search_fields = ("step__key", "step__name", "assignee__username", "performer_name")
    search_help_text = gettext_lazy("Step or person")
    actions = (reassign_selected,)
    ordering = ("-id",)
    fields = (
        ("task", "its_request", "round"),
        ("state", "holder", "in_queue"),
        ("since", "started_at", "completed_at"),
        ("due_at", "paused_at"),
        ("outcome", PERFORMER, IN_PLACE_OF),
        "comment",
        ("needed", VOTES),
        DOCUMENTS,
        CLOSING_REASON,
        ("waiting_seconds", "working_seconds", "paused_seconds"),
        ("waiting_business_seconds", "working_business_seconds", "paused_business_seconds"),
    )
    readonly_fields = ("task", "its_request", "holder", "since", "due", "in_queue", *WORDED)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkItem]:
        """All but tasks of a log that is on its way in or out."""
        rows: QuerySet[WorkItem] = super().get_queryset(request)
        here = rows.exclude(request__state__in=WorkflowInstance.NOT_HERE)
        return prefetch_task_positions(here.select_related("step", "request__template"))

    @admin.display(description=gettext_lazy("task"), ordering="step__key")
    def task(self, item: WorkItem) -> str:
        """The step that it is of."""
        return str(item.step)

    @admin.display(description=gettext_lazy("request"), ordering="request")
    def its_request(self, item: WorkItem) -> SafeString:
        """The request's page."""
        return render_link(request_page_url(item.request), item.request)

    @admin.display(description=gettext_lazy("due"), ordering="due_at")
    def due(self, item: WorkItem) -> SafeString | str:
        """When it is due; marked where that is past."""
        if item.due_at is None:
            return NOTHING
        if read_prefetched_task_position(item).is_late(timezone.now()):
            return render_state_badge("late", format_local_minute(item.due_at))
        return render_moment(item.due_at)
