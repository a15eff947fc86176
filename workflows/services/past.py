"""The one writer of what happened elsewhere: cases of an event log become finished requests.

Nothing is routed here. The rows keep the log's own moments; what the log does not know stays null.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db import transaction

from workflows.engine.errors import InvalidInput, WrongState
from workflows.models import Route, TemplateVersion, TrailEvent, WorkflowInstance, WorkItem
from workflows.services.history import write_history
from workflows.services.maps import VersionMap, map_of
from workflows.services.moments import measure
from workflows.services.trail import record

BATCH = 500
RESULT = "imported"

T = TypeVar("T")


@dataclass(slots=True)
class PastCase:
    """A case as a whole: when it ran, who began it, and the last value of each field."""

    case_id: str
    first: datetime
    last: datetime
    begun_by: str
    rows: int = 0
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PastTask:
    """One finished row of a case, at a step of the map."""

    case_id: str
    step: str
    resource: str
    enabled: datetime | None
    start: datetime | None
    end: datetime


def record_past(
    version: TemplateVersion,
    cases: Mapping[str, PastCase],
    tasks: Iterable[PastTask],
    *,
    actor: User | None,
    now: datetime,
) -> int:
    """Write the cases of a log as finished requests of this version; returns how many tasks.

    `tasks` come in the log's order and may be a stream. One transaction; a case that is there
    already is refused with InvalidInput, and nothing is written.
    """
    if version.state == TemplateVersion.DRAFT:
        raise WrongState(
            f"{version} is a draft, and its map may still change; publish it before a log is"
            " brought in."
        )
    with transaction.atomic():
        _refuse_known(version, cases)
        version_map = map_of(version)
        requests = _write_requests(version, cases, actor, now)
        written = _write_tasks(version_map, requests, tasks, actor, now)
        _write_trail(version, requests, cases, actor, now)
    return written


def _refuse_known(version: TemplateVersion, cases: Mapping[str, PastCase]) -> None:
    known = WorkflowInstance.objects.filter(template=version.template, case_ref__isnull=False)
    there = [ref for ref in known.values_list("case_ref", flat=True).iterator() if ref in cases]
    if there:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise InvalidInput(
            f"Case '{there[0]}'{more} of this log is in '{version.template.key}' already. Bring"
            " the log in under another key, or take the known cases out of it."
        )


def _write_requests(
    version: TemplateVersion, cases: Mapping[str, PastCase], actor: User | None, now: datetime
) -> dict[str, WorkflowInstance]:
    requests: dict[str, WorkflowInstance] = {}
    for batch in batches(cases.values()):
        rows = [
            WorkflowInstance(
                template=version.template,
                version=version,
                prefix=version.template.reference_prefix,
                title=case.case_id,
                case_ref=case.case_id,
                source=WorkflowInstance.LOG,
                state=WorkflowInstance.COMPLETED,
                result=RESULT,
                data=case.data,
                requester_name=case.begun_by,
                started_at=case.first,
                completed_at=case.last,
            )
            for case in batch
        ]
        WorkflowInstance.objects.bulk_create(rows)
        write_history([("+", row) for row in rows], by=actor, now=now, why="import_log")
        requests |= {str(row.case_ref): row for row in rows}
    return requests


def _write_tasks(
    version_map: VersionMap,
    requests: Mapping[str, WorkflowInstance],
    tasks: Iterable[PastTask],
    actor: User | None,
    now: datetime,
) -> int:
    activations: dict[str, int] = {}
    rounds: dict[tuple[str, str], int] = {}
    written = 0
    for batch in batches(tasks):
        rows = []
        for task in batch:
            activations[task.case_id] = activations.get(task.case_id, 0) + 1
            pair = (task.case_id, task.step)
            rounds[pair] = rounds.get(pair, 0) + 1
            rows.append(
                _task(
                    version_map,
                    requests[task.case_id],
                    task,
                    activations[task.case_id],
                    rounds[pair],
                )
            )
        WorkItem.objects.bulk_create(rows)
        write_history([("+", row) for row in rows], by=actor, now=now, why="import_log")
        written += len(rows)
    return written


def _task(
    version_map: VersionMap, request: WorkflowInstance, task: PastTask, activation: int, number: int
) -> WorkItem:
    item = WorkItem(
        request=request,
        step_id=version_map.step_ids[task.step],
        activation=activation,
        round=number,
        state="done",
        is_open=False,
        in_queue=False,
        enabled_at=task.enabled,
        started_at=task.start,
        completed_at=task.end,
        performer_name=task.resource,
    )
    measure(version_map.calendar, item)
    return item


def _write_trail(
    version: TemplateVersion,
    requests: Mapping[str, WorkflowInstance],
    cases: Mapping[str, PastCase],
    actor: User | None,
    now: datetime,
) -> None:
    for batch in batches(requests.values()):
        record(
            TrailEvent(
                recorded_at=now,
                request=request,
                template=version.template,
                workflow=version.template.key,
                version=version.number,
                reference=request.reference,
                command="import_log",
                actor=actor,
                actor_name=actor.get_username() if actor else "",
                to_state=request.state,
                changes={
                    "case": request.case_ref,
                    "rows": cases[str(request.case_ref)].rows,
                    "first": cases[str(request.case_ref)].first.isoformat(),
                    "last": cases[str(request.case_ref)].last.isoformat(),
                },
            )
            for request in batch
        )


def batches(items: Iterable[T]) -> Iterator[Sequence[T]]:
    """Lists of at most `BATCH` items."""
    iterator = iter(items)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def observe(
    version: TemplateVersion,
    used: Mapping[tuple[str, str], int],
    *,
    actor: User | None,
    now: datetime,
) -> None:
    """Close a draft that was made from a log: it is what was seen, and cannot be started.

    `used` says how often the log went from step to step (their keys); the ways keep it.
    """
    ways = list(
        Route.objects.filter(step__version=version).select_related("step", "to_step").order_by("id")
    )
    for way in ways:
        way.used = used.get((way.step.key, way.to_step.key), 0)
    Route.objects.bulk_update(ways, ["used"], batch_size=BATCH)
    version.observe()
    TemplateVersion.objects.filter(pk=version.pk).update(state=version.state)
    write_history([("~", version)], by=actor, now=now, why="import_log")
