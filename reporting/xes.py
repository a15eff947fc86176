"""XES, the XML of process logs: its events paired into rows.

schedule, start and complete of the same activity in the same case are paired in their order
(first in, first out). The parser takes no entities and no DTD.
"""

from collections import defaultdict, deque
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from reporting.moments import parse_moment
from workflows.engine.errors import InvalidInput

Waiting = dict[tuple[str, str], deque[datetime]]


def read_xes(stream: IO[bytes], name: str) -> Iterator[dict[str, Any]]:
    """The rows of an XES document as keyword arguments of `LogRow`. Raises InvalidInput."""
    cases = 0
    try:
        events = iterparse(stream, events=("start", "end"), forbid_dtd=True)
        root: Element | None = None
        for moment, element in events:
            if moment == "start":
                root = root if root is not None else _log_element(element, name)
                continue
            if _tag(element) == "trace":
                cases += 1
                yield from _trace(element, f"{name}, trace {cases}", cases)
                if root is not None:
                    root.clear()
    except ParseError as problem:
        raise InvalidInput(
            f"{name} is not whole XML ({problem}); is the file cut off? Export it again."
        ) from None
    except DefusedXmlException:
        raise InvalidInput(
            f"{name} declares XML entities or a DTD; export it without them."
        ) from None
    if not cases:
        raise InvalidInput(f"{name} has no trace; a log has a trace a case and events in it.")


def _log_element(element: Element, name: str) -> Element:
    if _tag(element) != "log":
        raise InvalidInput(f"{name} is XML, but not XES: its root is <{_tag(element)}>, not <log>.")
    return element


def _tag(element: Element) -> str:
    return str(element.tag).rsplit("}", 1)[-1]


def _attributes(element: Element) -> dict[str, str]:
    return {
        child.get("key", ""): child.get("value", "")
        for child in element
        if _tag(child) not in ("event", "trace")
    }


def _trace(element: Element, place: str, number: int) -> Iterator[dict[str, Any]]:
    case_id = _attributes(element).get("concept:name", "").strip()
    if not case_id:
        raise InvalidInput(f"{place}: the trace has no concept:name; it is the case's name.")
    waiting: Waiting = defaultdict(deque)
    for position, event in enumerate((c for c in element if _tag(c) == "event"), start=1):
        row = _event(_attributes(event), f"{place}, event {position}", case_id, waiting)
        if row is not None:
            yield row | {"line": number}


def _event(
    values: dict[str, str], place: str, case_id: str, waiting: Waiting
) -> dict[str, Any] | None:
    """A row when the event completes an activity; else remember the moment and give None."""
    activity = values.get("concept:name", "").strip()
    if not activity:
        raise InvalidInput(f"{place}: the event has no concept:name; it is the activity's name.")
    when = _when(values.get("time:timestamp", ""), place)
    transition = values.get("lifecycle:transition", "complete").strip().lower() or "complete"
    if transition in ("schedule", "start"):
        waiting[transition, activity].append(when)
        return None
    if transition != "complete":
        return None
    start = _first(waiting["start", activity])
    enabled = _first(waiting["schedule", activity])
    row = {
        "case_id": case_id,
        "activity": activity,
        "resource": (values.get("org:resource") or values.get("org:role") or "").strip(),
        "enabled": enabled,
        "start": start,
        "end": when,
        "data": {k[5:]: v for k, v in values.items() if k.startswith("data.") and v},
    }
    _check_order(enabled, start, when, place)
    return row


def _first(queue: deque[datetime]) -> datetime | None:
    return queue.popleft() if queue else None


def _check_order(
    enabled: datetime | None, start: datetime | None, end: datetime, place: str
) -> None:
    if start is not None and start > end:
        raise InvalidInput(f"{place}: it starts after it ends; correct its times.")
    if enabled is not None and enabled > (start or end):
        raise InvalidInput(f"{place}: it is scheduled after it starts; correct its times.")


def _when(text: str, place: str) -> datetime:
    try:
        return parse_moment(text.strip())
    except ValueError:
        raise InvalidInput(
            f"{place}: the time '{text[:40]}' is not a time; write it like 2026-03-31T14:05:00Z."
        ) from None
