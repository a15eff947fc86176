"""A process's event log brought in as requests, with its own times, and taken out again.

The log is read once and held: about 400 bytes a row. It is checked as a whole before anything is
written; then it is written in pieces, and seen by nobody until the last one is there.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from django.contrib.auth.models import User
from django.db import transaction

from reporting.cases import Done, hand_over, in_order
from reporting.logs.checks import whole_number
from reporting.logs.read import How, read_log
from reporting.logs.rows import Account, LogRow
from reporting.observed import Seen, look_through, observed_version
from reporting.quantiles import at, us
from reporting.rollups_changes import mark_stale
from workflows.engine.errors import InvalidInput
from workflows.management.sources import looks_like_file, read_definition_file
from workflows.models import LogImport, TemplateVersion, WorkflowInstance, WorkflowTemplate
from workflows.services import past, past_out
from workflows.services.definitions import load_definition, publish
from workflows.services.maps import map_of
from workflows.services.past import PastCase, PastTask
from workflows.services.values import clean_values

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is (0: not known)."""
STATES = (
    *(WorkflowInstance.RUNNING, WorkflowInstance.SUSPENDED),
    *(WorkflowInstance.COMPLETED, WorkflowInstance.CANCELLED),
)


BREATH = 0.01
"""Seconds between two pieces, so that who waits for SQLite's one lock gets it."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import."""

    record: LogImport
    version: TemplateVersion
    cases: int
    rows: int
    observed: bool
    account: Account


def _quiet(*_: object) -> None:
    """Nobody wants to know."""


def import_log(
    source: str,
    log: str | Path,
    *,
    actor: User | None,
    now: datetime,
    how: How | None = None,
    progress: Progress = _quiet,
) -> Imported:
    """Bring a log in under a workflow's key, or under the workflow that a definition file defines.

    A key that does not exist yet gets an observed map. InvalidInput (rows that cannot be used, an
    activity that is no step, a case that is there already) leaves nothing behind.
    """
    clear_abandoned(now=now)
    account = Account(str(log))
    seen = look_through(_told(read_log(log, how, account), progress))
    if not seen.cases:
        raise InvalidInput(account.nothing_to("bring in"))
    with transaction.atomic():
        version, observed = _version_for(source, seen, actor, now)
        steps = _steps_of(version, seen)
        past.refuse_known(version.template, set(seen.cases))
        cases = [_case(key, rows, steps) for key, rows in seen.cases.items()]
        _clean_data(version, seen, cases)
        arrival = past.begin_import(
            version, file_name=Path(log).name, digest=_digest(log), actor=actor, now=now
        )
    _write(arrival, cases, seen.rows, account, progress)
    return Imported(arrival.record, version, len(cases), seen.rows, observed, account)


def _told(rows: Iterator[LogRow], progress: Progress) -> Iterator[LogRow]:
    for number, row in enumerate(rows):
        if not number % 1000:
            progress("read", number, 0)
        yield row


def _digest(log: str | Path) -> str:
    with Path(log).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(
    arrival: past.Arrival, cases: list[PastCase], rows: int, account: Account, progress: Progress
) -> None:
    """Write the cases in pieces. What goes wrong on the way leaves nothing of them."""
    began, written = time.monotonic(), 0
    try:
        for piece in past.pieces(cases):
            later = arrival.now + timedelta(seconds=time.monotonic() - began)
            written += past.write_piece(arrival, piece, now=later)
            progress("written", written, rows)
            time.sleep(BREATH)
        with transaction.atomic():
            past.finish_import(arrival, cases, told=account.as_json() | {"skipped": account.left})
            mark_stale(arrival.days)
    except BaseException:
        _empty_out(arrival.record, now=arrival.now)
        raise


# -- out again --------------------------------------------------------------------------------


def undo_import(
    import_id: int,
    *,
    actor: User | None,
    reason: str,
    now: datetime,
    progress: Progress = _quiet,
) -> LogImport:
    """Take an import out again: its requests, their tasks, and what they added to the figures.

    Nothing of other imports is touched. Raises NotFound or WrongState.
    """
    with transaction.atomic():
        record = past_out.take_out(import_id, actor=actor, reason=reason, now=now)
        mark_stale(_days(record))
    _empty_out(record, now=now, progress=progress)
    record.refresh_from_db()
    return record


def clear_abandoned(*, now: datetime) -> int:
    """Clear away what killed imports have left; returns how many there were."""
    found = past_out.abandoned(now=now)
    for record in found:
        _empty_out(record, now=now)
    return len(found)


def _empty_out(record: LogImport, *, now: datetime, progress: Progress = _quiet) -> None:
    began, gone = time.monotonic(), 0
    while count := past_out.empty_next(
        record, now=now + timedelta(seconds=time.monotonic() - began)
    ):
        gone += count
        progress("taken out", gone, record.tasks)
    mark_stale(_days(record))


def _days(record: LogImport) -> list[date]:
    return [date.fromisoformat(text) for text in record.days]


# -- cases ------------------------------------------------------------------------------------


def _case(case_id: str, rows: list[LogRow], steps: Mapping[str, str]) -> PastCase:
    """A case with what each of its rows knows of itself, by the rules of the figures."""
    done = [_done(row, steps) for row in rows]
    hand_over(sorted((one for one in done if one is not None), key=in_order))
    about = rows[0].about
    first = min(rows, key=_begins)
    case = PastCase(
        case_id,
        _begins(first),
        max(row.last for row in rows),
        about.get("requester", "" if "state" in about else first.resource)[:150],
        title=about.get("title", ""),
    )
    _stand(case, about)
    case.tasks = [_task(row, one, steps) for row, one in zip(rows, done, strict=True)]
    _count_rounds(case, rows)
    _number(case, rows)
    for row in rows:
        case.data.update(row.data)
    return case


def _begins(row: LogRow) -> datetime:
    begins = row.enabled or row.start or row.end
    assert begins is not None
    return begins


def _stand(case: PastCase, about: Mapping[str, str]) -> None:
    """How the request stands, where the log says so (Handoff's own do)."""
    state = about.get("state", "")
    if state in STATES:
        case.state = state
        case.result = about.get("result", "")[:60]


def _done(row: LogRow, steps: Mapping[str, str]) -> Done | None:
    if row.end is None:
        return None
    paused = row.paused + sum((b - a).total_seconds() for a, b in row.rests)
    return Done(
        steps[row.activity], row.resource, us(row.enabled), us(row.start), at(row.end), None,
        round(paused * 1_000_000),
    )  # fmt: skip


def _task(row: LogRow, done: Done | None, steps: Mapping[str, str]) -> PastTask:
    task = PastTask(
        steps[row.activity], row.resource, row.enabled, row.start, row.end,
        outcome=row.outcome[:80], rests=row.rests, paused=row.paused,
        paused_business=row.paused_business,
    )  # fmt: skip
    if done is not None:
        task.before = done.before.activity if done.before else ""
        task.waiting, task.lead_in = _seconds(done.waiting), _seconds(done.lead_in)
    return task


def _seconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / 1_000_000


def _count_rounds(case: PastCase, rows: list[LogRow]) -> None:
    """The how-manieth time it is that a step is done, in the order of time."""
    rounds: Counter[str] = Counter()
    order = sorted(range(len(rows)), key=lambda n: (rows[n].start or rows[n].last, rows[n].last))
    for place in order:
        task = case.tasks[place]
        rounds[task.step] += 1
        task.round = rows[place].round or rounds[task.step]


def _number(case: PastCase, rows: list[LogRow]) -> None:
    """Number the tasks: as the log numbers its instances, where it does it so, else in turn."""
    given = [whole_number(row.instance) for row in rows]
    if not all(given) or len(set(given)) < len(given):
        given = list(range(1, len(rows) + 1))
    for task, number in zip(case.tasks, given, strict=True):
        task.number = number


# -- the map ----------------------------------------------------------------------------------


def _version_for(
    source: str, seen: Seen, actor: User | None, now: datetime
) -> tuple[TemplateVersion, bool]:
    """The version that the log belongs to, and whether it was made from the log."""
    if looks_like_file(source):
        version, _ = load_definition(read_definition_file(source), actor=actor, now=now)
        if version.state == TemplateVersion.DRAFT:
            version = publish(version.pk, actor=actor, now=now)
        return version, False
    template = WorkflowTemplate.objects.filter(key=source).first()
    if template is None:
        return observed_version(source, seen, actor, now), True
    versions = template.versions.select_related("template").order_by("-number")
    newest = versions.exclude(state=TemplateVersion.DRAFT).first()
    if newest is None:
        raise InvalidInput(f"'{source}' has only a draft; publish it before a log is brought in.")
    if newest.state == TemplateVersion.OBSERVED and not _knows(newest, seen):
        return observed_version(source, seen, actor, now, template), True
    return newest, False


def _knows(version: TemplateVersion, seen: Seen) -> bool:
    names = _names_of_steps(version)
    fields = map_of(version).graph.definition.fields
    return set(seen.activities) <= set(names) and seen.fields <= set(fields)


def _names_of_steps(version: TemplateVersion) -> dict[str, str]:
    """Step keys by what a log may call them: the step's name, or its key."""
    graph = map_of(version).graph
    human = [key for key in graph.steps if graph[key].kind != "end"]
    return {key: key for key in human} | {graph.title(key): key for key in human}


def _steps_of(version: TemplateVersion, seen: Seen) -> dict[str, str]:
    names = _names_of_steps(version)
    unknown = [activity for activity in seen.activities if activity not in names]
    if unknown:
        raise InvalidInput(
            f"'{version.template.key}' has no step '{unknown[0]}'"
            f"{f' (and {len(unknown) - 1} more)' if len(unknown) > 1 else ''}. An activity is"
            " written as a step's name or key; to let Handoff draw the map from the log, give a"
            " key that does not exist yet."
        )
    return {activity: names[activity] for activity in seen.activities}


def _clean_data(version: TemplateVersion, seen: Seen, cases: list[PastCase]) -> None:
    """Values of `data.` columns as the map's fields; people need not exist, documents cannot."""
    if not seen.fields:
        return
    version_map = map_of(version)
    for case in cases:
        try:
            case.data = clean_values(version_map, case.data)
        except InvalidInput as problem:
            raise InvalidInput(f"Case '{case.case_id}' of the log: {problem}") from problem
