"""Requests: where each one is, who has it, since when; and the commands on them."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy

from workflows.access.permissions import may_audit
from workflows.admin_site.base import HistoryAdmin, ReadOnly, actor_of
from workflows.admin_site.confirmed_actions import ActionQuestion, build_confirmed_action
from workflows.admin_site.site_links import audit_csv_url
from workflows.definitions.models import WorkflowTemplate
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.execution.admin.instance_columns import InstanceColumns, let_page_know_reader
from workflows.execution.admin.instance_filters import IncidentFilter, OverFilter, ResultFilter
from workflows.execution.admin.instance_inlines import (
    DocumentInline,
    IncidentInline,
    KeptMessageInline,
    MergeInline,
    QuestionInline,
    TaskInline,
    TrailInline,
)
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.position import prefetch_positions
from workflows.execution.services import instances as commands

if TYPE_CHECKING:
    pass


REQUEST_ACTIONS = tuple(
    build_confirmed_action(
        ActionQuestion(action=name, title=title, button=title, done=done, command=command),
        description=title,
        permission="command",
    )
    for name, title, done, command in (
        (
            "cancel",
            gettext_lazy("Cancel requests"),
            gettext_lazy("%(count)s cancelled."),
            commands.cancel,
        ),
        (
            "suspend",
            gettext_lazy("Suspend requests"),
            gettext_lazy("%(count)s suspended."),
            commands.suspend,
        ),
        (
            "resume",
            gettext_lazy("Resume requests"),
            gettext_lazy("%(count)s resumed."),
            commands.resume,
        ),
    )
)


@admin.register(WorkflowInstance)
class RequestAdmin(InstanceColumns, ReadOnly, HistoryAdmin):
    """Requests: read here, moved by commands."""

    of_workflow = "template"
    list_display = (
        *("reference_", "title", "where", "who", "since"),
        *("state", "result", "requested_by", "template"),
    )
    list_filter = (
        "template",
        *("state", OverFilter, ResultFilter, IncidentFilter, "source"),
    )
    search_fields = ("title", "requester_name")
    search_help_text = gettext_lazy("Reference (PA-1042), title or requester")
    ordering = ("-id",)
    actions = REQUEST_ACTIONS
    inlines = (
        *(TaskInline, QuestionInline, MergeInline, IncidentInline, KeptMessageInline),
        *(DocumentInline, TrailInline),
    )
    fields = (
        ("reference_", "template", "version"),
        ("title", "page"),
        ("state", "result", "source"),
        ("requested_by", "started_at", "completed_at"),
        "now",
        "values",
    )
    readonly_fields = ("reference_", "page", "requested_by", "now", "values")
    change_list_template = "admin/workflows/request_list.html"

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        """The trail for those who may audit the workflow, as on every page."""
        audits = obj is not None and may_audit(request.user, obj.template)
        return [inline for inline in self.inlines if audits or inline is not TrailInline]

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """The row, which knows who reads its page."""
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            let_page_know_reader(row, actor_of(request))
        return row

    def set_history_delta_changes(
        self, request: HttpRequest, historical_records: Any, foreign_keys_are_objs: bool = True
    ) -> None:
        """What changed from version to version; not the values, where some are not for everybody:
        the request's own page shows them to whom they are for."""
        super().set_history_delta_changes(request, historical_records, foreign_keys_are_objs)
        label = capfirst(WorkflowInstance._meta.get_field("data").verbose_name)
        for record in historical_records:
            changes = getattr(record, "history_delta_changes", None)
            if changes and cached_map(record.version_id).restricted_fields:
                record.history_delta_changes = [
                    change for change in changes if change["field"] != label
                ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkflowInstance]:
        """With what says where each is, and the workflow. Django leaves `list_select_related` out
        where a queryset names relations itself, as that of the positions does."""
        rows = super().get_queryset(request).select_related("template__owner")
        return prefetch_positions(rows)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """A reference finds that request, by its key; any other text is looked for in words."""
        by_reference = WorkflowInstance.objects.by_reference(search_term)
        if by_reference.exists():
            return queryset.filter(pk__in=by_reference), False
        return super().get_search_results(request, queryset, search_term)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the trail of the workflow that is filtered by, as CSV."""
        extra = {**(extra_context or {}), "csv_url": _find_audit_csv_url(request)}
        return super().changelist_view(request, extra)


def _find_audit_csv_url(request: HttpRequest) -> str:
    chosen = request.GET.get("template__id__exact", "")
    readable = WorkflowTemplate.objects.auditable_by(request.user)
    if chosen.isascii() and chosen.isdigit() and len(chosen) < 19:
        key = readable.filter(pk=int(chosen)).values_list("key", flat=True).first()
        return audit_csv_url(key) if key else ""
    kept_back = WorkflowTemplate.objects.exclude(pk__in=readable.values("pk"))
    return "" if kept_back.exists() else audit_csv_url()
