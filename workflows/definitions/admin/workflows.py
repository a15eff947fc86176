"""The list of workflows: who owns them, what runs on them, and how a map comes in."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy

from workflows.access.admin.grants import ObjectGrantsMixin
from workflows.access.conditions import AUDIT, LISTEN, MANAGE, START, VIEW
from workflows.access.permissions import may_audit
from workflows.admin_site.base import FilledInOnceMixin, HistoryAdmin, PageContextMixin
from workflows.admin_site.drafts import manages_workflow
from workflows.admin_site.links import list_url
from workflows.admin_site.site_links import (
    audit_csv_url,
    map_from_log_url,
    report_page_url,
    reviews_page_url,
    workflow_page_url,
)
from workflows.definitions.admin.beginnings import BeginningMixin
from workflows.definitions.admin.new_workflows import NewWorkflowForm, NewWorkflowMixin
from workflows.definitions.admin.version_commands import start_draft
from workflows.definitions.admin.workflow_columns import WorkflowColumns, annotate_workflow_figures
from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models import WorkflowInstance
from workflows.monitoring.admin.step_health import render_health_table
from workflows.monitoring.queries.step_health import steps_in_use
from workflows.people.queries.stand_ins import prefetch_absences


@admin.action(description=gettext_lazy("Make a new draft"), permissions=["command"])
def make_draft(
    page: "WorkflowAdmin", request: HttpRequest, templates: QuerySet[WorkflowTemplate]
) -> None:
    """A new draft of each selected workflow, or why not."""
    for template in templates:
        with page.refusals(request):
            start_draft(request, template)


class WorkflowPageMixin(PageContextMixin):
    """What stands beside a workflow on its page and above their list."""

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """The commands, and for those who may audit it how it does."""
        beside = {
            "may_grant": self.may_grant(request, row),  # type: ignore[attr-defined]
            "requests_url": list_url(WorkflowInstance, template__id__exact=row.pk),
        }
        return beside | (build_auditor_context(row) if may_audit(request.user, row) else {})

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the ways in for files and logs, for those who may add."""
        may_load = self.has_add_permission(request)  # type: ignore[attr-defined]
        ways_in = {"may_load": may_load, "from_log_url": map_from_log_url()}
        extra = {**(extra_context or {}), **ways_in}
        return super().changelist_view(request, extra)  # type: ignore[misc]


def build_auditor_context(template: WorkflowTemplate) -> dict[str, Any]:
    """The links and the health that whoever may audit the workflow is shown on its page."""
    steps = steps_in_use(WorkflowTemplate.objects.filter(pk=template.pk))
    return {
        "report_url": report_page_url(template.key),
        "reviews_url": reviews_page_url(),
        "csv_url": audit_csv_url(template.key),
        "course_url": workflow_page_url(template.key),
        "health": render_health_table(steps),
    }


@admin.register(WorkflowTemplate)
class WorkflowAdmin(
    BeginningMixin,
    NewWorkflowMixin,
    WorkflowPageMixin,
    WorkflowColumns,
    FilledInOnceMixin,
    ObjectGrantsMixin,
    HistoryAdmin,
):
    """Workflows. Name, purpose and people follow the version that is published."""

    of_workflow = "pk"
    drafts = ("pk", "template")
    list_display = (
        *(
            "name",
            "owner_name",
            "deputy_name",
            "published_version",
            "open_requests",
            "open_incidents",
        ),
        "pages",
    )
    list_select_related = ("owner", "deputy")
    list_filter = (("owner", admin.RelatedOnlyFieldListFilter),)
    search_fields = ("name", "key", "purpose")
    actions = (make_draft,)
    change_form_template = "admin/workflows/workflow_page.html"
    change_list_template = "admin/workflows/workflow_list.html"
    entry_form = NewWorkflowForm
    entry_fields = (*NewWorkflowForm.Meta.fields, "start", "tasks", "questions")
    readonly_fields = (
        *("key", "name", "purpose", "owner", "deputy", "starts"),
        *("started_by", "heard_by", "versions", "pages"),
    )
    grantable = (START, LISTEN, VIEW, MANAGE, AUDIT)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkflowTemplate]:
        """With the figures of the list; on the list itself, with who is away."""
        rows = annotate_workflow_figures(super().get_queryset(request))
        match, now = request.resolver_match, timezone.now()
        if match is None or match.url_name != "workflows_workflowtemplate_changelist":
            return rows
        return rows.prefetch_related(
            prefetch_absences("owner", now), prefetch_absences("deputy", now)
        )

    def get_urls(self) -> list[URLPattern]:
        """And the pages that take a file, or start from a map that is there."""
        view = self.admin_site.admin_view
        return [
            path("load/", view(self.load_view), name="load_definition"),
            path("begin/", view(self.begin_view), name="begin_workflow"),
            *super().get_urls(),
        ]

    def may_grant(self, request: HttpRequest, obj: WorkflowTemplate) -> bool:
        """For those who manage the workflow."""
        return self.has_command_permission(request) and manages_workflow(request, obj)
