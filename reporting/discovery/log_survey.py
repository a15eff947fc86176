"""A log, or our own history, surveyed for a map: the courses of its cases, who does what, how long
it takes, and which values tell ways apart. Of the rows only this is kept."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

from django.utils import timezone

from reporting.eventlogs.account import Account
from reporting.eventlogs.messages import refuse_empty_log
from reporting.eventlogs.readers.read import LogReadOptions, read_log
from reporting.eventlogs.readers.rows import LogRow
from reporting.eventlogs.services.observed_map import check_field_names
from reporting.replay.log_replay import read_log_cases
from workflows.engine.discovery.concurrency import Trace
from workflows.engine.discovery.split_rules import (
    FieldKind,
    SplitRule,
    kind_of_values,
    learn_split_rule,
)
from workflows.engine.discovery.survey import LogSurvey
from workflows.engine.errors import InvalidInput
from workflows.engine.texts import grouped
from workflows.engine.timing.working_time import Calendar

MOST_ACTIVITIES = 200
"""A map of more is no map to redraw; the log needs a mapping to fewer first."""
MOST_TIMES = 500
"""So many times of each activity are measured: the first of the log."""
MOST_OBSERVED = 5_000
"""So many choices behind each activity are looked at for rules."""
MOST_VALUES = 1_000
MOST_RESOURCES = 200
DAY, HOUR, MINUTE = 8 * 3600.0, 3600.0, 60.0

Observation = tuple[Mapping[str, str], str]


@dataclass
class SurveyNotes:
    """What is noted while cases go by."""

    calendar: Calendar
    traces: Counter[Trace] = field(default_factory=Counter)
    resources: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    values: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    choices: dict[str, list[Observation]] = field(default_factory=lambda: defaultdict(list))

    def add(self, rows: Sequence[LogRow]) -> None:
        """One case, its rows by their time."""
        self.traces[tuple(row.activity for row in rows)] += 1
        before: datetime | None = None
        for row in rows:
            self._add_resource(row)
            self._add_time(row, before)
            before = row.last
        self._add_choices(rows)

    def _add_resource(self, row: LogRow) -> None:
        people = self.resources[row.activity]
        if len(self.resources) > MOST_ACTIVITIES:
            raise InvalidInput(
                "The log has more than %(most)s different activities; a map of so many steps is"
                " none. Give them fewer names first.",
                most=grouped(MOST_ACTIVITIES),
            )
        if row.resource in people or len(people) < MOST_RESOURCES:
            people[row.resource] += 1

    def _add_time(self, row: LogRow, before: datetime | None) -> None:
        """How long it took from when it was there: in working time, queue included."""
        times = self.times[row.activity]
        begin = row.enabled or before or row.start
        if begin is not None and begin <= row.last and len(times) < MOST_TIMES:
            times.append(self.calendar.between(begin, row.last).total_seconds())

    def _add_choices(self, rows: Sequence[LogRow]) -> None:
        """What was known when it went one way or another. Ways inside of blocks are not asked."""
        known: dict[str, str] = {}
        for row, after in pairwise([*rows, None]):
            assert row is not None
            known |= row.data
            for key, value in row.data.items():
                if len(self.values[key]) < MOST_VALUES:
                    self.values[key].add(value)
            observed = self.choices[row.activity]
            if known and len(observed) < MOST_OBSERVED:
                observed.append((dict(known), after.activity if after else ""))

    def survey(self) -> LogSurvey:
        """What is known of the log."""
        check_field_names(set(self.values))
        kinds = {key: kind_of_values(seen) for key, seen in sorted(self.values.items())}
        return LogSurvey(
            traces=self.traces,
            resources=self.resources,
            expected={
                name: _duration(median(times)) for name, times in self.times.items() if times
            },
            fields=kinds,
            choices={
                key: tuple(sorted(self.values[key]))
                for key, kind in kinds.items()
                if kind == "choice"
            },
            rules=dict(self._rules(kinds)),
        )

    def _rules(self, kinds: Mapping[str, FieldKind]) -> Iterator[tuple[str, SplitRule]]:
        for activity, observed in self.choices.items():
            rule = learn_split_rule(observed, kinds)
            if rule is not None:
                yield activity, rule


def survey_log_file(
    log: str | Path, *, read_options: LogReadOptions | None = None, account: Account | None = None
) -> LogSurvey:
    """A log file surveyed; it is read twice, and a case is held from its first row to its last.
    Raises InvalidInput."""
    account = account or Account(str(log))
    counts = Counter(row.case_id for row in read_log(log, read_options, account))
    if not counts:
        raise refuse_empty_log(account)
    return survey_cases(read_log_cases(log, counts, read_options))


def survey_cases(cases: Iterable[Sequence[LogRow]]) -> LogSurvey:
    """The survey of cases, each with its rows by their time."""
    notes = SurveyNotes(Calendar.business(timezone.get_default_timezone()))
    for rows in cases:
        notes.add(rows)
    return notes.survey()


def _duration(seconds: float) -> str:
    """So much working time as a map writes it, in round figures."""
    if seconds >= DAY:
        return f"{round(seconds / DAY)}d"
    if seconds >= HOUR:
        return f"{round(seconds / HOUR)}h"
    return f"{max(5, round(seconds / MINUTE / 5) * 5)}m"
