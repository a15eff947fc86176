"""Rows gathered into cases: their order, and who handed over to whom."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Protocol

from reporting.quantiles import at, us


class Row(Protocol):
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
class Done:
    """A finished row in whole microseconds, with what its case says about it.

    `before` is the row of the case that handed over to this one, `waiting` the time from then
    (or from its own enabling) to its start; in logs with one time a row it is the lead-in.
    `business` are the business seconds from enabling to end, where they are known.
    """

    activity: str
    resource: str
    enabled: int | None
    start: int | None
    end: int
    business: float | None = None
    waiting: int | None = None
    before: "Done | None" = None

    @property
    def working(self) -> int | None:
        """Microseconds from start to end, where both are known."""
        return None if self.start is None else self.end - self.start

    @property
    def first_known(self) -> int:
        """The first moment that is known of it."""
        return next(t for t in (self.enabled, self.start, self.end) if t is not None)


@dataclass(frozen=True, slots=True)
class Knows:
    """Which moments a set of rows records."""

    enabled: bool
    start: bool

    @property
    def waiting_name(self) -> str:
        """'waiting', or 'lead_in' where waiting and working cannot be told apart."""
        return "waiting" if self.start else "lead_in"


def prepared(rows: Iterable[Row]) -> tuple[dict[Any, list[Done]], list[Row], Knows]:
    """Cases in order with who handed over to whom, the open rows, and what the rows record."""
    cases, still_open = _by_case(rows)
    knows = Knows(
        enabled=any(row.enabled is not None for case in cases.values() for row in case),
        start=any(row.start is not None for case in cases.values() for row in case),
    )
    for case in cases.values():
        case.sort(key=lambda row: (row.end if row.start is None else row.start, row.end))
        _hand_over(case, knows)
    return cases, still_open, knows


def _by_case(rows: Iterable[Row]) -> tuple[dict[Any, list[Done]], list[Row]]:
    cases: dict[Any, list[Done]] = defaultdict(list)
    still_open: list[Row] = []
    for row in rows:
        if row.end is None:
            still_open.append(row)
        else:
            cases[row.case_id].append(
                Done(
                    row.activity,
                    row.resource or "",
                    us(row.enabled),
                    us(row.start),
                    at(row.end),
                    getattr(row, "business", None),
                )
            )
    return cases, still_open


def _hand_over(case: list[Done], knows: Knows) -> None:
    """Fill in for each row of a sorted case who handed over to it, and its waiting or lead-in."""
    if not knows.start and not knows.enabled:
        for before, row in pairwise(case):
            row.before, row.waiting = before, row.end - before.end
        return
    by_end = sorted(range(len(case)), key=lambda index: case[index].end)
    ends = [case[index].end for index in by_end]
    for index, row in enumerate(case):
        moment = row.enabled if knows.enabled else row.start
        if moment is None:
            continue
        row.before = _last_ended(case, by_end, ends, moment, index)
        if knows.enabled:
            taken_up = row.start if knows.start else row.end
            row.waiting = None if taken_up is None else taken_up - moment
        elif row.before is not None:
            row.waiting = moment - row.before.end


def _last_ended(
    case: list[Done], by_end: list[int], ends: list[int], moment: int, itself: int
) -> Done | None:
    """The other row with the largest end not after `moment`; of equal ends the last in order."""
    upto = bisect_right(ends, moment)
    while upto:
        index = by_end[upto - 1]
        if index != itself:
            return case[index]
        upto -= 1
    return None


def bounds(case: list[Done]) -> tuple[int, int]:
    """When a case began and when its last row ended."""
    return min(row.first_known for row in case), max(row.end for row in case)
