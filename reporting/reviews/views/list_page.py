"""The reviews of all workflows in one list, on a page and as a file."""

from collections.abc import Iterator, Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import slugify
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from approvals.ui.csv_download import table_csv_response
from approvals.ui.formats import person_name
from approvals.ui.responses import signed_in_page
from approvals.ui.tables import (
    CellLight,
    CellNote,
    Column,
    CountColumn,
    MomentColumn,
    ReportTable,
)
from reporting.reviews.facts.choices import Verdict, WorkflowReviewState
from reporting.reviews.models import Decision
from reporting.reviews.queries.overviews import ReviewOverview, list_review_overviews
from workflows.definitions.models import WorkflowTemplate
from workflows.language.formats import date_text


@require_safe
@signed_in_page
def review_list_view(request: HttpRequest) -> HttpResponse:
    """The reviews of all workflows that this person may audit, on one page."""
    return render(request, "reporting/reviews.html", {"table": _visible_overview_table(request)})


@require_safe
@signed_in_page
def review_list_csv_view(request: HttpRequest) -> HttpResponse:
    """The same table as a file."""
    return table_csv_response("reviews", _visible_overview_table(request))


def _visible_overview_table(request: HttpRequest) -> ReportTable[ReviewOverview]:
    templates = WorkflowTemplate.objects.auditable_by(request.user)
    return review_overview_table(list_review_overviews(templates, now=timezone.now()))


def review_overview_table(lines: Sequence[ReviewOverview]) -> ReportTable[ReviewOverview]:
    """A line for each workflow."""
    return ReportTable(key="reviews", columns=OVERVIEW_COLUMNS, rows=lines)


def _overview_address(line: ReviewOverview) -> str:
    if line.review:
        return reverse("reporting:review", args=[line.review.pk])
    return reverse("workflows:page", args=[line.template.key])


def _owner_username(line: ReviewOverview) -> str:
    return line.template.owner.get_username() if line.template.owner else ""


def _owner_notes(line: ReviewOverview) -> Iterator[CellNote]:
    owner = line.template.owner
    yield CellNote(
        gettext("%(person)s answers for it") % {"person": person_name(owner)}
        if owner
        else gettext("Nobody answers for it")
    )


def _last_review_text(line: ReviewOverview) -> str:
    if line.last is None:
        return gettext("none yet")
    return gettext("until %(day)s") % {"day": date_text(line.last.period_end)}


def _last_review_address(line: ReviewOverview) -> str:
    return reverse("reporting:review", args=[line.last.pk]) if line.last else ""


def _lateness_notes(line: ReviewOverview) -> Iterator[CellNote]:
    if line.next_due and line.days_late:
        text = ngettext("for %(count)s day", "for %(count)s days", line.days_late)
        is_overdue = line.state == WorkflowReviewState.OVERDUE
        yield CellNote(text % {"count": line.days_late}, css="late" if is_overdue else "")


def _finding_notes(line: ReviewOverview) -> Iterator[CellNote]:
    if line.review:
        yield CellNote(gettext("of %(count)s") % {"count": line.findings})


def _decision_text(decision: Decision | None) -> str:
    if decision is None:
        return ""
    return gettext("%(verdict)s: %(reason)s") % {
        "verdict": capfirst(str(Verdict(decision.verdict).label)),
        "reason": decision.reason,
    }


def _decision_notes(line: ReviewOverview) -> Iterator[CellNote]:
    if line.last_decision:
        decision = line.last_decision
        person = person_name(decision.made_by, decision.made_by_name or gettext("the system"))
        day = date_text(decision.made_at)
        yield CellNote(gettext("%(person)s, %(day)s") % {"person": person, "day": day})


OVERVIEW_COLUMNS: Sequence[Column[ReviewOverview]] = (
    Column("", "workflow", lambda line: line.template.key, on_page=False),
    Column(
        gettext_lazy("Workflow"),
        "name",
        lambda line: line.template.name,
        href=_overview_address,
        notes=_owner_notes,
    ),
    Column("", "owner", _owner_username, on_page=False),
    MomentColumn(
        gettext_lazy("Last review"),
        "last_review_until",
        lambda line: line.last.period_end if line.last else None,
        text=_last_review_text,
        href=_last_review_address,
        css="",
    ),
    MomentColumn(
        "",
        "last_closed",
        lambda line: line.last.closed_at if line.last else None,
        on_page=False,
    ),
    MomentColumn(
        gettext_lazy("Due"),
        "next_due",
        lambda line: line.next_due,
        text=lambda line: date_text(line.next_due) if line.next_due else "\N{EN DASH}",
        notes=_lateness_notes,
        css="",
    ),
    Column(
        gettext_lazy("State"),
        "state",
        lambda line: line.state.value,
        text=lambda _: "",
        light=lambda line: CellLight(slugify(line.state.value), str(line.state.label)),
    ),
    CountColumn("", "days_overdue", lambda line: line.days_late, on_page=False),
    CountColumn("", "findings", lambda line: line.findings, on_page=False),
    CountColumn(
        gettext_lazy("To decide"),
        "undecided",
        lambda line: line.undecided,
        text=lambda line: str(line.undecided) if line.review else "\N{EN DASH}",
        notes=_finding_notes,
    ),
    Column(
        gettext_lazy("Last decision"),
        "last_decision",
        lambda line: str(line.last_decision) if line.last_decision else None,
        text=lambda line: _decision_text(line.last_decision) or gettext("none yet"),
        notes=_decision_notes,
    ),
)
