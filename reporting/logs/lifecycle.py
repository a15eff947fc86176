"""Events of a life cycle paired into rows: by instance where the log has one, and by time.

schedule, start, suspend, resume and complete of one piece of work become one row. What is called
off, skipped or never completed becomes none, and is counted by code; nothing is dropped unsaid.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache

from reporting.logs.checks import SKEW, STILL_GOING
from reporting.logs.rows import Account, LogRow

COMPLETE, OTHER = "complete", "other"
WORDS = {
    "schedule": ("schedule", "scheduled", "enable", "enabled", "create", "created"),
    "assign": ("assign", "assigned", "reassign", "reassigned"),
    "start": ("start", "started", "begin", "began", "begun"),
    "suspend": ("suspend", "suspended", "pause", "paused"),
    "resume": ("resume", "resumed", "continue", "continued"),
    COMPLETE: ("complete", "completed", "finish", "finished", "end", "ended", "done"),
    "abort": (
        *("ateabort", "piabort", "abort", "aborted", "withdraw", "withdrawn", "cancel"),
        *("cancelled", "canceled", "terminate", "terminated"),
    ),
    "skip": ("autoskip", "manualskip", "skip", "skipped"),
}
_WORD_OF = {word: kind for kind, words in WORDS.items() for word in words}
RANK = {"schedule": 0, "assign": 1, "start": 2, "suspend": 3, "resume": 3}
"""The order of what happens at the same moment."""
Key = tuple[str, str]


@lru_cache(maxsize=512)
def word_of(transition: str) -> str:
    """What a life-cycle word means; '' for none, `OTHER` for one that is not known."""
    plain = re.sub(r"[^a-z]", "", transition.lower())
    if not plain:
        return "" if not transition.strip() else OTHER
    return _WORD_OF.get(plain, OTHER)


def is_lifecycle(words: Collection[str]) -> bool:
    """Whether the words of a file are a life cycle: something in it completes. Else they are
    statuses, and every event is a row."""
    return COMPLETE in words or not set(words) - {""}


@dataclass(frozen=True, slots=True)
class Event:
    """An event as a row whose end is its time; `position` is its place in the file."""

    row: LogRow
    transition: str
    instance: str
    position: int
    line: int

    @property
    def when(self) -> datetime:
        """Its time."""
        assert self.row.end is not None
        return self.row.end

    @property
    def key(self) -> Key:
        """What it belongs to."""
        return self.row.activity, self.instance


@dataclass(slots=True, eq=False)
class Open:
    """A piece of work that is under way."""

    key: Key
    scheduled: Event | None = None
    started: Event | None = None
    rests: list[tuple[datetime, datetime]] = field(default_factory=list)
    resting: datetime | None = None
    events: int = 1

    def row(self, end: Event | None) -> LogRow:
        """The row that it is: completed by an event, or still open."""
        first = self.started or self.scheduled
        last = end or first
        assert last is not None
        rests = list(self.rests)
        if self.resting is not None and end is not None:
            rests.append((self.resting, end.when))
        named = [one.row.resource for one in (end, self.started, self.scheduled) if one]
        data = {} if self.started is None else dict(self.started.row.data)
        return replace(
            last.row,
            resource=next(filter(None, named), ""),
            enabled=None if self.scheduled is None else self.scheduled.when,
            start=None if self.started is None else self.started.when,
            end=None if end is None else end.when,
            data={**data, **last.row.data},
            rests=tuple((a, b) for a, b in rests if b > a),
        )


@dataclass(slots=True)
class Paired:
    """Pairs the events of the cases of one file."""

    account: Account
    completes: bool

    def rows(self, events: Sequence[Event]) -> list[LogRow]:
        """The rows of one case, in the order in which the file completes them."""
        if not self.completes and not _goes_on(events):
            return [self._status(event) for event in events]
        if all(word_of(event.transition) in ("", COMPLETE) for event in events):
            return [event.row for event in events]
        case = _Case(self.account, _closing(events))
        for event in sorted(events, key=_in_time):
            case.take(word_of(event.transition) or COMPLETE, event)
        return case.finished(goes_on=_goes_on(events))

    def _status(self, event: Event) -> LogRow:
        self.account.noted["status"] += 1
        self.account.said("status", event.transition)
        return event.row


def _goes_on(events: Sequence[Event]) -> bool:
    return any(event.row.about.get("state") in STILL_GOING for event in events[:1])


def _in_time(event: Event) -> tuple[datetime, int, int]:
    return event.when, RANK.get(word_of(event.transition), 4), event.position


def _closing(events: Iterable[Event]) -> set[Key]:
    """The instances that the log itself closes; others may have been given a new id an event."""
    ends = ("", COMPLETE, "abort", "skip")
    return {event.key for event in events if word_of(event.transition) in ends}


@dataclass(slots=True)
class _Case:
    account: Account
    closing: set[Key]
    open: dict[Key, list[Open]] = field(default_factory=lambda: defaultdict(list))
    done: list[tuple[int, Event, Open]] = field(default_factory=list)

    def take(self, word: str, event: Event) -> None:
        """What an event does."""
        if word == "schedule":
            self.open[event.key].append(Open(event.key, scheduled=event))
        elif word == "start":
            self._start(event)
        elif word in ("suspend", "resume"):
            self._rest(word, event)
        elif word == COMPLETE:
            self.done.append((event.position, event, self._closed(event) or Open(event.key)))
        elif word in ("abort", "skip"):
            self._call_off("aborted" if word == "abort" else "skipped", event)
        else:
            code = "assigned" if word == "assign" else "other"
            self.account.passed[code] += 1
            self.account.said(code, event.transition)

    def _start(self, event: Event) -> None:
        work = self._first(event, lambda one: one.started is None)
        if work is None:
            work = Open(event.key, events=0)
            self.open[event.key].append(work)
        work.started, work.events = event, work.events + 1

    def _rest(self, word: str, event: Event) -> None:
        rests = word == "suspend"
        work = self._first(
            event, lambda one: one.started is not None and (one.resting is None) == rests
        )
        if work is None:
            self.account.passed["no_work"] += 1
            return
        work.events += 1
        if rests:
            work.resting = event.when
        else:
            assert work.resting is not None
            work.rests.append((work.resting, event.when))
            work.resting = None

    def _call_off(self, code: str, event: Event) -> None:
        work = self._closed(event)
        self.account.passed[code] += 1 + (work.events if work else 0)
        self.account.said(code, event.transition)

    def _closed(self, event: Event) -> Open | None:
        """The work that an event ends: what was started first, else what was there first."""
        if event.row.start is not None:  # a table whose rows have their start already
            return Open(event.key, started=replace_end(event, event.row.start), events=0)
        work = self._first(event, lambda one: one.started is not None) or self._first(
            event, lambda one: True
        )
        if work is not None:
            self.open[work.key].remove(work)
        return work

    def _first(self, event: Event, fits: Callable[[Open], bool]) -> Open | None:
        """The first open work of the same instance that fits; where the log gives every event an
        instance of its own, of the same activity."""
        found = next(filter(fits, self.open.get(event.key, ())), None)
        if found is not None:
            return found
        return next(
            (
                one
                for key, works in self.open.items()
                if key[0] == event.key[0] and key != event.key and key not in self.closing
                for one in works
                if fits(one)
            ),
            None,
        )

    def finished(self, *, goes_on: bool) -> list[LogRow]:
        """The rows of the case. What is left is open, or was never completed."""
        self._put_skews_right()
        rows = [(position, work.row(event)) for position, event, work in self.done]
        for work in (one for works in self.open.values() for one in works):
            first = work.scheduled or work.started
            if goes_on and first is not None:
                rows.append((first.position, work.row(None)))
            else:
                self.account.passed["not_completed"] += work.events
        rows.sort(key=lambda pair: pair[0])
        return [row for _, row in rows]

    def _put_skews_right(self) -> None:
        """A start a few seconds after its completion was written by another clock."""
        for place, (position, event, work) in enumerate(self.done):
            if work.started is not None:
                continue
            late = self._first(
                event,
                lambda one, end=event.when: (  # type: ignore[misc]
                    one.started is not None and 0 < (one.started.when - end).total_seconds() <= SKEW
                ),
            )
            if late is not None and late.started is not None:
                self.open[late.key].remove(late)
                work = replace(work, started=replace_end(late.started, event.when))
                work.scheduled = work.scheduled or late.scheduled
                self.done[place] = (position, event, work)
                self.account.noted["skew"] += 1


def replace_end(event: Event, when: datetime) -> Event:
    """The event at another time."""
    return replace(event, row=replace(event.row, end=when))
