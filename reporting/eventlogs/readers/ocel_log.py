"""OCEL 2.0 as JSON: the events of the objects of one type are the cases of a log."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from reporting.eventlogs.account import Account, Place
from reporting.eventlogs.choices import PassedReason, PlaceKind
from reporting.eventlogs.readers.checks import (
    is_usable_row,
    parse_log_moment,
    parse_log_seconds,
    parse_whole_number,
)
from reporting.eventlogs.readers.files import load_log_json
from reporting.eventlogs.readers.rows import LogRow
from reporting.eventlogs.readers.times import TimeReader
from workflows.engine.errors import InvalidInput

REQUEST = "request"
WORKERS = ("person", "role", "resource", "user", "employee", "worker")
"""Types of objects that are who did it."""
REQUEST_ATTRIBUTES = ("title", "state", "result", "requester")


def _related_objects(event: Mapping[str, Any]) -> list[str]:
    return [str(entry.get("objectId")) for entry in event.get("relationships") or []]


def read_ocel(
    path: Path, times: TimeReader, account: Account, object_type: str | None
) -> Iterator[LogRow]:
    """The rows of an OCEL document, object by object. An event of several objects is a row in
    each of them."""
    document = _load_document(path, account.name)
    objects = {str(entry["id"]): entry for entry in document["objects"]}
    kind = _case_type(document, object_type, account.name)
    cases = {key for key, entry in objects.items() if entry.get("type") == kind}
    about_by_case = {key: _request_values(objects[key]) for key in cases}
    rows: list[LogRow] = []
    for number, event in enumerate(document["events"], start=1):
        account.events += 1
        related = _related_objects(event)
        own = [key for key in dict.fromkeys(related) if key in cases]
        if not own:
            account.passed[PassedReason.OF_NO_CASE] += 1
            continue
        row = _event_row(event, number, _find_worker(related, objects), times, account)
        if row is not None:
            rows += [_row_in_case(row, case_id, about_by_case[case_id]) for case_id in own]
    rows = [row for row in rows if is_usable_row(row, Place(PlaceKind.EVENT, row.line), account)]
    rows += _open_task_rows(cases, objects, about_by_case, times, account)
    order = {key: place for place, key in enumerate(objects)}
    rows.sort(key=lambda row: order[row.case_id])
    _attach_request_data(rows, objects)
    account.rows += len(rows)
    yield from rows


def _load_document(path: Path, name: str) -> dict[str, Any]:
    document = load_log_json(path)
    parts = ("eventTypes", "objectTypes", "events", "objects")
    if not isinstance(document, dict) or not all(
        isinstance(document.get(part), list) for part in parts
    ):
        raise InvalidInput(
            "%(name)s is JSON, but not OCEL 2.0: that has the lists %(parts)s.",
            name=name,
            parts=", ".join(parts),
        )
    for part in ("events", "objects"):
        if not all(isinstance(entry, dict) and "id" in entry for entry in document[part]):
            raise InvalidInput(
                "%(name)s: there is something without an id among its %(part)s.",
                name=name,
                part=part,
            )
    return document


def _case_type(document: Mapping[str, Any], chosen_type: str | None, name: str) -> str:
    types = [str(entry.get("name")) for entry in document["objectTypes"] if isinstance(entry, dict)]
    if chosen_type is not None:
        if chosen_type not in types:
            raise InvalidInput(
                "%(name)s has no object type '%(chosen_type)s': %(types)s.",
                name=name,
                chosen_type=chosen_type[:60],
                types=", ".join(types),
            )
        return chosen_type
    if REQUEST in types:
        return REQUEST
    candidates = [entry for entry in types if entry.lower() not in WORKERS]
    if len(candidates) == 1:
        return candidates[0]
    raise InvalidInput(
        "%(name)s has objects of the types %(types)s; say with --object-type which of them is a"
        " case.",
        name=name,
        types=", ".join(types) or "none",
    )


def _attribute_values(element: Mapping[str, Any]) -> dict[str, Any]:
    """An object's or event's attributes; of several values the last."""
    attributes = element.get("attributes") or []
    return {
        str(each.get("name")): each.get("value") for each in attributes if isinstance(each, dict)
    }


def _request_values(element: Mapping[str, Any]) -> dict[str, str]:
    named = _attribute_values(element)
    return {key: str(named[key]) for key in REQUEST_ATTRIBUTES if named.get(key) not in (None, "")}


def _find_worker(related: list[str], objects: Mapping[str, Any]) -> str:
    """Who did it; our own ids say 'person:ann'."""
    for key in related:
        kind = str(objects.get(key, {}).get("type", ""))
        if kind.lower() in WORKERS:
            return key.removeprefix(f"{kind}:")
    return ""


def _event_row(
    event: Mapping[str, Any], number: int, worker: str, times: TimeReader, account: Account
) -> LogRow | None:
    place, named = Place(PlaceKind.EVENT, number), _attribute_values(event)
    moments: dict[str, datetime | None] = {}
    for name, text in (
        ("enabled", named.get("enabled")),
        ("start", named.get("started")),
        ("end", event.get("time", "")),
    ):
        if text is None:
            moments[name] = None
            continue
        moments[name] = parse_log_moment(str(text), name, times, place, account)
        if moments[name] is None:
            return None
    return LogRow(
        case_id="",
        activity=str(event.get("type", "")).strip(),
        resource=str(named.get("resource") or worker),
        enabled=moments["enabled"],
        start=moments["start"],
        end=moments["end"],
        line=number,
        outcome=str(named.get("outcome") or ""),
        paused=parse_log_seconds(str(named.get("paused") or "")),
        paused_business=parse_log_seconds(str(named.get("paused_business") or "")),
        instance=str(named.get("instance") or ""),
        round=parse_whole_number(str(named.get("round") or "")),
    )


def _row_in_case(row: LogRow, case_id: str, about: dict[str, str]) -> LogRow:
    return LogRow(
        case_id=case_id,
        activity=row.activity,
        resource=row.resource,
        enabled=row.enabled,
        start=row.start,
        end=row.end,
        line=row.line,
        outcome=row.outcome,
        paused=row.paused,
        paused_business=row.paused_business,
        instance=row.instance,
        round=row.round,
        about=about,
    )


def _attach_request_data(rows: list[LogRow], objects: Mapping[str, Any]) -> None:
    """The values of a request, where Handoff wrote them, are known with its last row."""
    last = {row.case_id: row for row in rows}
    for case_id, row in last.items():
        row.data = _parse_request_data(_attribute_values(objects[case_id]).get("data"))


def _parse_request_data(text: Any) -> dict[str, str]:
    values = _parse_json(text)
    if not isinstance(values, dict):
        return {}
    return {str(k): v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}


def _parse_json(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) and text else None
    except ValueError:
        return None


def _open_task_rows(
    cases: set[str],
    objects: Mapping[str, Any],
    about_by_case: Mapping[str, dict[str, str]],
    times: TimeReader,
    account: Account,
) -> list[LogRow]:
    """Tasks that are still open: they are no events, so Handoff tells them with the request."""
    open_rows: list[LogRow] = []
    for case_id in (key for key in objects if key in cases):
        for task in _parse_json(_attribute_values(objects[case_id]).get("open_tasks")) or []:
            if isinstance(task, dict) and task.get("activity"):
                row = _build_open_row(task, case_id, times, account)
                row.line, row.about = len(open_rows) + 1, about_by_case[case_id]
                open_rows.append(row)
    return [
        row
        for row in open_rows
        if is_usable_row(row, Place(PlaceKind.OBJECT, row.case_id), account)
    ]


def _build_open_row(
    task: Mapping[str, Any], case_id: str, times: TimeReader, account: Account
) -> LogRow:
    moments = {
        name: parse_log_moment(str(text), name, times, Place(PlaceKind.OBJECT, case_id), account)
        for name in ("enabled", "start")
        if (text := task.get(name))
    }
    return LogRow(
        case_id,
        str(task["activity"]),
        str(task.get("resource") or ""),
        moments.get("enabled"),
        moments.get("start"),
        None,
        instance=str(task.get("instance") or ""),
        round=parse_whole_number(str(task.get("round") or "")),
    )
