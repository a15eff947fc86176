"""OCEL 2.0 as JSON: the events of the objects of one type are the cases of a log."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from reporting.logs.checks import fits, moment_of, seconds_of, whole_number
from reporting.logs.files import json_of
from reporting.logs.rows import Account, LogRow
from reporting.logs.times import Times
from workflows.engine.errors import InvalidInput

REQUEST = "request"
WORKERS = ("person", "role", "resource", "user", "employee", "worker")
"""Types of objects that are who did it."""
ABOUT = ("title", "state", "result", "requester")


def read_ocel(
    path: Path, times: Times, account: Account, object_type: str | None
) -> Iterator[LogRow]:
    """The rows of an OCEL document, object by object. An event of several objects is a row in
    each of them."""
    document = _document(path, account.name)
    objects = {str(one["id"]): one for one in document["objects"]}
    kind = _case_type(document, object_type, account.name)
    cases = {key for key, one in objects.items() if one.get("type") == kind}
    told = {key: _about(objects[key]) for key in cases}
    rows: list[LogRow] = []
    for number, event in enumerate(document["events"], start=1):
        account.events += 1
        related = [str(one.get("objectId")) for one in event.get("relationships") or []]
        own = [key for key in dict.fromkeys(related) if key in cases]
        if not own:
            account.passed["of_no_case"] += 1
            continue
        row = _row(event, number, _worker(related, objects), times, account)
        for case_id in own if row is not None else ():
            assert row is not None
            rows.append(_in_case(row, case_id, told[case_id]))
    rows = [row for row in rows if fits(row, f"event {row.line}", account)]
    rows += _open_tasks(cases, objects, told, times, account)
    order = {key: place for place, key in enumerate(objects)}
    rows.sort(key=lambda row: order[row.case_id])
    _give_data(rows, objects)
    account.rows += len(rows)
    yield from rows


def _document(path: Path, name: str) -> dict[str, Any]:
    document = json_of(path)
    parts = ("eventTypes", "objectTypes", "events", "objects")
    if not isinstance(document, dict) or not all(
        isinstance(document.get(part), list) for part in parts
    ):
        raise InvalidInput(
            f"{name} is JSON, but not OCEL 2.0: that has the lists {', '.join(parts)}."
        )
    for part in ("events", "objects"):
        if not all(isinstance(one, dict) and "id" in one for one in document[part]):
            raise InvalidInput(f"{name}: there is something without an id among its {part}.")
    return document


def _case_type(document: Mapping[str, Any], asked: str | None, name: str) -> str:
    types = [str(one.get("name")) for one in document["objectTypes"] if isinstance(one, dict)]
    if asked is not None:
        if asked not in types:
            raise InvalidInput(f"{name} has no object type '{asked[:60]}': {', '.join(types)}.")
        return asked
    if REQUEST in types:
        return REQUEST
    left = [one for one in types if one.lower() not in WORKERS]
    if len(left) == 1:
        return left[0]
    raise InvalidInput(
        f"{name} has objects of the types {', '.join(types) or 'none'}; say with --object-type"
        " which of them is a case."
    )


def _named(one: Mapping[str, Any]) -> dict[str, Any]:
    """An object's or event's attributes; of several values the last."""
    found = one.get("attributes") or []
    return {str(each.get("name")): each.get("value") for each in found if isinstance(each, dict)}


def _about(one: Mapping[str, Any]) -> dict[str, str]:
    named = _named(one)
    return {key: str(named[key]) for key in ABOUT if named.get(key) not in (None, "")}


def _worker(related: list[str], objects: Mapping[str, Any]) -> str:
    """Who did it; our own ids say 'person:ann'."""
    for key in related:
        kind = str(objects.get(key, {}).get("type", ""))
        if kind.lower() in WORKERS:
            return key.removeprefix(f"{kind}:")
    return ""


def _row(
    event: Mapping[str, Any], number: int, worker: str, times: Times, account: Account
) -> LogRow | None:
    place, named = f"event {number}", _named(event)
    moments: dict[str, datetime | None] = {}
    for name, text in (
        ("enabled", named.get("enabled")),
        ("start", named.get("started")),
        ("end", event.get("time", "")),
    ):
        if text is None:
            moments[name] = None
            continue
        moments[name] = moment_of(str(text), name, times, place, account)
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
        paused=seconds_of(str(named.get("paused") or "")),
        paused_business=seconds_of(str(named.get("paused_business") or "")),
        instance=str(named.get("instance") or ""),
        round=whole_number(str(named.get("round") or "")),
    )


def _in_case(row: LogRow, case_id: str, about: dict[str, str]) -> LogRow:
    return LogRow(
        case_id=case_id, activity=row.activity, resource=row.resource, enabled=row.enabled,
        start=row.start, end=row.end, line=row.line, outcome=row.outcome, paused=row.paused,
        paused_business=row.paused_business, instance=row.instance, round=row.round, about=about,
    )  # fmt: skip


def _give_data(rows: list[LogRow], objects: Mapping[str, Any]) -> None:
    """The values of a request, where Handoff wrote them, are known with its last row."""
    last = {row.case_id: row for row in rows}
    for case_id, row in last.items():
        row.data = _data(_named(objects[case_id]).get("data"))


def _data(text: Any) -> dict[str, str]:
    found = _json(text)
    if not isinstance(found, dict):
        return {}
    return {str(k): v if isinstance(v, str) else json.dumps(v) for k, v in found.items()}


def _json(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) and text else None
    except ValueError:
        return None


def _open_tasks(
    cases: set[str],
    objects: Mapping[str, Any],
    told: Mapping[str, dict[str, str]],
    times: Times,
    account: Account,
) -> list[LogRow]:
    """Tasks that are still open: they are no events, so Handoff tells them with the request."""
    found: list[LogRow] = []
    for case_id in (key for key in objects if key in cases):
        for task in _json(_named(objects[case_id]).get("open_tasks")) or []:
            if isinstance(task, dict) and task.get("activity"):
                moments = {
                    name: moment_of(str(text), name, times, f"object {case_id}", account)
                    for name in ("enabled", "start")
                    if (text := task.get(name))
                }
                found.append(
                    LogRow(case_id, str(task["activity"]), str(task.get("resource") or ""),
                           moments.get("enabled"), moments.get("start"), None,
                           line=len(found) + 1, instance=str(task.get("instance") or ""),
                           round=whole_number(str(task.get("round") or "")), about=told[case_id])
                )  # fmt: skip
    return [row for row in found if fits(row, f"object {row.case_id}", account)]
