"""Schedules: whether a cron expression starts what its author means, as often and in each month."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

from cronsim import CronSim, CronSimError

from workflows.engine.audit.findings import Finding, found
from workflows.engine.audit.survey import Survey

SOME_DAY = datetime(2025, 1, 1, tzinfo=UTC)
YEARS = 4
"""Long enough to see each kind of month, a leap year's February included."""
SELDOM = timedelta(minutes=10)
"""What starts more often than this is a slip of the pen, or wants a webhook."""
FIELDS = 5
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
EXAMPLE = 'Write minute, hour, day, month and weekday, such as "0 9 1 * *".'


def schedules(survey: Survey) -> Iterator[Finding]:
    """Each schedule can be read, starts not too often, and passes over no month."""
    begin = survey.definition.start
    for number, trigger in enumerate((begin.triggers if begin else None) or [], start=1):
        if trigger.cron is None:
            continue
        problem = _problem(trigger.cron)
        if problem:
            yield found(
                "schedule_wrong",
                None,
                f"Trigger {number} can never start: '{trigger.cron}' is no schedule ({problem}).",
                EXAMPLE,
            )
        else:
            yield from _too_often(number, trigger.cron)
            yield from _months(number, trigger.cron)


def _problem(cron: str) -> str:
    """Why it is no schedule, in words; empty where it is one."""
    count = len(cron.split())
    if count != FIELDS:
        return f"it has {count} parts, and a schedule has {FIELDS}"
    try:
        moments = CronSim(cron, SOME_DAY)
    except CronSimError as problem:
        return str(problem)
    return "" if next(moments, None) else "no day is like that"


def _too_often(number: int, cron: str) -> Iterator[Finding]:
    moments = list(islice(CronSim(cron, SOME_DAY), 70))
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    shortest = min(gaps, default=SELDOM)
    if shortest < SELDOM:
        minutes = int(shortest.total_seconds() // 60)
        every = "each minute" if minutes == 1 else f"every {minutes} minutes"
        yield found(
            "schedule_too_often",
            None,
            f"Trigger {number} ('{cron}') starts a request {every}: inboxes fill up before"
            " anybody has looked.",
            "Let it start more seldom, or start by a webhook when something has happened.",
        )


def _months(number: int, cron: str) -> Iterator[Finding]:
    """The months that it names and in some of which it never starts."""
    day, month, weekday = cron.split()[2:]
    until = SOME_DAY.replace(year=SOME_DAY.year + YEARS)
    started = set[tuple[int, int]]()
    for moment in CronSim(f"0 0 {day} {month} {weekday}", SOME_DAY - timedelta(days=1)):
        if moment >= until:
            break
        started.add((moment.year, moment.month))
    named = CronSim(f"0 0 * {month} *", SOME_DAY).months
    years = range(SOME_DAY.year, until.year)
    passed = [one for one in sorted(named) if any((year, one) not in started for year in years)]
    if passed:
        listed = ", ".join(MONTHS[one - 1] for one in passed)
        yield found(
            "schedule_skips_months",
            None,
            f"Trigger {number} ('{cron}') starts nothing in some months that have no such day:"
            f" {listed}.",
            "Name a day that each month has, 1 to 28, or write L for the last one.",
        )


CHECKS = (schedules,)
