"""A workflow's report page, its tables as CSV, figures by person, and bringing it up to date."""

from datetime import datetime, timedelta
from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from approvals.ui.csv_download import table_csv_response
from approvals.ui.responses import button_only_view, signed_in_page, signed_in_user
from approvals.ui.tables import Column, MomentColumn, ReportTable
from reporting.bottlenecks.filters import BottleneckFilter, PeopleFilter
from reporting.bottlenecks.map import draw_bottleneck_map
from reporting.bottlenecks.models import NAME_PEOPLE, LookAtPeople
from reporting.bottlenecks.page import build_report_page
from reporting.bottlenecks.people import collect_person_lines, people_table
from reporting.bottlenecks.queries import Bottlenecks, collect_bottlenecks, is_fresh
from reporting.bottlenecks.services import record_look_at_people
from reporting.rollups.models import DAY, StaleCell
from reporting.rollups.services import refresh_roll_ups
from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models import WorkItem
from workflows.execution.queries.completion_estimates import find_queue_forecasts
from workflows.language.formats import count_text

SPANS = (
    (30, gettext_lazy("30 days")),
    (90, gettext_lazy("90 days")),
    (365, gettext_lazy("A year")),
)
LATE = timedelta(minutes=15)
"""Roll-ups older than this show that the clock stands still."""
FEW = 20_000
"""Up to so many tasks are rolled up while somebody waits for the page, the first time."""
AT_MOST = 10.0
"""Seconds that somebody waits for roll-ups; the clock does the rest."""
LOOKS_SHOWN = 20


def _load_bottlenecks(
    template: WorkflowTemplate, filters: BottleneckFilter, now: datetime
) -> Bottlenecks:
    """The figures; a small installation that was never rolled up is rolled up first."""

    def collect() -> Bottlenecks:
        return collect_bottlenecks(
            template, filters.span, version=filters.version_number, role=filters.role_key
        )

    figures = collect()
    if figures.fresh is None:
        few = WorkItem.objects.order_by("id").values_list("id", flat=True)[: FEW + 1]
        if len(few) <= FEW:
            refresh_roll_ups(now=now, within=AT_MOST)
            return collect()
    return figures


@login_required
@require_GET
def report_page_view(request: HttpRequest, key: str) -> HttpResponse:
    """Where work waits in one workflow, and what to do about it."""
    template = get_object_or_404(WorkflowTemplate.objects.auditable_by(request.user), key=key)
    now, filters = timezone.now(), BottleneckFilter(request.GET, template)
    figures = _load_bottlenecks(template, filters, now)
    filters.offer_choices(figures)
    context = {
        "workflow": template,
        "page": build_report_page(figures),
        "map": draw_bottleneck_map(figures),
        "outlook": find_queue_forecasts([template.pk], now),
        "fresh": figures.fresh,
        "is_late": not is_fresh(figures, now=now, within=LATE),
        "filters": filters,
        "may_name": request.user.has_perm(NAME_PEOPLE),
        "spans": [
            {"name": name, "since": (now - timedelta(days=span_days)).date().isoformat()}
            for span_days, name in SPANS
        ],
    }
    return render(request, "reporting/report.html", context, status=_status_of(filters.problem))


def _status_of(problem: str) -> HTTPStatus:
    return HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK


@login_required
@require_GET
def report_table_csv_view(request: HttpRequest, key: str, table: str) -> HttpResponse:
    """One table of the report as CSV: seconds, counts and shares, not rounded for reading."""
    template = get_object_or_404(WorkflowTemplate.objects.auditable_by(request.user), key=key)
    filters = BottleneckFilter(request.GET, template)
    if filters.problem:
        return HttpResponseBadRequest(filters.problem, content_type="text/plain; charset=utf-8")
    page = build_report_page(_load_bottlenecks(template, filters, timezone.now()))
    selected_table = next((entry for entry in page.tables if entry.key == table), None)
    if selected_table is None:
        raise Http404(gettext("This report has no such table."))
    return table_csv_response(f"{key}-{table}", selected_table)


@signed_in_page
@button_only_view(lambda key: reverse("reporting:report", args=[key]))
def refresh_report_view(request: HttpRequest, key: str) -> HttpResponse:
    """Roll up now what the clock would roll up within five minutes."""
    template = get_object_or_404(WorkflowTemplate.objects.auditable_by(request.user), key=key)
    refresh_roll_ups(now=timezone.now(), within=AT_MOST)
    stale_count = StaleCell.objects.filter(grain=DAY).count()
    if stale_count:
        sentence = ngettext(
            "%(count)s day is still being added up; the clock goes on.",
            "%(count)s days are still being added up; the clock goes on.",
            stale_count,
        )
        messages.info(request, sentence % {"count": count_text(stale_count)})
    else:
        messages.success(request, gettext("The figures are up to date."))
    return redirect("reporting:report", key=template.key)


@login_required
@require_GET
def people_report_view(request: HttpRequest, key: str) -> HttpResponse:
    """Figures by person, for those who may name people; every look is recorded."""
    template = get_object_or_404(WorkflowTemplate.objects.auditable_by(request.user), key=key)
    if not request.user.has_perm(NAME_PEOPLE):
        raise PermissionDenied(
            gettext(
                "Figures by person are shown only to those who may name people; ask an"
                " administrator."
            )
        )
    filters = PeopleFilter(request.GET, template)
    record_look_at_people(
        signed_in_user(request), template, question=request.GET.urlencode(), now=timezone.now()
    )
    tasks = PeopleFilter({}, template).qs if filters.problem else filters.qs
    context = {
        "workflow": template,
        "table": people_table(collect_person_lines(template, tasks)),
        "filters": filters,
        "looks": _looks_table(template),
    }
    status = _status_of(filters.problem)
    return render(request, "reporting/report_people.html", context, status=status)


def _looks_table(template: WorkflowTemplate) -> ReportTable[LookAtPeople]:
    """Who looked at figures by person last."""
    return ReportTable(
        key="looks",
        title=gettext_lazy("Who looked at this page last"),
        columns=[
            Column(gettext_lazy("Who"), "who", lambda look: look.user_name),
            MomentColumn(gettext_lazy("When"), "when", lambda look: look.looked_at),
        ],
        rows=list(LookAtPeople.objects.filter(template=template)[:LOOKS_SHOWN]),
    )
