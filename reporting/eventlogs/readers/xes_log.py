"""XES, the XML of process logs, read as a stream of cases. No entity and no DTD is taken."""

import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from xml.parsers import expat

from reporting.eventlogs.account import Account, Place
from reporting.eventlogs.choices import FaultCode, PassedReason, PlaceKind
from reporting.eventlogs.readers.checks import (
    is_usable_row,
    parse_log_moment,
    parse_log_seconds,
    parse_whole_number,
)
from reporting.eventlogs.readers.files import open_log_bytes
from reporting.eventlogs.readers.lifecycle import (
    COMPLETE,
    Event,
    EventPairer,
    is_lifecycle,
    normalize_transition,
)
from reporting.eventlogs.readers.rows import EMPTY_VALUES, LogRow
from reporting.eventlogs.readers.times import TimeReader
from workflows.engine.errors import InvalidInput
from workflows.engine.texts import plural_text, text

CHUNK = 262_144
FIRST_TRACE = re.compile(r"<(?:\w+:)?trace[\s>]")
TRANSITION = re.compile(
    r"""key\s*=\s*["']lifecycle:transition["']\s+value\s*=\s*["']([^"']*)"""
    r"""|value\s*=\s*["']([^"']*)["']\s+key\s*=\s*["']lifecycle:transition"""
)
Attributes = dict[str, str]


class ForbiddenXml(Exception):
    """The file declares entities or a DTD."""


@dataclass(slots=True)
class XesTrace:
    """A case as it is in the file."""

    about: Attributes = field(default_factory=dict)
    events: list[Attributes] = field(default_factory=list)


class TraceReader:
    """Gathers traces while the parser goes through the file."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.depth = 0
        self.whole: list[XesTrace] = []
        self.trace: XesTrace | None = None
        self.event: Attributes | None = None
        self.loose = 0
        """Events outside of any trace."""

    def start(self, tag: str, attributes: Attributes) -> None:
        """An element begins."""
        self.depth += 1
        if self.depth == 3 and self.event is not None:
            self._store_attribute(self.event, attributes)
        elif self.depth == 1:
            self._check_root(tag)
        elif self.depth == 2:
            self.trace = XesTrace() if _local_name(tag) == "trace" else None
            self.event = None
            self.loose += _local_name(tag) == "event"
        elif self.depth == 3 and self.trace is not None:
            if _local_name(tag) == "event":
                self.event = {}
                self.trace.events.append(self.event)
                self.depth = 2
            else:
                self._store_attribute(self.trace.about, attributes)

    @staticmethod
    def _store_attribute(to: Attributes, attributes: Attributes) -> None:
        key = attributes.get("key")
        if key is not None:
            to[sys.intern(key)] = attributes.get("value", "")

    def _check_root(self, tag: str) -> None:
        if _local_name(tag) != "log":
            raise InvalidInput(
                "%(name)s is XML, but not XES: its root is <%(local_name)s>, not <log>.",
                name=self.name,
                local_name=_local_name(tag)[:60],
            )

    def end(self, tag: str) -> None:
        """An element ends."""
        if self.depth == 2:
            if self.event is not None:  # the event: it counts as deep as its trace
                self.event = None
                return
            if self.trace is not None:
                self.whole.append(self.trace)
                self.trace = None
        self.depth -= 1


def _local_name(tag: str) -> str:
    return tag.rsplit(":", 1)[-1]


def _forbid_declaration(*_: object) -> None:
    raise ForbiddenXml


def _parse_traces(path: Path, reader: TraceReader) -> Iterator[XesTrace]:
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _forbid_declaration
    with open_log_bytes(path) as stream:
        while block := stream.read(CHUNK):
            parser.Parse(block)
            yield from reader.whole
            reader.whole.clear()
        parser.Parse(b"", True)


def _count_loose_events(loose: int, account: Account) -> None:
    account.events += loose
    if loose:
        account.passed[PassedReason.OF_NO_CASE] += loose


def _read_traces(path: Path, account: Account) -> Iterator[XesTrace]:
    name = account.name
    reader = TraceReader(name)
    seen = False
    try:
        for trace in _parse_traces(path, reader):
            seen = True
            yield trace
    except expat.ExpatError as problem:
        raise InvalidInput(
            "%(name)s is not whole XML (%(problem)s); is the file cut off? Export it again.",
            name=name,
            problem=problem,
        ) from None
    except ForbiddenXml:
        raise InvalidInput(
            "%(name)s declares XML entities or a DTD; export it without them.", name=name
        ) from None
    except (LookupError, ValueError) as problem:  # how the parser refuses an encoding
        raise InvalidInput(
            "%(name)s cannot be read as XML (%(problem)s); save it as UTF-8.",
            name=name,
            problem=problem,
        ) from None
    _count_loose_events(reader.loose, account)
    if not seen:
        raise InvalidInput(
            "%(name)s has no trace; a log has a trace a case and events in it.", name=name
        )


def _has_lifecycle(path: Path) -> bool:
    """Whether the transitions of a file are a life cycle. A first look, which ends at the first
    event that completes."""
    words: set[str] = set()
    begun = False
    with open_log_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding=_text_encoding(path), errors="replace")
        rest = ""
        while block := text.read(CHUNK):
            rest += block
            if not begun:
                match = FIRST_TRACE.search(rest)
                begun, rest = match is not None, rest[match.start() if match else -100 :]
            if begun:
                words |= {
                    normalize_transition(first or two) for first, two in TRANSITION.findall(rest)
                }
                rest = rest[-300:]
            if COMPLETE in words:
                break
        text.detach()
    return is_lifecycle(words)


def _text_encoding(path: Path) -> str:
    with open_log_bytes(path) as stream:
        begin = stream.read(2)
    return "utf-16" if begin in (b"\xff\xfe", b"\xfe\xff") else "utf-8"


def read_xes(path: Path, times: TimeReader, account: Account) -> Iterator[LogRow]:
    """The rows of an XES document, case by case."""
    paired = EventPairer(account, completes=_has_lifecycle(path))
    events = 0
    for number, trace in enumerate(_read_traces(path, account), start=1):
        place = Place(PlaceKind.TRACE, number)
        account.events += len(trace.events)
        case_id = trace.about.get("concept:name", "").strip()
        if not case_id:
            account.fault(
                FaultCode.NO_CASE,
                place,
                plural_text(
                    "the trace has no concept:name; it is the case's name (%(count)s event)",
                    "the trace has no concept:name; it is the case's name (%(count)s events)",
                    len(trace.events),
                ),
            )
        else:
            rows = paired.rows(_trace_events(trace, case_id, place, events, times, account))
            if rows:
                rows[-1].data = {**_request_values(trace.about), **rows[-1].data}
            account.rows += len(rows)
            yield from rows
        events += len(trace.events)


def _request_values(about: Attributes) -> dict[str, str]:
    """The request's values as Handoff writes them with its trace."""
    return {k[5:]: v for k, v in about.items() if k.startswith("data:") and v}


def _trace_events(
    trace: XesTrace, case_id: str, place: Place, before: int, times: TimeReader, account: Account
) -> list[Event]:
    """The events of a case that can be read; `before` is how many came before it in the file."""
    about = {k[8:]: v for k, v in trace.about.items() if k.startswith("handoff:")}
    readable = []
    for position, values in enumerate(trace.events, start=1):
        here = Place(PlaceKind.TRACE_EVENT, place.name, position)
        when = _read_event_moment(values, here, times, account)
        if when is None:
            continue
        row = _build_event_row(values, case_id, when, before + position, about)
        if is_usable_row(row, here, account):
            transition = values.get("lifecycle:transition", "")
            readable.append(Event(row, transition, row.instance, before + position, position))
    return readable


def _read_event_moment(
    values: Attributes, place: Place, times: TimeReader, account: Account
) -> datetime | None:
    """When it was, or None where the event's time or its activity is a fault."""
    moment = parse_log_moment(
        values.get("time:timestamp", "").strip(), "time", times, place, account
    )
    if moment is not None and not values.get("concept:name", "").strip():
        account.fault(
            FaultCode.EMPTY,
            place,
            text("the event has no concept:name; it is the activity's name"),
        )
        return None
    return moment


def _build_event_row(
    values: Attributes, case_id: str, when: datetime, line: int, about: dict[str, str]
) -> LogRow:
    """The event as a row; `about` is what Handoff writes about the request."""
    role = "" if "state" in about else values.get("org:role")
    resource = values.get("org:resource") or role or ""
    return LogRow(
        case_id,
        sys.intern(values.get("concept:name", "").strip()),
        sys.intern(resource.strip()),
        None,
        None,
        when,
        {k[5:]: v for k, v in values.items() if k.startswith("data.") and v} or EMPTY_VALUES,
        line,
        values.get("handoff:outcome", ""),
        (),
        parse_log_seconds(values.get("handoff:paused", "")),
        parse_log_seconds(values.get("handoff:paused_business", "")),
        values.get("concept:instance", "").strip(),
        parse_whole_number(values.get("handoff:round", "")),
        about,
    )
