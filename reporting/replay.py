"""A log driven through the real services, decision by decision, with the log's own clock.

The log is read twice: once to count each case's rows and to see who does what, once to replay.
A case is replayed when its last row has been read, so only the cases that are under way in the
file at one time are held; a log that is sorted by case is held one case at a time.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from reporting.eventlog import LogRow, read_log
from reporting.mapping import (
    IGNORE,
    REQUESTER,
    START,
    Activities,
    Decision,
    how_to_write,
    read_mapping,
)
from reporting.replay_source import version_to_drive
from workflows.engine.definition import HumanStep
from workflows.engine.errors import HandoffError, InvalidInput
from workflows.models import Incident, Step, TemplateVersion, WorkflowInstance, WorkItem
from workflows.services import corrections, requests, tasks
from workflows.services.log_people import LogPeople
from workflows.services.maps import VersionMap, map_of
from workflows.services.tasks import Moments

FROM_LOG = "The log shows it."
"""The comment of a decision that needs one: a log carries none."""

Report = Callable[["Outcome"], None]


@dataclass(slots=True)
class Refusal(Exception):
    """Why a case could not be replayed, and at which line of the log."""

    case_id: str
    row: int
    reason: str


@dataclass(slots=True)
class Outcome:
    """What came of a replay so far."""

    cases: int = 0
    replayed: int = 0
    refused: list[Refusal] = field(default_factory=list)
    open: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    decisions: int = 0
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The result in the shape that other programs read."""
        refused = [{"case_id": r.case_id, "row": r.row, "reason": r.reason} for r in self.refused]
        return {
            "cases": self.cases,
            "replayed": self.replayed,
            "refused": refused,
            "open": self.open,
            "ended": dict(self.ended.most_common()),
            "decisions": self.decisions,
            "seconds": round(self.seconds, 3),
        }


@dataclass(slots=True)
class Seen:
    """What a first reading found: how many rows each case has, and who does what."""

    rows: Counter[str] = field(default_factory=Counter)
    doings: dict[tuple[str, str], None] = field(default_factory=dict)
    values: dict[tuple[str, str], None] = field(default_factory=dict)


def replay_log(
    source: str,
    log: str | Path,
    *,
    mapping: str | Path | None,
    now: datetime,
    report: Report = lambda outcome: None,
) -> Outcome:
    """Replay a log on a workflow (its key, or a definition file, which is published first).

    Bad input (the file, the mapping, a bad row) raises HandoffError before anything is written;
    a case that the map does not allow is rolled back whole and listed.
    """
    seen = _look_through(log)
    people = LogPeople()
    with transaction.atomic():
        version = version_to_drive(source, people, now=now, doings=_doings(seen, mapping))
        version_map = map_of(version)
        activities = read_mapping(mapping, version_map.graph.definition)
        _give_roles(version_map, activities, people, seen)
    replay = Replay(version, version_map, activities, people)
    outcome = Outcome()
    for rows in cases_of(log, seen.rows):
        replay.case(rows, outcome)
        report(outcome)
    return outcome


def _look_through(log: str | Path) -> Seen:
    seen = Seen()
    for row in read_log(log):
        seen.rows[row.case_id] += 1
        seen.doings[row.activity, row.resource] = None
        for key, value in row.data.items():
            seen.values[key, value] = None
    if not seen.rows:
        raise InvalidInput(f"{log} has no rows; there is nothing to replay.")
    return seen


def cases_of(log: str | Path, counts: Counter[str]) -> Iterator[list[LogRow]]:
    """Each case's rows by their time (equal times in the file's order), once all are read."""
    under_way: dict[str, list[LogRow]] = {}
    for row in read_log(log):
        rows = under_way.setdefault(row.case_id, [])
        rows.append(row)
        if len(rows) == counts[row.case_id]:
            del under_way[row.case_id]
            rows.sort(key=lambda row: row.end)
            yield rows
