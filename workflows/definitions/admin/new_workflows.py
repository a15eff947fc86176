"""How a workflow comes in: by a form with its words and people, or by a file."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from pydantic import ValidationError
from unfold.widgets import UnfoldAdminTextareaWidget

from workflows.admin_site.base import actor_of
from workflows.admin_site.links import change_url
from workflows.admin_site.service_writes import give_key
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.services.publishing import load_definition
from workflows.engine.bpmn.reading import BpmnDraft, looks_like_bpmn, read_bpmn
from workflows.engine.bpmn.xml_tree import MAX_BYTES
from workflows.engine.errors import DefinitionProblem, HandoffError
from workflows.engine.format.definition import Definition
from workflows.engine.format.files import explain_validation_error, read_definition
from workflows.persistence.row_edits import RowEdits

NEW_STEPS = {"done": {"kind": "end", "result": "done"}}
"""The map of a workflow that was just made: it has an end, and nothing before it yet."""


class NewWorkflowForm(forms.ModelForm):
    """A new workflow begins as a draft with these words and people."""

    class Meta:
        model = WorkflowTemplate
        fields = ("key", "name", "purpose", "owner", "deputy")
        widgets = {"purpose": UnfoldAdminTextareaWidget(attrs={"rows": 3})}
        help_texts = {
            "key": gettext_lazy("Short, unique, in links: purchase-approval. It cannot be changed.")
        }

    definition: Definition

    def clean(self) -> dict[str, Any]:
        """The words and people as a definition."""
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        entered = {"key": cleaned["key"], "name": cleaned["name"], "purpose": cleaned["purpose"]}
        people = {
            name: cleaned[name].get_username() for name in ("owner", "deputy") if cleaned[name]
        }
        written = {name: value for name, value in entered.items() if value} | people
        try:
            self.definition = Definition.model_validate(
                {"format": 1, **written, "steps": NEW_STEPS}
            )
        except ValidationError as problem:
            raise forms.ValidationError(str(explain_validation_error(problem))) from problem
        return cleaned


class FileForm(forms.Form):
    """A definition file, or a map that another tool drew."""

    file = forms.FileField(
        label=gettext_lazy("Definition file, or BPMN file"),
        help_text=gettext_lazy("YAML, JSON or BPMN 2.0. It becomes a draft; nothing is published."),
        widget=forms.ClearableFileInput(attrs={"accept": ".yaml,.yml,.json,.bpmn,.xml"}),
    )

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request.POST or None, request.FILES or None)
        self.owner = request.user.get_username()

    def clean_file(self) -> BpmnDraft:
        """What the file says, and what of it the draft will not say."""
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(
                gettext("The file is larger than 5 MB; is it the right one?")
            )
        content = file.read()
        try:
            if looks_like_bpmn(content):
                return read_bpmn(content, name=file.name, owner=self.owner)
            return BpmnDraft(definition=read_definition(content, name=file.name), unsupported=())
        except DefinitionProblem as problem:
            raise forms.ValidationError(str(problem)) from problem


class NewWorkflowMixin:
    """The admin's form of a new workflow, and the page that takes a file."""

    def write_rows(
        self, request: HttpRequest, form: Any, edits: RowEdits[Any], *, is_new: bool
    ) -> None:
        """One service makes the workflow and its first draft."""
        if not is_new:
            raise PermissionDenied
        version, _ = load_definition(form.definition, actor=actor_of(request), now=timezone.now())
        give_key(form, version.template)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """On to the draft, where the map is made."""
        draft = TemplateVersion.objects.filter(template=obj).order_by("-number").first()
        assert draft is not None
        sentence = gettext("%(version)s is a draft; map it here.") % {"version": draft}
        messages.success(request, sentence)
        return HttpResponseRedirect(change_url(draft))

    def load_view(self, request: HttpRequest) -> HttpResponse:
        """Load a file as a draft; what it says and the draft does not is listed."""
        if not self.has_add_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        form = FileForm(request)
        if request.method == "POST" and form.is_valid():
            draft: BpmnDraft = form.cleaned_data["file"]
            try:
                version = _load_file_definition(request, draft.definition)
            except HandoffError as refused:
                form.add_error("file", str(refused))
            else:
                if not draft.unsupported:
                    return HttpResponseRedirect(change_url(version))
                left_out = {"rows": draft.unsupported, "draft_url": change_url(version)}
                return self._render_load_page(request, "left_out.html", left_out)
        return self._render_load_page(request, "load.html", {"form": form})

    def _render_load_page(
        self, request: HttpRequest, template: str, more: Mapping[str, Any]
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": gettext("Load a file"),
            "opts": WorkflowTemplate._meta,
            "media": self.media,  # type: ignore[attr-defined]
            **more,
        }
        return TemplateResponse(request, f"admin/workflows/{template}", context)


def _load_file_definition(request: HttpRequest, definition: Definition) -> TemplateVersion:
    version, is_new = load_definition(definition, actor=actor_of(request), now=timezone.now())
    sentence = (
        gettext("%(version)s was loaded as a draft.")
        if is_new
        else gettext("%(version)s says the same already; nothing was loaded.")
    )
    messages.success(request, sentence % {"version": version})
    return version
