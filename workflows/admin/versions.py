"""The page of a version: its map, the audit beside it, and publishing it."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Max, Model, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import TabularInline

from workflows.admin.addresses import report_page
from workflows.admin.base import (
    DraftAdmin,
    actor_of,
    change_url,
    link,
    list_url,
    manages,
    may_edit,
    moment,
)
from workflows.admin.map_forms import FieldForm, MapForm, Offer, RoleForm, StepRowForm, VersionForm
from workflows.admin.sheet import Part, Sheet, way_label
from workflows.engine.definition_file import write_definition
from workflows.models import (
    Field,
    Role,
    Route,
    Step,
    TemplateVersion,
    WorkflowInstance,
    WorkflowTemplate,
)
from workflows.once import once_only
from workflows.permissions import may_audit
from workflows.services.definitions import new_draft, publish
from workflows.services.rows import definition_of

SHOWN = "_workflows_shown"
"""Where a page's request keeps which steps of a large map it shows."""


def offer_of(request: HttpRequest, version: TemplateVersion | None) -> Offer:
    """What the version offers, read once a page."""
    known: dict[int | None, Offer] = request.__dict__.setdefault("_workflows_offers", {})
    key = version.pk if version else None
    if key not in known:
        known[key] = Offer.of(version)
    return known[key]


def form_for(
    form: Any, request: HttpRequest, version: TemplateVersion | None, **more: Any
) -> type[MapForm]:
    """The form's class with what this version offers."""
    values = {"offer": offer_of(request, version), "version": version, **more}
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

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Forms that offer what this version has."""
        version = self.version_of(obj) if obj else None
        kwargs["form"] = form_for(self.form, request, version)
        return super().get_formset(request, obj, **kwargs)

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


class FieldInline(PartInline):
    """What a request knows."""

    model = Field
    form = FieldForm


class StepInline(PartInline):
    """The steps; each has a page of its own for the rest, and for its ways."""

    model = Step
    form = StepRowForm
    fields = ("position", "key", "kind", "name", "role", "expected", "due", "ways")
    readonly_fields = ("ways",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Step]:
        """With the ways of all steps in one statement; of a large map, the part that is shown."""
        ways = Route.objects.select_related("to_step").order_by("position", "id")
        steps = super().get_queryset(request).prefetch_related(Prefetch("routes", ways))
        shown = request.__dict__.get(SHOWN)
        return steps if shown is None else steps.filter(pk__in=shown)

    @admin.display(description="ways and details")
    def ways(self, step: Step) -> SafeString | str:
        """Where it leads, and the link to its page."""
        if step.pk is None:
            return "save first"
        lines = format_html_join(
            "", "<li>{} → {}</li>", ((way_label(r), r.to_step) for r in step.routes.all())
        )
        page = link(change_url(step), "details")
        return format_html('{}<ul class="handoff-ways">{}</ul>', page, lines)


@admin.action(description="Publish", permissions=["command"])
def publish_selected(
    admin_page: "VersionAdmin", request: HttpRequest, versions: QuerySet[TemplateVersion]
) -> None:
    """Publish each selected draft, or say why not."""
    for version in versions.order_by("template", "number"):
        admin_page.publish_one(request, version)


@admin.register(TemplateVersion)
class VersionAdmin(DraftAdmin):
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
    fieldsets = (
        (None, {"fields": (("name", "calendar"), "purpose", ("owner_name", "deputy_name"))}),
        ("Start", {"fields": (("start_role", "first_step"), "start_fields")}),
        (
            "More",
            {
                "classes": ("collapse",),
                "fields": ("review_every_days", "baseline", "start_triggers"),
            },
        ),
    )

    def version_of(self, obj: TemplateVersion) -> TemplateVersion:
        """The version itself."""
        return obj

    def get_queryset(self, request: HttpRequest) -> QuerySet[TemplateVersion]:
        """With the workflow and the people, whose names are on every row."""
        rows: QuerySet[TemplateVersion] = super().get_queryset(request)
        return rows.select_related("template", "created_by", "published_by")

    @admin.display(description="version", ordering="number")
    def label(self, version: TemplateVersion) -> str:
        """Its name and number."""
        return str(version)

    @admin.display(description="workflow", ordering="template__name")
    def workflow(self, version: TemplateVersion) -> SafeString:
        """A link to the workflow."""
        return link(change_url(version.template), version.template)

    @admin.display(description="made", ordering="created_at")
    def created(self, version: TemplateVersion) -> str:
        """When, and by whom."""
        return _when(version.created_at, version.created_by)

    @admin.display(description="published", ordering="published_at")
    def published(self, version: TemplateVersion) -> str:
        """When, and by whom."""
        return _when(version.published_at, version.published_by)

    # -- who may ---------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A version is made from a file, from an older one, or with a new workflow."""
        return False

    # -- the page --------------------------------------------------------------------------

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """A form that offers what this version has."""
        kwargs["form"] = form_for(self.form, request, obj)
        return super().get_form(request, obj, change=change, **kwargs)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With the audit, the picture and the commands beside the map."""
        version = self.get_object(request, object_id)
        extra = {**(extra_context or {})}
        if version is not None:
            sheet = Sheet(version, Part.of(version, request.GET.get("steps", "")))
            if sheet.part.pages > 1:
                request.__dict__[SHOWN] = [step.pk for step in sheet.rows[sheet.part.places]]
            extra |= {
                "sheet": sheet,
                "may_command": self.has_command_permission(request)
                and manages(request, version.template),
                "report_url": self._report_url(request, version.template),
                "requests_url": list_url(WorkflowInstance, template__id__exact=version.template_id),
                "show_save_and_add_another": False,
            }
        return super().change_view(request, object_id, form_url, extra)

    def _report_url(self, request: HttpRequest, template: WorkflowTemplate) -> str:
        return report_page(template.key) if may_audit(request.user, template) else ""

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """New rows go behind those that are there."""
        place_last(formset)
        super().save_formset(request, form, formset, change)

    # -- commands --------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """The commands of a version's page, and its file."""
        site = self.admin_site
        return [
            path("<int:pk>/publish/", site.admin_view(self.publish_view), name="publish_version"),
            path("<int:pk>/new-draft/", site.admin_view(self.draft_view), name="draft_version"),
            path("<int:pk>/file/", site.admin_view(self.file_view), name="version_file"),
            *super().get_urls(),
        ]

    def publish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Publish this version; by POST only."""
        version = self._commanded(request, pk)
        if isinstance(version, HttpResponse):
            return version
        self.publish_one(request, version)
        return HttpResponseRedirect(change_url(version))

    def draft_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A new draft of this version's workflow; by POST only."""
        version = self._commanded(request, pk)
        if isinstance(version, HttpResponse):
            return version
        with self.refusals(request):
            return once_only(request, lambda: self._drafted(request, version.template))
        return HttpResponseRedirect(change_url(version))

    def _drafted(self, request: HttpRequest, template: WorkflowTemplate) -> HttpResponse:
        return HttpResponseRedirect(change_url(self._new_draft(request, template)))

    def _commanded(self, request: HttpRequest, pk: int) -> TemplateVersion | HttpResponse:
        if request.method != "POST":  # whoever signed in again on the way: the button is there
            return redirect("admin:workflows_templateversion_change", pk)
        if not self.has_command_permission(request):
            raise PermissionDenied
        version = self.get_object(request, str(pk))
        if version is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, str(pk))
        return version

    def publish_one(self, request: HttpRequest, version: TemplateVersion) -> None:
        """The service, and what it said."""
        with self.refusals(request):
            published = publish(version.pk, actor=actor_of(request), now=timezone.now())
            self.message_user(
                request,
                f"{published} is published: new requests start on it, running ones stay on theirs.",
                messages.SUCCESS,
            )

    def draft_of(self, request: HttpRequest, template: WorkflowTemplate) -> TemplateVersion | None:
        """The service, and what it said."""
        with self.refusals(request):
            return self._new_draft(request, template)
        return None

    def _new_draft(self, request: HttpRequest, template: WorkflowTemplate) -> TemplateVersion:
        draft = new_draft(template, actor=actor_of(request), now=timezone.now())
        text = format_html("{} is a draft to change.", link(change_url(draft), draft))
        self.message_user(request, text, messages.SUCCESS)
        return draft

    def file_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The version's definition file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        version = self.get_object(request, str(pk))
        if version is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, str(pk))
        with self.refusals(request):
            text = write_definition(definition_of(version))
            name = f"{version.template.key}-v{version.number}.yaml"
            headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            return HttpResponse(text, content_type="application/yaml", headers=headers)
        return HttpResponseRedirect(change_url(version))


def place_last(formset: Any) -> None:
    """Give new rows without a place one behind the others."""
    new = [f.instance for f in formset.extra_forms if f.has_changed() and not f.instance.position]
    if not new:
        return
    last = formset.get_queryset().aggregate(last=Max("position"))["last"]
    for position, row in enumerate(new, start=0 if last is None else last + 1):
        row.position = position


def _when(when: Any, person: Model | None) -> str:
    return f"{moment(when)} by {person}" if when and person else moment(when)
