"""The scenario that a map alone gives: what it states, and what is supposed where it is silent."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, Protocol

from cronsim import CronSim, CronSimError

from workflows.engine.format.definition import (
    AutomationStep,
    Definition,
    HumanStep,
    SubworkflowStep,
    WaitStep,
    excluded_parties,
    roles_of_step,
)
from workflows.engine.format.directory_finders import COLUMN
from workflows.engine.format.quorums import fixed_votes
from workflows.engine.format.role_finders import GROUPS, GROUPS_BY_FIELDS, USERS
from workflows.engine.format.roles import RoleDef
from workflows.engine.rehearsal.scenario import (
    HOURS_OF_A_WEEK,
    Arrivals,
    Scenario,
    Shares,
    Spread,
    StepTimes,
    ValueShares,
    Worker,
    group_tag,
)
from workflows.engine.rehearsal.visits import expected_visits
from workflows.engine.routing.supposed_chains import superior_name
from workflows.engine.timing.working_time import Calendar, parse_duration
from workflows.engine.values.field_types.base import type_of_field

FEWEST_SUPPOSED: Final = 4
"""So many people are supposed in a group of which nobody knows anything."""
NAMED_BY_FIELDS: Final = 4
MANY: Final = 100
"""So much at once is done by those of whom nobody says how many there are: whoever asks, and
whoever is named in a request."""
USUAL_TO_EXCEPTION: Final = 4
"""What is no exception is decided so many times as often as what is one."""
USUAL_EXPECTED: Final = 4 * 3600
FULL_ENOUGH: Final = 0.5
"""Where nobody says how many requests come in, so few that people work on them for at most this
share of their time."""
FAILS: Final[Mapping[str, float]] = {"set_fields": 0.0, "email": 0.02}
FAILS_OTHERWISE: Final = 0.05
MOST_SCHEDULED: Final = 20_000


class KnownPeople(Protocol):
    """What a site knows of the people that lists name."""

    def listed_people(self, finder: str, name: str) -> Sequence[str] | None:
        """The people of a group, or of another list; None where there is no such thing here."""


class NobodyKnown:
    """For a file without a site: whoever is named is there, and groups are supposed."""

    def listed_people(self, finder: str, name: str) -> Sequence[str] | None:
        """People by their names; nothing is known of groups."""
        return (name,) if finder == USERS.name else None


@dataclass(frozen=True, kw_only=True)
class Site:
    """What a rehearsal needs to know of where the map is to run."""

    calendar: Calendar
    zone: str = "UTC"
    people: KnownPeople = field(default_factory=NobodyKnown)


def suppose_scenario(
    definition: Definition, site: Site, *, starts_at: datetime, seed: int = 1, runs: int = 100
) -> Scenario:
    """What a rehearsal of this map supposes where nothing was learnt."""
    steps = _suppose_steps(definition, site.calendar)
    people = _suppose_people(definition, site.people)
    return Scenario(
        starts_at=starts_at,
        seed=seed,
        zone=site.zone,
        arrivals=_suppose_arrivals(definition, site, people, steps, starts_at, runs),
        people=people,
        steps=steps,
        values=_suppose_persons_in_fields(definition, people),
    )


# -- steps --------------------------------------------------------------------------------


def _suppose_steps(definition: Definition, calendar: Calendar) -> dict[str, StepTimes]:
    stated = definition.rehearse.steps if definition.rehearse else None
    steps: dict[str, StepTimes] = {}
    for key, step in definition.steps.items():
        said = (stated or {}).get(key)
        minutes = said.minutes if said else None
        shares = said.outcomes if said else None
        fails = said.fails if said else None
        if isinstance(step, HumanStep):
            times = _human_times(step, calendar.of_step(key), minutes, shares)
            asks = said.asks if said else None
            steps[key] = _with_questions(times, asks, calendar.of_step(key)) if asks else times
        elif isinstance(step, AutomationStep | WaitStep | SubworkflowStep):
            steps[key] = _outside_times(step, calendar.of_step(key), minutes, fails)
    return steps


def _human_times(
    step: HumanStep,
    calendar: Calendar,
    minutes: float | None,
    shares: Mapping[str, float] | None,
) -> StepTimes:
    """`expected` has waiting in it: the work itself is an eighth to a half of it, and up to a
    quarter goes by until somebody looks."""
    expected = _seconds(calendar, step.expected, USUAL_EXPECTED)
    working = Spread((expected // 8, expected // 4, expected * 3 // 8, expected // 2))
    if minutes is not None:
        working = _around(minutes)
    weights = [
        (name, (shares or {}).get(name, 0.0) if shares else _usual_weight(route.exception))
        for name, route in step.outcomes.items()
    ]
    return StepTimes(
        working=working,
        delay=Spread((0, expected // 8, expected // 4)),
        outcomes=Shares(tuple(weights)),
    )


def _with_questions(times: StepTimes, asks: float, calendar: Calendar) -> StepTimes:
    """An answer takes from half a day to two days of work."""
    day = _seconds(calendar, "1d", USUAL_EXPECTED)
    return replace(times, asks=asks, answering=Spread((day // 2, day, 2 * day)))


def _usual_weight(exception: bool | None) -> float:
    return 1.0 if exception else float(USUAL_TO_EXCEPTION)


def _outside_times(
    step: AutomationStep | WaitStep | SubworkflowStep,
    calendar: Calendar,
    minutes: float | None,
    fails: float | None,
) -> StepTimes:
    """An answer comes within a minute; a message or another request within days."""
    is_quick = isinstance(step, AutomationStep)
    usual = 60 if is_quick else 2 * _seconds(calendar, "1d", USUAL_EXPECTED)
    longest = _seconds(calendar, step.expected, usual)
    working = _around(minutes) if minutes is not None else Spread((longest // 4, longest))
    if fails is None:
        fails = _usual_failure(step)
    return StepTimes(working=working, counts="elapsed" if is_quick else "work", failure=fails)


def _usual_failure(step: AutomationStep | WaitStep | SubworkflowStep) -> float:
    if isinstance(step, AutomationStep):
        return FAILS.get(step.action, FAILS_OTHERWISE)
    return FAILS_OTHERWISE if isinstance(step, SubworkflowStep) and step.on_error else 0.0


def _around(minutes: float) -> Spread:
    seconds = int(minutes * 60)
    return Spread((seconds // 2, seconds, seconds * 3 // 2))


def _seconds(calendar: Calendar, written: str | None, usual: int) -> int:
    return calendar.seconds(parse_duration(written)) if written else usual


# -- people -------------------------------------------------------------------------------


def _suppose_people(definition: Definition, known: KnownPeople) -> tuple[Worker, ...]:
    roles_of: dict[str, list[str]] = {}
    supposed: set[str] = set()
    for role, spec in definition.roles.items():
        for name, is_supposed in _people_of_role(definition, role, spec, known):
            roles_of.setdefault(name, []).append(role)
            if is_supposed:
                supposed.add(name)
        for name, group, is_supposed in _people_of_groups(definition, role, spec, known):
            roles_of.setdefault(name, []).extend((role, group_tag(role, group)))
            if is_supposed:
                supposed.add(name)
    at_work = {step.role for step in definition.steps.values() if isinstance(step, HumanStep)}
    members = tuple(
        Worker(
            name=name,
            roles=tuple(roles),
            supposed=name in supposed,
            at_once=MANY if name in supposed and not at_work.intersection(roles) else 1,
        )
        for name, roles in roles_of.items()
    )
    return (*members, *_people_whom_fields_name(definition, roles_of))


def _people_whom_fields_name(definition: Definition, known: Collection[str]) -> Iterator[Worker]:
    """Of managers and the like there are as many as it takes: they hold nothing up."""
    for key, spec in definition.value_specs():
        if type_of_field(spec).names_anybody and not spec.role:
            for name in _names_for_field(key):
                if name not in known:
                    yield Worker(name=name, roles=(), at_once=MANY, supposed=True)
    levels = [scope.chain.most for scope in definition.row_scopes() if scope.chain is not None]
    for number in range(1, max(levels, default=0) + 1):
        yield Worker(name=superior_name(number), roles=(), at_once=MANY, supposed=True)


def _names_for_field(key: str) -> list[str]:
    return [f"{key} {number}" for number in range(1, NAMED_BY_FIELDS + 1)]


def _people_of_role(
    definition: Definition, role: str, spec: RoleDef, known: KnownPeople
) -> Iterator[tuple[str, bool]]:
    """The people of a role, each with whether they are only supposed."""
    seen = set[str]()
    for finder, setting in spec.sources:
        names = finder.listed_names(setting)
        if not finder.is_listed and not spec.is_requester and not spec.person_field:
            names = () if finder in (GROUPS_BY_FIELDS, COLUMN) else (role,)
        for name in names:
            found = known.listed_people(finder.name, name) if finder.is_listed else None
            count = _supposed_count(definition, role)
            people = [f"{name} {number}" for number in range(1, count + 1)]
            for person in people if found is None else found:
                if person not in seen:
                    seen.add(person)
                    yield person, found is None


def _people_of_groups(
    definition: Definition, role: str, spec: RoleDef, known: KnownPeople
) -> Iterator[tuple[str, str, bool]]:
    """The people of each group that fields may name, with the group, and whether they are only
    supposed."""
    for finder, setting in spec.sources:
        for group in finder.group_choices(setting, definition.fields):
            found = known.listed_people(GROUPS.name, group)
            count = _supposed_count(definition, role)
            people = [f"{group} {number}" for number in range(1, count + 1)]
            for person in people if found is None else found:
                yield person, group, found is None


def _supposed_count(definition: Definition, role: str) -> int:
    """As many as the map states; else more than any of the role's steps needs."""
    stated = (definition.rehearse.people if definition.rehearse else None) or {}
    if role in stated:
        return stated[role]
    needed = [
        (fixed_votes(step.quorum) or 1) + len(excluded_parties(step)) + 1
        for step in definition.steps.values()
        if isinstance(step, HumanStep) and role in roles_of_step(step)
    ]
    return max([FEWEST_SUPPOSED, *needed])


def _suppose_persons_in_fields(
    definition: Definition, people: Sequence[Worker]
) -> dict[str, ValueShares]:
    """Whom fields name: people of the field's role, or some that are made up."""
    values = {}
    for key, spec in definition.value_specs():
        if not type_of_field(spec).names_anybody:
            continue
        names = [person.name for person in people if spec.role in person.roles]
        if not spec.role:
            names = _names_for_field(key)
        values[key] = ValueShares(values=tuple((name, 1.0) for name in names))
    return values


# -- arrivals -----------------------------------------------------------------------------


def _suppose_arrivals(
    definition: Definition,
    site: Site,
    people: Sequence[Worker],
    steps: Mapping[str, StepTimes],
    starts_at: datetime,
    runs: int,
) -> Arrivals:
    stated = definition.rehearse.requests_per_week if definition.rehearse else None
    week = _open_hours(site.calendar)
    per_week = float(stated or 0) or _supposed_volume(definition, site.calendar, people, steps)
    per_hour = tuple(per_week * share / sum(week) for share in week)
    return Arrivals(
        per_hour=per_hour, scheduled=tuple(_scheduled(definition, site, starts_at, runs))
    )


def _open_hours(calendar: Calendar) -> tuple[float, ...]:
    """The share of each hour of the week that is worked in."""
    if calendar.hours is None:
        return (1.0,) * HOURS_OF_A_WEEK
    shares = [0.0] * HOURS_OF_A_WEEK
    for day, spans in enumerate(calendar.hours):
        for opens, closes in spans:
            begin = opens.hour + opens.minute / 60
            end = closes.hour + closes.minute / 60 or 24.0
            for hour in range(24):
                overlap = min(end, hour + 1) - max(begin, hour)
                shares[day * 24 + hour] += max(0.0, overlap)
    return tuple(shares)


def _supposed_volume(
    definition: Definition,
    calendar: Calendar,
    people: Sequence[Worker],
    steps: Mapping[str, StepTimes],
) -> float:
    """Requests a week where nobody says how many: one a working day, or as few as the people of
    each role can do with half of their time. One person who is alone in a role is not spared."""
    week = calendar.seconds(parse_duration("1w"))
    days = week / max(1, calendar.seconds(parse_duration("1d")))
    volume, visits = days, expected_visits(definition, steps)
    for role in definition.roles:
        members = sum(role in person.roles for person in people)
        work = sum(
            visits[key] * steps[key].working.mean * (fixed_votes(step.quorum) or 1)
            for key, step in definition.steps.items()
            if isinstance(step, HumanStep) and role in roles_of_step(step)
        )
        if members > 1 and work:
            volume = min(volume, FULL_ENOUGH * members * week / work)
    return volume


def _scheduled(
    definition: Definition, site: Site, starts_at: datetime, runs: int
) -> Iterator[tuple[datetime, int]]:
    """The moments of the map's schedules; one that leaves out what the start requires starts
    nothing."""
    start = definition.start
    for number, trigger in enumerate((start.triggers if start else None) or [], start=1):
        given = trigger.data or {}
        needed = [
            key
            for key in (start.fields if start else None) or []
            if key in definition.fields and definition.fields[key].is_left_to_others
        ]
        if trigger.cron is None or any(given.get(key) is None for key in needed):
            continue
        try:
            moments = CronSim(trigger.cron, starts_at.astimezone(site.calendar.zone))
            for moment in islice(moments, min(runs, MOST_SCHEDULED)):
                if moment - starts_at > timedelta(days=366 * 20):
                    break
                yield moment, number
        except CronSimError:
            continue
