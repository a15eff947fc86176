"""The one writer of what happened elsewhere: cases of an event log become requests.

Nothing is routed here. The rows keep the log's own moments; what the log does not know stays null.
A log comes in in pieces, each a short transaction, and nobody sees a request of it before the last
piece is there (`WorkflowInstance.NOT_HERE`). `past_out` takes an import out again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.db import IntegrityError, models, transaction
from simple_history.utils import get_history_model_for_model

from workflows.definitions.models import Route, TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.compiled_versions import VersionMap, get_version_map
from workflows.engine.errors import InvalidInput, WrongState
from workflows.engine.texts import Text, grouped, text
from workflows.engine.timing.working_time import Calendar
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.services.task_clocks.task_times import measure_elapsed_seconds
from workflows.execution.services.unit_of_work.search_values import write_title_words
from workflows.history_import.models import LogImport
from workflows.people.models import User
from workflows.persistence.bulk_sql import (
    insert_column_names,
    insert_prepared_rows,
    insert_unkeyed_rows,
    prepare_values,
)
from workflows.persistence.row_history import write_history
from workflows.trail.choices import TrailCommand
from workflows.trail.fact_changes import CaseImported
from workflows.trail.models import TrailEvent
from workflows.trail.services.recording import write_trail_rows

PIECE = 1000
"""So many tasks, in whole cases, are one transaction."""
BATCH = 400
RESULT = "imported"
CHANGE_REASON = TrailCommand.IMPORT_LOG


@dataclass(slots=True)
class PastTask:
    """One row of a case, at a step of the map; without `end` it is still open.

    `before` is the key of the step that handed over; `waiting` and `lead_in` are wall-clock
    seconds, as far as the row knows them. `rests` are the times in which it rested.
    """

    step: str
    resource: str
    enabled: datetime | None
    start: datetime | None
    end: datetime | None
    before: str = ""
    outcome: str = ""
    round: int = 1
    number: int = 0
    waiting: float | None = None
    lead_in: float | None = None
    rests: Sequence[tuple[datetime, datetime]] = ()
    paused: float = 0.0
    paused_business: float = 0.0


@dataclass(slots=True)
class PastCase:
    """A case as a whole: when it ran, who began it, what it is called, and how it stands."""

    case_id: str
    first: datetime
    last: datetime
    begun_by: str
    title: str = ""
    state: str = WorkflowInstance.COMPLETED
    result: str = RESULT
    data: dict[str, Any] = field(default_factory=dict)
    tasks: list[PastTask] = field(default_factory=list)

    @property
    def completed_at(self) -> datetime | None:
        """When it was over; None while it is not."""
        return None if self.state in WorkflowInstance.LIVE else self.last


@dataclass(slots=True)
class LogArrival:
    """An import that is being written."""

    record: LogImport
    map: VersionMap
    actor: User | None
    now: datetime
    standing: dict[int, str] = field(default_factory=dict)
    """The state that each request which is not simply completed will have."""
    days: set[date] = field(default_factory=set)


def begin_import(
    version: TemplateVersion, *, file_name: str, digest: str, actor: User | None, now: datetime
) -> LogArrival:
    """Write down that a log comes in."""
    if version.state == TemplateVersion.DRAFT:
        raise WrongState(
            "%(version)s is a draft, and its map may still change; publish it before a log is"
            " brought in.",
            version=version,
        )
    record = LogImport.objects.create(
        template=version.template,
        version=version,
        file_name=file_name[:255],
        digest=digest,
        actor=actor,
        actor_name=actor.get_username() if actor else "",
        began_at=now,
        seen_at=now,
    )
    return LogArrival(record, get_version_map(version), actor, now)


def refuse_known_cases(template: WorkflowTemplate, cases: Sequence[str] | set[str]) -> None:
    """Raise InvalidInput where a case is in the workflow already: brought in before, or as a
    request of its own whose reference the case has."""
    case_ids = set(cases)
    requests = WorkflowInstance.everything.filter(template=template)
    duplicates = [
        ref
        for ref in requests.filter(case_ref__isnull=False).values_list("case_ref", flat=True)
        if ref in case_ids
    ]
    native = requests.filter(case_ref__isnull=True).exclude(state=WorkflowInstance.TAKEN_OUT)
    names = (f"{prefix}-{pk}" for pk, prefix in native.values_list("pk", "prefix").iterator())
    duplicates += [name for name in names if name in case_ids]
    if duplicates:
        case: Text | str = f"'{duplicates[0]}'"
        if len(duplicates) > 1:
            case = text(
                "%(case)s and %(count)s more", case=case, count=grouped(len(duplicates) - 1)
            )
        raise InvalidInput(
            "Case %(case)s of this log is in '%(key)s' already. Bring the log in under another key,"
            " or take the known cases out of it.",
            case=case,
            key=template.key,
        )


def split_cases_into_pieces(cases: Sequence[PastCase]) -> Iterator[list[PastCase]]:
    """Whole cases, about `PIECE` tasks at a time."""
    piece: list[PastCase] = []
    count = 0
    for case in cases:
        piece.append(case)
        count += len(case.tasks)
        if count >= PIECE:
            yield piece
            piece, count = [], 0
    if piece:
        yield piece


def write_piece(arrival: LogArrival, piece: Sequence[PastCase], *, now: datetime) -> int:
    """Write some cases of the log, in one transaction; returns how many tasks.

    Everything is worked out before it begins, so that it is short, and others get in between.
    """
    requests = [prepare_values(WorkflowInstance, _instance_values(arrival, case)) for case in piece]
    measured = [
        [prepare_values(WorkItem, _work_item_values(arrival, task)) for task in case.tasks]
        for case in piece
    ]
    tasks = sum(map(len, measured))
    states = [past_case.state for past_case in piece]
    try:
        with transaction.atomic():
            keys = _write_requests(arrival, requests, states, measured)
            LogImport.objects.filter(pk=arrival.record.pk).update(
                seen_at=now, cases=models.F("cases") + len(piece), tasks=models.F("tasks") + tasks
            )
    except IntegrityError:
        raise InvalidInput(
            "A case of this log is being brought into the workflow by somebody else just now;"
            " wait until that is done, and import what is not there yet."
        ) from None
    for key, case in zip(keys, piece, strict=True):
        if case.state != WorkflowInstance.COMPLETED:
            arrival.standing[key] = case.state
    return tasks


def _write_requests(
    arrival: LogArrival,
    requests: list[dict[str, Any]],
    states: Sequence[str],
    measured: Sequence[Sequence[dict[str, Any]]],
) -> list[int]:
    """Insert requests with their tasks; returns the keys of the requests."""
    keys = _write_rows(arrival, WorkflowInstance, requests, states)
    write_title_words((key, row["title"]) for key, row in zip(keys, requests, strict=True))
    rows = [
        {"request_id": key, **values}
        for key, case in zip(keys, measured, strict=True)
        for values in case
    ]
    _write_rows(arrival, WorkItem, rows)
    return keys


def finish_import(
    arrival: LogArrival, cases: Sequence[PastCase], *, summary: dict[str, Any]
) -> None:
    """Let everybody see the log, and write the trail: a row for each request."""
    record, requests = arrival.record, WorkflowInstance.everything
    with transaction.atomic():
        for state in set(arrival.standing.values()):
            keys = [key for key, final_state in arrival.standing.items() if final_state == state]
            for first in range(0, len(keys), BATCH):
                requests.filter(pk__in=keys[first : first + BATCH]).update(state=state)
        of_it = requests.filter(log_import=record)
        of_it.filter(state=WorkflowInstance.ARRIVING).update(state=WorkflowInstance.COMPLETED)
        _write_trail(arrival, cases, dict(of_it.values_list("case_ref", "pk").iterator()))
        record.state, record.summary = LogImport.HERE, summary
        record.days = sorted(day.isoformat() for day in arrival.days)
        record.save(update_fields=["state", "summary", "days"])
    record.refresh_from_db()


# -- rows -------------------------------------------------------------------------------------


def _work_item_values(arrival: LogArrival, task: PastTask) -> dict[str, Any]:
    """What an imported task says, with what is measured of it; everything else is as in a new row
    that is closed."""
    for moment in (task.enabled, task.start, task.end):
        if moment is not None:
            arrival.days.add(moment.date())
    state = "done" if task.end is not None else "started" if task.start is not None else "enabled"
    return {
        "activation": task.number,
        "step_id": arrival.map.step_ids[task.step],
        "round": task.round,
        "state": state,
        "came_from": task.before,
        "enabled_at": task.enabled,
        "started_at": task.start,
        "completed_at": task.end,
        "performer_name": task.resource,
        "outcome": task.outcome,
        "waiting_seconds": task.waiting,
        "lead_in_seconds": task.lead_in,
        **_measured_seconds(arrival.map.calendar_of(task.step), task),
    }


def _measured_seconds(calendar: Calendar, task: PastTask) -> dict[str, float | None]:
    """How long the task rested, was worked on and waited, by its moments."""
    paused, paused_business = _rested_seconds(calendar, task)
    working = working_business = waiting_business = None
    if task.start is not None and task.end is not None:
        working, working_business = measure_elapsed_seconds(calendar, task.start, task.end)
        working = max(working - paused, 0.0)
        working_business = max(working_business - paused_business, 0.0)
        if task.enabled is not None:
            waiting_business = measure_elapsed_seconds(calendar, task.enabled, task.start)[1]
    return {
        "paused_seconds": paused,
        "paused_business_seconds": paused_business,
        "working_seconds": working,
        "waiting_business_seconds": waiting_business,
        "working_business_seconds": working_business,
    }


def _rested_seconds(calendar: Calendar, task: PastTask) -> tuple[float, float]:
    paused, business = task.paused, task.paused_business
    for begin, end in task.rests:
        rested, working = measure_elapsed_seconds(calendar, begin, end)
        paused, business = paused + rested, business + working
    return paused, business


def _instance_values(arrival: LogArrival, case: PastCase) -> dict[str, Any]:
    """What an imported request says."""
    version = arrival.record.version
    return {
        "template_id": version.template_id,
        "version_id": version.pk,
        "prefix": version.template.reference_prefix,
        "title": (case.title or case.case_id)[:200],
        "case_ref": case.case_id,
        "source": WorkflowInstance.LOG,
        "state": WorkflowInstance.ARRIVING,
        "result": case.result,
        "data": case.data,
        "requester_name": case.begun_by,
        "log_import_id": arrival.record.pk,
        "started_at": case.first,
        "moved_at": case.last,
        "completed_at": case.completed_at,
    }


def _write_rows(
    arrival: LogArrival,
    model: type[models.Model],
    rows: list[dict[str, Any]],
    states: Sequence[str] | None = None,
) -> list[int]:
    """Insert prepared rows and the history of each (with its final state); returns their keys."""
    history: Any = get_history_model_for_model(model)
    plain = prepare_values(model, _default_values(model))
    common_values = prepare_values(history, _common_history_values(arrival))
    names, history_names = insert_column_names(model), insert_column_names(history)
    keys: list[int] = []
    for first in range(0, len(rows), BATCH):
        batch = [plain | row for row in rows[first : first + BATCH]]
        inserted_keys = insert_prepared_rows(
            model, [[row[name] for name in names] for row in batch]
        )
        for place, (row, key) in enumerate(zip(batch, inserted_keys, strict=True)):
            row |= {"id": key, **common_values}
            if states is not None:
                row["state"] = states[first + place]
        insert_unkeyed_rows(history, [[row[name] for name in history_names] for row in batch])
        keys += inserted_keys
    return keys


def _common_history_values(arrival: LogArrival) -> dict[str, Any]:
    return {
        "history_date": arrival.now,
        "history_user_id": None if arrival.actor is None else arrival.actor.pk,
        "history_change_reason": CHANGE_REASON,
        "history_type": "+",
    }


@lru_cache
def _default_values(model: type[models.Model]) -> dict[str, Any]:
    """What a new row of a log has where the log says nothing: it is closed, and in no queue."""
    row = model()
    values = {name: getattr(row, name) for name in insert_column_names(model)}
    return values | {"is_open": False, "in_queue": False}


def _write_trail(
    arrival: LogArrival, cases: Sequence[PastCase], keys: dict[str | None, int]
) -> None:
    version, actor = arrival.record.version, arrival.actor
    for first in range(0, len(cases), BATCH):
        write_trail_rows(
            TrailEvent(
                recorded_at=arrival.now,
                request_id=keys[case.case_id],
                template=version.template,
                workflow=version.template.key,
                version=version.number,
                reference=f"{version.template.reference_prefix}-{keys[case.case_id]}",
                command=CHANGE_REASON,
                actor=actor,
                actor_name=actor.get_username() if actor else "",
                to_state=case.state,
                changes=CaseImported(
                    case=case.case_id,
                    rows=len(case.tasks),
                    first=case.first.isoformat(),
                    last=case.last.isoformat(),
                    log_import=arrival.record.pk,
                ).to_json(),
            )
            for case in cases[first : first + BATCH]
        )


def mark_version_observed(
    version: TemplateVersion,
    used: Mapping[tuple[str, str], int],
    *,
    actor: User | None,
    now: datetime,
) -> None:
    """Close a draft that was made from a log: it is what was seen, and cannot be started.

    `used` says how often the log went from step to step (their keys); the ways keep it.
    """
    routes = list(
        Route.objects.filter(step__version=version).select_related("step", "to_step").order_by("id")
    )
    for route in routes:
        route.used = used.get((route.step.key, route.to_step.key), 0)
    Route.objects.bulk_update(routes, ["used"], batch_size=BATCH)
    version.observe()
    TemplateVersion.objects.filter(pk=version.pk).update(state=version.state)
    write_history([("~", version)], by=actor, now=now, why=CHANGE_REASON)
