"""Where a new workflow can start from: an example, or a copy of one that is there."""

from pathlib import Path
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.validators import validate_slug
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from workflows.access.services.once_only_forms import serve_view_once
from workflows.admin_site.base import actor_of
from workflows.admin_site.links import change_url
from workflows.definitions.admin.field_boxes.row_fields import with_group
from workflows.definitions.admin.first_lines import find_free_slug
from workflows.definitions.admin.map_options import read_people_options
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.definition_rows import definition_of
from workflows.definitions.services.publishing import load_definition
from workflows.engine.errors import HandoffError
from workflows.engine.format.definition import Definition
from workflows.engine.format.files import read_definition

EXAMPLES: Final = Path(__file__).resolve().parents[2] / "demo" / "maps"
NAMES_OF_EXAMPLES: Final = {
    "access_review": gettext_lazy("Access review"),
    "contract_review": gettext_lazy("Contract review"),
    "customer_workshop": gettext_lazy("Customer workshop"),
    "employee_onboarding": gettext_lazy("Employee onboarding"),
    "equipment_request": gettext_lazy("Equipment request"),
    "it_incident": gettext_lazy("IT incident"),
    "purchase_approval": gettext_lazy("Purchase approval"),
    "travel_declaration": gettext_lazy("Travel declaration"),
}
"""The examples by their files."""
EXAMPLE, COPY = "example:", "copy:"


class BeginningForm(forms.Form):
    """Which map to start from, and what the new workflow is called."""

    source = forms.ChoiceField(label=gettext_lazy("Start from"), widget=UnfoldAdminSelectWidget)
    name = forms.CharField(
        label=gettext_lazy("Name of the new workflow"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
    )
    key = forms.CharField(
        label=gettext_lazy("Key"),
        required=False,
        max_length=60,
        validators=[validate_slug],
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Left empty, it is made of the name."),
    )
    deputy = forms.ChoiceField(
        label=gettext_lazy("Deputy"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=gettext_lazy("You own it; the deputy stands in for you."),
    )

    def __init__(self, versions: Any, *args: Any) -> None:
        super().__init__(*args)
        self.versions = {f"{COPY}{version.pk}": version for version in versions}
        examples = [(f"{EXAMPLE}{stem}", name) for stem, name in NAMES_OF_EXAMPLES.items()]
        copies = [(value, str(version)) for value, version in self.versions.items()]
        fields: dict[str, Any] = self.fields
        fields["source"].choices = [
            *with_group(gettext("A copy of"), copies),
            *with_group(gettext("An example"), examples),
        ]
        fields["deputy"].choices = [("", "—"), *read_people_options()]

    def clean_key(self) -> str:
        """A key that no workflow has."""
        key: str = self.cleaned_data["key"]
        if key and WorkflowTemplate.objects.filter(key=key).exists():
            raise forms.ValidationError(gettext("There is a workflow of this key; choose another."))
        return key

    def definition(self, owner: str) -> Definition:
        """The map to start from, under its new name, owned by whoever starts it. Raises
        DefinitionProblem for a draft that does not hang together."""
        said = self.cleaned_data
        written = self._source(said["source"]).dump()
        head = {
            "key": said["key"] or find_free_slug(said["name"]),
            "name": said["name"],
            "owner": owner,
            "deputy": said["deputy"] if said["deputy"] != owner else "",
        }
        kept = {name: part for name, part in written.items() if name not in ("deputy", "baseline")}
        return Definition.model_validate(kept | {k: value for k, value in head.items() if value})

    def _source(self, source: str) -> Definition:
        if source in self.versions:
            return definition_of(self.versions[source])
        path = EXAMPLES / f"{source.removeprefix(EXAMPLE)}.yaml"
        return read_definition(path.read_bytes(), name=path.name)


class BeginningMixin:
    """The page on which one chooses what to start from."""

    def begin_view(self, request: HttpRequest) -> HttpResponse:
        """A copy or an example as a draft of a new workflow."""
        page: Any = self
        if not page.has_add_permission(request):
            raise PermissionDenied
        form = BeginningForm(self._versions_in_sight(request), request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                return serve_view_once(request, lambda: _begin(request, form))
            except HandoffError as refused:
                form.add_error(None, str(refused))
        context = {
            **page.admin_site.each_context(request),
            "title": gettext("Start from a map that is there"),
            "opts": WorkflowTemplate._meta,
            "media": page.media,
            "form": form,
        }
        return TemplateResponse(request, "admin/workflows/begin.html", context)

    def _versions_in_sight(self, request: HttpRequest) -> list[TemplateVersion]:
        """The newest version of each workflow that this person sees; the published one first."""
        page: Any = self.admin_site  # type: ignore[attr-defined]
        versions = page._registry[TemplateVersion].get_queryset(request)
        newest: dict[int, TemplateVersion] = {}
        for version in versions.order_by("name", "-number"):
            known = newest.setdefault(version.template_id, version)
            if version.state == TemplateVersion.PUBLISHED != known.state:
                newest[version.template_id] = version
        return list(newest.values())


def _begin(request: HttpRequest, form: BeginningForm) -> HttpResponse:
    definition = form.definition(actor_of(request).get_username())
    version, _ = load_definition(definition, actor=actor_of(request), now=timezone.now())
    sentence = gettext("%(version)s is a draft; map it here.") % {"version": version}
    messages.success(request, sentence)
    return HttpResponseRedirect(change_url(version))
