"""The parts of a map as pages of their own: a step with its ways; the others to read."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from workflows.access.permissions import may_audit
from workflows.admin_site.base import PageContextMixin
from workflows.admin_site.drafts import DraftAdmin, manages_workflow
from workflows.admin_site.elements import render_bullets, render_link
from workflows.admin_site.links import change_url
from workflows.connections.admin.dry_run import DryRunMixin, makes_calls
from workflows.definitions.admin.field_boxes.table_files import TableFilesMixin, table_text
from workflows.definitions.admin.map_commands import MapCommandsMixin, build_add_form
from workflows.definitions.admin.map_forms import StepForm
from workflows.definitions.admin.map_inlines import RouteInline, build_map_form
from workflows.definitions.admin.step_forms import (
    STEP_FORMS,
    find_setting_boxes,
    find_step_form,
)
from workflows.definitions.admin.table_view import build_table_view
from workflows.definitions.admin.version_page import build_sheet_context
from workflows.definitions.choices import KIND_TITLES, StepKind
from workflows.definitions.models import (
    ROLE_COLUMNS,
    Field,
    Role,
    Route,
    Step,
    TemplateVersion,
)
from workflows.engine.format.definition import display_title
from workflows.engine.format.role_finders import GROUPS, ROLE_FINDERS, USERS
from workflows.monitoring.admin.step_health import render_health_table
from workflows.people.models import RoleEntry

VERSION_PEOPLE_PATHS = ("version__template__owner", "version__template__deputy")
READ_AS = {"inputs": "fields_shown", "outputs": "fields_filled_in"}
"""What is read where nobody may edit: lists of keys as the fields are called."""
SECOND_COLUMNS = ("not_by", "not_by_reason", "quorum")
"""What of a person's step stands behind the rest, under a heading of its own."""
COMMON_STEP_FIELDS = ("key", "kind", "name", "position")


def _describe_role_entry(row: RoleEntry) -> str:
    """One entry of a role's list as it is called now."""
    if row.group is not None:
        return gettext("group %(group)s") % {"group": row.group}
    if row.user is not None:
        return str(row.user)
    if row.finder not in (GROUPS.name, USERS.name):
        finder = ROLE_FINDERS.find(row.finder)
        return f"{finder.title if finder else row.finder}: {row.name}"
    return gettext("%(name)s (there is none of this name now)") % {"name": row.name}


class StepColumns:
    """Columns of the list and of the page of a step."""

    @admin.display(description=gettext_lazy("version"), ordering="version")
    def workflow_version(self, step: Step) -> SafeString:
        """A link to its map."""
        return render_link(change_url(step.version), step.version)

    @admin.display(description=gettext_lazy("who may act"))
    def who_may_act(self, step: Step) -> SafeString | str:
        """The groups and people in the lists of the roles that act on this step."""
        entries = _list_acting_entries(step)
        if not entries:
            return gettext("Listed when the version is published, or found in each request.")
        return render_bullets(entries)

    @admin.display(description=gettext_lazy("shows"))
    def fields_shown(self, step: Step) -> str:
        """The fields that whoever does it is shown, as they are called."""
        return _field_titles(step, step.inputs)

    @admin.display(description=gettext_lazy("fills in"))
    def fields_filled_in(self, step: Step) -> str:
        """The fields that are filled in there, as they are called."""
        return _field_titles(step, step.outputs)


def _field_titles(step: Step, keys: Sequence[str] | None) -> str:
    if keys is None:
        return "-"
    labels = dict(step.version.fields.values_list("key", "label"))
    return ", ".join(display_title(key, labels.get(key)) for key in keys) or gettext("nothing")


def _list_acting_entries(step: Step) -> list[str]:
    """Kept with the step: a page asks for the text of a column twice."""
    if "listed_entries" not in step.__dict__:
        acts = Q(role__steps=step) | Q(role__in=step.routes.exclude(role=None).values("role"))
        rows = RoleEntry.objects.filter(acts).select_related("group", "user").distinct()
        step.__dict__["listed_entries"] = [_describe_role_entry(r) for r in rows.order_by("pk")]
    entries: list[str] = step.__dict__["listed_entries"]
    return entries


def arrange_step_fields(step: Step, *, is_editable: bool) -> list[Any]:
    """What this kind of step has, and what is filled in though it should not be. Boxes are for
    who may edit; others read their settings with the rest."""
    form = find_step_form(step.kind)
    groups = _group_boxes(step, is_editable=is_editable)
    columns = form.columns if is_editable else [READ_AS.get(name, name) for name in form.columns]
    every_column = dict.fromkeys(
        name for other in STEP_FORMS.entries() for name in (*other.columns, *other.more_columns)
    )
    own = (*form.columns, *form.more_columns)
    stray = [
        name
        for name in every_column
        if name not in own and getattr(step, name) not in (None, "", [])
    ]
    fieldsets: list[Any] = [(None, {"fields": ["name", *_front(columns), *groups.pop("", [])]})]
    behind = [name for name in form.columns if name in SECOND_COLUMNS]
    if behind:
        fieldsets.append((gettext("Who may decide"), {"fields": behind, "classes": ["collapse"]}))
    fieldsets += [
        (title, {"fields": names, "classes": ["collapse"]}) for title, names in groups.items()
    ]
    text = gettext("Empty these, unless the file format names them for this kind.")
    more_fields: dict[str, Any] = {
        "fields": ["key", "kind", *stray, *form.more_columns],
        "description": text if stray else "",
        "classes": ["collapse"],
    }
    fieldsets.append((gettext("More"), more_fields))
    if form.is_for_people:
        people = {"fields": ["who_may_act"], "classes": ["collapse"]}
        fieldsets.append((gettext("People"), people))
    return fieldsets


def _front(columns: Sequence[str]) -> list[str]:
    return [name for name in columns if name not in SECOND_COLUMNS]


def _group_boxes(step: Step, *, is_editable: bool) -> dict[str, list[str]]:
    """The names of the boxes by the heading that they stand under."""
    groups: dict[str, list[str]] = {"": []}
    for box in find_setting_boxes(step) if is_editable else []:
        groups.setdefault(str(box.group), []).append(box.name)
    return groups


@admin.register(Step)
class StepAdmin(
    TableFilesMixin, MapCommandsMixin, DryRunMixin, StepColumns, PageContextMixin, DraftAdmin
):
    """A step: what its kind has, and its ways."""

    of_workflow = "version__template"
    drafts = ("version", "pk")
    form = StepForm
    inlines = (RouteInline,)
    list_display = ("__str__", "key", "kind", "workflow_version", "role", "expected", "due")
    list_filter = ("kind", "version__state", "version__template")
    search_fields = ("key", "name", "version__template__name")
    readonly_fields = ("who_may_act", *READ_AS.values())
    change_form_template = "admin/workflows/step_page.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Step]:
        """With the version, which says whether it may be edited, and what is named on every row."""
        rows: QuerySet[Step] = super().get_queryset(request)
        return rows.select_related("version__template", "role", "join")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Steps are added on the page of their version."""
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """What this kind of step has."""
        if obj is None:
            return [(None, {"fields": COMMON_STEP_FIELDS})]
        return arrange_step_fields(obj, is_editable=self.has_change_permission(request, obj))

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """A form that offers what the step's version has."""
        kwargs["form"] = build_map_form(self.form, request, obj.version if obj else None, row=obj)
        return super().get_form(request, obj, change=change, **kwargs)

    def page_context(self, request: HttpRequest, row: Step) -> dict[str, Any]:
        """The map with this step selected; how it does, for those who may audit its workflow."""
        context = build_sheet_context(request, row.version, row)
        context["may_command"] = self.has_command_permission(request) and manages_workflow(
            request, row.version.template
        )
        if self.has_change_permission(request, row):
            context["add_form"] = build_add_form(request, row)
            context["may_remove"] = row.kind != StepKind.END
        context["is_table"] = row.kind == StepKind.TABLE
        if context["is_table"] and "add_form" not in context:
            context["table"] = build_table_view(row)
        elif context["is_table"]:
            context["table_text"] = table_text(request, row)
        if _shows_health(request, row):
            rows = Step.objects.filter(pk=row.pk).select_related("role", *VERSION_PEOPLE_PATHS)
            context["health"] = render_health_table(rows)
        if makes_calls(row):
            context["dry_run_url"] = reverse("admin:dry_run_step", args=[row.pk])
        return {"kind_title": KIND_TITLES.get(row.kind, row.kind), **context}

    def response_post_save_change(self, request: HttpRequest, obj: Model) -> HttpResponse:
        """Here again: the picture and the audit say what it comes to now."""
        return HttpResponseRedirect(change_url(obj))


def _shows_health(request: HttpRequest, step: Step) -> bool:
    runs = not step.version.is_editable and step.kind != "end"
    return runs and may_audit(request.user, step.version.template)


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

    list_display = ("__str__", "version", *ROLE_COLUMNS, "requester", "other_finders")
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

    @admin.display(description=gettext_lazy("version"), ordering="step__version")
    def workflow_version(self, route: Route) -> str:
        """The version of the step that it leaves."""
        return str(route.step.version)
