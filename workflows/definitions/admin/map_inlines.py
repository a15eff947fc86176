"""The tables of a map on the pages of its version and of its steps."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy
from unfold.admin import TabularInline

from workflows.admin_site.drafts import may_edit
from workflows.admin_site.elements import render_include, render_lines
from workflows.admin_site.links import change_url
from workflows.definitions.admin.field_boxes.constraint_box import constraints_of, lines_of
from workflows.definitions.admin.guide import stage_of
from workflows.definitions.admin.map_forms import (
    FieldForm,
    MapForm,
    RoleForm,
    StepRowForm,
)
from workflows.definitions.admin.map_options import VersionOptions
from workflows.definitions.admin.role_boxes import build_role_boxes
from workflows.definitions.admin.route_form import RouteForm
from workflows.definitions.admin.step_forms import find_step_form
from workflows.definitions.choices import RouteKind
from workflows.definitions.diagrams.labels import route_label
from workflows.definitions.models import Field, Role, Route, Step, TemplateVersion

NEW_FIELDS = 6
SHOWN_STEPS_KEY = "_workflows_shown"
"""Where a page's request keeps which steps of a large map it shows."""


def load_version_options(request: HttpRequest, version: TemplateVersion | None) -> VersionOptions:
    """What the version offers, read once a page."""
    options_by_version: dict[int | None, VersionOptions] = request.__dict__.setdefault(
        "_workflows_offers", {}
    )
    key = version.pk if version else None
    if key not in options_by_version:
        options_by_version[key] = VersionOptions.of(version, request.user)
    return options_by_version[key]


def build_map_form(
    form: Any, request: HttpRequest, version: TemplateVersion | None, row: Any = None
) -> type[MapForm]:
    """The form's class with what this version offers, and the boxes that this row has besides."""
    offer = load_version_options(request, version)
    values = {"offer": offer, "version": version, **form.further_boxes(row)}
    # The metaclass asks for the model's own declaration, which the class has already.
    return type(form.__name__, (form,), {"Meta": form.Meta, **values})


class PartInline(TabularInline):
    """Rows of a map, editable while the version is a draft of somebody's own workflow."""

    form: type[MapForm] = MapForm
    extra = 0
    tab = True
    ordering = ("position", "id")
    ordering_field = "position"
    hide_ordering_field = True

    def version_of(self, obj: Any) -> TemplateVersion | None:
        """The version whose page this is."""
        return obj

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Its columns, or those that a stage of the guide names."""
        return self._stage_columns(request) or super().get_fields(request, obj)

    def _stage_columns(self, request: HttpRequest) -> Sequence[str]:
        stage = stage_of(request)
        return (stage.tables or {}).get(f"{self.model._meta.model_name}s", ()) if stage else ()

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Forms that offer what this version has."""
        version = self.version_of(obj) if obj else None
        kwargs["form"] = build_map_form(self.form, request, version)
        formset = super().get_formset(request, obj, **kwargs)
        formset.form.only = self._stage_columns(request)
        return formset

    def _is_draft(self, request: HttpRequest, obj: Any) -> bool:
        version = self.version_of(obj) if obj else None
        return version is not None and may_edit(request, version)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """On drafts only."""
        return super().has_add_permission(request, obj) and self._is_draft(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """On drafts only."""
        return super().has_change_permission(request, obj) and self._is_draft(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """On drafts only."""
        return super().has_delete_permission(request, obj) and self._is_draft(request, obj)


class RoleInline(PartInline):
    """Who owns steps."""

    model = Role
    form = RoleForm

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who may not edit reads what this site's finders are told in one column."""
        if self.has_change_permission(request, obj):
            return super().get_fields(request, obj)
        return (*RoleForm.Meta.fields, *(["other_finders"] if build_role_boxes() else []))


class FieldInline(PartInline):
    """What a request knows."""

    model = Field
    form = FieldForm
    readonly_fields = ("asks", "rows")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who may not edit reads in words of the file what has boxes of its own."""
        if self.has_change_permission(request, obj):
            columns = super().get_fields(request, obj)
            return [name for name in columns if name not in self.readonly_fields]
        written = [name for name in FieldForm.Meta.fields if name != "constraints"]
        return (*written, "asks", "rows")

    @admin.display(description=gettext_lazy("asks of values"))
    def asks(self, field: Field) -> SafeString | str:
        """What it asks of its values, one a line."""
        return render_lines(lines_of(constraints_of(field.config)))

    @admin.display(description=gettext_lazy("columns"))
    def rows(self, field: Field) -> SafeString | str:
        """The columns of a list, by their keys."""
        return ", ".join(column["key"] for column in field.columns or ())

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """Empty rows in the guide, where fields are thought of together."""
        return NEW_FIELDS if stage_of(request) and self._is_draft(request, obj) else 0


class StepInline(PartInline):
    """The steps; each has a page of its own for the rest, and for its ways."""

    model = Step
    form = StepRowForm
    fields = ("position", "key", "kind", "name", "role", "expected", "due", "ways")
    readonly_fields = ("ways",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Step]:
        """With the ways of all steps in one statement; of a large map, the part that is shown."""
        routes = Route.objects.select_related("to_step").order_by("position", "id")
        steps = super().get_queryset(request).prefetch_related(Prefetch("routes", routes))
        stage = stage_of(request)
        if stage is not None and stage.kinds:
            steps = steps.filter(kind__in=stage.kinds)
        shown_step_ids = request.__dict__.get(SHOWN_STEPS_KEY)
        return steps if shown_step_ids is None else steps.filter(pk__in=shown_step_ids)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not in the guide, whose table has a part of the columns: it has a form of its own."""
        return stage_of(request) is None and super().has_add_permission(request, obj)

    @admin.display(description=gettext_lazy("ways and details"))
    def ways(self, step: Step) -> SafeString | str:
        """Where it leads, and the link to its page."""
        if step.pk is None:
            return gettext("save first")
        routes = [(route_label(route), route.to_step) for route in step.routes.all()]
        return render_include("step_ways", page=change_url(step), routes=routes)


class RouteInline(PartInline):
    """The ways from a step."""

    model = Route
    fk_name = "step"
    form = RouteForm
    verbose_name = gettext_lazy("way")
    verbose_name_plural = gettext_lazy("ways")
    tab = False

    def version_of(self, obj: Step) -> TemplateVersion:
        """The step's version."""
        return obj.version

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Forms that know which ways this kind of step has."""
        formset = super().get_formset(request, obj, **kwargs)
        formset.form.step_kind = obj.kind if obj else ""
        return formset

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """An empty one below those that are there, where there may be more."""
        may_have_more = obj is not None and find_step_form(obj.kind).ways
        return 1 if may_have_more and self._is_draft(request, obj) else 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Route]:
        """With what a way is called by. The ways of a table's rows are said by its rows."""
        routes = super().get_queryset(request).exclude(kind=RouteKind.ROW)
        return routes.select_related("to_step", "step", "role")
