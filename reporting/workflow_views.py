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
from django.views.decorators.http import require_http_methods, require_safe

from approvals.forms import ReasonForm
from approvals.pages import by_button, go_to, page, person_of, refusal_shown, status_of
from approvals.typed import form_data
from reporting.workflow_page import workflow_lines, workflow_page
from workflows.engine.definition_file import read_definition, write_definition
from workflows.engine.errors import HandoffError, InvalidInput, NotAllowed, NotFound
from workflows.models import TemplateVersion, WorkflowInstance, WorkflowTemplate
from workflows.once import Sent, once
from workflows.permissions import auditable, may_manage
from workflows.services import definitions, pausing
from workflows.services import retire as retiring
from workflows.services.rows import definition_of

FILE_LIMIT = 1_000_000


@require_safe
@page
def listing(request: HttpRequest) -> HttpResponse:
    """The workflows whose reports this person may read."""
    lines = workflow_lines(auditable(person_of(request)))
    return render(request, "reporting/workflows.html", {"lines": lines})


@require_safe
@page
def show(request: HttpRequest, key: str) -> HttpResponse:
    """One workflow."""
    return _shown(request, _in_sight(request, key))


def _shown(
    request: HttpRequest, template: WorkflowTemplate, refused: HandoffError | None = None
) -> HttpResponse:
    found = workflow_page(person_of(request), template, now=timezone.now())
    context = {"page": found, "workflow": found.template, **refusal_shown(refused)}
    status = status_of(refused) if refused else 200
    return render(request, "reporting/workflow.html", context, status=status)


def _in_sight(request: HttpRequest, key: str, *, to_manage: bool = False) -> WorkflowTemplate:
    user = person_of(request)
    found = auditable(user).filter(key=key).first()
    if found is None:
        raise NotFound("There is no such workflow, or it is not yours to see.")
    if to_manage and not may_manage(user, found):
        raise NotAllowed(f"Only the owner or deputy of “{found.name}” may do this.")
    return found


def _address(key: str, **_: object) -> str:
    return reverse("workflows:page", args=[key])


# -- pause, resume, retire ---------------------------------------------------------------------


class CourseForm(ReasonForm):
    """What becomes of running requests, and why."""

    field_order = ("running", "reason")
    running = forms.ChoiceField(
        widget=forms.RadioSelect, error_messages={"required": "Choose one of these."}
    )

    def __init__(
        self, *args: object, label: str, ways: Sequence[tuple[str, str]], **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["running"].label = label
        self.fields["running"].choices = ways  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One way to change what a workflow does, and how its page speaks of it."""

    run: Callable[..., object]
    heading: str
    button: str
    warning: str
    label: str
    ways: Sequence[tuple[str, str]]
    done: str
    look: str = "forward"


PAUSE = Course(
    run=pausing.pause,
    heading="Pause",
    button="Pause the workflow",
    warning="Nothing starts on it until it is resumed: not by its form, the API, a webhook, its"
    " schedule, or another workflow. Starts that its schedule owes in this time are not made up"
    " for; each is written in the trail.",
    label="The requests under way",
    ways=[
        (pausing.GO_ON, "go on to their end"),
        (pausing.SUSPEND, "are suspended too: nobody can decide anything on them"),
    ],
    done="“{}” is paused: nothing starts on it until it is resumed.",
)
RESUME = Course(
    run=pausing.resume,
    heading="Resume",
    button="Resume the workflow",
    warning="Requests can start again, from now on.",
    label="The requests that the pause suspended",
    ways=[(pausing.RESUME, "go on where they stood"), (pausing.LEAVE, "stay suspended")],
    done="“{}” is in use again.",
)
RETIRE = Course(
    run=retiring.retire,
    heading="Retire",
    button="Retire the workflow",
    warning="It is taken out of use: nothing starts on it any more. Its record stays. Publishing a"
    " version of it brings it back.",
    label="The requests under way",
    ways=[
        (retiring.FINISH, "go on to their end"),
        (retiring.CANCEL, "are cancelled now, all of them, with this reason"),
    ],
    done="“{}” is out of use: nothing starts on it any more.",
    look="exception",
)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def pause(request: HttpRequest, key: str) -> HttpResponse:
    """Let nothing start for a time."""
    return _ask(request, key, PAUSE)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def resume(request: HttpRequest, key: str) -> HttpResponse:
    """Let requests start again."""
    return _ask(request, key, RESUME)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def retire(request: HttpRequest, key: str) -> HttpResponse:
    """Take it out of use."""
    return _ask(request, key, RETIRE)


def _ask(request: HttpRequest, key: str, course: Course) -> HttpResponse:
    template = _in_sight(request, key, to_manage=True)
    form = CourseForm(form_data(request), label=course.label, ways=course.ways)
    refused = None
    if request.method == "POST" and form.is_valid():
        try:
            return go_to(request, once(request, lambda: _done(request, template, course, form)))
        except HandoffError as error:
            refused = error
    live = WorkflowInstance.objects.filter(template=template, state__in=WorkflowInstance.LIVE)
    by_pause = len(pausing.suspended_by_pause(template)) if course is RESUME else 0
    context = {
        "workflow": template,
        "course": course,
        "form": form,
        "under_way": (under_way := live.count()),
        "by_pause": by_pause,
        "concerned": by_pause if course is RESUME else under_way,
        **refusal_shown(refused),
    }
    status = status_of(refused) if refused else 422 if request.method == "POST" else 200
    return render(request, "reporting/workflow_ask.html", context, status=status)


def _done(
    request: HttpRequest, template: WorkflowTemplate, course: Course, form: CourseForm
) -> Sent:
    given = form.cleaned_data
    course.run(
        template,
        actor=person_of(request),
        reason=given["reason"],
        running=given["running"],
        now=timezone.now(),
    )
    return Sent(_address(template.key), course.done.format(template.name))


# -- a new version by its file -----------------------------------------------------------------


@require_safe
@page
def file(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """A version's definition file."""
    version = _version(request, key, number)
    name = f"{key}-v{number}.yaml"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    text = write_definition(definition_of(version))
    return HttpResponse(text, content_type="application/yaml", headers=headers)


@page
@by_button(_address)
def draft(request: HttpRequest, key: str) -> HttpResponse:
    """A new draft of the newest version."""

    def act(template: WorkflowTemplate, now: datetime) -> str:
        made = definitions.new_draft(template, actor=person_of(request), now=now)
        return f"{made} is a draft to change."

    return _command(request, key, act)


@page
@by_button(_address)
def load(request: HttpRequest, key: str) -> HttpResponse:
    """A definition file becomes a draft of this workflow."""

    def act(template: WorkflowTemplate, now: datetime) -> str:
        sent = request.FILES.get("file")
        if sent is None or (sent.size or 0) > FILE_LIMIT:
            raise InvalidInput("Choose the workflow's definition file, of 1 MB at most.")
        definition = read_definition(sent.read(), name=sent.name or "file")
        if definition.key != template.key:
            raise InvalidInput(
                f"This file is of the workflow '{definition.key}'; the one here is"
                f" '{template.key}'."
            )
        made, is_new = definitions.load_definition(definition, actor=person_of(request), now=now)
        return f"{made} {'is loaded as a draft' if is_new else 'says the same already'}."

    return _command(request, key, act)


@page
@by_button(_address)
def publish(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Publish a draft, if the map audit has no error."""
    version = _version(request, key, number)

    def act(template: WorkflowTemplate, now: datetime) -> str:
        done = definitions.publish(version.pk, actor=person_of(request), now=now)
        return f"{done} is published: new requests start on it, running ones stay on theirs."

    return _command(request, key, act)


def _version(request: HttpRequest, key: str, number: int) -> TemplateVersion:
    versions = _in_sight(request, key).versions.select_related("template")
    found = versions.filter(number=number).first()
    if found is None:
        raise NotFound("There is no such version of this workflow.")
    return found


def _command(
    request: HttpRequest, key: str, act: Callable[[WorkflowTemplate, datetime], str]
) -> HttpResponse:
    """Do it once and go back to the page, or show there what was refused."""
    template = _in_sight(request, key, to_manage=True)

    def run() -> Sent:
        return Sent(_address(key), act(template, timezone.now()))

    try:
        return go_to(request, once(request, run))
    except NotAllowed:
        raise
    except HandoffError as refused:
        return _shown(request, template, refused)
