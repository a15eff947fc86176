"""A process's event log brought in as requests, with its own times, and taken out again.

The log is read once and held: about 400 bytes a row. It is checked as a whole before anything is
written; then it is written in pieces, and seen by nobody until the last one is there.
"""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from reporting.eventlogs.account import Account
from reporting.eventlogs.messages import refuse_empty_log
from reporting.eventlogs.readers.read import LogReadOptions, read_log
from reporting.eventlogs.readers.rows import LogRow
from reporting.eventlogs.services.case_building import build_case, clean_case_values
from reporting.eventlogs.services.observed_map import survey_log
from reporting.eventlogs.services.progress import Progress, ignore_progress
from reporting.eventlogs.services.removal import clear_abandoned_imports, delete_import_rows
from reporting.eventlogs.services.target_map import find_or_make_version, map_activities
from reporting.rollups.services import mark_stale
from workflows.definitions.models import TemplateVersion
from workflows.history_import.models import LogImport
from workflows.history_import.services import importing as past
from workflows.history_import.services.importing import PastCase
from workflows.people.models import User

BREATH = 0.01
"""Seconds between two pieces, so that who waits for SQLite's one lock gets it."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What came of an import."""

    record: LogImport
    version: TemplateVersion
    cases: int
    rows: int
    observed: bool
    account: Account


def import_log(
    source: str,
    log: str | Path,
    *,
    actor: User | None,
    now: datetime,
    read_options: LogReadOptions | None = None,
    progress: Progress = ignore_progress,
) -> ImportResult:
    """Bring a log in under a workflow's key, or under the workflow that a definition file defines.

    A key that does not exist yet gets an observed map. InvalidInput (rows that cannot be used, an
    activity that is no step, a case that is there already) leaves nothing behind.
    """
    clear_abandoned_imports(now=now)
    account = Account(str(log))
    seen = survey_log(_report_reading(read_log(log, read_options, account), progress))
    if not seen.cases:
        raise refuse_empty_log(account)
    with transaction.atomic():
        version, observed = find_or_make_version(source, seen, actor, now)
        steps = map_activities(version, seen)
        past.refuse_known_cases(version.template, set(seen.cases))
        cases = [build_case(key, rows, steps) for key, rows in seen.cases.items()]
        clean_case_values(version, seen, cases)
        arrival = past.begin_import(
            version, file_name=Path(log).name, digest=_file_digest(log), actor=actor, now=now
        )
    _write_cases(arrival, cases, seen.rows, account, progress)
    return ImportResult(arrival.record, version, len(cases), seen.rows, observed, account)


def _report_reading(rows: Iterator[LogRow], progress: Progress) -> Iterator[LogRow]:
    for number, row in enumerate(rows):
        if not number % 1000:
            progress("read", number, 0)
        yield row


def _file_digest(log: str | Path) -> str:
    with Path(log).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_cases(
    arrival: past.LogArrival, cases: list[PastCase], rows: int, account: Account, progress: Progress
) -> None:
    """Write the cases in pieces. What goes wrong on the way leaves nothing of them."""
    began, written = time.monotonic(), 0
    try:
        for piece in past.split_cases_into_pieces(cases):
            later = arrival.now + timedelta(seconds=time.monotonic() - began)
            written += past.write_piece(arrival, piece, now=later)
            progress("written", written, rows)
            time.sleep(BREATH)
        with transaction.atomic():
            past.finish_import(arrival, cases, summary=account.summary().to_json())
            mark_stale(arrival.days)
    except BaseException:
        delete_import_rows(arrival.record, now=arrival.now)
        raise
