"""Whether a row can be used: its times can be meant, it says enough, its moments are in order."""

from datetime import datetime

from reporting.logs.rows import Account, LogRow, text_of_bounds
from reporting.logs.times import Times
from reporting.moments import in_bounds

SKEW = 60.0
"""Seconds by which the clocks of two machines may differ: so much is no fault."""
STILL_GOING = ("running", "suspended")
"""States of a request in which a task may have no end."""


def moment_of(text: str, name: str, times: Times, place: str, account: Account) -> datetime | None:
    """A time, or None where it is a fault."""
    try:
        moment = times.read(text)
    except (ValueError, OverflowError):
        account.fault(
            "no_time",
            place,
            f"the {name} '{text[:40]}' is not a time; write it like 2026-03-31T14:05:00Z",
        )
        return None
    if not in_bounds(moment):
        account.fault("out_of_bounds", place, text_of_bounds(moment))
        return None
    return moment


def fits(row: LogRow, place: str, account: Account) -> bool:
    """Whether a row says enough, and its moments are in order; small skews are put right."""
    for name, longest in (("case_id", 200), ("activity", 200), ("resource", 150)):
        text = getattr(row, name)
        if not text and name != "resource":
            account.fault("empty", place, f"the {name} is empty; fill it in or drop the row")
            return False
        if len(text) > longest:
            account.fault("too_long", place, f"the {name} is longer than {longest} characters")
            return False
    if row.end is None and row.about.get("state") not in STILL_GOING:
        if row.start is None and row.enabled is None:
            account.fault("no_end", place, "the end is empty; each row needs the time it was done")
        else:
            account.passed["not_completed"] += 1
        return False
    if row.end is None and row.start is None and row.enabled is None:
        account.fault("no_time", place, "the row has no time at all")
        return False
    return _ordered(row, place, account)


def _ordered(row: LogRow, place: str, account: Account) -> bool:
    if row.start is not None and row.end is not None and row.start > row.end:
        if (row.start - row.end).total_seconds() > SKEW:
            account.fault("starts_late", place, "it starts after it ends; correct its times")
            return False
        row.start = row.end
        account.noted["skew"] += 1
    upto = row.start or row.end
    if row.enabled is not None and upto is not None and row.enabled > upto:
        if (row.enabled - upto).total_seconds() > SKEW:
            account.fault("enabled_late", place, "it is enabled after it starts; correct its times")
            return False
        row.enabled = upto
        account.noted["skew"] += 1
    return True


def seconds_of(text: str) -> float:
    """Seconds; 0 where there is nothing that can be read."""
    try:
        found = float(text) if text else 0.0
    except ValueError:
        return 0.0
    return found if 0.0 < found < 1e12 else 0.0


def whole_number(text: str) -> int:
    """A round, or an instance; 0 where there is nothing that can be read."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
