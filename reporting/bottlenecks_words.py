"""What the bottleneck figures say in sentences: what is wrong, since when, and what to do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from reporting.bottlenecks import ONE_NAMED, ONE_REQUESTER, Bottlenecks, Totals
from reporting.bottlenecks_trend import Queue, Trend
from reporting.wording import NONE, span
from workflows.engine.definition import title

SECOND = 1_000_000
MUCH, SOME = 0.2, 0.1
"""Shares from which on a step's part of the loss, its overdue tasks, its rework are named."""
FEW = 5
NAMED = 6
"""So many sentences are shown: more are a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something to act on, and the action."""

    text: str
    do: str


def work_span(seconds: float | None, day: int) -> str:
    """Business seconds as people say them; 'wd' are working days of the workflow's calendar."""
    if seconds is None:
        return NONE
    if day >= 86400 or abs(seconds) < 2 * day:
        hours = seconds / 3600
        long = abs(seconds) >= 7200 and day < 86400
        return f"{hours:.1f}".removesuffix(".0") + " h" if long else span(seconds)
    return f"{seconds / day:.1f}".removesuffix(".0") + " wd"


def spoken(seconds: float | None, day: int) -> str:
    """The same in a sentence."""
    return work_span(seconds, day).replace(" wd", " working days")


def percent(share: float | None) -> str:
    """A share in whole percent."""
    return NONE if share is None else f"{share:.0%}"


def role_name(key: str) -> str:
    """What a role is called; steps that nobody does have none."""
    return title(key, None) if key else "No person"


def findings(
    found: Bottlenecks,
    steps: Mapping[str, Totals],
    trend: Sequence[Trend],
    queue: Sequence[Queue],
) -> list[Finding]:
    """What to act on, the most costly first; never nothing."""
    every = [
        *_losses(found, steps),
        *_crept(found, trend),
        *_growing(found, queue),
        *_again(steps),
        *_late(steps),
    ]
    if not every:
        return [Finding(text="Nothing takes longer than it should.", do="Nothing has to be done.")]
    return every[:NAMED]


def _losses(found: Bottlenecks, steps: Mapping[str, Totals]) -> Iterator[Finding]:
    whole = sum(totals.excess for totals in steps.values())
    if not whole:
        yield from _waits(found)
        return
    expected, open_now = found.expected(), found.open_now()
    for place, (step, totals) in enumerate(steps.items()):
        share = totals.excess / whole
        if place > 1 or (place and share < MUCH) or not totals.excess:
            return
        half = totals.at("taken_business")[0]
        yield Finding(
            text=(
                f"{step} loses {'most' if not place else 'next most'}: its"
                f" {tasks(totals.completed)} took {spoken(totals.excess / SECOND, found.day)}"
                f" longer than expected, {share:.0%} of all that is lost. Half take"
                f" {spoken(half, found.day)} or more; {spoken(expected.get(step), found.day)}"
                " expected."
            ),
            do=_remedy(found, step, totals, open_now.get(step, 0)),
        )


def _remedy(found: Bottlenecks, step: str, totals: Totals, open_now: int) -> str:
    both = totals.waiting_business + totals.working_business
    waits = totals.waiting_business / both if both else 0.0
    role = next((row.role for row in found.steps.values() if row.title == step and row.role), "")
    if waits < 0.5:
        return (
            f"{1 - waits:.0%} of its time is the work itself: look at what is missing when a task"
            " arrives, split the step, or correct what is expected."
        )
    still = f" {open_now:,} wait now." if open_now and found.span.until is None else ""
    whom = _more_hands(found, step, role)
    return f"{waits:.0%} of its time is waiting to be taken up: {whom}.{still}"


def _more_hands(found: Bottlenecks, step: str, role: str) -> str:
    """What helps a queue; a role that is one person of each request cannot be given more."""
    one = next((row.person for row in found.steps.values() if row.title == step and row.role), "")
    if one == ONE_REQUESTER:
        return "remind the requester earlier, or ask on the form for what comes too late"
    if one == ONE_NAMED:
        return (
            f"the one person in {role_name(role)} has to be reminded earlier, or somebody has to"
            " stand in"
        )
    first = f"add people to {role_name(role)}" if role else "look at what it waits for"
    return f"{first}, or remind earlier"


def _waits(found: Bottlenecks) -> Iterator[Finding]:
    handoffs = found.by_handoff()
    whole = sum(found.waited(totals) for totals in handoffs.values())
    kind = found.known.kind
    named = "waiting" if kind == "waiting" else "lead-in"
    for (source, target), totals in list(handoffs.items())[:1]:
        if whole and found.waited(totals):
            expects = bool(found.expected())
            yield Finding(
                text=(
                    f"{found.waited(totals) / whole:.0%} of all {named} is between {source} and"
                    f" {target}: half {'wait' if kind == 'waiting' else 'take'}"
                    f" {span(totals.at(kind)[0])} or more."
                ),
                do="Nothing takes longer than expected, so this may be as it should be."
                if expects
                else "Say in the map what is expected of each step; then this page says what is"
                " lost, and where.",
            )


def _crept(found: Bottlenecks, trend: Sequence[Trend]) -> Iterator[Finding]:
    for one in [one for one in trend if one.crept and _counts(found, one)][:2]:
        since = one.weeks[-one.worse_for][0]
        yield Finding(
            text=trend_line(one, found.day),
            do=f"Ask what has changed since the week of {since.day} {since:%B}, before it becomes"
            " normal.",
        )


def trend_line(trend: Trend, day: int) -> str:
    """'Legal review: 2.1 wd expected, 6.4 wd now, worse for 5 weeks (3 wd in its first month).'"""
    words = (lambda s: spoken(s, day)) if trend.in_business_time else span
    parts = [f"{words(trend.expected)} expected"] if trend.expected is not None else []
    parts.append(f"{words(trend.now)} {when(trend)}")
    if trend.worse_for:
        parts.append(f"worse for {weeks(trend.worse_for)}")
    return f"{trend.step}: {', '.join(parts)} ({words(trend.usual)} in its first month)."


def _counts(found: Bottlenecks, one: Trend | Queue) -> bool:
    """Whether there is something to be done: it is so now, or the reader asked about a past
    period by name."""
    return one.is_of_now or found.span.until is not None


def _growing(found: Bottlenecks, queue: Sequence[Queue]) -> Iterator[Finding]:
    for one in [one for one in queue if one.grows and _counts(found, one)][:2]:
        yield Finding(
            text=queue_line(one),
            do="More comes than is done: put somebody on it, or send less there, until it shrinks.",
        )


def queue_line(queue: Queue) -> str:
    """'Legal review: 12 open, 2.4 in its first month; not shrunk for 5 weeks.'"""
    usual = f"{queue.usual:.1f}".removesuffix(".0")
    then = "" if queue.is_of_now else f" at the end of {week_of(queue.last)}"
    course = f"not shrunk for {weeks(queue.grew_for)}" if queue.grew_for else "it shrank last"
    return f"{queue.step}: {queue.now:,} open{then}, {usual} in its first month; {course}."


def when(one: Trend | Queue) -> str:
    """'now', or the week that the figures end with."""
    return "now" if one.is_of_now else f"in {week_of(one.last)}"


def week_of(monday: date | None) -> str:
    """'the week of 3 March 2025'."""
    return f"the week of {monday.day} {monday:%B %Y}" if monday else "no week"


def _again(steps: Mapping[str, Totals]) -> Iterator[Finding]:
    step, totals = max(steps.items(), key=lambda one: one[1].reworked, default=("", Totals()))
    share = totals.share("reworked")
    if share is not None and share >= SOME and totals.reworked >= FEW:
        yield Finding(
            text=f"{step} is done again: {share:.0%} of its tasks ({totals.reworked:,}) are a"
            " second round or a later one.",
            do="Read why it was sent back, and ask for that on the form before it.",
        )


def _late(steps: Mapping[str, Totals]) -> Iterator[Finding]:
    step, totals = max(steps.items(), key=lambda one: one[1].overdue, default=("", Totals()))
    share = totals.share("overdue")
    if share is not None and share >= SOME and totals.overdue >= FEW:
        yield Finding(
            text=f"{step} ends overdue in {share:.0%} of its tasks ({totals.overdue:,}).",
            do="Remind before the due date, or set one that can be kept.",
        )


def tasks(count: int) -> str:
    """'1 task', '37 tasks'."""
    return f"{count:,} task{'' if count == 1 else 's'}"


def weeks(count: int) -> str:
    """'1 week', '5 weeks'."""
    return f"{count} week{'' if count == 1 else 's'}"
