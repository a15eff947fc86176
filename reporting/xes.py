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


class Begun:
    """What a case has scheduled and started so far and not completed, by activity.

    A start takes up the first schedule before it, and a complete the first start; a complete
    without a start takes up the first schedule itself.
    """

    def __init__(self) -> None:
        self._scheduled: dict[str, deque[datetime]] = defaultdict(deque)
        self._started: dict[str, deque[tuple[datetime | None, datetime]]] = defaultdict(deque)

    def schedule(self, activity: str, when: datetime) -> None:
        """It is there to be done."""
        self._scheduled[activity].append(when)

    def start(self, activity: str, when: datetime) -> None:
        """Somebody took it up."""
        self._started[activity].append((self._enabled(activity), when))

    def complete(self, activity: str) -> tuple[datetime | None, datetime | None]:
        """It is done: when it was scheduled and started, as far as the log says."""
        if self._started[activity]:
            return self._started[activity].popleft()
        return self._enabled(activity), None

    def _enabled(self, activity: str) -> datetime | None:
        waiting = self._scheduled[activity]
        return waiting.popleft() if waiting else None


def read_xes(stream: IO[bytes], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of an XES document: where each is, and the arguments of its `LogRow`.

    Raises InvalidInput.
    """
    traces = events = 0
    try:
        for element in _children_of_log(stream, name):
            if _tag(element) == "trace":
                traces += 1
                yield from _trace(element, f"{name}, trace {traces}", events)
                events += sum(1 for child in element if _tag(child) == "event")
    except ParseError as problem:
        raise InvalidInput(
            f"{name} is not whole XML ({problem}); is the file cut off? Export it again."
        ) from None
    except DefusedXmlException:
        raise InvalidInput(
            f"{name} declares XML entities or a DTD; export it without them."
        ) from None
    except (LookupError, ValueError) as problem:  # how the parser refuses an encoding
        raise InvalidInput(f"{name} cannot be read as XML ({problem}); save it as UTF-8.") from None
    if not traces:
        raise InvalidInput(f"{name} has no trace; a log has a trace a case and events in it.")


def _children_of_log(stream: IO[bytes], name: str) -> Iterator[Element]:
    """Each whole child of the root; what was read is forgotten."""
    depth = 0
    root: Element | None = None
    for moment, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
        depth += 1 if moment == "start" else -1
        if root is None:
            root = _log_element(element, name)
        elif moment == "end" and depth == 1:
            yield element
            root.clear()


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


def _trace(element: Element, place: str, before: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a case; `before` is how many events came before it in the file."""
    case_id = _attributes(element).get("concept:name", "").strip()
    if not case_id:
        raise InvalidInput(f"{place}: the trace has no concept:name; it is the case's name.")
    begun = Begun()
    for position, event in enumerate((c for c in element if _tag(c) == "event"), start=1):
        here = f"{place}, event {position}"
        row = _event(_attributes(event), here, begun)
        if row is not None:
            yield here, {**row, "case_id": case_id, "line": before + position}


def _event(values: dict[str, str], place: str, begun: Begun) -> dict[str, Any] | None:
    """A row when the event completes an activity; else remember the moment and give None."""
    activity = values.get("concept:name", "").strip()
    if not activity:
        raise InvalidInput(f"{place}: the event has no concept:name; it is the activity's name.")
    when = _when(values.get("time:timestamp", ""), place)
    transition = values.get("lifecycle:transition", "").strip().lower() or "complete"
    if transition == "schedule":
        begun.schedule(activity, when)
    elif transition == "start":
        begun.start(activity, when)
    if transition != "complete":
        return None
    enabled, start = begun.complete(activity)
    return {
        "activity": activity,
        "resource": (values.get("org:resource") or values.get("org:role") or "").strip(),
        "enabled": enabled,
        "start": start,
        "end": when,
        "data": {k[5:]: v for k, v in values.items() if k.startswith("data.") and v},
    }


def _when(text: str, place: str) -> datetime:
    try:
        return parse_moment(text.strip())
    except ValueError:
        raise InvalidInput(
            f"{place}: the time '{text[:40]}' is not a time; write it like 2026-03-31T14:05:00Z."
        ) from None
