"""Whether a row can be used: its times can be meant, it says enough, its moments are in order."""

from datetime import datetime

from reporting.eventlogs.account import Account, Place
from reporting.eventlogs.choices import FaultCode, PassedReason, ReadingNote
from reporting.eventlogs.readers.rows import LogRow, describe_time_bounds
from reporting.eventlogs.readers.times import TimeReader
from reporting.metrics.timestamps import is_plausible_moment
from workflows.engine.texts import text

SKEW = 60.0
"""Seconds by which the clocks of two machines may differ: so much is no fault."""
STILL_GOING = ("running", "suspended")
"""States of a request in which a task may have no end."""


def parse_log_moment(
    value: str, name: str, times: TimeReader, place: Place, account: Account
) -> datetime | None:
    """A time, or None where it is a fault."""
    try:
        moment = times.read(value)
    except (ValueError, OverflowError):
        account.fault(
            FaultCode.NO_TIME,
            place,
            text(
                "the %(column)s '%(value)s' is not a time; write it like 2026-03-31T14:05:00Z",
                column=name,
                value=value[:40],
            ),
        )
        return None
    if not is_plausible_moment(moment):
        account.fault(FaultCode.OUT_OF_BOUNDS, place, describe_time_bounds(moment))
        return None
    return moment


def is_usable_row(row: LogRow, place: Place, account: Account) -> bool:
    """Whether a row says enough, and its moments are in order; small skews are put right."""
    return (
        _says_enough(row, place, account)
        and _has_needed_moments(row, place, account)
        and _is_in_time_order(row, place, account)
    )


def _says_enough(row: LogRow, place: Place, account: Account) -> bool:
    for name, longest in (("case_id", 200), ("activity", 200), ("resource", 150)):
        value = getattr(row, name)
        if not value and name != "resource":
            account.fault(
                FaultCode.EMPTY,
                place,
                text("the %(column)s is empty; fill it in or drop the row", column=name),
            )
            return False
        if len(value) > longest:
            account.fault(
                FaultCode.TOO_LONG,
                place,
                text(
                    "the %(column)s is longer than %(longest)s characters",
                    column=name,
                    longest=longest,
                ),
            )
            return False
    return True


def _has_needed_moments(row: LogRow, place: Place, account: Account) -> bool:
    if row.end is None and row.about.get("state") not in STILL_GOING:
        if row.start is None and row.enabled is None:
            account.fault(
                FaultCode.NO_END,
                place,
                text("the end is empty; each row needs the time it was done"),
            )
        else:
            account.passed[PassedReason.NOT_COMPLETED] += 1
        return False
    if row.end is None and row.start is None and row.enabled is None:
        account.fault(FaultCode.NO_TIME, place, text("the row has no time at all"))
        return False
    return True


def _is_in_time_order(row: LogRow, place: Place, account: Account) -> bool:
    if row.start is not None and row.end is not None and row.start > row.end:
        if (row.start - row.end).total_seconds() > SKEW:
            account.fault(
                FaultCode.STARTS_LATE, place, text("it starts after it ends; correct its times")
            )
            return False
        row.start = row.end
        account.noted[ReadingNote.SKEW] += 1
    upto = row.start or row.end
    if row.enabled is not None and upto is not None and row.enabled > upto:
        if (row.enabled - upto).total_seconds() > SKEW:
            account.fault(
                FaultCode.ENABLED_LATE,
                place,
                text("it is enabled after it starts; correct its times"),
            )
            return False
        row.enabled = upto
        account.noted[ReadingNote.SKEW] += 1
    return True


def parse_log_seconds(value: str) -> float:
    """Seconds; 0 where there is nothing that can be read."""
    try:
        seconds = float(value) if value else 0.0
    except ValueError:
        return 0.0
    return seconds if 0.0 < seconds < 1e12 else 0.0


def parse_whole_number(value: str) -> int:
    """A round, or an instance; 0 where there is nothing that can be read."""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0
