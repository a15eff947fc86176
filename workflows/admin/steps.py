"""The parts of a map as pages of their own: a step with its ways; the others to read."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from workflows.admin.base import DraftAdmin, change_url, link
from workflows.admin.health import health_table
from workflows.admin.map_forms import RouteForm, StepForm
from workflows.admin.versions import PartInline, form_for, place_last
from workflows.models import Field, Role, RoleEntry, Route, Step, TemplateVersion
from workflows.permissions import may_audit

PEOPLE = (
    *("instructions", "expected", "due", "inputs", "outputs", "not_by", "not_by_reason"),
    "quorum",
)
OF_KIND = {
    "approval": ("role", *PEOPLE),
    "task": ("role", *PEOPLE),
    "decision": (),
    "parallel": ("join",),
    "join": ("wait_for",),
    "automation": ("role", "expected", "config"),
    "wait": ("role", "expected", "config"),
    "subworkflow": ("role", "expected", "config"),
    "end": ("result",),
}
OF_VERSION = ("version__template__owner", "version__template__deputy")
ALWAYS = ("key", "kind", "name", "position")


def _who(row: RoleEntry) -> str:
    """One entry of a role's list as it is called now."""
    if row.group is None and row.user is None:
        return f"{row.name} (there is none of this name now)"
    return f"group {row.group}" if row.group is not None else str(row.user)


class RouteInline(PartInline):
    """The ways from a step."""

    model = Route
    fk_name = "step"
    form = RouteForm
    verbose_name = "way"
    tab = False

    def version_of(self, obj: Step) -> TemplateVersion:
        """The step's version."""
        return obj.version

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Forms that know which ways this kind of step has."""
        formset = super().get_formset(request, obj, **kwargs)
        formset.form.step_kind = obj.kind if obj else ""
        return formset

    def get_queryset(self, request: HttpRequest) -> QuerySet[Route]:
        """With what a way is called by."""
        return super().get_queryset(request).select_related("to_step", "step", "role")


@admin.register(Step)
class StepAdmin(DraftAdmin):
    """A step: what its kind has, and its ways."""

    of_workflow = "version__template"
    drafts = ("version", "pk")
    form = StepForm
    inlines = (RouteInline,)
    list_display = ("__str__", "key", "kind", "workflow_version", "role", "expected", "due")
    list_filter = ("kind", "version__state", "version__template")
    search_fields = ("key", "name", "version__template__name")
    change_form_template = "admin/workflows/step_page.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Step]:
        """With the version, which says whether it may be edited, and what is named on every row."""
        rows: QuerySet[Step] = super().get_queryset(request)
        return rows.select_related("version__template", "role", "join")

    @admin.display(description="version", ordering="version")
    def workflow_version(self, step: Step) -> SafeString:
        """A link to its map."""
        return link(change_url(step.version), step.version)

    @admin.display(description="who may act")
    def who_may_act(self, step: Step) -> SafeString | str:
        """The groups and people in the lists of the roles that act on this step."""
        acts = Q(role__steps=step) | Q(role__in=step.routes.exclude(role=None).values("role"))
        rows = RoleEntry.objects.filter(acts).select_related("group", "user").distinct()
        lines = format_html_join("", "<li>{}</li>", ((_who(row),) for row in rows.order_by("pk")))
        return lines or "Listed when the version is published, or found in each request."

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Steps are added on the page of their version."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Whom a list means is written by publishing."""
        return ("who_may_act",)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """What this kind of step has, and what is filled in though it should not be."""
        if obj is None:
            return [(None, {"fields": ALWAYS})]
        own = OF_KIND.get(obj.kind, ())
        stray = [
            name
            for name in dict.fromkeys(name for names in OF_KIND.values() for name in names)
            if name not in own and getattr(obj, name) not in (None, "", [])
        ]
        more = ["config"] if obj.kind in ("approval", "task") and "config" not in stray else []
        shown: list[Any] = [(None, {"fields": [("key", "kind"), "name", *own]})]
        if stray or more:
            text = "Empty these, unless the file format names them for this kind." if stray else ""
            shown.append(("More", {"fields": [*stray, *more], "description": text}))
        if obj.kind in ("approval", "task"):
            shown.append(("People", {"fields": ["who_may_act"]}))
        return shown

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """A form that offers what the step's version has."""
        kwargs["form"] = form_for(self.form, request, obj.version if obj else None)
        return super().get_form(request, obj, change=change, **kwargs)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With how the step does, for those who may audit its workflow."""
        step: Step | None = self.get_object(request, object_id)
        extra = {**(extra_context or {}), "health": ""}
        if step is not None and self._shows_health(request, step):
            rows = Step.objects.filter(pk=step.pk).select_related("role", *OF_VERSION)
            extra["health"] = health_table(rows)
        return super().change_view(request, object_id, form_url, extra)

    def _shows_health(self, request: HttpRequest, step: Step) -> bool:
        runs = not step.version.is_editable and step.kind != "end"
        return runs and may_audit(request.user, step.version.template)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """New ways go behind those that are there."""
        place_last(formset)
        super().save_formset(request, form, formset, change)

    def response_post_save_change(self, request: HttpRequest, obj: Model) -> HttpResponse:
        """Back to the map."""
        assert isinstance(obj, Step)
        return HttpResponseRedirect(change_url(obj.version))


class PartAdmin(DraftAdmin):
    """Rows of a map to search and read; they are edited on the page of their version.

    They may be deleted on drafts, since a draft or a step is deleted with them.
    """

    of_workflow = "version__template"
    drafts = ("version", "pk")
    list_display: tuple[str, ...] = ("__str__", "key", "version")
    list_filter: tuple[str, ...] = ("version__state", "version__template")
    list_select_related: tuple[str, ...] = ("version__template",)
    search_fields: tuple[str, ...] = ("key", "version__template__name")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """On the page of their version."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """On the page of their version."""
        return False


@admin.register(Role)
class RoleAdmin(PartAdmin):
    """Roles of all maps: where is this group or person named?"""

    list_display = ("__str__", "version", "groups", "users", "field", "requester")
    search_fields = ("key", "groups", "users", "version__template__name")


@admin.register(Field)
class FieldAdmin(PartAdmin):
    """Fields of all maps."""

    list_display = ("__str__", "key", "type", "version", "required")
    list_filter = ("type", *PartAdmin.list_filter)


@admin.register(Route)
class RouteAdmin(PartAdmin):
    """Ways of all maps."""

    of_workflow = "step__version__template"
    drafts = ("step__version", "pk")
    list_display = ("__str__", "kind", "workflow_version", "when", "exception")
    list_filter = ("kind", "exception", "step__version__template")
    list_select_related = ("step__version__template", "to_step")
    search_fields = ("name", "when", "step__key", "to_step__key")

    def version_of(self, obj: Route) -> TemplateVersion:
        """The version of the step that it leaves."""
        return obj.step.version

    @admin.display(description="version", ordering="step__version")
    def workflow_version(self, route: Route) -> str:
        """The version of the step that it leaves."""
        return str(route.step.version)
