"""OCEL 2.0 as JSON: requests, documents and whoever works as objects, finished tasks as events."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from reporting.exports.rows import OneRequest, Task
from reporting.exports.told import told
from workflows.models import Document

WHEN = "1970-01-01T00:00:00Z"
"""The time of attributes that were there from the beginning, as the standard wants it."""


def ocel_lines(
    activities: Sequence[str],
    requests: Iterable[OneRequest],
    *,
    people: bool,
) -> Iterator[str]:
    """The document in pieces. Events are written while requests are read; objects after them."""
    worker = "person" if people else "role"
    objects: dict[str, dict[str, Any]] = {}
    yield '{"eventTypes": ' + _json([_event_type(name) for name in activities])
    yield ',\n"objectTypes": ' + _json(_object_types(worker)) + ',\n"events": ['
    between = "\n"
    for batch in _batches(requests):
        papers = _documents(batch)
        for request in batch:
            objects[request.reference] = _request(request)
            for task in request.done:
                yield between + _json(_event(request, task, worker, papers, objects, people=people))
                between = ",\n"
    yield '],\n"objects": ['
    yield ",\n".join(_json(one) for one in objects.values())
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
        ],
    }


def _object_types(worker: str) -> list[dict[str, Any]]:
    texts = ("title", "state", "result", "requester", "data", "open_tasks")
    request = [{"name": name, "type": "string"} for name in texts]
    return [
        {"name": "request", "attributes": [*request, {"name": "version", "type": "integer"}]},
        {"name": "document", "attributes": [{"name": "name", "type": "string"},
                                            {"name": "sha256", "type": "string"}]},
        {"name": worker, "attributes": []},
    ]  # fmt: skip


def _request(request: OneRequest) -> dict[str, Any]:
    """A request as an object. Its open tasks are no events yet: they are told here."""
    values = {
        "title": request.title,
        "state": request.state,
        "result": request.result,
        "requester": request.requester,
        "version": request.version,
        "data": _json({key: told(value) for key, value in request.data.items()}),
        "open_tasks": _json([_open(task) for task in request.open]) if request.open else "",
    }
    return _object(request.reference, "request", values)


def _open(task: Task) -> dict[str, Any]:
    moments = {"enabled": _time(task.enabled), "start": _time(task.start)}
    said = {"activity": task.activity, "resource": task.resource, "round": task.round}
    return said | {"instance": task.activation} | {k: v for k, v in moments.items() if v}


def _object(name: str, kind: str, values: dict[str, Any]) -> dict[str, Any]:
    attributes = [{"name": key, "time": WHEN, "value": value} for key, value in values.items()]
    return {"id": name, "type": kind, "attributes": attributes, "relationships": []}


def _event(
    request: OneRequest,
    task: Task,
    worker: str,
    papers: dict[tuple[int, str, int], Document],
    objects: dict[str, dict[str, Any]],
    *,
    people: bool,
) -> dict[str, Any]:
    related = [{"objectId": request.reference, "qualifier": "of"}]
    if task.resource:
        who = f"{worker}:{task.resource}"
        objects.setdefault(who, _object(who, worker, {}))
        related.append({"objectId": who, "qualifier": "done by"})
    for field, version in task.documents.items():
        paper = papers.get((request.id, field, int(version)))
        if paper is not None:
            name = f"document:{paper.pk}"
            called = {"name": paper.name} if people else {}
            objects.setdefault(name, _object(name, "document", called | {"sha256": paper.sha256}))
            related.append({"objectId": name, "qualifier": "with in view"})
    said: dict[str, Any] = {"outcome": task.outcome, "round": task.round}
    said["instance"] = task.activation
    said |= {"enabled": _time(task.enabled), "started": _time(task.start)}
    said |= {"paused": task.paused or None, "paused_business": task.paused_business or None}
    said |= {"votes": told(task.votes) if task.votes else None}
    return {
        "id": f"{request.reference}:{task.activation}",
        "type": task.activity,
        "time": _time(task.end),
        "attributes": [{"name": k, "value": v} for k, v in said.items() if v not in (None, "")],
        "relationships": related,
    }


def _documents(batch: Sequence[OneRequest]) -> dict[tuple[int, str, int], Document]:
    rows = Document.objects.filter(request__in=[request.id for request in batch])
    return {(row.request_id, row.field, row.version): row for row in rows}


def _batches(requests: Iterable[OneRequest], size: int = 200) -> Iterator[list[OneRequest]]:
    batch: list[OneRequest] = []
    for request in requests:
        batch.append(request)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
