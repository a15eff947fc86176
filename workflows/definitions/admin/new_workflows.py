"""How a workflow comes in: by a form with its words and people, or by a file."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.validators import validate_slug
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from workflows.admin_site.base import actor_of
from workflows.admin_site.links import change_url
from workflows.admin_site.service_writes import give_key
from workflows.definitions.admin.first_lines import (
    build_questions_field,
    build_tasks_field,
    find_free_slug,
    read_form,
    write_parts,
)
from workflows.definitions.admin.map_options import read_group_options, read_people_options
from workflows.definitions.admin.owners import owner_choices
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.services.publishing import load_definition
from workflows.engine.bpmn.reading import BpmnDraft, looks_like_bpmn, read_bpmn
from workflows.engine.bpmn.xml_tree import MAX_BYTES
from workflows.engine.errors import DefinitionProblem, HandoffError
from workflows.engine.format.definition import Definition
from workflows.engine.format.files import read_definition
from workflows.persistence.row_edits import RowEdits


class NewWorkflowForm(forms.ModelForm):
    """A new workflow begins as a draft with these words and people, and what is done in order."""

    person: Any = None
    """Who fills it in, and owns it where nobody else is named."""

    key = forms.CharField(
        label=gettext_lazy("Key"),
        required=False,
        max_length=60,
        validators=[validate_slug],
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy(
            "Short, unique, in links: purchase-approval. It cannot be changed. Left empty, it is"
            " made of the name."
        ),
    )
    start = forms.ChoiceField(
        label=gettext_lazy("Who may start it"), required=False, widget=UnfoldAdminSelectWidget
    )
    tasks = build_tasks_field()
    questions = build_questions_field()

    class Meta:
        model = WorkflowTemplate
        fields = ("key", "name", "purpose", "owner", "deputy")
        widgets = {"purpose": UnfoldAdminTextareaWidget(attrs={"rows": 2})}
        help_texts = {"owner": gettext_lazy("Left empty: you.")}

    definition: Definition

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups, people = read_group_options(), read_people_options()
        fields: dict[str, Any] = self.fields
        if "owner" in fields:
            fields["owner"].required = False
        if "start" in fields:
            fields["start"].choices = [("", "—"), *owner_choices(groups, people, ())[:2]]
        if "tasks" in fields:
            fields["tasks"].widget.choices["owner"] = [
                ("", "—"),
                *owner_choices(groups, people, ()),
            ]

    def clean(self) -> dict[str, Any]:
        """The words, people and lines as a definition."""
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        cleaned["key"] = cleaned["key"] or find_free_slug(cleaned["name"])
        cleaned["owner"] = cleaned["owner"] or self.person
        written = {name: cleaned[name] for name in ("key", "name", "purpose") if cleaned[name]}
        people = {
            name: cleaned[name].get_username() for name in ("owner", "deputy") if cleaned[name]
        }
        parts = write_parts(cleaned.get("start") or "", cleaned["tasks"], cleaned["questions"])
        self.definition = read_form(written | people | parts)
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


NEW_FIELDSETS = (
    (None, {"fields": (("name", "start"), "purpose", ("owner", "deputy"))}),
    (gettext_lazy("What is done, in order"), {"fields": ("tasks",)}),
    (gettext_lazy("What the form asks"), {"fields": ("questions",)}),
    (gettext_lazy("More"), {"classes": ("collapse",), "fields": ("key",)}),
)


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

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """What is asked of a new one, in the order in which one thinks of it."""
        if obj is not None:
            return super().get_fieldsets(request, obj)  # type: ignore[misc]
        return NEW_FIELDSETS

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """A form that knows who fills it in."""
        form = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]
        if issubclass(form, NewWorkflowForm):
            form.person = request.user
        return form

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
