"""The pages of workflows: what each is and how it does; pause, resume, retire; a new version by
its file. For owners who are not staff as well; a GET only shows or asks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from approvals.forms.field_forms import CommandReasonForm
from approvals.ui.responses import (
    button_only_view,
    refusal_context,
    signed_in_page,
    signed_in_user,
    status_of,
    status_of_form_page,
    submit_and_redirect,
)
from approvals.ui.tables import Sentence
from approvals.ui.typed_text import form_data
from reporting.workflow_pages.page import build_workflow_page, collect_workflow_lines
from reporting.workflow_pages.tables import workflows_table
from reporting.workflow_pages.visible import find_visible_workflow
from workflows.access.services.once_only_forms import FormSubmission, Twins
from workflows.definitions.lifecycle import pausing
from workflows.definitions.lifecycle import retirement as retiring
from workflows.definitions.lifecycle.once_more import AskedOnceMore, require_asked_once_more
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.map_files import write_map_file
from workflows.definitions.services import publishing as definitions
from workflows.engine.errors import HandoffError, InvalidInput, NotAllowed, NotFound
from workflows.engine.format.files import read_definition
from workflows.execution.queries.open_work import count_open_instances
from workflows.version_changes.queries.versions_in_use import list_versions_in_use

FILE_LIMIT = 1_000_000


@require_safe
@signed_in_page
def workflow_list_view(request: HttpRequest) -> HttpResponse:
    """The workflows whose reports this person may read."""
    lines = collect_workflow_lines(WorkflowTemplate.objects.auditable_by(signed_in_user(request)))
    return render(request, "reporting/workflows.html", {"table": workflows_table(lines)})


@require_safe
@signed_in_page
def workflow_page_view(request: HttpRequest, key: str) -> HttpResponse:
    """One workflow."""
    return _render_workflow(request, find_visible_workflow(request, key))


def _render_workflow(
    request: HttpRequest, template: WorkflowTemplate, refused: HandoffError | None = None
) -> HttpResponse:
    workflow_data = build_workflow_page(signed_in_user(request), template, now=timezone.now())
    context = {
        "page": workflow_data,
        "workflow": workflow_data.template,
        **refusal_context(refused),
    }
    status = status_of(refused) if refused else 200
    return render(request, "reporting/workflow.html", context, status=status)


def _workflow_address(key: str, **_: object) -> str:
    return reverse("workflows:page", args=[key])


# -- pause, resume, retire ---------------------------------------------------------------------


class LifecycleActionForm(CommandReasonForm):
    """What becomes of running requests, and why."""

    field_order = ("running", "reason")
    running = forms.ChoiceField(
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose one of these.")},
        label=gettext_lazy("Running"),
    )

    def __init__(
        self,
        *args: object,
        label: Sentence,
        choices: Sequence[tuple[str, Sentence]],
        **kwargs: object,
    ) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["running"].label = str(label)
        self.fields["running"].choices = choices  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleAction:
    """One way to change what a workflow does, and how its page speaks of it; `%(name)s` stands for
    the workflow."""

    run: Callable[..., object]
    question: Sentence
    button: Sentence
    warning: Sentence
    label: Sentence
    choices: Sequence[tuple[str, Sentence]]
    done: Sentence
    look: str = "forward"


PAUSE = LifecycleAction(
    run=pausing.pause_workflow,
    question=gettext_lazy("Pause “%(name)s”?"),
    button=gettext_lazy("Pause the workflow"),
    warning=gettext_lazy(
        "Nothing starts on it until it is resumed: not by its form, the API, a webhook, its"
        " schedule, or another workflow. Starts that its schedule owes in this time are not made"
        " up for; each is written in the trail."
    ),
    label=gettext_lazy("The requests under way"),
    choices=[
        (pausing.GO_ON, gettext_lazy("go on to their end")),
        (
            pausing.SUSPEND,
            gettext_lazy("are suspended too: nobody can decide anything on them"),
        ),
    ],
    done=gettext_lazy("“%(name)s” is paused: nothing starts on it until it is resumed."),
)
RESUME = LifecycleAction(
    run=pausing.resume_workflow,
    question=gettext_lazy("Resume “%(name)s”?"),
    button=gettext_lazy("Resume the workflow"),
    warning=gettext_lazy("Requests can start again, from now on."),
    label=gettext_lazy("The requests that the pause suspended"),
    choices=[
        (pausing.RESUME, gettext_lazy("go on where they stood")),
        (pausing.LEAVE, gettext_lazy("stay suspended")),
    ],
    done=gettext_lazy("“%(name)s” is in use again."),
)
RETIRE = LifecycleAction(
    run=retiring.retire_workflow,
    question=gettext_lazy("Retire “%(name)s”?"),
    button=gettext_lazy("Retire the workflow"),
    warning=gettext_lazy(
        "It is taken out of use: nothing starts on it any more. Its record stays. Publishing a"
        " version of it brings it back."
    ),
    label=gettext_lazy("The requests under way"),
    choices=[
        (retiring.FINISH, gettext_lazy("go on to their end")),
        (
            retiring.CANCEL,
            gettext_lazy("are cancelled now, all of them, with this reason"),
        ),
    ],
    done=gettext_lazy("“%(name)s” is out of use: nothing starts on it any more."),
    look="exception",
)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in_page
def pause_workflow_view(request: HttpRequest, key: str) -> HttpResponse:
    """Let nothing start for a time."""
    return _ask_lifecycle_action(request, key, PAUSE)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in_page
def resume_workflow_view(request: HttpRequest, key: str) -> HttpResponse:
    """Let requests start again."""
    return _ask_lifecycle_action(request, key, RESUME)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in_page
def retire_workflow_view(request: HttpRequest, key: str) -> HttpResponse:
    """Take it out of use."""
    return _ask_lifecycle_action(request, key, RETIRE)


def _ask_lifecycle_action(request: HttpRequest, key: str, action: LifecycleAction) -> HttpResponse:
    template = find_visible_workflow(request, key, to_manage=True)
    form = LifecycleActionForm(form_data(request), label=action.label, choices=action.choices)
    refused = None
    if request.method == "POST" and form.is_valid():
        try:
            return submit_and_redirect(
                request, lambda: _perform_lifecycle_action(request, template, action, form)
            )
        except HandoffError as error:
            refused = error
    under_way = sum(count_open_instances(template).values())
    by_pause = len(pausing.instances_suspended_by_pause(template)) if action is RESUME else 0
    context = {
        "workflow": template,
        "course": action,
        "question": str(action.question) % {"name": template.name},
        "form": form,
        "under_way": under_way,
        "by_pause": by_pause,
        "concerned": by_pause if action is RESUME else under_way,
        "asked_once_more": isinstance(refused, AskedOnceMore),
        "in_use": list_versions_in_use(template) if action is RETIRE and under_way else [],
        **refusal_context(refused),
    }
    status = status_of_form_page(request, refused)
    return render(request, "reporting/workflow_ask.html", context, status=status)


def _perform_lifecycle_action(
    request: HttpRequest,
    template: WorkflowTemplate,
    action: LifecycleAction,
    form: LifecycleActionForm,
) -> FormSubmission:
    cleaned = form.cleaned_data
    if action is RETIRE:
        require_asked_once_more(template, request.POST.get("under_way", ""))
    action.run(
        template,
        actor=signed_in_user(request),
        reason=cleaned["reason"],
        running=cleaned["running"],
        now=timezone.now(),
    )
    return FormSubmission(
        _workflow_address(template.key), str(action.done) % {"name": template.name}
    )


# -- a new version by its file -----------------------------------------------------------------


@require_safe
@signed_in_page
def version_file_view(request: HttpRequest, key: str, number: int, ending: str) -> HttpResponse:
    """A version's map as a file."""
    file = write_map_file(_find_version(request, key, number), ending)
    return HttpResponse(file.text, content_type=file.content_type, headers=file.headers)


@signed_in_page
@button_only_view(_workflow_address)
def new_draft_view(request: HttpRequest, key: str) -> HttpResponse:
    """A new draft of the newest version."""

    def create_draft(template: WorkflowTemplate, now: datetime) -> str:
        version = definitions.new_draft(template, actor=signed_in_user(request), now=now)
        return gettext("%(version)s is a draft to change.") % {"version": version}

    return _run_version_command(request, key, create_draft)


@signed_in_page
@button_only_view(_workflow_address)
def load_draft_view(request: HttpRequest, key: str) -> HttpResponse:
    """A definition file becomes a draft of this workflow."""

    def load_draft(template: WorkflowTemplate, now: datetime) -> str:
        sent = request.FILES.get("file")
        if sent is None or (sent.size or 0) > FILE_LIMIT:
            raise InvalidInput("Choose the workflow's definition file, of 1 MB at most.")
        definition = read_definition(sent.read(), name=sent.name or "file")
        if definition.key != template.key:
            raise InvalidInput(
                "This file is of the workflow '%(key)s'; the one here is '%(key_2)s'.",
                key=definition.key,
                key_2=template.key,
            )
        version, is_new = definitions.load_definition(
            definition, actor=signed_in_user(request), now=now
        )
        if is_new:
            return gettext("%(version)s is loaded as a draft.") % {"version": version}
        return gettext("%(version)s says the same already.") % {"version": version}

    return _run_version_command(request, key, load_draft)


@signed_in_page
@button_only_view(_workflow_address)
def publish_draft_view(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Publish a draft, if the map audit has no error."""
    version = _find_version(request, key, number)

    def publish_draft(template: WorkflowTemplate, now: datetime) -> str:
        done = definitions.publish(version.pk, actor=signed_in_user(request), now=now)
        return gettext(
            "%(version)s is published: new requests start on it, running ones stay on theirs."
        ) % {"version": done}

    return _run_version_command(request, key, publish_draft)


def _find_version(request: HttpRequest, key: str, number: int) -> TemplateVersion:
    versions = find_visible_workflow(request, key).versions.select_related("template")
    version = versions.filter(number=number).first()
    if version is None:
        raise NotFound("There is no such version of this workflow.")
    return version


def _run_version_command(
    request: HttpRequest, key: str, operation: Callable[[WorkflowTemplate, datetime], str]
) -> HttpResponse:
    """Do it once and go back to the page, or show there what was refused."""
    template = find_visible_workflow(request, key, to_manage=True)

    def perform_operation() -> FormSubmission:
        return FormSubmission(_workflow_address(key), operation(template, timezone.now()))

    try:
        return submit_and_redirect(request, perform_operation, Twins.LED)
    except NotAllowed:
        raise
    except HandoffError as refused:
        return _render_workflow(request, template, refused)
