"""The page of a version: its map, the audit beside it, and publishing it."""

import copy
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from workflows.admin_site.base import PageContextMixin
from workflows.admin_site.drafts import DraftAdmin, manages_workflow, may_edit
from workflows.admin_site.elements import format_local_minute, render_link
from workflows.admin_site.links import change_url
from workflows.definitions.admin.guide import PART, stage_of
from workflows.definitions.admin.map_inlines import (
    FieldInline,
    RoleInline,
    StepInline,
    build_map_form,
)
from workflows.definitions.admin.stage_forms import build_stage_form
from workflows.definitions.admin.version_commands import VersionCommandsMixin, publish_version
from workflows.definitions.admin.version_form import TIME_BOXES, VersionForm
from workflows.definitions.admin.version_page import build_sheet_context
from workflows.definitions.models import TemplateVersion
from workflows.version_changes.admin.differences import VersionDifferencesMixin, draft_differences
from workflows.version_changes.admin.moves import RequestMovesMixin

TABLES = {"roles": RoleInline, "fields": FieldInline, "steps": StepInline}
VERSION_FIELDSETS = (
    (None, {"fields": (("name", "calendar"), "purpose", ("owner_name", "deputy_name"))}),
    (gettext_lazy("Start"), {"fields": (("start_role", "first_step"), "start_fields")}),
    (
        gettext_lazy("The request as a whole"),
        {"classes": ("collapse",), "fields": (*(box.name for box in TIME_BOXES), "times")},
    ),
    (
        gettext_lazy("Links"),
        {
            "classes": ("collapse",),
            "fields": ("status_link", "status_link_names", "decide_by_mail"),
        },
    ),
    (
        gettext_lazy("More"),
        {
            "classes": ("collapse",),
            "fields": (
                *("review_every_days", "baseline", "rehearse", "start_triggers"),
                "mentions_give_sight",
            ),
        },
    ),
)
FIELDSETS_TO_READ = (
    VERSION_FIELDSETS[0],
    (gettext_lazy("Start"), {"fields": (("start_role", "first_step"), "start_form")}),
    (gettext_lazy("The request as a whole"), {"classes": ("collapse",), "fields": ("times",)}),
    *VERSION_FIELDSETS[3:],
)


@admin.action(description=gettext_lazy("Publish"), permissions=["command"])
def publish_selected(
    page: "VersionAdmin", request: HttpRequest, versions: QuerySet[TemplateVersion]
) -> None:
    """Publish each selected draft, or say why not."""
    for version in versions.order_by("template", "number"):
        with page.refusals(request):
            publish_version(request, version)


class VersionColumns:
    """Columns of the list of versions."""

    @admin.display(description=gettext_lazy("version"), ordering="number")
    def label(self, version: TemplateVersion) -> str:
        """Its name and number."""
        return str(version)

    @admin.display(description=gettext_lazy("workflow"), ordering="template__name")
    def workflow(self, version: TemplateVersion) -> SafeString:
        """A link to the workflow."""
        return render_link(change_url(version.template), version.template)

    @admin.display(description=gettext_lazy("made"), ordering="created_at")
    def created(self, version: TemplateVersion) -> str:
        """When, and by whom."""
        return _describe_event_time(version.created_at, version.created_by)

    @admin.display(description=gettext_lazy("published"), ordering="published_at")
    def published(self, version: TemplateVersion) -> str:
        """When, and by whom."""
        return _describe_event_time(version.published_at, version.published_by)


@admin.register(TemplateVersion)
class VersionAdmin(
    RequestMovesMixin,
    VersionDifferencesMixin,
    VersionCommandsMixin,
    VersionColumns,
    PageContextMixin,
    DraftAdmin,
):
    """Versions: drafts are mapped here, the others are read here."""

    of_workflow = "template"
    drafts = ("pk", "pk")
    form = VersionForm
    inlines = (RoleInline, FieldInline, StepInline)
    list_display = ("label", "workflow", "state", "created", "published")
    list_display_links = ("label",)
    list_filter = ("state", "template")
    search_fields = ("template__name", "template__key", "name")
    actions = (publish_selected,)
    change_form_template = "admin/workflows/version_page.html"
    fieldsets = VERSION_FIELDSETS
    readonly_fields = ("start_form",)

    def version_of(self, obj: TemplateVersion) -> TemplateVersion:
        """The version itself."""
        return obj

    def get_queryset(self, request: HttpRequest) -> QuerySet[TemplateVersion]:
        """With the workflow and the people, whose names are on every row and page."""
        return (
            super().get_queryset(request).select_related("template", "created_by", "published_by")
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A version is made from a file, from an older one, or with a new workflow."""
        return False

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """A form that offers what this version has."""
        kwargs["form"] = build_map_form(self.form, request, obj)
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """All of the head, or what a stage of the guide asks."""
        stage = stage_of(request)
        if stage is not None:
            return [(None, {"fields": stage.fields})]
        if self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        return FIELDSETS_TO_READ

    @admin.display(description=gettext_lazy("Start form"))
    def start_form(self, obj: TemplateVersion) -> str:
        """The fields of the start form by their labels, to be read."""
        labels = {field.key: str(field) for field in obj.fields.all()}
        return ", ".join(labels.get(key, key) for key in obj.start_fields or ()) or "—"

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """All tables, or those of a stage of the guide."""
        stage = stage_of(request)
        if stage is None:
            return super().get_inlines(request, obj)
        return [TABLES[name] for name in stage.tables or ()]

    def get_inline_instances(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """In the guide a table stands on the page itself, and behind no tab."""
        instances: list[Any] = super().get_inline_instances(request, obj)
        for inline in instances:
            inline.tab = stage_of(request) is None
        return instances

    def show_stage(
        self, request: HttpRequest, version: TemplateVersion, part: str, form: Any
    ) -> HttpResponse:
        """The page of a stage with its small form as it was typed."""
        looking = copy.copy(request)
        looking.method, looking.GET = "GET", QueryDict(f"{PART}={part}")
        return self.change_view(looking, str(version.pk), extra_context={"stage_form": form})

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Here again, at the same stage: the picture and the audit say what it comes to now."""
        return HttpResponseRedirect(request.get_full_path())

    def page_context(self, request: HttpRequest, row: TemplateVersion) -> dict[str, Any]:
        """The audit, the picture and the commands beside the map, and the guide through a draft."""
        commands = self.has_command_permission(request)
        may_command = commands and manages_workflow(request, row.template)
        context = {**build_sheet_context(request, row), "may_command": may_command}
        context["draft_differences"] = draft_differences(row) if may_command else ()
        stage = stage_of(request)
        if stage is not None and may_edit(request, row):
            context["stage_form"] = build_stage_form(request, row, stage.part)
            context["stage_form_url"] = reverse("admin:version_stage", args=[row.pk, stage.part])
        return context


def _describe_event_time(when: Any, person: Model | None) -> str:
    if not when or not person:
        return format_local_minute(when)
    places = {"moment": format_local_minute(when), "person": person}
    return gettext("%(moment)s by %(person)s") % places
