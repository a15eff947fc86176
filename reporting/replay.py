"""A log driven through the real services, decision by decision, with the log's own clock.

The log is read twice: once to count each case's rows and to see who does what, once to replay.
A case is replayed when its last row has been read, so only the cases that are under way in the
file at one time are held; a log that is sorted by case is held one case at a time.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from reporting.case_replay import CaseReplay, Refusal
from reporting.logs.read import How, LogRow, read_log
from reporting.logs.rows import Account
from reporting.mapping import read_mapping
from reporting.replay_source import Doing, prepare
from workflows.engine.definition import Definition
from workflows.engine.errors import InvalidInput
from workflows.management.sources import source_named
from workflows.services.log_people import LogPeople
from workflows.services.maps import map_of

Report = Callable[["Outcome"], None]


@dataclass(slots=True)
class Outcome:
    """What came of a replay so far, and of the file (`account`)."""

    account: Account
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
            "log": self.account.as_json(),
        }


@dataclass(slots=True)
class Seen:
    """What a first reading found: how many rows each case has, who does what, who is named."""

    rows: Counter[str] = field(default_factory=Counter)
    doings: dict[Doing, None] = field(default_factory=dict)
    named: dict[str, None] = field(default_factory=dict)


def replay_log(
    source: str,
    log: str | Path,
    *,
    mapping: str | Path | None,
    now: datetime,
    how: How | None = None,
    report: Report = lambda outcome: None,
) -> Outcome:
    """Replay a log on a workflow (its key, or a definition file, which is published first).

    Bad input (the file, the mapping, a bad row) raises HandoffError before anything is written;
    a case that the map does not allow is rolled back whole and listed.
    """
    outcome = Outcome(Account(str(log)))
    driven = source_named(source)
    activities = read_mapping(mapping, driven.definition)
    seen = _look_through(log, driven.definition, how, outcome.account)
    people = LogPeople()
    version = prepare(driven, activities, people, list(seen.doings), list(seen.named), now=now)
    replay = CaseReplay(map_of(version), version, activities, people)
    for rows in cases_of(log, seen.rows, how):
        _add_case(outcome, replay, rows)
        report(outcome)
    return outcome


def _look_through(
    log: str | Path, definition: Definition, how: How | None, account: Account
) -> Seen:
    seen = Seen()
    people = [key for key, spec in definition.fields.items() if spec.type == "user"]
    for row in read_log(log, how, account):
        seen.rows[row.case_id] += 1
        seen.doings[Doing(row.activity, row.resource)] = None
        seen.named.update((row.data[key].strip(), None) for key in people if key in row.data)
    if not seen.rows:
        raise InvalidInput(account.nothing_to("replay"))
    return seen


def cases_of(
    log: str | Path, counts: Counter[str], how: How | None = None
) -> Iterator[list[LogRow]]:
    """Each case's rows by their time (equal times in the file's order), once all are read."""
    under_way: dict[str, list[LogRow]] = {}
    for row in read_log(log, how):
        rows = under_way.setdefault(row.case_id, [])
        rows.append(row)
        if len(rows) == counts[row.case_id]:
            del under_way[row.case_id]
            rows.sort(key=lambda row: row.last)
            yield rows


def _add_case(outcome: Outcome, replay: CaseReplay, rows: list[LogRow]) -> None:
    outcome.cases += 1
    try:
        request, decisions = replay.drive(rows)
    except Refusal as refusal:
        outcome.refused.append(refusal)
    else:
        outcome.replayed += 1
        outcome.decisions += decisions
        if request.is_live:
            outcome.open += 1
        else:
            outcome.ended[request.result] += 1
    outcome.seconds = time.monotonic() - outcome.began
