"""Does what happened fit the map? Our own requests of a period, or a log that is sent. Nothing is
written, and nothing of the log is kept but on the page itself."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from approvals.ui.csv_download import table_csv_response
from approvals.ui.responses import refusal_context, signed_in_page, status_of
from reporting.conformance.checks import check_history
from reporting.conformance.mapping_choices import (
    mapping_of_choices,
    meaning_choices,
    propose_meaning,
)
from reporting.conformance.page_log import PageLog, check_page_log, read_page_log
from reporting.conformance.picture import draw_conformance
from reporting.conformance.results import ConformanceResult
from reporting.conformance.tables import deviations_table
from reporting.metrics.native_rows import RequestPeriod
from reporting.workflow_pages.conformance_forms import HistoryForm, LogForm, MapForm, MappingForm
from reporting.workflow_pages.visible import find_visible_workflow
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.definition_rows import definition_of
from workflows.engine.errors import HandoffError, InvalidInput
from workflows.engine.format.definition import Definition
from workflows.engine.texts import grouped
from workflows.language.formats import share_text

MOST_REQUESTS = 20_000
HISTORY = "history"
CSV = "csv"


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in_page
def conformance_view(request: HttpRequest, key: str) -> HttpResponse:
    """A GET may ask for our own requests; a log is sent."""
    template = find_visible_workflow(request, key)
    versions = _list_versions(template)
    context: dict[str, Any] = {
        "workflow": template,
        "history_form": HistoryForm(versions=versions),
        "log_form": LogForm(versions=versions),
    }
    if not versions:
        return render(request, "reporting/conformance.html", context)
    try:
        if request.method == "POST":
            return _answer_log(request, versions, context)
        if request.GET.get("source") == HISTORY:
            return _answer_history(request, template, versions, context)
    except HandoffError as refused:
        answer = context | refusal_context(refused)
        return render(request, "reporting/conformance.html", answer, status=status_of(refused))
    return render(request, "reporting/conformance.html", context)


def _list_versions(template: WorkflowTemplate) -> list[TemplateVersion]:
    """The versions whose map may be chosen: the published one first, then the newest."""
    versions = list(template.versions.select_related("template").order_by("-number")[:20])
    return sorted(versions, key=lambda version: version.state != TemplateVersion.PUBLISHED)


# -- our own requests --------------------------------------------------------------------------


def _answer_history(
    request: HttpRequest,
    template: WorkflowTemplate,
    versions: list[TemplateVersion],
    context: dict[str, Any],
) -> HttpResponse:
    form = context["history_form"] = HistoryForm(request.GET, versions=versions)
    if not form.is_valid():
        return render(request, "reporting/conformance.html", context, status=422)
    cleaned = form.cleaned_data
    period = RequestPeriod(since=cleaned["since"], until=cleaned["until"])
    if period.requests(template)[: MOST_REQUESTS + 1].count() > MOST_REQUESTS:
        raise InvalidInput(
            "More than %(most)s requests were started in this time; choose a shorter one, or use"
            " the command line.",
            most=grouped(MOST_REQUESTS),
        )
    definition = definition_of(form.chosen)
    result = check_history(definition, template, period)
    query = request.GET.copy()
    query["as"] = CSV
    context |= {"csv_query": query.urlencode(), "of_history": True}
    return _show(request, form, definition, result, context)


# -- a log -------------------------------------------------------------------------------------


def _answer_log(
    request: HttpRequest, versions: list[TemplateVersion], context: dict[str, Any]
) -> HttpResponse:
    """A log that was sent just now, or the one that the page has kept, with a mapping."""
    form = context["log_form"] = LogForm(request.POST, request.FILES, versions=versions)
    definition = definition_of(form.chosen)
    kept = request.POST.get("log", "") if not request.FILES.get("file") else ""
    log = PageLog.unseal(kept) if kept else read_page_log(request.FILES.get("file"), definition)
    mapping = MappingForm(
        request.POST if kept else None,
        activities=log.activities,
        choices=meaning_choices(definition),
        proposed={name: propose_meaning(name, definition) for name in log.activities},
    )
    result = check_page_log(log, mapping_of_choices(mapping.chosen, definition))
    context |= {"log": log, "sealed": log.seal(), "mapping": mapping}
    return _show(request, form, definition, result, context)


# -- what is found -----------------------------------------------------------------------------


def _show(
    request: HttpRequest,
    form: MapForm,
    definition: Definition,
    result: ConformanceResult,
    context: dict[str, Any],
) -> HttpResponse:
    href = _request_address if context.get("of_history") else None
    table = deviations_table(result, href)
    if CSV in (request.GET.get("as"), request.POST.get("as")):
        return table_csv_response(f"{definition.key}-deviations", table)
    picture, key = draw_conformance(definition, result)
    context |= {
        "result": result,
        "fit_share": share_text(result.share, 1),
        "version": form.chosen,
        "table": table,
        "picture": picture,
        "key": key,
    }
    return render(request, "reporting/conformance.html", context)


def _request_address(reference: str) -> str:
    return reverse("approvals:request", args=[reference])
