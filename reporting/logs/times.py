"""Times as people's programs write them. A file has one order of day and month, or is refused.

ISO 8601 first; then numbers with points (day first), slashes or hyphens, which can be read in two
ways: a number above 12 anywhere in the file decides for the whole file, and where none does the
file is refused with both readings.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from reporting.moments import read_moment
from workflows.engine.errors import InvalidInput

DAY_FIRST, MONTH_FIRST = "day-first", "month-first"
ORDERS = (DAY_FIRST, MONTH_FIRST)
MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
WRITTEN = re.compile(
    r"(?P<one>\d{1,4})(?P<sep>[./-])(?P<two>\d{1,2}|[A-Za-z]{3})[./-](?P<three>\d{1,4})"
    r"(?:[ T,]+(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})"
    r"(?:[.,](?P<part>\d{1,6})\d*)?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?"
    r"\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)


@dataclass(frozen=True, slots=True)
class Times:
    """Reads the times of one file."""

    order: str | None = None

    def read(self, text: str) -> datetime:
        """A time as UTC; without a zone it is UTC. Raises ValueError."""
        return _read(text.strip(), self.order)


@lru_cache(maxsize=4096)
def _read(text: str, order: str | None) -> datetime:
    try:
        return read_moment(text)
    except ValueError:
        found = WRITTEN.fullmatch(text)
        if found is None:
            raise
        return _moment(found, order or DAY_FIRST)


def _moment(found: re.Match[str], order: str) -> datetime:
    year, month, day = _date(found, order)
    hour = int(found["hour"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(found.string)
        hour = hour % 12 + (12 if found["half"][0] in "Pp" else 0)
    part = int((found["part"] or "0").ljust(6, "0"))
    clock = (hour, int(found["minute"] or 0), int(found["second"] or 0), part)
    return datetime(year, month, day, *clock, tzinfo=_zone(found["zone"])).astimezone(UTC)


def _date(found: re.Match[str], order: str) -> tuple[int, int, int]:
    one, two, three = found["one"], found["two"], found["three"]
    if two.isalpha():
        month = MONTHS.get(two.lower())
        if month is None:
            raise ValueError(found.string)
        return _year(three), month, int(one)
    if len(one) == 4:
        return int(one), int(two), int(three)
    if found["sep"] == "." or order == DAY_FIRST:
        return _year(three), int(two), int(one)
    return _year(three), int(one), int(two)


def _year(text: str) -> int:
    """Two digits are of this century."""
    if len(text) not in (2, 4):
        raise ValueError(text)
    return int(text) + (2000 if len(text) == 2 else 0)


def _zone(text: str | None) -> timezone:
    if text in (None, "Z"):
        return UTC
    assert text is not None
    digits = text[1:].replace(":", "")
    away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-away if text[0] == "-" else away)


@dataclass(slots=True)
class Sought:
    """Looks for the order of day and month in a file's times, one text after the other."""

    day_first: str = ""
    month_first: str = ""
    unclear: str = ""

    def look(self, texts: Iterable[str]) -> None:
        """Take these times into account."""
        for text in texts:
            if "/" in text or "-" in text:
                self._look(text.strip())

    def _look(self, text: str) -> None:
        found = WRITTEN.fullmatch(text)
        if found is None or found["sep"] == "." or len(found["one"]) > 2:
            return
        if found["two"].isalpha():
            return
        one, two = int(found["one"]), int(found["two"])
        if one > 12:
            self.day_first = self.day_first or text
        elif two > 12:
            self.month_first = self.month_first or text
        elif one != two:
            self.unclear = self.unclear or text

    def order(self, asked: str | None, name: str) -> str | None:
        """The order of the file; None where none is needed. Raises InvalidInput."""
        if asked is not None:
            return asked
        if self.day_first and self.month_first:
            raise InvalidInput(
                f"{name}: '{self.day_first[:30]}' has the day first and"
                f" '{self.month_first[:30]}' the month; one file has one order. Write its dates"
                " like 2026-03-31, or say --dates day-first or month-first."
            )
        if self.day_first:
            return DAY_FIRST
        if self.month_first:
            return MONTH_FIRST
        if self.unclear:
            one, other = (_read(self.unclear, order) for order in ORDERS)
            raise InvalidInput(
                f"{name}: '{self.unclear[:30]}' can be {one.day} {one:%B %Y} or"
                f" {other.day} {other:%B %Y}, and no date of the file decides. Say"
                " --dates day-first or --dates month-first."
            )
        return None
