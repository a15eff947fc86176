"""Rows gathered into cases: their order, and who handed over to whom."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from reporting.metrics.quantiles import to_microseconds, to_microseconds_or_none


class ActivityRow(Protocol):
    """One activity instance; `end` is None while it is still open."""

    @property
    def case_id(self) -> Any: ...
    @property
    def activity(self) -> str: ...
    @property
    def resource(self) -> str: ...
    @property
    def enabled(self) -> datetime | None: ...
    @property
    def start(self) -> datetime | None: ...
    @property
    def end(self) -> datetime | None: ...


@dataclass(slots=True)
class FinishedRow:
    """A finished row in whole microseconds, with what its case says about it.

    What a row knows is a fact of the row, not of its log. Where its start is known it has a
    `waiting`: from its own enabling, else from the end of the row that handed over to it. Where
    it is not, waiting and working cannot be told apart, and it has a `lead_in` instead: until its
    end. `before` is the row that handed over. `paused` is time at rest, no part of working.
    `business` are the business seconds from enabling to end, where they are known.
    """

    activity: str
    resource: str
    enabled: int | None
    start: int | None
    end: int
    business: float | None = None
    paused: int = 0
    waiting: int | None = None
    lead_in: int | None = None
    before: "FinishedRow | None" = None

    @property
    def working(self) -> int | None:
        """Microseconds from start to end without rests, where both are known."""
        return None if self.start is None else max(self.end - self.start - self.paused, 0)

    @property
    def first_known(self) -> int:
        """The first moment that is known of it."""
        return next(t for t in (self.enabled, self.start, self.end) if t is not None)


@dataclass(frozen=True, slots=True)
class RecordedTimes:
    """Of how many of a set of rows each moment is known."""

    rows: int
    enabled: int
    start: int

    @property
    def kinds(self) -> list[str]:
        """What can be said of these rows: 'waiting', 'lead_in', or of some the one and of the
        others the other. The first is what rankings go by."""
        if not self.rows:
            return ["lead_in"]
        some = [("waiting", self.start), ("lead_in", self.rows - self.start)]
        return [name for name, count in some if count]


def prepare_cases(
    rows: Iterable[ActivityRow],
) -> tuple[dict[Any, list[FinishedRow]], list[ActivityRow], RecordedTimes]:
    """Cases in order with who handed over to whom, the open rows, and what the rows record."""
    cases, still_open = _group_by_case(rows)
    every = [row for case in cases.values() for row in case]
    knows = RecordedTimes(
        rows=len(every),
        enabled=sum(row.enabled is not None for row in every),
        start=sum(row.start is not None for row in every),
    )
    for case in cases.values():
        case.sort(key=row_sort_key)
        link_handoffs(case)
    return cases, still_open, knows


def row_sort_key(row: FinishedRow) -> tuple[int, int]:
    """A row's place in its case: by its start (its end where there is none), then by its end."""
    return (row.end if row.start is None else row.start), row.end


def _group_by_case(
    rows: Iterable[ActivityRow],
) -> tuple[dict[Any, list[FinishedRow]], list[ActivityRow]]:
    cases: dict[Any, list[FinishedRow]] = defaultdict(list)
    still_open: list[ActivityRow] = []
    for row in rows:
        if row.end is None:
            still_open.append(row)
        else:
            cases[row.case_id].append(
                FinishedRow(
                    row.activity,
                    row.resource or "",
                    to_microseconds_or_none(row.enabled),
                    to_microseconds_or_none(row.start),
                    to_microseconds(row.end),
                    getattr(row, "business", None),
                    round(getattr(row, "paused", 0.0) * 1_000_000),
                )
            )
    return cases, still_open


def link_handoffs(case: list[FinishedRow]) -> None:
    """Fill in for each row of a sorted case who handed over to it, and its waiting or lead-in."""
    by_end = sorted(range(len(case)), key=lambda index: case[index].end)
    ends = [case[index].end for index in by_end]
    place_of = {index: place for place, index in enumerate(by_end)}
    for index, row in enumerate(case):
        if row.enabled is None and row.start is None:
            place = place_of[index]
            row.before = case[by_end[place - 1]] if place else None
        else:
            moment = row.start if row.enabled is None else row.enabled
            assert moment is not None
            row.before = _find_last_ended(case, by_end, ends, moment, index)
        since = row.enabled
        if since is None and row.before is not None:
            since = row.before.end
        if since is None:
            continue
        if row.start is not None:
            row.waiting = row.start - since
        else:
            row.lead_in = row.end - since


def _find_last_ended(
    case: list[FinishedRow], by_end: list[int], ends: list[int], moment: int, itself: int
) -> FinishedRow | None:
    """The other row with the largest end not after `moment`; of equal ends the last in order."""
    upto = bisect_right(ends, moment)
    while upto:
        index = by_end[upto - 1]
        if index != itself:
            return case[index]
        upto -= 1
    return None


def case_bounds(case: list[FinishedRow]) -> tuple[int, int]:
    """When a case began and when its last row ended."""
    return min(row.first_known for row in case), max(row.end for row in case)
