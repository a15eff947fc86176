"""What a roll-up must know of a step besides its tasks: whose it is, and what is expected of it."""

from collections.abc import Collection
from dataclasses import dataclass

from workflows.calendars.queries.working_calendars import site_calendar
from workflows.definitions.models import Route, Step
from workflows.engine.timing.working_time import Calendar, parse_duration

FAILED = "error"
"""The outcome of a step that went its error way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFacts:
    """A step's place, its expected time in business microseconds (0: none), its exceptions."""

    step: int
    version: int
    template: int
    role: str
    expected: int
    exceptions: frozenset[str]


def read_step_facts(steps: Collection[int]) -> dict[int, StepFacts]:
    """The facts of these steps, in two statements."""
    exceptions: dict[int, set[str]] = {}
    routes = Route.objects.filter(step__in=steps, kind="outcome", exception=True)
    for step, name in routes.values_list("step_id", "name"):
        exceptions.setdefault(step, {FAILED}).add(name)
    columns = ("id", "version_id", "version__template_id", "role__key", "expected")
    calendars = ("version__calendar", "config__calendar")
    rows = Step.objects.filter(pk__in=steps).values_list(*columns, *calendars)
    return {
        pk: StepFacts(
            step=pk,
            version=version,
            template=template,
            role=role or "",
            expected=expected_microseconds(expected, own or calendar),
            exceptions=frozenset(exceptions.get(pk, {FAILED})),
        )
        for pk, version, template, role, expected, calendar, own in rows
    }


def expected_step_microseconds(step: Step) -> int:
    """How long a step is expected to take, in business microseconds of its calendar; its version
    was read with it."""
    own = (step.config or {}).get("calendar")
    return expected_microseconds(step.expected, own or step.version.calendar)


def expected_microseconds(expected: str | None, calendar: str | None) -> int:
    """An expected time ('2d') as business microseconds of a calendar; 0 where there is none."""
    if not expected:
        return 0
    return _load_calendar(calendar).seconds(parse_duration(expected)) * 1_000_000


def calendar_day_seconds(calendar: str | None) -> int:
    """How long a day is in a calendar: 8 hours, or 24."""
    return _load_calendar(calendar).seconds(parse_duration("1d"))


def _load_calendar(name: str | None) -> Calendar:
    return site_calendar(name)
