"""A workflow's report page, its tables as CSV, figures by person, and bringing it up to date."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from approvals.pages import by_button, page
from reporting.bottlenecks import Bottlenecks, Span, bottlenecks, is_fresh
from reporting.bottlenecks_map import map_picture
from reporting.bottlenecks_people import people_lines
from reporting.bottlenecks_words import role_name
from reporting.csv_out import csv_file
from reporting.models import DAY, Freshness, LookAtPeople, StaleCell
from reporting.moments import days
from reporting.report_page import report_page
from reporting.rollups import keep_fresh
from workflows.engine.errors import InvalidInput
from workflows.models import WorkflowTemplate, WorkItem
from workflows.permissions import auditable

SPANS = ((30, "30 days"), (90, "90 days"), (365, "A year"))
LATE = timedelta(minutes=15)
"""Roll-ups older than this show that the clock stands still."""
FEW = 20_000
"""Up to so many tasks are rolled up while somebody waits for the page, the first time."""
AT_MOST = 10.0
"""Seconds that somebody waits for roll-ups; the clock does the rest."""
NAME_PEOPLE = "reporting.name_people"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks for, and what is wrong with it."""

    span: Span
    version: int | None = None
    role: str | None = None
    wrong: str = ""


def asked(request: HttpRequest) -> Asked:
    """Read period, version and role from the address."""
    try:
        since, until = days(request.GET.get("since"), request.GET.get("until"), ("Since", "Until"))
        number = request.GET.get("version") or ""
        if number and not (number.isascii() and number.isdigit() and len(number) < 9):
            raise InvalidInput(f"Version: '{number[:40]}' is not a version's number.")
    except InvalidInput as problem:
        return Asked(span=Span(), wrong=str(problem))
    return Asked(
        span=Span(since=_date(since), until=_date(until)),
        version=int(number) if number else None,
        role=request.GET.get("role") or None,
    )


def _date(moment: datetime | None) -> date | None:
    return moment.astimezone(UTC).date() if moment else None


def _figures(template: WorkflowTemplate, what: Asked, now: datetime) -> Bottlenecks:
    """The figures; a small installation that was never rolled up is rolled up first."""
    if not Freshness.objects.filter(rolled_up_to__isnull=False).exists():
        few = WorkItem.objects.order_by("id").values_list("id", flat=True)[: FEW + 1]
        if len(few) <= FEW:
            keep_fresh(now=now, within=AT_MOST)
    return bottlenecks(template, what.span, version=what.version, role=what.role)


@login_required
@require_GET
def report(request: HttpRequest, key: str) -> HttpResponse:
    """Where work waits in one workflow, and what to do about it."""
    template = get_object_or_404(auditable(request.user), key=key)
    now, what = timezone.now(), asked(request)
    found = _figures(template, what, now)
    context = {
        "workflow": template,
        "page": report_page(found),
        "map": map_picture(found),
        "fresh": found.fresh,
        "is_late": not is_fresh(found, now=now, within=LATE),
        "versions": [one.number for one in reversed(found.versions)],
        "roles": sorted({(row.role, role_name(row.role)) for row in found.steps.values()
                         if row.role}, key=lambda pair: pair[1]),
        "chosen": {name: request.GET.get(name, "") for name in CHOICES},
        "query": _query(request),
        "may_name": request.user.has_perm(NAME_PEOPLE),
        "wrong": what.wrong,
        "spans": [_span(days, name, now) for days, name in SPANS],
    }  # fmt: skip
    return render(request, "reporting/report.html", context, status=400 if what.wrong else 200)


CHOICES = ("since", "until", "version", "role")


def _query(request: HttpRequest) -> str:
    """What was chosen, to put behind another address."""
    chosen = {name: request.GET[name] for name in CHOICES if request.GET.get(name)}
    return f"?{urlencode(chosen)}" if chosen else ""


def _span(days: int, name: str, now: datetime) -> dict[str, str]:
    return {"name": name, "since": (now - timedelta(days=days)).date().isoformat()}


@login_required
@require_GET
def table_csv(request: HttpRequest, key: str, table: str) -> HttpResponse:
    """One table of the report as CSV: seconds, counts and shares, not rounded for reading."""
    template = get_object_or_404(auditable(request.user), key=key)
    what = asked(request)
    if what.wrong:
        return HttpResponseBadRequest(what.wrong, content_type="text/plain; charset=utf-8")
    page = report_page(_figures(template, what, timezone.now()))
    found = next((one for one in page.tables if one.key == table), None)
    if found is None:
        raise Http404("This report has no such table.")
    rows = [[one.value for one in row] for row in found.rows]
    return csv_file(f"{key}-{table}", found.csv_header, rows)


@page
@by_button(lambda key: reverse("reporting:report", args=[key]))
def refresh(request: HttpRequest, key: str) -> HttpResponse:
    """Roll up now what the clock would roll up within five minutes."""
    template = get_object_or_404(auditable(request.user), key=key)
    keep_fresh(now=timezone.now(), within=AT_MOST)
    left = StaleCell.objects.filter(grain=DAY).count()
    if left:
        messages.info(request, f"{left:,} days are still being added up; the clock goes on.")
    else:
        messages.success(request, "The figures are up to date.")
    return redirect("reporting:report", key=template.key)


@login_required
@require_GET
def people(request: HttpRequest, key: str) -> HttpResponse:
    """Figures by person, for those who may name people; every look is recorded."""
    template = get_object_or_404(auditable(request.user), key=key)
    if not request.user.has_perm(NAME_PEOPLE):
        raise PermissionDenied(
            "Figures by person are shown only to those who may name people; ask an administrator."
        )
    now, what = timezone.now(), asked(request)
    assert request.user.pk is not None
    LookAtPeople.objects.create(
        user_id=request.user.pk,
        user_name=request.user.get_username(),
        template=template,
        looked_at=now,
        asked=request.GET.urlencode()[:200],
    )
    context = {
        "workflow": template,
        "lines": people_lines(template, what.span),
        "wrong": what.wrong,
        "query": _query(request),
        "looks": LookAtPeople.objects.filter(template=template)[:20],
    }
    return render(
        request, "reporting/report_people.html", context, status=400 if what.wrong else 200
    )
