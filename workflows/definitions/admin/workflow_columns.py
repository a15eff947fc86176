"""What the list and the page of workflows say in their columns."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from workflows.access.admin.grants import render_map_list
from workflows.admin_site.elements import NOTHING, render_include, render_link
from workflows.admin_site.links import change_url, list_url
from workflows.admin_site.site_links import report_page_url
from workflows.definitions.admin.start_triggers import render_start_options
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.external_permissions import (
    find_listening_versions,
    find_starting_versions,
)
from workflows.execution.models import Incident, WorkflowInstance
from workflows.execution.queries.open_work import (
    open_incidents_condition,
    open_instances_condition,
    open_instances_count,
)
from workflows.people.queries.person_names import name_in_workflow


def annotate_workflow_figures(rows: QuerySet[WorkflowTemplate]) -> QuerySet[WorkflowTemplate]:
    """With the figures of the list, each counted by an index."""
    published = TemplateVersion.objects.filter(
        template=OuterRef("pk"), state=TemplateVersion.PUBLISHED
    )
    running = _count_subquery(
        WorkflowInstance.objects.filter(open_instances_condition()), "template"
    )
    stuck = _count_subquery(
        Incident.objects.filter(open_incidents_condition()), "request__template"
    )
    return rows.annotate(
        published_id=Subquery(published.values("pk")[:1]),
        published_number=Subquery(published.values("number")[:1]),
        running=Coalesce(Subquery(running), 0),
        stuck=Coalesce(Subquery(stuck), 0),
    )


def _count_subquery(rows: QuerySet[Any], by: str) -> QuerySet[Any]:
    """A subquery that counts the rows of a workflow."""
    return (
        rows.filter(**{by: OuterRef("pk")})
        .order_by()
        .values(by)
        .annotate(count=Count("pk"))
        .values("count")
    )


class WorkflowColumns:
    """Columns of the list and of the page of a workflow."""

    @admin.display(description=gettext_lazy("owner"), ordering="owner")
    def owner_name(self, template: WorkflowTemplate) -> str:
        """The login, and whether they are away."""
        return name_in_workflow(template.owner, template.pk) or NOTHING

    @admin.display(description=gettext_lazy("deputy"), ordering="deputy")
    def deputy_name(self, template: WorkflowTemplate) -> str:
        """The same of the deputy."""
        return name_in_workflow(template.deputy, template.pk) or NOTHING

    @admin.display(description=gettext_lazy("published"), ordering="published_number")
    def published_version(self, template: Any) -> SafeString | str:
        """The version that new requests start on."""
        if template.published_number is None:
            return gettext("not yet")
        address = reverse("admin:workflows_templateversion_change", args=[template.published_id])
        return render_link(address, f"v{template.published_number}")

    @admin.display(description=gettext_lazy("open requests"), ordering="running")
    def open_requests(self, template: Any) -> SafeString:
        """How many are not over, with a link to them."""
        address = list_url(WorkflowInstance, template__id__exact=template.pk, over="no")
        return render_link(address, template.running)

    @admin.display(description=gettext_lazy("incidents"), ordering="stuck")
    def open_incidents(self, template: Any) -> SafeString | int:
        """How many wait for a person, with a link to them."""
        stuck: int = template.stuck
        address = list_url(Incident, request__template__id__exact=template.pk)
        return render_link(address, stuck) if stuck else 0

    @admin.display(description=gettext_lazy("see"))
    def pages(self, template: WorkflowTemplate) -> SafeString:
        """The report and the versions."""
        versions_url = list_url(TemplateVersion, template__id__exact=template.pk)
        return render_include(
            "workflow_pages", report_url=report_page_url(template.key), versions_url=versions_url
        )

    @admin.display(description=gettext_lazy("starts by"))
    def starts(self, template: WorkflowTemplate) -> SafeString | str:
        """The form, the API, and what starts requests besides them."""
        return render_start_options(template)

    @admin.display(description=gettext_lazy("versions"))
    def versions(self, template: WorkflowTemplate) -> SafeString:
        """All its versions, the newest first."""
        counted = template.versions.annotate(running=open_instances_count())
        rows: Iterable[Any] = counted.order_by("-number")
        return render_include(
            "workflow_versions", versions=[(change_url(version), version) for version in rows]
        )

    @admin.display(description=gettext_lazy("started by other workflows"))
    def started_by(self, template: WorkflowTemplate) -> SafeString | str:
        """The published maps that start its requests."""
        return render_map_list(find_starting_versions(template))

    @admin.display(description=gettext_lazy("listened to by"))
    def heard_by(self, template: WorkflowTemplate) -> SafeString | str:
        """The published maps that start when its requests end, and may take over their values."""
        return render_map_list(find_listening_versions(template))
