"""By what requests are looked for in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy

from workflows.definitions.models import Step
from workflows.execution.models import Incident
from workflows.execution.queries.open_work import open_incidents_condition, open_instances_condition


class OverFilter(admin.SimpleListFilter):
    """Requests that go on, or those that are over."""

    title = gettext_lazy("over")
    parameter_name = "over"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """No comes first: that is what is looked for."""
        return [("no", gettext("no, still open")), ("yes", gettext("yes"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By the groups of states."""
        live = open_instances_condition()
        return {"no": queryset.filter(live), "yes": queryset.exclude(live)}.get(
            self.value() or "", queryset
        )


class ResultFilter(admin.SimpleListFilter):
    """Requests by how they ended; the results are read from the maps, not from all requests."""

    title = gettext_lazy("result")
    parameter_name = "result"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The results that some map names, and 'cancelled'."""
        ends = admin.site.get_model_admin(Step).get_queryset(request)
        named = ends.filter(kind="end").exclude(result=None).order_by()
        result_values = named.values_list("result", flat=True).distinct()
        results = {"cancelled", *(result for result in result_values if result)}
        return [(result, result) for result in sorted(results)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """That result."""
        return queryset.filter(result=self.value()) if self.value() else queryset


class IncidentFilter(admin.SimpleListFilter):
    """Requests that wait for somebody to put something right."""

    title = gettext_lazy("open incident")
    parameter_name = "incident"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Yes or no."""
        return [("yes", gettext("yes")), ("no", gettext("no"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By the index of open incidents."""
        has_open_incident = Exists(
            Incident.objects.filter(open_incidents_condition(), request=OuterRef("pk"))
        )
        return {
            "yes": queryset.filter(has_open_incident),
            "no": queryset.filter(~has_open_incident),
        }.get(self.value() or "", queryset)
