"""Starting a request: the list of workflows, and the form that the map declares."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from approvals.forms.conditional_fields import asks_which_fields, which_fields_response
from approvals.forms.field_forms import DeclaredForm, TitleForm
from approvals.forms.form_drafts import (
    DraftContent,
    announce_draft,
    keep_start_form,
    throw_draft_away,
)
from approvals.forms.kept_uploads import (
    keep_uploads,
    kept_pairs,
    release_uploads,
    take_kept_uploads,
    without_kept,
)
from approvals.forms.people_boxes import offer_people_of_map
from approvals.pages.command_results import describe_start_result
from approvals.pages.hold_lines import TypedHolds, read_typed_holds, says_what_is_held
from approvals.ui.responses import (
    button_only_view,
    is_shown_on_page,
    refusal_context,
    signed_in_page,
    signed_in_user,
    status_of,
    submit_and_redirect,
)
from approvals.ui.typed_text import SAVE_DRAFT, form_data
from workflows.access.permissions import may_start
from workflows.access.services.once_only_forms import (
    FormSubmission,
    SentAlready,
    Twins,
    find_earlier_submission,
)
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.compiled_versions import get_version_map
from workflows.definitions.queries.published_versions import (
    get_published_version,
    require_known_workflow,
)
from workflows.engine.authority.row_columns import AT_START
from workflows.engine.errors import HandoffError, InvalidInput, NotAllowed
from workflows.engine.format.definition import Definition
from workflows.engine.values.field_types.base import type_of_field
from workflows.engine.values.fields import canonical_field_value
from workflows.execution.models import FormDraft, WorkflowInstance
from workflows.execution.queries.form_drafts import find_start_draft, start_drafts_of
from workflows.execution.queries.sight.field_sight import hidden_fields
from workflows.execution.queries.visible_instances import find_visible_request
from workflows.execution.services import instances as requests
from workflows.execution.services.field_values.default_values import default_values
from workflows.execution.services.form_drafts import discard_form_draft
from workflows.people.models import User
from workflows.people.queries.stand_ins import prefetch_absences


@dataclass(frozen=True, slots=True)
class OpeningForm:
    """What a start form opens with: typed text, or values of another request (`like`). `draft` is
    where the text comes from, `files` were chosen with it."""

    data: QueryDict | None = None
    draft: FormDraft | None = None
    files: Sequence[str] = ()
    like: WorkflowInstance | None = None


@require_safe
@signed_in_page
def startable_workflows_view(request: HttpRequest) -> HttpResponse:
    """The workflows that I may start, and my drafts."""
    user = signed_in_user(request)
    workflows = (
        WorkflowTemplate.objects.startable_by(user)
        .select_related("owner")
        .prefetch_related(prefetch_absences("owner", timezone.now()))
        .order_by("name")
        .distinct()
    )
    context = {"workflows": workflows, "drafts": start_drafts_of(user)}
    return render(request, "approvals/start.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in_page
def start_form_view(request: HttpRequest, key: str) -> HttpResponse:
    """The start form of one workflow; a POST starts a request, or keeps the form as a draft."""
    version = _find_startable_version(signed_in_user(request), key)
    if request.method != "POST":
        requests.require_not_paused(version)
    elif SAVE_DRAFT in request.POST:
        return _save_draft(request, version)
    take_kept_uploads(request)
    opening = _read_opening(request, version)
    title, fields = _start_forms(version, request, opening)
    if asks_which_fields(request):
        return which_fields_response(fields, lambda: _typed_holds(request, version, fields).answer)
    error: HandoffError | None = None
    holds = TypedHolds()
    if request.method == "POST" and title.is_valid() & fields.is_valid():
        try:
            if find_earlier_submission(request) is None:
                holds = _typed_holds(request, version, fields)
                holds.require_seen(request.POST)
            response = submit_and_redirect(
                request, lambda: _start_request(request, key, title, fields), Twins.ASKED
            )
            release_uploads(request, fields)
            return response
        except HandoffError as refused:
            if not is_shown_on_page(refused):
                raise
            error = refused
    return _start_form_response(request, version, opening, title, fields, error, holds)


def _typed_holds(
    request: HttpRequest, version: TemplateVersion, fields: DeclaredForm
) -> TypedHolds:
    """What of the form cannot be had now. What is left of a budget is said only where the start
    itself would say it."""
    version_map = get_version_map(version)
    first = version_map.graph.definition.start.first if version_map.graph.definition.start else None
    user, now = signed_in_user(request), timezone.now()
    return read_typed_holds(user, version_map, fields, now, spending_step=first)


def _start_form_response(
    request: HttpRequest,
    version: TemplateVersion,
    opening: OpeningForm,
    title: TitleForm,
    fields: DeclaredForm,
    error: HandoffError | None,
    holds: TypedHolds,
) -> HttpResponse:
    """The page with the form; one that could not be sent stays as a draft."""
    is_sent = request.method == "POST" and not fields.is_reshaped
    files_lost = keep_uploads(request, fields) if request.method == "POST" else []
    if is_sent and not isinstance(error, SentAlready):
        kept = kept_pairs(request)
        keep_start_form(request, signed_in_user(request).pk, version.template, kept)
    context = {
        "version": version,
        "title_form": title,
        "form": fields,
        "opening": opening,
        "holds": holds,
        "books": says_what_is_held(get_version_map(version), fields.fields),
        **refusal_context(error),
        "files_lost": files_lost,
        "unready": is_sent and error is None,
    }
    status = status_of(error) if error else 422 if is_sent else 200
    return render(request, "approvals/start_form.html", context, status=status)


@signed_in_page
@button_only_view(lambda key: reverse("approvals:start"))
def discard_draft_view(request: HttpRequest, key: str) -> HttpResponse:
    """Throw the draft for one workflow away."""
    template = WorkflowTemplate.objects.filter(key=key).first()
    return throw_draft_away(request, template, leads_to=reverse("approvals:start"))


def _save_draft(request: HttpRequest, version: TemplateVersion) -> HttpResponse:
    """Keep the form and lead to the list of drafts; nothing is checked, as nothing is sent."""
    take_kept_uploads(request)
    user = signed_in_user(request)
    draft = keep_start_form(request, user.pk, version.template, kept_pairs(request))
    announce_draft(
        request,
        draft,
        nothing_kept=gettext("Nothing was kept: the form is empty, or far too long."),
    )
    return HttpResponseRedirect(reverse("approvals:start"))


# -- how the form opens -----------------------------------------------------------------------


def _read_opening(request: HttpRequest, version: TemplateVersion) -> OpeningForm:
    """What was sent or kept over a sign-in, else another request that is named, else a draft."""
    user = signed_in_user(request)
    data = form_data(request)
    if data is not None:
        if request.method != "POST":
            take_kept_uploads(request, data)
        return OpeningForm(data)
    reference = request.GET.get("like", "")
    if reference:
        like = find_visible_request(user, reference)
        if like.template_id != version.template_id:
            raise InvalidInput("%(reference)s is of another workflow.", reference=like.reference)
        return OpeningForm(like=like)
    draft = find_start_draft(user, version.template)
    if draft is None:
        return OpeningForm()
    content = DraftContent.of_draft(draft)
    take_kept_uploads(request, content.data)
    return OpeningForm(content.data, draft, without_kept(request, content.files))


def _copied_values(like: WorkflowInstance, definition: Definition, by: User) -> dict[str, Any]:
    """The values of a request as the form would show them; never its documents, nor what this
    person may not see."""
    hidden = hidden_fields(by, like)
    return {
        key: canonical_field_value(field, like.data.get(key))
        for key, field in definition.fields.items()
        if like.data.get(key) is not None
        and key not in hidden
        and not type_of_field(field).holds_document
    }


def _find_startable_version(user: User, key: str) -> TemplateVersion:
    """The version that this person's requests start on. Who knows the workflow and may not start it
    is told why; to all others there is no such workflow."""
    try:
        version = get_published_version(key)
    except HandoffError:
        require_known_workflow(user, key)
        raise
    if not may_start(user, version.template):
        require_known_workflow(user, key)
        raise NotAllowed(
            "You may not start “%(name)s”: you are not in the role that starts it.",
            name=version.name,
        )
    return version


def _start_forms(
    version: TemplateVersion, request: HttpRequest, opening: OpeningForm
) -> tuple[TitleForm, DeclaredForm]:
    version_map, by = get_version_map(version), signed_in_user(request)
    definition = version_map.graph.definition
    start_fields = (definition.start.fields or []) if definition.start else []
    files = request.FILES if opening.data is not None else None
    if opening.like is not None:
        copied_values = _copied_values(opening.like, definition, by)
        title = TitleForm(initial={"title": opening.like.title})
        fields = DeclaredForm(definition, start_fields, opening_values=copied_values, at=AT_START)
        offer_people_of_map(fields, by, version_map, by.pk)
        return title, fields
    fields = DeclaredForm(definition, start_fields, opening.data, files, at=AT_START)
    if opening.data is None:
        fields.fill_in_values(default_values(version_map, start_fields, by, timezone.now()))
    offer_people_of_map(fields, by, version_map, by.pk)
    if request.method != "POST":  # what is still missing in a draft is no mistake yet
        fields.leave_unchecked()
    return TitleForm(opening.data), fields


def _start_request(
    request: HttpRequest, key: str, title: TitleForm, fields: DeclaredForm
) -> FormSubmission:
    now = timezone.now()
    instance = requests.start(
        key,
        actor=signed_in_user(request),
        now=now,
        data=fields.answers(),
        files=fields.uploads(),
        title=title.cleaned_data["title"],
    )
    discard_form_draft(signed_in_user(request).pk, instance.template)
    to = reverse("approvals:request", args=[instance.reference])
    return FormSubmission(to, describe_start_result(instance, now))
