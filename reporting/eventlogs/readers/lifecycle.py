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

from reporting.eventlogs.account import Account
from reporting.eventlogs.choices import PassedReason, ReadingNote
from reporting.eventlogs.readers.checks import SKEW, STILL_GOING
from reporting.eventlogs.readers.rows import LogRow

COMPLETE, OTHER = "complete", "other"
TRANSITION_WORDS = {
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
_TRANSITION_BY_WORD = {word: kind for kind, words in TRANSITION_WORDS.items() for word in words}
RANK = {"schedule": 0, "assign": 1, "start": 2, "suspend": 3, "resume": 3}
"""The order of what happens at the same moment."""
WorkKey = tuple[str, str]


@lru_cache(maxsize=512)
def normalize_transition(transition: str) -> str:
    """What a life-cycle word means; '' for none, `OTHER` for one that is not known."""
    plain = re.sub(r"[^a-z]", "", transition.lower())
    if not plain:
        return "" if not transition.strip() else OTHER
    return _TRANSITION_BY_WORD.get(plain, OTHER)


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
    def key(self) -> WorkKey:
        """What it belongs to."""
        return self.row.activity, self.instance


@dataclass(slots=True, eq=False)
class OpenWork:
    """A piece of work that is under way."""

    key: WorkKey
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
        named = [source.row.resource for source in (end, self.started, self.scheduled) if source]
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
class EventPairer:
    """Pairs the events of the cases of one file."""

    account: Account
    completes: bool

    def rows(self, events: Sequence[Event]) -> list[LogRow]:
        """The rows of one case, in the order in which the file completes them."""
        if not self.completes and not _is_case_running(events):
            return [self._status_row(event) for event in events]
        if all(normalize_transition(event.transition) in ("", COMPLETE) for event in events):
            return [event.row for event in events]
        case = _CaseEvents(self.account, _closed_work_keys(events))
        for event in sorted(events, key=_time_order_key):
            case.take(normalize_transition(event.transition) or COMPLETE, event)
        return case.finished(goes_on=_is_case_running(events))

    def _status_row(self, event: Event) -> LogRow:
        self.account.noted[ReadingNote.STATUS] += 1
        self.account.count_word(ReadingNote.STATUS, event.transition)
        return event.row


def _is_case_running(events: Sequence[Event]) -> bool:
    return any(event.row.about.get("state") in STILL_GOING for event in events[:1])


def _time_order_key(event: Event) -> tuple[datetime, int, int]:
    return event.when, RANK.get(normalize_transition(event.transition), 4), event.position


def _closed_work_keys(events: Iterable[Event]) -> set[WorkKey]:
    """The instances that the log itself closes; others may have been given a new id an event."""
    ends = ("", COMPLETE, "abort", "skip")
    return {event.key for event in events if normalize_transition(event.transition) in ends}


@dataclass(slots=True)
class _CaseEvents:
    account: Account
    closing: set[WorkKey]
    open: dict[WorkKey, list[OpenWork]] = field(default_factory=lambda: defaultdict(list))
    done: list[tuple[int, Event, OpenWork]] = field(default_factory=list)

    def take(self, word: str, event: Event) -> None:
        """What an event does."""
        if word == "schedule":
            self.open[event.key].append(OpenWork(event.key, scheduled=event))
        elif word == "start":
            self._start_work(event)
        elif word in ("suspend", "resume"):
            self._suspend_or_resume(word, event)
        elif word == COMPLETE:
            self.done.append(
                (event.position, event, self._close_work(event) or OpenWork(event.key))
            )
        elif word in ("abort", "skip"):
            self._call_off(PassedReason.ABORTED if word == "abort" else PassedReason.SKIPPED, event)
        else:
            code = PassedReason.ASSIGNED if word == "assign" else PassedReason.OTHER
            self.account.passed[code] += 1
            self.account.count_word(code, event.transition)

    def _start_work(self, event: Event) -> None:
        work = self._first_open_work(event, lambda candidate: candidate.started is None)
        if work is None:
            work = OpenWork(event.key, events=0)
            self.open[event.key].append(work)
        work.started, work.events = event, work.events + 1

    def _suspend_or_resume(self, word: str, event: Event) -> None:
        rests = word == "suspend"
        work = self._first_open_work(
            event,
            lambda candidate: (
                candidate.started is not None and (candidate.resting is None) == rests
            ),
        )
        if work is None:
            self.account.passed[PassedReason.NO_WORK] += 1
            return
        work.events += 1
        if rests:
            work.resting = event.when
        else:
            assert work.resting is not None
            work.rests.append((work.resting, event.when))
            work.resting = None

    def _call_off(self, code: PassedReason, event: Event) -> None:
        work = self._close_work(event)
        self.account.passed[code] += 1 + (work.events if work else 0)
        self.account.count_word(code, event.transition)

    def _close_work(self, event: Event) -> OpenWork | None:
        """The work that an event ends: what was started first, else what was there first."""
        if event.row.start is not None:  # a table whose rows have their start already
            return OpenWork(event.key, started=event_at_time(event, event.row.start), events=0)
        work = self._first_open_work(
            event, lambda candidate: candidate.started is not None
        ) or self._first_open_work(event, lambda candidate: True)
        if work is not None:
            self.open[work.key].remove(work)
        return work

    def _first_open_work(self, event: Event, fits: Callable[[OpenWork], bool]) -> OpenWork | None:
        """The first open work of the same instance that fits; where the log gives every event an
        instance of its own, of the same activity."""
        match = next(filter(fits, self.open.get(event.key, ())), None)
        if match is not None:
            return match
        return next(
            (
                work
                for key, works in self.open.items()
                if key[0] == event.key[0] and key != event.key and key not in self.closing
                for work in works
                if fits(work)
            ),
            None,
        )

    def finished(self, *, goes_on: bool) -> list[LogRow]:
        """The rows of the case. What is left is open, or was never completed."""
        self._correct_clock_skews()
        rows = [(position, work.row(event)) for position, event, work in self.done]
        for work in (open_work for works in self.open.values() for open_work in works):
            first = work.scheduled or work.started
            if goes_on and first is not None:
                rows.append((first.position, work.row(None)))
            else:
                self.account.passed[PassedReason.NOT_COMPLETED] += work.events
        rows.sort(key=lambda pair: pair[0])
        return [row for _, row in rows]

    def _correct_clock_skews(self) -> None:
        """A start a few seconds after its completion was written by another clock."""
        for place, (position, event, work) in enumerate(self.done):
            if work.started is not None:
                continue
            late = self._first_open_work(
                event,
                lambda candidate, end=event.when: (  # type: ignore[misc]
                    candidate.started is not None
                    and 0 < (candidate.started.when - end).total_seconds() <= SKEW
                ),
            )
            if late is not None and late.started is not None:
                self.open[late.key].remove(late)
                work = replace(work, started=event_at_time(late.started, event.when))
                work.scheduled = work.scheduled or late.scheduled
                self.done[place] = (position, event, work)
                self.account.noted[ReadingNote.SKEW] += 1


def event_at_time(event: Event, when: datetime) -> Event:
    """The event at another time."""
    return replace(event, row=replace(event.row, end=when))
