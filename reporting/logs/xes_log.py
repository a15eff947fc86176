"""XES, the XML of process logs, read as a stream of cases. No entity and no DTD is taken."""

import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from reporting.logs.checks import fits, moment_of, seconds_of, whole_number
from reporting.logs.files import plain_bytes
from reporting.logs.lifecycle import COMPLETE, Event, Paired, is_lifecycle, word_of
from reporting.logs.rows import NOTHING, Account, LogRow
from reporting.logs.times import Times
from workflows.engine.errors import InvalidInput

CHUNK = 262_144
FIRST_TRACE = re.compile(r"<(?:\w+:)?trace[\s>]")
TRANSITION = re.compile(
    r"""key\s*=\s*["']lifecycle:transition["']\s+value\s*=\s*["']([^"']*)"""
    r"""|value\s*=\s*["']([^"']*)["']\s+key\s*=\s*["']lifecycle:transition"""
)
Attributes = dict[str, str]


class Forbidden(Exception):
    """The file declares entities or a DTD."""


@dataclass(slots=True)
class Trace:
    """A case as it is in the file."""

    about: Attributes = field(default_factory=dict)
    events: list[Attributes] = field(default_factory=list)


class Reader:
    """Gathers traces while the parser goes through the file."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.depth = 0
        self.whole: list[Trace] = []
        self.trace: Trace | None = None
        self.event: Attributes | None = None
        self.loose = 0
        """Events outside of any trace."""

    def start(self, tag: str, given: Attributes) -> None:
        """An element begins."""
        self.depth += 1
        if self.depth == 3 and self.event is not None:
            self._attribute(self.event, given)
        elif self.depth == 1:
            self._root(tag)
        elif self.depth == 2:
            self.trace = Trace() if _bare(tag) == "trace" else None
            self.event = None
            self.loose += _bare(tag) == "event"
        elif self.depth == 3 and self.trace is not None:
            if _bare(tag) == "event":
                self.event = {}
                self.trace.events.append(self.event)
                self.depth = 2
            else:
                self._attribute(self.trace.about, given)

    @staticmethod
    def _attribute(to: Attributes, given: Attributes) -> None:
        key = given.get("key")
        if key is not None:
            to[sys.intern(key)] = given.get("value", "")

    def _root(self, tag: str) -> None:
        if _bare(tag) != "log":
            raise InvalidInput(
                f"{self.name} is XML, but not XES: its root is <{_bare(tag)[:60]}>, not <log>."
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


def _bare(tag: str) -> str:
    return tag.rsplit(":", 1)[-1]


def _forbid(*_: object) -> None:
    raise Forbidden


def _traces(path: Path, account: Account) -> Iterator[Trace]:
    parser = expat.ParserCreate()
    name = account.name
    reader = Reader(name)
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _forbid
    seen = False
    try:
        with plain_bytes(path) as stream:
            while block := stream.read(CHUNK):
                parser.Parse(block)
                yield from reader.whole
                seen = seen or bool(reader.whole)
                reader.whole.clear()
            parser.Parse(b"", True)
    except expat.ExpatError as problem:
        raise InvalidInput(
            f"{name} is not whole XML ({problem}); is the file cut off? Export it again."
        ) from None
    except Forbidden:
        raise InvalidInput(
            f"{name} declares XML entities or a DTD; export it without them."
        ) from None
    except (LookupError, ValueError) as problem:  # how the parser refuses an encoding
        raise InvalidInput(f"{name} cannot be read as XML ({problem}); save it as UTF-8.") from None
    account.events += reader.loose
    if reader.loose:
        account.passed["of_no_case"] += reader.loose
    if not seen:
        raise InvalidInput(f"{name} has no trace; a log has a trace a case and events in it.")


def _completes(path: Path) -> bool:
    """Whether the transitions of a file are a life cycle. A first look, which ends at the first
    event that completes."""
    words: set[str] = set()
    begun = False
    with plain_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding=_text_encoding(path), errors="replace")
        rest = ""
        while block := text.read(CHUNK):
            rest += block
            if not begun:
                found = FIRST_TRACE.search(rest)
                begun, rest = found is not None, rest[found.start() if found else -100 :]
            if begun:
                words |= {word_of(one or two) for one, two in TRANSITION.findall(rest)}
                rest = rest[-300:]
            if COMPLETE in words:
                break
        text.detach()
    return is_lifecycle(words)


def _text_encoding(path: Path) -> str:
    with plain_bytes(path) as stream:
        begin = stream.read(2)
    return "utf-16" if begin in (b"\xff\xfe", b"\xfe\xff") else "utf-8"


def read_xes(path: Path, times: Times, account: Account) -> Iterator[LogRow]:
    """The rows of an XES document, case by case."""
    paired = Paired(account, completes=_completes(path))
    events = 0
    for number, trace in enumerate(_traces(path, account), start=1):
        place = f"trace {number}"
        account.events += len(trace.events)
        case_id = trace.about.get("concept:name", "").strip()
        if not case_id:
            account.fault(
                "no_case",
                place,
                "the trace has no concept:name; it is the case's name"
                f" ({len(trace.events)} events)",
            )
        else:
            rows = paired.rows(_events(trace, case_id, place, events, times, account))
            if rows:
                rows[-1].data = {**_values(trace.about), **rows[-1].data}
            account.rows += len(rows)
            yield from rows
        events += len(trace.events)


def _values(about: Attributes) -> dict[str, str]:
    """The request's values as Handoff writes them with its trace."""
    return {k[5:]: v for k, v in about.items() if k.startswith("data:") and v}


def _events(
    trace: Trace, case_id: str, place: str, before: int, times: Times, account: Account
) -> list[Event]:
    """The events of a case that can be read; `before` is how many came before it in the file."""
    about = {k[8:]: v for k, v in trace.about.items() if k.startswith("handoff:")}
    ours = "state" in about
    found = []
    for position, values in enumerate(trace.events, start=1):
        here = f"{place}, event {position}"
        when = moment_of(values.get("time:timestamp", "").strip(), "time", times, here, account)
        if when is None:
            continue
        activity = values.get("concept:name", "").strip()
        if not activity:
            account.fault("empty", here, "the event has no concept:name; it is the activity's name")
            continue
        resource = values.get("org:resource") or ("" if ours else values.get("org:role")) or ""
        instance = values.get("concept:instance", "").strip()
        row = LogRow(
            case_id,
            sys.intern(activity),
            sys.intern(resource.strip()),
            None,
            None,
            when,
            {k[5:]: v for k, v in values.items() if k.startswith("data.") and v} or NOTHING,
            before + position,
            values.get("handoff:outcome", ""),
            (),
            seconds_of(values.get("handoff:paused", "")),
            seconds_of(values.get("handoff:paused_business", "")),
            instance,
            whole_number(values.get("handoff:round", "")),
            about,
        )
        if fits(row, here, account):
            transition = values.get("lifecycle:transition", "")
            found.append(Event(row, transition, instance, before + position, position))
    return found
