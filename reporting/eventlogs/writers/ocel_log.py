"""OCEL 2.0 as JSON: requests, documents and whoever works as objects, finished tasks as events."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from reporting.eventlogs.writers.events import ExportedRequest, ExportedTask
from reporting.eventlogs.writers.values import render_log_value
from workflows.documents.models import Document

ATTRIBUTE_TIME = "1970-01-01T00:00:00Z"
"""The time of attributes that were there from the beginning, as the standard wants it."""


def ocel_lines(
    activities: Sequence[str],
    requests: Iterable[ExportedRequest],
    *,
    people: bool,
) -> Iterator[str]:
    """The document in pieces. Events are written while requests are read; objects after them."""
    worker = "person" if people else "role"
    objects: dict[str, dict[str, Any]] = {}
    yield '{"eventTypes": ' + _dump_json([_event_type(name) for name in activities])
    yield ',\n"objectTypes": ' + _dump_json(_object_types(worker)) + ',\n"events": ['
    between = "\n"
    for batch in _batch_requests(requests):
        papers = _documents_by_field(batch)
        for request in batch:
            objects[request.reference] = _request_object(request)
            for task in request.done:
                yield between + _dump_json(
                    _task_event(request, task, worker, papers, objects, people=people)
                )
                between = ",\n"
    yield '],\n"objects": ['
    yield ",\n".join(_dump_json(item) for item in objects.values())
    yield "]}\n"


def _event_type(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "attributes": [
            {"name": "outcome", "type": "string"},
            {"name": "round", "type": "integer"},
            {"name": "instance", "type": "integer"},
            {"name": "enabled", "type": "time"},
            {"name": "started", "type": "time"},
            {"name": "paused", "type": "float"},
            {"name": "paused_business", "type": "float"},
            {"name": "votes", "type": "string"},
            {"name": "row", "type": "string"},
        ],
    }


def _object_types(worker: str) -> list[dict[str, Any]]:
    texts = ("title", "state", "result", "requester", "data", "open_tasks")
    request = [{"name": name, "type": "string"} for name in texts]
    return [
        {"name": "request", "attributes": [*request, {"name": "version", "type": "integer"}]},
        {
            "name": "document",
            "attributes": [
                {"name": "name", "type": "string"},
                {"name": "sha256", "type": "string"},
            ],
        },
        {"name": worker, "attributes": []},
    ]


def _request_object(request: ExportedRequest) -> dict[str, Any]:
    """A request as an object. Its open tasks are no events yet: they are told here."""
    values = {
        "title": request.title,
        "state": request.state,
        "result": request.result,
        "requester": request.requester,
        "version": request.version,
        "data": _dump_json({key: render_log_value(value) for key, value in request.data.items()}),
        "open_tasks": _dump_json([_open_task_data(task) for task in request.open])
        if request.open
        else "",
    }
    return _build_object(request.reference, "request", values)


def _open_task_data(task: ExportedTask) -> dict[str, Any]:
    moments = {"enabled": _render_moment(task.enabled), "start": _render_moment(task.start)}
    details = {"activity": task.activity, "resource": task.resource, "round": task.round}
    row = {"row": task.row} if task.row else {}
    return details | row | {"instance": task.activation} | {k: v for k, v in moments.items() if v}


def _build_object(name: str, kind: str, values: dict[str, Any]) -> dict[str, Any]:
    attributes = [
        {"name": key, "time": ATTRIBUTE_TIME, "value": value} for key, value in values.items()
    ]
    return {"id": name, "type": kind, "attributes": attributes, "relationships": []}


def _task_event(
    request: ExportedRequest,
    task: ExportedTask,
    worker: str,
    papers: dict[tuple[int, str, int], Document],
    objects: dict[str, dict[str, Any]],
    *,
    people: bool,
) -> dict[str, Any]:
    related = [{"objectId": request.reference, "qualifier": "of"}]
    if task.resource:
        worker_id = f"{worker}:{task.resource}"
        objects.setdefault(worker_id, _build_object(worker_id, worker, {}))
        related.append({"objectId": worker_id, "qualifier": "done by"})
    for field, numbers in task.documents.items():
        for version in numbers if isinstance(numbers, list) else [numbers]:
            paper = papers.get((request.id, field, int(version)))
            if paper is not None:
                related.append(_relate_document(paper, objects, people=people))
    return {
        "id": f"{request.reference}:{task.activation}",
        "type": task.activity,
        "time": _render_moment(task.end),
        "attributes": _task_attributes(task),
        "relationships": related,
    }


def _relate_document(
    paper: Document, objects: dict[str, dict[str, Any]], *, people: bool
) -> dict[str, str]:
    """The relation to a document, which is made an object where it is none yet."""
    name = f"document:{paper.pk}"
    called = {"name": paper.name} if people else {}
    objects.setdefault(name, _build_object(name, "document", called | {"sha256": paper.sha256}))
    return {"objectId": name, "qualifier": "with in view"}


def _task_attributes(task: ExportedTask) -> list[dict[str, Any]]:
    attributes: dict[str, Any] = {"outcome": task.outcome, "round": task.round}
    attributes["instance"] = task.activation
    attributes |= {"acted_for": task.acted_for, "row": task.row}
    attributes |= {"enabled": _render_moment(task.enabled), "started": _render_moment(task.start)}
    attributes |= {"paused": task.paused or None, "paused_business": task.paused_business or None}
    attributes |= {"votes": render_log_value(task.votes) if task.votes else None}
    return [{"name": k, "value": v} for k, v in attributes.items() if v not in (None, "")]


def _documents_by_field(batch: Sequence[ExportedRequest]) -> dict[tuple[int, str, int], Document]:
    rows = Document.objects.filter(request__in=[request.id for request in batch]).exclude(field="")
    return {(row.request_id, row.field, row.version): row for row in rows}


def _batch_requests(
    requests: Iterable[ExportedRequest], size: int = 200
) -> Iterator[list[ExportedRequest]]:
    batch: list[ExportedRequest] = []
    for request in requests:
        batch.append(request)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _render_moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _dump_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
