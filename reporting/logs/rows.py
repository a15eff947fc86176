"""What a log is read as: rows, and an account of what became of everything in the file."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workflows.engine.days import OUT_OF_BOUNDS
from workflows.engine.errors import InvalidInput

SHOWN = 3
"""So many places are named of each kind of fault."""
KEPT = 10_000
"""So many faults are kept with their places; the others are only counted."""
NAMED = 20
"""So many of the rows that were left out a text names; JSON names all that are kept."""
NOTHING: Mapping[str, str] = {}


@dataclass(slots=True)
class LogRow:
    """One activity instance of one case. Without `end` it is still open.

    `line` is its place in the file, for messages: the line of a CSV, the how-manieth event of XES.
    `rests` are the times in which it rested; `paused` are seconds at rest of which only the sum is
    known. `before` are values of the request, set from this row on.
    """

    case_id: str
    activity: str
    resource: str
    enabled: datetime | None
    start: datetime | None
    end: datetime | None
    data: Mapping[str, str] = field(default_factory=dict)
    line: int = 0
    outcome: str = ""
    rests: Sequence[tuple[datetime, datetime]] = ()
    paused: float = 0.0
    paused_business: float = 0.0
    instance: str = ""
    round: int = 0
    """As the log says it; 0 where it does not."""
    about: Mapping[str, str] = field(default_factory=dict)
    """What the log says of the request: title, state, result, requester."""

    @property
    def last(self) -> datetime:
        """The last moment that is known of it."""
        known = self.end or self.start or self.enabled
        assert known is not None
        return known


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the file that cannot be read, and where."""

    code: str
    place: str
    message: str

    def as_json(self) -> dict[str, str]:
        """As other programs read it."""
        return {"code": self.code, "place": self.place, "message": self.message}


PASSED = {
    "aborted": "events of work that was called off (aborted, withdrawn)",
    "not_completed": "events of work that was begun and not completed",
    "assigned": "events that only say who has the work",
    "skipped": "events of work that was skipped",
    "no_work": "suspensions and resumptions of nothing that was begun",
    "other": "events of a life cycle that is not known here",
    "blank": "empty rows",
    "of_no_case": "events that belong to no object of the chosen type",
}
"""Why an event became no row, by code."""
NOTED = {
    "status": "events have a status, not a step of a life cycle; each is taken as done",
    "skew": "rows ended a little before they began, or began before they were there; the moments"
    " are taken as equal",
}
"""What was read with a grain of salt, by code."""


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
    passed: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    words: dict[str, Counter[str]] = field(default_factory=dict)
    """The file's own words (statuses, transitions) behind a code."""
    columns_passed: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def fault(self, code: str, place: str, message: str) -> None:
        """Something cannot be read."""
        self.counts[code] += 1
        if len(self.faults) < KEPT:
            self.faults.append(Fault(code, place, message))

    def said(self, code: str, word: str) -> None:
        """The file's word for something."""
        self.words.setdefault(code, Counter())[word] += 1

    def refuse_faults(self) -> None:
        """Raise InvalidInput that names every kind of fault, with counts and first places."""
        if not self.counts:
            return
        total = self.counts.total()
        kinds = []
        for code, count in self.counts.most_common():
            first = [fault for fault in self.faults if fault.code == code][:SHOWN]
            shown = "; ".join(f"{fault.place}: {fault.message}" for fault in first)
            more = f" (and {count - len(first):,} more)" if count > len(first) else ""
            kinds.append(f"{shown}{more}")
        rows = "row cannot be used" if total == 1 else "rows cannot be used"
        raise InvalidInput(
            f"{self.name}, {' | '.join(kinds)}. {total:,} {rows}: mend them, or leave them out"
            " with --skip."
        )

    def lines(self) -> list[str]:
        """The account in sentences."""
        found = [
            f"{count:,} {PASSED[code]} were passed over{self._named(code)}."
            for code, count in self.passed.most_common()
        ]
        found += [
            f"{count:,} {NOTED[code]}{self._named(code)}."
            for code, count in self.noted.most_common()
        ]
        if self.columns_passed:
            names = ", ".join(f"'{name}'" for name in self.columns_passed[:12])
            found.append(f"Columns that were passed over: {names}.")
        if self.encoding and self.encoding != "UTF-8":
            found.append(f"The text was read as {self.encoding}.")
        if self.dates:
            found.append(f"Its dates were read {self.dates}.")
        return found

    def nothing_to(self, do: str) -> str:
        """Why there is nothing to do, where no row came of the file."""
        if not self.events and not self.passed:
            return f"{self.name} has no rows; there is nothing to {do}."
        skipped = self.counts.total()
        left = [f"{skipped:,} cannot be used."] if skipped else []
        return (
            f"{self.name}: of {self.events:,} events none is a finished piece of work."
            f" {' '.join([*self.lines(), *left])}"
        )

    def left_out(self) -> list[str]:
        """The rows that were left out, in sentences; the first of them by name."""
        skipped = self.counts.total()
        if not skipped:
            return []
        found = [f"{skipped:,} rows were left out:"]
        found += [f"  {fault.place}: {fault.message}" for fault in self.faults[:NAMED]]
        if skipped > NAMED:
            found.append(f"  … and {skipped - NAMED:,} more; --json names them all.")
        return found

    def _named(self, code: str) -> str:
        words = self.words.get(code)
        if not words:
            return ""
        named = ", ".join(f"'{word}' {count:,}" for word, count in words.most_common(6))
        return f" ({named})"

    @property
    def left(self) -> dict[str, int]:
        """How many rows were left out, by code."""
        return dict(self.counts)

    def as_json(self) -> dict[str, Any]:
        """The account as other programs read it."""
        return {
            "format": self.format,
            "encoding": self.encoding,
            "dates": self.dates,
            "events": self.events,
            "rows": self.rows,
            "passed_over": dict(self.passed),
            "noted": dict(self.noted),
            "words": {code: dict(words) for code, words in self.words.items()},
            "columns_passed_over": self.columns_passed,
            "skipped": {
                "count": self.counts.total(),
                "by_code": dict(self.counts),
                "rows": [fault.as_json() for fault in self.faults],
            },
        }


def text_of_bounds(moment: datetime) -> str:
    """Why a moment is not taken."""
    return f"the time {moment.isoformat()[:19]} cannot be meant; {OUT_OF_BOUNDS[:-1]}"
