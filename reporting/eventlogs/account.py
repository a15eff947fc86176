"""An account of what became of everything in a file: codes with counts, and faults with places."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from pydantic import TypeAdapter

from reporting.eventlogs.choices import FaultCode, PassedReason, PlaceKind, ReadingNote
from workflows.engine.texts import Text, text

MAX_KEPT_FAULTS = 10_000
"""So many faults are kept with their places; the others are only counted."""


class Place(NamedTuple):
    """Where something is in a file. Made for every row, so it is no more than three values."""

    kind: PlaceKind
    name: int | str
    inner: int = 0

    def __str__(self) -> str:
        return str(self.text)

    @property
    def text(self) -> Text:
        """As people look for it."""
        match self.kind:
            case PlaceKind.LINE:
                return text("line %(number)s", number=self.name)
            case PlaceKind.EVENT:
                return text("event %(number)s", number=self.name)
            case PlaceKind.TRACE:
                return text("trace %(number)s", number=self.name)
            case PlaceKind.OBJECT:
                return text("object %(name)s", name=self.name)
            case PlaceKind.TRACE_EVENT:
                return text("trace %(trace)s, event %(event)s", trace=self.name, event=self.inner)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the file that cannot be used, and where."""

    code: FaultCode
    place: Place
    message: Text

    def as_json(self) -> dict[str, str]:
        """As other programs read it."""
        return {"code": self.code.value, "place": str(self.place), "message": str(self.message)}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSummary:
    """What an import keeps of its account: codes with counts."""

    version: Literal[1] = 1
    format: str
    encoding: str
    dates: str
    events: int
    rows: int
    passed_over: Mapping[PassedReason, int]
    noted: Mapping[ReadingNote, int]
    words: Mapping[str, Mapping[str, int]]
    columns_passed_over: tuple[str, ...]
    skipped: Mapping[FaultCode, int]

    def to_json(self) -> dict[str, Any]:
        """As an import stores it."""
        data: dict[str, Any] = _summary_adapter.dump_python(self, mode="json")
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "LogSummary":
        """As it was stored. ValueError where it is not of this version."""
        return _summary_adapter.validate_python(data)


_summary_adapter: TypeAdapter[LogSummary] = TypeAdapter(LogSummary)


@dataclass(slots=True)
class Account:
    """What became of a file: events read, rows made, what was passed over and why, faults.

    One bad event does not refuse a hundred thousand good ones before all of them are known: faults
    are gathered, and told in one answer.
    """

    name: str
    format: str = ""
    encoding: str = ""
    dates: str = ""
    events: int = 0
    rows: int = 0
    passed: Counter[PassedReason] = field(default_factory=Counter)
    noted: Counter[ReadingNote] = field(default_factory=Counter)
    words: dict[PassedReason | ReadingNote, Counter[str]] = field(default_factory=dict)
    """The file's own words (statuses, transitions) behind a code."""
    columns_passed: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    counts: Counter[FaultCode] = field(default_factory=Counter)

    def fault(self, code: FaultCode, place: Place, message: Text) -> None:
        """Something cannot be used."""
        self.counts[code] += 1
        if len(self.faults) < MAX_KEPT_FAULTS:
            self.faults.append(Fault(code, place, message))

    def count_word(self, code: PassedReason | ReadingNote, word: str) -> None:
        """The file's word for something."""
        self.words.setdefault(code, Counter())[word] += 1

    def summary(self) -> LogSummary:
        """What an import keeps of it."""
        return LogSummary(
            format=self.format,
            encoding=self.encoding,
            dates=self.dates,
            events=self.events,
            rows=self.rows,
            passed_over=dict(self.passed),
            noted=dict(self.noted),
            words={code.value: dict(words) for code, words in self.words.items()},
            columns_passed_over=tuple(self.columns_passed),
            skipped=dict(self.counts),
        )

    def as_json(self) -> dict[str, Any]:
        """The account as other programs read it, with every fault that was kept."""
        data = self.summary().to_json()
        del data["version"]
        skipped = {
            "count": self.counts.total(),
            "by_code": data["skipped"],
            "rows": [fault.as_json() for fault in self.faults],
        }
        return data | {"skipped": skipped}
