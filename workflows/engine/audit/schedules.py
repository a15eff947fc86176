"""Schedules: whether a cron expression starts what its author means, as often and in each month."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

from cronsim import CronSim, CronSimError

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.map_facts import Survey
from workflows.engine.texts import Text, text

SOME_DAY = datetime(2025, 1, 1, tzinfo=UTC)
YEARS = 4
"""Long enough to see each kind of month, a leap year's February included."""
SHORTEST_GAP = timedelta(minutes=10)
"""What starts more often than this is a slip of the pen, or wants a webhook."""
FIELDS = 5
MONTHS = (
    *(text("January"), text("February"), text("March"), text("April"), text("May")),
    *(text("June"), text("July"), text("August"), text("September"), text("October")),
    *(text("November"), text("December")),
)


def check_schedules(survey: Survey) -> Iterator[AuditFinding]:
    """Each schedule can be read, starts not too often, and passes over no month."""
    begin = survey.definition.start
    for number, trigger in enumerate((begin.triggers if begin else None) or [], start=1):
        if trigger.cron is None:
            continue
        problem = _cron_problem(trigger.cron)
        if problem:
            yield make_finding(
                "schedule_wrong", None, number=number, cron=trigger.cron, problem=problem
            )
        else:
            yield from _check_frequency(number, trigger.cron)
            yield from _check_skipped_months(number, trigger.cron)


def _cron_problem(cron: str) -> Text | str:
    """Why it is no schedule, in words; empty where it is one."""
    count = len(cron.split())
    if count != FIELDS:
        return text(
            "it has %(count)s parts, and a schedule has %(wanted)s", count=count, wanted=FIELDS
        )
    try:
        moments = CronSim(cron, SOME_DAY)
    except CronSimError as problem:
        return str(problem)
    return "" if next(moments, None) else text("no day is like that")


def _check_frequency(number: int, cron: str) -> Iterator[AuditFinding]:
    moments = list(islice(CronSim(cron, SOME_DAY), 70))
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    shortest = min(gaps, default=SHORTEST_GAP)
    if shortest < SHORTEST_GAP:
        minutes = int(shortest.total_seconds() // 60)
        every = (
            text("each minute")
            if minutes == 1
            else text("every %(minutes)s minutes", minutes=minutes)
        )
        yield make_finding("schedule_too_often", None, number=number, cron=cron, interval=every)


def _check_skipped_months(number: int, cron: str) -> Iterator[AuditFinding]:
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
    passed = [
        month_number
        for month_number in sorted(named)
        if any((year, month_number) not in started for year in years)
    ]
    if passed:
        listed = ", ".join(str(MONTHS[month_number - 1]) for month_number in passed)
        yield make_finding("schedule_skips_months", None, number=number, cron=cron, listed=listed)


CHECKS = (check_schedules,)
