"""The list of workflows: who owns them, what runs on them, and how a map comes in."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from pydantic import ValidationError
from unfold.widgets import UnfoldAdminTextareaWidget

from workflows.admin.addresses import audit_csv, report_page, reviews_page, workflow_page
from workflows.admin.base import HistoryAdmin, actor_of, change_url, link, list_url, manages
from workflows.admin.granting import Grants, maps_listed
from workflows.admin.health import health_table
from workflows.admin.starting import ways_to_start
from workflows.engine.definition import Definition
from workflows.engine.definition_file import explain, read_definition
from workflows.engine.errors import DefinitionProblem, HandoffError
from workflows.models import Incident, TemplateVersion, WorkflowInstance, WorkflowTemplate
from workflows.permissions import AUDIT, LISTEN, MANAGE, START, VIEW, may_audit
from workflows.services.definitions import load_definition
from workflows.services.foreign import listeners_of, starters_of
from workflows.services.health import steps_in_use

FILE_LIMIT = 1_000_000
NEW_STEPS = {"done": {"kind": "end", "result": "done"}}
"""The map of a workflow that was just made: it has an end, and nothing before it yet."""


class NewWorkflowForm(forms.ModelForm):
    """A new workflow begins as a draft with these words and people."""

    class Meta:
        model = WorkflowTemplate
        fields = ("key", "name", "purpose", "owner", "deputy")
        widgets = {"purpose": UnfoldAdminTextareaWidget(attrs={"rows": 3})}
        help_texts = {"key": "Short, unique, in links: purchase-approval. It cannot be changed."}

    definition: Definition

    def clean(self) -> dict[str, Any]:
        """The words and people as a definition."""
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        said = {"key": cleaned["key"], "name": cleaned["name"], "purpose": cleaned["purpose"]}
        people = {
            name: cleaned[name].get_username() for name in ("owner", "deputy") if cleaned[name]
        }
        written = {name: value for name, value in said.items() if value} | people
        try:
            self.definition = Definition.model_validate(
                {"format": 1, **written, "steps": NEW_STEPS}
            )
        except ValidationError as problem:
            raise forms.ValidationError(explain(problem)) from problem
        return cleaned


class FileForm(forms.Form):
    """A definition file."""

    file = forms.FileField(
        label="Definition file",
        help_text="YAML or JSON. It becomes a draft; nothing is published.",
        widget=forms.ClearableFileInput(attrs={"accept": ".yaml,.yml,.json"}),
    )

    def clean_file(self) -> Definition:
        """What the file says."""
        file = self.cleaned_data["file"]
        if file.size > FILE_LIMIT:
            raise forms.ValidationError("The file is larger than 1 MB; is it the right one?")
        try:
            return read_definition(file.read(), name=file.name)
        except DefinitionProblem as problem:
            raise forms.ValidationError(str(problem)) from problem


@admin.action(description="Make a new draft", permissions=["command"])
def make_draft(
    page: "WorkflowAdmin", request: HttpRequest, templates: QuerySet[WorkflowTemplate]
) -> None:
    """A new draft of each selected workflow, or why not."""
    versions: Any = page.admin_site.get_model_admin(TemplateVersion)
    for template in templates:
        versions.draft_of(request, template)


@admin.register(WorkflowTemplate)
class WorkflowAdmin(Grants, HistoryAdmin):
    """Workflows. Name, purpose and people follow the version that is published."""

    of_workflow = "pk"
    drafts = ("pk", "template")
    list_display = (
        *("name", "owner", "deputy", "published_version", "open_requests", "open_incidents"),
        "pages",
    )
    list_select_related = ("owner", "deputy")
    list_filter = (("owner", admin.RelatedOnlyFieldListFilter),)
    search_fields = ("name", "key", "purpose")
    actions = (make_draft,)
    change_form_template = "admin/workflows/workflow_page.html"
    change_list_template = "admin/workflows/workflow_list.html"
    readonly_fields = (
        *("key", "name", "purpose", "owner", "deputy", "starts"),
        *("started_by", "heard_by", "versions", "pages"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkflowTemplate]:
        """With the figures of the list, each counted by an index."""
        published = TemplateVersion.objects.filter(
            template=OuterRef("pk"), state=TemplateVersion.PUBLISHED
        )
        running = _counted(
            WorkflowInstance.objects.filter(state__in=WorkflowInstance.LIVE), "template"
        )
        stuck = _counted(Incident.objects.filter(state=Incident.OPEN), "request__template")
        return (
            super()
            .get_queryset(request)
            .annotate(
                published_id=Subquery(published.values("pk")[:1]),
                published_number=Subquery(published.values("number")[:1]),
                running=Coalesce(Subquery(running), 0),
                stuck=Coalesce(Subquery(stuck), 0),
            )
        )

    # -- columns ---------------------------------------------------------------------------

    @admin.display(description="published", ordering="published_number")
    def published_version(self, template: WorkflowTemplate) -> SafeString | str:
        """The version that new requests start on."""
        number = template.published_number  # type: ignore[attr-defined]
        if number is None:
            return "not yet"
        pk = template.published_id  # type: ignore[attr-defined]
        return link(reverse("admin:workflows_templateversion_change", args=[pk]), f"v{number}")

    @admin.display(description="open requests", ordering="running")
    def open_requests(self, template: WorkflowTemplate) -> SafeString:
        """How many are not over, with a link to them."""
        address = list_url(WorkflowInstance, template__id__exact=template.pk, over="no")
        return link(address, template.running)  # type: ignore[attr-defined]

    @admin.display(description="incidents", ordering="stuck")
    def open_incidents(self, template: WorkflowTemplate) -> SafeString | int:
        """How many wait for a person, with a link to them."""
        stuck: int = template.stuck  # type: ignore[attr-defined]
        address = list_url(Incident, request__template__id__exact=template.pk)
        return link(address, stuck) if stuck else 0

    @admin.display(description="see")
    def pages(self, template: WorkflowTemplate) -> SafeString:
        """The report and the versions."""
        pages = [
            (report_page(template.key), "report"),
            (list_url(TemplateVersion, template__id__exact=template.pk), "versions"),
        ]
        return format_html_join(", ", "{}", ((link(*page),) for page in pages))

    @admin.display(description="starts by")
    def starts(self, template: WorkflowTemplate) -> SafeString | str:
        """The form, the API, and what starts requests besides them."""
        return ways_to_start(template)

    @admin.display(description="versions")
    def versions(self, template: WorkflowTemplate) -> SafeString:
        """All its versions, the newest first."""
        rows = template.versions.annotate(running=Count("instances", _live)).order_by("-number")
        lines = (
            (
                link(change_url(version), f"version {version.number}"),
                version.state,
                version.get_state_display(),  # type: ignore[attr-defined]
                version.running,
            )
            for version in rows
        )
        line = '<li>{} <span class="handoff-badge is-{}">{}</span> {} open</li>'
        return format_html('<ul class="handoff-list">{}</ul>', format_html_join("", line, lines))

    # -- who may ---------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is shown is not edited; to the page of grants only the workflow's managers come."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: the record outlives the workflow."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A new workflow is filled in; from then on its published map says it."""
        return self.readonly_fields if obj is not None else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The versions come with the workflow."""
        return self.readonly_fields if obj is not None else NewWorkflowForm.Meta.fields

    # -- a new workflow --------------------------------------------------------------------

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """New workflows have a form; the others are read."""
        if obj is None:
            kwargs["form"] = NewWorkflowForm
        return super().get_form(request, obj, change=change, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """One service makes the workflow and its first draft."""
        version, _ = load_definition(form.definition, actor=actor_of(request), now=timezone.now())
        obj.pk, obj._state.adding = version.template_id, False

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """On to the draft, where the map is made."""
        draft = TemplateVersion.objects.filter(template=obj).order_by("-number").first()
        assert draft is not None
        self.message_user(request, f"{draft} is a draft; map it here.", messages.SUCCESS)
        return HttpResponseRedirect(change_url(draft))

    # -- pages -----------------------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With the commands beside it."""
        template = self.get_object(request, object_id)
        extra = {**(extra_context or {}), "may_grant": False}
        if template is not None:
            reads = may_audit(request.user, template)
            extra |= {
                "may_grant": self.may_grant(request, template),
                "requests_url": list_url(WorkflowInstance, template__id__exact=template.pk),
                "report_url": report_page(template.key) if reads else "",
                "reviews_url": reviews_page() if reads else "",
                "csv_url": audit_csv(template.key) if reads else "",
                "course_url": workflow_page(template.key) if reads else "",
                "health": health_table(steps_in_use(_alone(template))) if reads else "",
            }
        return super().change_view(request, object_id, form_url, extra)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the way in for files, for those who may add."""
        extra = {**(extra_context or {}), "may_load": self.has_add_permission(request)}
        return super().changelist_view(request, extra)

    def get_urls(self) -> list[URLPattern]:
        """And the page that takes a file."""
        load = self.admin_site.admin_view(self.load_view)
        return [path("load/", load, name="load_definition"), *super().get_urls()]

    def load_view(self, request: HttpRequest) -> HttpResponse:
        """Load a definition file as a draft."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = FileForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                version = self._load(request, form.cleaned_data["file"])
            except HandoffError as refused:
                form.add_error("file", str(refused))
            else:
                return HttpResponseRedirect(change_url(version))
        context = {
            **self.admin_site.each_context(request),
            "title": "Load a definition file",
            "opts": self.model._meta,
            "media": self.media,
            "form": form,
        }
        return TemplateResponse(request, "admin/workflows/load.html", context)

    def _load(self, request: HttpRequest, definition: Definition) -> TemplateVersion:
        version, is_new = load_definition(definition, actor=actor_of(request), now=timezone.now())
        said = "was loaded as a draft" if is_new else "says the same already; nothing was loaded"
        self.message_user(request, f"{version} {said}.", messages.SUCCESS)
        return version

    # -- grants and who uses it ------------------------------------------------------------

    grantable = (START, LISTEN, VIEW, MANAGE, AUDIT)

    def may_grant(self, request: HttpRequest, obj: WorkflowTemplate) -> bool:
        """For those who manage the workflow."""
        return self.has_command_permission(request) and manages(request, obj)

    @admin.display(description="started by other workflows")
    def started_by(self, template: WorkflowTemplate) -> SafeString | str:
        """The published maps that start its requests."""
        return maps_listed(starters_of(template))

    @admin.display(description="listened to by")
    def heard_by(self, template: WorkflowTemplate) -> SafeString | str:
        """The published maps that start when its requests end, and may take over their values."""
        return maps_listed(listeners_of(template))


def _alone(template: WorkflowTemplate) -> QuerySet[WorkflowTemplate]:
    return WorkflowTemplate.objects.filter(pk=template.pk)


_live = Q(instances__state__in=WorkflowInstance.LIVE)


def _counted(rows: QuerySet[Any], by: str) -> QuerySet[Any]:
    """A subquery that counts the rows of a workflow."""
    return (
        rows.filter(**{by: OuterRef("pk")})
        .order_by()
        .values(by)
        .annotate(count=Count("pk"))
        .values("count")
    )
