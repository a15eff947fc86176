"""From the log to the map: what a log (or our own history) shows, and a button that makes a draft
of it. Showing writes nothing; the log is kept on the page alone."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods

from approvals.ui.responses import (
    button_only_view,
    is_shown_on_page,
    refusal_context,
    signed_in_page,
    signed_in_user,
    status_of,
    submit_and_redirect,
)
from reporting.discovery import messages as words
from reporting.discovery.history_survey import survey_history
from reporting.discovery.page_survey import read_uploaded_survey, seal_survey, unseal_survey
from reporting.discovery.picture import draw_discovery
from reporting.eventlogs.services.observed_map import check_workflow_key
from reporting.workflow_pages.visible import find_visible_workflow
from workflows.access.services.once_only_forms import FormSubmission
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.services.publishing import load_definition
from workflows.engine.discovery.discover import Discovery, discover
from workflows.engine.discovery.draft import DraftNames
from workflows.engine.discovery.survey import LogSurvey
from workflows.engine.errors import HandoffError, InvalidInput, NotAllowed
from workflows.language.formats import count_text, share_text

ADD = "workflows.add_workflowtemplate"
PURPOSE = gettext_lazy("Drawn from a log, to be completed.")
LEAST, MOST, USUAL = 10, 100, 80


class KeepForm(forms.Form):
    """How much of the log the map is to have."""

    keep = forms.IntegerField(
        label=gettext_lazy("Keep at least so many per cent of the cases"),
        min_value=LEAST,
        max_value=MOST,
        initial=USUAL,
    )
    joins = forms.BooleanField(
        label=gettext_lazy("Propose parallel blocks"), required=False, initial=True
    )


class NewDraftForm(forms.Form):
    """What the new workflow is called."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    key = forms.CharField(
        label=gettext_lazy("Key"),
        max_length=60,
        help_text=gettext_lazy("Short, unique, in links: purchase-approval. It cannot be changed."),
    )


@dataclass(frozen=True, slots=True)
class ShownLog:
    """A log as the page shows it: what is known of it, and how much of it is asked for."""

    survey: LogSurvey
    keep: int
    joins: bool

    def discover(self, names: DraftNames) -> Discovery:
        """What it shows."""
        return discover(self.survey, names, share=self.keep / 100, finds_blocks=self.joins)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in_page
def from_log_view(request: HttpRequest) -> HttpResponse:
    """Choose a log, then look at it; `?workflow=KEY` looks at our own requests instead."""
    _require_may_add(request)
    try:
        if request.method == "POST":
            return _render_shown(request, _read_shown(request), NewDraftForm())
        if request.GET.get("workflow"):
            survey = survey_history(find_visible_workflow(request, request.GET["workflow"]))
            return _render_shown(request, ShownLog(survey, USUAL, joins=True), NewDraftForm())
    except HandoffError as refused:
        if not is_shown_on_page(refused):
            raise
        return _render(request, refusal_context(refused), status=status_of(refused))
    return _render(request, {})


def _from_log_address(**_: object) -> str:
    return reverse("workflows:from-log")


@signed_in_page
@button_only_view(_from_log_address)
def make_draft_from_log_view(request: HttpRequest) -> HttpResponse:
    """A new workflow with this draft, whose owner is whoever made it."""
    _require_may_add(request)
    shown = _read_shown(request)
    form = NewDraftForm(request.POST)
    if not form.is_valid():
        return _render_shown(request, shown, form, status=422)
    try:
        return submit_and_redirect(request, lambda: _make_draft(request, shown, form.cleaned_data))
    except HandoffError as refused:
        if not is_shown_on_page(refused):
            raise
        return _render_shown(request, shown, form, refused=refused, status=status_of(refused))


def _require_may_add(request: HttpRequest) -> None:
    if not signed_in_user(request).has_perm(ADD):
        raise NotAllowed("You may not make new workflows; ask somebody of the ops team.")


def _read_shown(request: HttpRequest) -> ShownLog:
    """The log that was sent just now, or the one that the page has kept."""
    sealed = request.POST.get("survey", "")
    if not sealed:
        return ShownLog(read_uploaded_survey(request.FILES.get("file")), USUAL, joins=True)
    form = KeepForm(request.POST)
    if not form.is_valid():
        raise InvalidInput(
            "Keep between %(least)s and %(most)s per cent of the cases.", least=LEAST, most=MOST
        )
    return ShownLog(unseal_survey(sealed), form.cleaned_data["keep"], form.cleaned_data["joins"])


def _make_draft(request: HttpRequest, shown: ShownLog, chosen: dict[str, Any]) -> FormSubmission:
    check_workflow_key(chosen["key"])
    if WorkflowTemplate.objects.filter(key=chosen["key"]).exists():
        raise InvalidInput(
            "There is a workflow with the key '%(key)s' already; choose another.",
            key=chosen["key"],
        )
    user = signed_in_user(request)
    names = DraftNames(chosen["key"], chosen["name"], str(PURPOSE), user.get_username())
    found = shown.discover(names)
    version, _ = load_definition(found.definition, actor=user, now=timezone.now())
    return FormSubmission(_draft_address(request, version), _made_sentence(version, found))


def _draft_address(request: HttpRequest, version: TemplateVersion) -> str:
    """Where the draft is completed: in the admin, by who may open it."""
    if signed_in_user(request).is_staff:
        return reverse("admin:workflows_templateversion_change", args=[version.pk])
    return reverse("workflows:page", args=[version.template.key])


def _made_sentence(version: TemplateVersion, found: Discovery) -> str:
    return gettext(
        "%(version)s is a draft; %(share)s of the log's cases fit it. Complete it by what the audit"
        " finds."
    ) % {"version": version, "share": share_text(found.fit_share)}


# -- the page ----------------------------------------------------------------------------------


def _render_shown(
    request: HttpRequest,
    shown: ShownLog,
    form: NewDraftForm,
    *,
    refused: HandoffError | None = None,
    status: int = 200,
) -> HttpResponse:
    found = shown.discover(DraftNames("from-log", gettext("From a log")))
    context = {
        "found": found,
        "figures": _figures(found),
        "sealed": seal_survey(shown.survey),
        "keep": shown.keep,
        "with_joins": shown.joins,
        "picture": draw_discovery(found),
        "joins": [words.join_sentence(join) for join in found.joins],
        "not_nested": list(words.not_nested_sentences(found)),
        "decisions": [
            (
                words.decision_head(decision),
                [words.way_sentence(way) for way in decision.ways],
                words.rule_sentence(decision),
            )
            for decision in found.decisions
        ],
        "form": form,
        **refusal_context(refused),
    }
    return _render(request, context, status=status)


def _figures(found: Discovery) -> list[tuple[str, str, str]]:
    """The tiles: heading, number, share."""
    return [
        (gettext("Cases"), count_text(found.cases), ""),
        (gettext("Different courses"), count_text(len(found.survey.traces)), ""),
        (gettext("Cases kept"), count_text(found.ways.kept), share_text(found.ways.share, 1)),
        (gettext("Fit the draft"), count_text(found.fit), share_text(found.fit_share, 1)),
    ]


def _render(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    workflows = WorkflowTemplate.objects.auditable_by(signed_in_user(request)).order_by("name")
    bounds = {"least": LEAST, "most": MOST, "own_workflows": workflows.values_list("key", "name")}
    return render(request, "reporting/from_log.html", bounds | context, status=status)
