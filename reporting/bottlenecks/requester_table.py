"""How long tasks rested with their requester, as a table of the report."""

from datetime import UTC, date, datetime, time

from django.db.models import Q
from django.utils.translation import gettext_lazy

from approvals.ui.tables import Column, CountColumn, ReportTable, SpanColumn
from reporting.bottlenecks.queries import Bottlenecks, Span
from reporting.metrics.requester_waits import (
    RequesterWaits,
    collect_requester_waits,
    requester_questions,
)


def requester_table(figures: Bottlenecks) -> ReportTable[RequesterWaits]:
    """Questions to the requester by step: of the period by when they were asked."""
    questions = requester_questions(figures.template).filter(_asked_within(figures.span))
    if figures.version is not None:
        questions = questions.filter(request__version__number=figures.version)
    titles = {pk: step.title for pk, step in figures.steps.items()}
    return ReportTable(
        key="requester",
        title=gettext_lazy("Waiting for the requester"),
        hint=gettext_lazy(
            "Tasks that rested until their requester had answered a question, by the clock. It is"
            " part of neither waiting nor working, and due dates move by it."
        ),
        columns=[
            Column(gettext_lazy("Step"), "step", lambda line: line.step),
            CountColumn(gettext_lazy("Asked"), "asked", lambda line: line.asked),
            CountColumn(gettext_lazy("Waits now"), "open", lambda line: line.waiting_now),
            SpanColumn(
                gettext_lazy("Half take at most"), "median_s", lambda line: line.median_seconds
            ),
            SpanColumn(gettext_lazy("Together"), "total_s", lambda line: line.total),
        ],
        rows=collect_requester_waits(questions, titles),
    )


def _asked_within(span: Span) -> Q:
    condition = Q()
    if span.since is not None:
        condition &= Q(asked_at__gte=_begin_of(span.since))
    if span.until is not None:
        condition &= Q(asked_at__lt=_begin_of(span.until))
    return condition


def _begin_of(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
