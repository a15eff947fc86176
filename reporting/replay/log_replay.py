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

from reporting.eventlogs.account import Account
from reporting.eventlogs.messages import refuse_empty_log
from reporting.eventlogs.readers.read import LogReadOptions, LogRow, read_log
from reporting.replay.activity_mapping import read_mapping
from reporting.replay.case_replay import CaseRefusal, CaseReplay
from reporting.replay.target_version import ActivityPerformer, prepare_replay_version
from workflows.definitions.queries.compiled_versions import get_version_map
from workflows.definitions.queries.sources import read_source
from workflows.engine.format.definition import Definition, FieldDef
from workflows.engine.values.field_types.base import ValueRefused, type_of_field
from workflows.people.services.log_accounts import LogPeople

Report = Callable[["ReplayResult"], None]


@dataclass(slots=True)
class ReplayResult:
    """What came of a replay so far, and of the file (`account`)."""

    account: Account
    cases: int = 0
    replayed: int = 0
    refused: list[CaseRefusal] = field(default_factory=list)
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
class ReplaySurvey:
    """What a first reading found: how many rows each case has, who does what, who is named."""

    rows: Counter[str] = field(default_factory=Counter)
    doings: dict[ActivityPerformer, None] = field(default_factory=dict)
    named: dict[str, None] = field(default_factory=dict)


def replay_log(
    source: str,
    log: str | Path,
    *,
    mapping: str | Path | None,
    now: datetime,
    read_options: LogReadOptions | None = None,
    report: Report = lambda outcome: None,
) -> ReplayResult:
    """Replay a log on a workflow (its key, or a definition file, which is published first).

    Bad input (the file, the mapping, a bad row) raises HandoffError before anything is written;
    a case that the map does not allow is rolled back whole and listed.
    """
    outcome = ReplayResult(Account(str(log)))
    driven = read_source(source)
    activities = read_mapping(mapping, driven.definition)
    seen = _survey_replay_log(log, driven.definition, read_options, outcome.account)
    people = LogPeople()
    version = prepare_replay_version(
        driven, activities, people, list(seen.doings), list(seen.named), now=now
    )
    replay = CaseReplay(get_version_map(version), version, activities, people)
    for rows in read_log_cases(log, seen.rows, read_options):
        _add_case(outcome, replay, rows)
        report(outcome)
    return outcome


def _survey_replay_log(
    log: str | Path, definition: Definition, read_options: LogReadOptions | None, account: Account
) -> ReplaySurvey:
    seen = ReplaySurvey()
    fields = definition.fields
    people = [key for key, spec in fields.items() if type_of_field(spec).names_anybody]
    for row in read_log(log, read_options, account):
        seen.rows[row.case_id] += 1
        seen.doings[ActivityPerformer(row.activity, row.resource)] = None
        for key in people:
            seen.named.update(
                (name.strip(), None) for name in _named_people(fields[key], row.data.get(key))
            )
    if not seen.rows:
        raise refuse_empty_log(account)
    return seen


def _named_people(spec: FieldDef, written: str | None) -> Sequence[str]:
    """Whom a cell of the log names in a field of people."""
    field_type = type_of_field(spec)
    if written is None or field_type.names_person:
        return [] if written is None else [written]
    try:
        return field_type.people_in(spec, field_type.clean(spec, written))
    except ValueRefused:
        return []


def read_log_cases(
    log: str | Path, counts: Counter[str], read_options: LogReadOptions | None = None
) -> Iterator[list[LogRow]]:
    """Each case's rows by their time (equal times in the file's order), once all are read."""
    under_way: dict[str, list[LogRow]] = {}
    for row in read_log(log, read_options):
        rows = under_way.setdefault(row.case_id, [])
        rows.append(row)
        if len(rows) == counts[row.case_id]:
            del under_way[row.case_id]
            rows.sort(key=lambda row: row.last)
            yield rows


def _add_case(outcome: ReplayResult, replay: CaseReplay, rows: list[LogRow]) -> None:
    outcome.cases += 1
    try:
        request, decisions = replay.drive(rows)
    except CaseRefusal as refusal:
        outcome.refused.append(refusal)
    else:
        outcome.replayed += 1
        outcome.decisions += decisions
        if request.is_live:
            outcome.open += 1
        else:
            outcome.ended[request.result] += 1
    outcome.seconds = time.monotonic() - outcome.began
