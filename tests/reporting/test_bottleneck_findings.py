"""What the report page says is slow, in words, and what it leaves unsaid."""

from datetime import date, timedelta
from typing import Any

import pytest

from reporting.bottlenecks.findings import LostTime, NothingSlow, Remedy, collect_findings
from reporting.bottlenecks.messages import describe_finding, render_queue, render_trend
from reporting.bottlenecks.queries import Span, collect_bottlenecks
from reporting.bottlenecks.trends import StepQueue, StepTrend
from tests.factories import publish_map
from workflows.language.formats import render_business_span, render_spoken_span


def weeks_of(medians: list[float]) -> list[tuple[date, float, int]]:
    """Weeks with these medians in hours."""
    return [
        (date(2026, 1, 5) + timedelta(weeks=place), hours * 3600, 9)
        for place, hours in enumerate(medians)
    ]


def test_a_creeping_median_is_named_in_words_before_it_becomes_normal() -> None:
    trend = StepTrend(
        step="Legal review",
        in_business_time=True,
        weeks=weeks_of([17, 51.2]),
        usual=3 * 28800,
        expected=2.1 * 28800,
        worse_for=5,
    )
    assert trend.crept
    assert render_trend(trend, 28800) == (
        "Legal review: 2.1 working days expected, 6.4 working days now, worse for 5 weeks"
        " (3 working days in its first month)."
    )


@pytest.mark.parametrize(("now", "worse_for"), [(24.5, 5), (51.2, 2)])
def test_one_bad_week_or_a_little_more_is_not_named(now: float, worse_for: int) -> None:
    trend = StepTrend(
        step="A",
        in_business_time=True,
        weeks=weeks_of([17, now]),
        usual=20 * 3600,
        expected=None,
        worse_for=worse_for,
    )
    assert not trend.crept


def test_a_growing_queue_is_named() -> None:
    ends = {date(2026, 1, 5) + timedelta(weeks=n): n * 4 for n in range(6)}
    queue = StepQueue(step="Pay", open=ends, usual=2.5, grew_for=5)
    assert queue.grows
    assert render_queue(queue) == "Pay: 20 open, 2.5 in its first month; not shrunk for 5 weeks."
    assert not StepQueue(step="Pay", open=ends, usual=15, grew_for=5).grows


def test_working_days_are_those_of_the_calendar() -> None:
    assert render_business_span(6.4 * 28800, 28800) == "6.4 wd"
    assert render_business_span(4 * 3600, 28800) == "4 h"
    assert render_business_span(3 * 86400, 86400) == "3 d"
    assert render_spoken_span(2 * 28800, 28800) == "2 working days"
    assert render_business_span(None, 28800) == "–"


def lost_time(**changes: Any) -> LostTime:
    values: dict[str, Any] = {
        "step": "Legal review",
        "is_first": True,
        "tasks": 37,
        "lost": 80 * 28800.0,
        "share": 0.62,
        "median": 4 * 28800.0,
        "expected": 2 * 28800.0,
        "day": 28800,
        "waiting_share": 0.9,
        "remedy": Remedy.ADD_PEOPLE,
        "role": "legal",
        "open_now": 4,
    }
    return LostTime(**{**values, **changes})


def test_time_that_is_lost_is_said_with_its_share_and_what_is_expected() -> None:
    sentences = describe_finding(lost_time())
    assert sentences.text == (
        "Legal review loses most: its 37 tasks took 80 working days longer than expected, 62% of"
        " all that is lost. Half take 4 working days or more; 2 working days expected."
    )
    assert sentences.do == (
        "90% of its time is waiting to be taken up: add people to Legal, or remind earlier."
        " 4 wait now."
    )
    second = describe_finding(lost_time(is_first=False, tasks=1)).text
    assert second.startswith("Legal review loses next most: its 1 task took ")


@pytest.mark.parametrize(
    ("remedy", "words"),
    [
        (Remedy.SHORTEN_WORK, "10% of its time is the work itself"),
        (Remedy.REMIND_REQUESTER, "remind the requester earlier"),
        (Remedy.REMIND_PERSON, "the one person in Legal has to be reminded earlier"),
        (Remedy.FIND_CAUSE, "look at what it waits for, or remind earlier."),
    ],
)
def test_each_remedy_has_its_sentence(remedy: Remedy, words: str) -> None:
    assert words in describe_finding(lost_time(remedy=remedy, open_now=0)).do


@pytest.mark.django_db
def test_where_nothing_is_slow_the_page_says_so() -> None:
    found = collect_bottlenecks(publish_map().template, Span())
    assert collect_findings(found, {}, [], []) == [NothingSlow()]
    sentences = describe_finding(NothingSlow())
    assert sentences.text == "Nothing takes longer than it should."
    assert sentences.do == "Nothing has to be done."


def test_a_week_long_past_is_not_now() -> None:
    """The words say the week; nobody is told to act on it."""
    trend = StepTrend(
        step="Legal review",
        in_business_time=True,
        weeks=weeks_of([17, 51.2]),
        usual=3 * 28800,
        expected=None,
        worse_for=5,
        is_of_now=False,
    )
    assert "6.4 working days in the week of 12 January 2026" in render_trend(trend, 28800)
    ends = {date(2026, 1, 5) + timedelta(weeks=n): n * 4 for n in range(6)}
    queue = StepQueue(step="Pay", open=ends, usual=2.5, grew_for=0, is_of_now=False)
    assert render_queue(queue) == (
        "Pay: 20 open at the end of the week of 9 February 2026, 2.5 in its first month;"
        " it shrank last."
    )
