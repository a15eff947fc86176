"""The command `simulate`: from a log or our own history, and a map, to a simulated log."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from approvals.ui.csv_cells import EchoFile, csv_cell
from reporting.eventlogs.readers.read import LogReadOptions, read_log
from reporting.eventlogs.readers.rows import LogRow
from reporting.eventlogs.services.observed_map import build_observed_map, survey_log
from reporting.forecasts.history import History
from reporting.forecasts.learning import Learnt, learn_scenario
from reporting.forecasts.log_history import ActivityReader, activity_names, read_log_history
from reporting.forecasts.own_history import read_own_history
from reporting.forecasts.simulated_log import (
    SimulatedPeriod,
    SimulatedRow,
    rows_of,
    simulate_period,
)
from reporting.forecasts.typical_run import most_typical
from reporting.ui.whole_file import write_whole_file
from workflows.calendars.queries.working_calendars import map_calendar
from workflows.definitions.models import WorkflowTemplate
from workflows.definitions.queries.sources import find_named_workflow, looks_like_file, read_source
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import Definition, HumanStep, display_title
from workflows.engine.rehearsal.supposing import Site

COLUMNS: Final = ("case_id", "activity", "resource", "enabled", "start", "end")
RUNS: Final = 30
"""So many periods are simulated, of which the most typical is written."""


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """What was learnt from, what came out, and how a log writes it."""

    learnt: Learnt
    period: SimulatedPeriod
    rows: tuple[SimulatedRow, ...]
    knows_begun: bool


def simulate(
    source: str,
    *,
    log: str | None,
    since: datetime,
    until: datetime,
    seed: int = 1,
    mapping: str | Path | None = None,
    read_options: LogReadOptions | None = None,
    runs: int = RUNS,
) -> Simulated:
    """Learn from before `since`, simulate until `until`. Raises InvalidInput or NotFound."""
    definition, history, names = _read_past(
        source, log=log, since=since, mapping=mapping, read_options=read_options
    )
    if not any(history.done_tasks()):
        raise InvalidInput(
            "Before %(since)s nothing was done: give a --since by which there is something to learn"
            " from.",
            since=since.isoformat(),
        )
    calendar = map_calendar(definition)
    learnt = learn_scenario(definition, history, Site(calendar=calendar, zone=history.zone))
    periods = [
        simulate_period(learnt, until=until, calendar=calendar, seed=seed * 1000 + number)
        for number in range(runs)
    ]
    period = most_typical(periods, offset=learnt.offset)
    titles = {
        key: display_title(key, step.name)
        for key, step in definition.steps.items()
        if isinstance(step, HumanStep)
    }
    rows = tuple(rows_of(period, names, titles))
    return Simulated(learnt=learnt, period=period, rows=rows, knows_begun=history.knows_begun)


def _read_past(
    source: str,
    *,
    log: str | None,
    since: datetime,
    mapping: str | Path | None,
    read_options: LogReadOptions | None,
) -> tuple[Definition, History, Mapping[tuple[str, str], str]]:
    if log is None:
        definition = read_source(source).definition
        template = find_named_workflow(definition.key)
        return definition, read_own_history(template, definition, until=since), {}
    rows = list(read_log(log, read_options))
    definition = _map_for_log(source, rows)
    reader = ActivityReader(definition, mapping)
    history = read_log_history(rows, reader, until=since)
    return definition, history, activity_names(history)


def _map_for_log(source: str, rows: Iterable[LogRow]) -> Definition:
    """The map that is named; one that is observed in the log where there is none of that key."""
    if looks_like_file(source) or WorkflowTemplate.objects.filter(key=source).exists():
        return read_source(source).definition
    return build_observed_map(source, survey_log(rows))


def write_rows(simulated: Simulated, path: str | Path) -> None:
    """The simulated log as a CSV file. Where the log that was learnt from does not know when work
    was begun, neither does this one."""
    columns = [name for name in COLUMNS if simulated.knows_begun or name != "start"]
    writer = csv.writer(EchoFile(), lineterminator="\n")
    lines = [writer.writerow(columns)]
    lines += [writer.writerow([_cell(row, name) for name in columns]) for row in simulated.rows]
    write_whole_file(Path(path), lines)


def _cell(row: SimulatedRow, name: str) -> Any:
    value = getattr(row, name)
    return value.isoformat() if isinstance(value, datetime) else csv_cell(value)
