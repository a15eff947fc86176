"""The sentences of the bottleneck findings, trends and queues, in the reader's language."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial

from django.utils.translation import gettext, ngettext

from reporting.bottlenecks.findings import (
    BottleneckFinding,
    CreepingStep,
    GrowingQueue,
    LongestHandoff,
    LostTime,
    OverdueStep,
    Remedy,
    RepeatedStep,
)
from reporting.bottlenecks.trends import StepQueue, StepTrend
from workflows.engine.format.definition import display_title
from workflows.language.formats import (
    count_text,
    day_of_year_text,
    full_date_text,
    render_spoken_span,
    render_time_span,
    share_text,
    short_number_text,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingSentences:
    """What is wrong, and what to do about it."""

    text: str
    do: str


def report_role_name(key: str) -> str:
    """What a role is called; steps that nobody does have none."""
    return display_title(key, None) if key else gettext("No person")


def describe_finding(finding: BottleneckFinding) -> FindingSentences:
    """A finding in words."""
    match finding:
        case LostTime():
            text, action = _lost_time_text(finding), _remedy_text(finding)
        case LongestHandoff():
            text, action = _handoff_text(finding), _handoff_action(finding)
        case CreepingStep():
            text, action = render_trend(finding.trend, finding.day), _trend_action(finding.since)
        case GrowingQueue():
            text = render_queue(finding.queue)
            action = gettext(
                "More comes than is done: put somebody on it, or send less there, until it shrinks."
            )
        case RepeatedStep():
            text, action = _repeat_text(finding), _repeat_action()
        case OverdueStep():
            text, action = _overdue_text(finding), _overdue_action()
        case _:
            text = gettext("Nothing takes longer than it should.")
            action = gettext("Nothing has to be done.")
    return FindingSentences(text=text, do=action)


# -- time that is lost ------------------------------------------------------------------------


def _lost_time_text(finding: LostTime) -> str:
    places = {
        "step": finding.step,
        "count": count_text(finding.tasks),
        "lost": render_spoken_span(finding.lost, finding.day),
        "share": share_text(finding.share),
        "median": render_spoken_span(finding.median, finding.day),
        "expected": render_spoken_span(finding.expected, finding.day),
    }
    if finding.is_first:
        sentence = ngettext(
            "%(step)s loses most: its %(count)s task took %(lost)s longer than expected,"
            " %(share)s of all that is lost. Half take %(median)s or more; %(expected)s expected.",
            "%(step)s loses most: its %(count)s tasks took %(lost)s longer than expected,"
            " %(share)s of all that is lost. Half take %(median)s or more; %(expected)s expected.",
            finding.tasks,
        )
    else:
        sentence = ngettext(
            "%(step)s loses next most: its %(count)s task took %(lost)s longer than expected,"
            " %(share)s of all that is lost. Half take %(median)s or more; %(expected)s expected.",
            "%(step)s loses next most: its %(count)s tasks took %(lost)s longer than expected,"
            " %(share)s of all that is lost. Half take %(median)s or more; %(expected)s expected.",
            finding.tasks,
        )
    return sentence % places


def _remedy_text(finding: LostTime) -> str:
    if finding.remedy == Remedy.SHORTEN_WORK:
        return gettext(
            "%(share)s of its time is the work itself: look at what is missing when a task"
            " arrives, split the step, or correct what is expected."
        ) % {"share": share_text(1 - finding.waiting_share)}
    places = {"share": share_text(finding.waiting_share), "role": report_role_name(finding.role)}
    advice = _waiting_advice(finding.remedy) % places
    if not finding.open_now:
        return advice
    waiting = ngettext("%(count)s waits now.", "%(count)s wait now.", finding.open_now)
    return f"{advice} {waiting % {'count': count_text(finding.open_now)}}"


def _waiting_advice(remedy: Remedy) -> str:
    match remedy:
        case Remedy.REMIND_REQUESTER:
            return gettext(
                "%(share)s of its time is waiting to be taken up: remind the requester earlier, or"
                " ask on the form for what comes too late."
            )
        case Remedy.REMIND_PERSON:
            return gettext(
                "%(share)s of its time is waiting to be taken up: the one person in %(role)s has to"
                " be reminded earlier, or somebody has to stand in."
            )
        case Remedy.ADD_PEOPLE:
            return gettext(
                "%(share)s of its time is waiting to be taken up: add people to %(role)s, or remind"
                " earlier."
            )
        case _:
            return gettext(
                "%(share)s of its time is waiting to be taken up: look at what it waits for, or"
                " remind earlier."
            )


def _handoff_text(finding: LongestHandoff) -> str:
    places = {
        "share": share_text(finding.share),
        "source": finding.source,
        "target": finding.target,
        "median": render_time_span(finding.median),
    }
    if finding.is_waiting:
        return (
            gettext(
                "%(share)s of all waiting is between %(source)s and %(target)s: half wait"
                " %(median)s or more."
            )
            % places
        )
    return (
        gettext(
            "%(share)s of all lead-in is between %(source)s and %(target)s: half take %(median)s or"
            " more."
        )
        % places
    )


def _handoff_action(finding: LongestHandoff) -> str:
    if finding.map_expects:
        return gettext("Nothing takes longer than expected, so this may be as it should be.")
    return gettext(
        "Say in the map what is expected of each step; then this page says what is lost, and where."
    )


# -- weeks ------------------------------------------------------------------------------------


def _trend_action(since: date) -> str:
    return gettext("Ask what has changed since the week of %(day)s, before it becomes normal.") % {
        "day": day_of_year_text(since)
    }


def render_trend(trend: StepTrend, day: int) -> str:
    """'Legal review: 2.1 wd expected, 6.4 wd now, worse for 5 weeks (3 wd in its first month).'"""
    span: Callable[[float | None], str] = (
        partial(render_spoken_span, day=day) if trend.in_business_time else render_time_span
    )
    facts = [_trend_now_text(trend, span(trend.now))]
    if trend.expected is not None:
        facts.insert(0, gettext("%(span)s expected") % {"span": span(trend.expected)})
    if trend.worse_for:
        facts.append(
            ngettext("worse for %(count)s week", "worse for %(count)s weeks", trend.worse_for)
            % {"count": count_text(trend.worse_for)}
        )
    places = {"step": trend.step, "facts": ", ".join(facts), "usual": span(trend.usual)}
    return gettext("%(step)s: %(facts)s (%(usual)s in its first month).") % places


def _trend_now_text(trend: StepTrend, span: str) -> str:
    if trend.is_of_now or trend.last is None:
        return gettext("%(span)s now") % {"span": span}
    places = {"span": span, "day": full_date_text(trend.last)}
    return gettext("%(span)s in the week of %(day)s") % places


def render_queue(queue: StepQueue) -> str:
    """'Legal review: 12 open, 2.4 in its first month; not shrunk for 5 weeks.'"""
    if queue.grew_for:
        course = ngettext(
            "not shrunk for %(count)s week", "not shrunk for %(count)s weeks", queue.grew_for
        ) % {"count": count_text(queue.grew_for)}
    else:
        course = gettext("it shrank last")
    places = {
        "step": queue.step,
        "open": _queue_now_text(queue),
        "usual": short_number_text(queue.usual),
        "course": course,
    }
    return gettext("%(step)s: %(open)s, %(usual)s in its first month; %(course)s.") % places


def _queue_now_text(queue: StepQueue) -> str:
    if queue.is_of_now or queue.last is None:
        return gettext("%(count)s open") % {"count": count_text(queue.now)}
    places = {"count": count_text(queue.now), "day": full_date_text(queue.last)}
    return gettext("%(count)s open at the end of the week of %(day)s") % places


def render_total_queue(*, now: int, last: date | None, most: int, fullest: date) -> str:
    """'All steps: 12 open now; most 40, in the week of 3 March 2025.' Without `last`, it is of
    now."""
    places = {
        "count": count_text(now),
        "most": count_text(most),
        "fullest": full_date_text(fullest),
    }
    if last is None:
        return (
            gettext("All steps: %(count)s open now; most %(most)s, in the week of %(fullest)s.")
            % places
        )
    return gettext(
        "All steps: %(count)s open at the end of the week of %(last)s; most %(most)s, in the week"
        " of %(fullest)s."
    ) % {**places, "last": full_date_text(last)}


def render_week_count(count: int) -> str:
    """'1 week', '5 weeks'."""
    return ngettext("%(count)s week", "%(count)s weeks", count) % {"count": count_text(count)}


# -- what goes wrong --------------------------------------------------------------------------


def _repeat_text(finding: RepeatedStep) -> str:
    return gettext(
        "%(step)s is done again: %(share)s of its tasks (%(count)s) are a second round or a later"
        " one."
    ) % _tasks_places(finding)


def _repeat_action() -> str:
    return gettext("Read why it was sent back, and ask for that on the form before it.")


def _overdue_text(finding: OverdueStep) -> str:
    return gettext("%(step)s ends overdue in %(share)s of its tasks (%(count)s).") % _tasks_places(
        finding
    )


def _overdue_action() -> str:
    return gettext("Remind before the due date, or set one that can be kept.")


def _tasks_places(finding: RepeatedStep | OverdueStep) -> dict[str, str]:
    return {
        "step": finding.step,
        "share": share_text(finding.share),
        "count": count_text(finding.tasks),
    }
