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

from reporting.metrics.timestamps import parse_iso_moment
from workflows.engine.errors import InvalidInput

DAY_FIRST, MONTH_FIRST = "day-first", "month-first"
ORDERS = (DAY_FIRST, MONTH_FIRST)
MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
DATE_PATTERN = re.compile(
    r"(?P<one>\d{1,4})(?P<sep>[./-])(?P<two>\d{1,2}|[A-Za-z]{3})[./-](?P<three>\d{1,4})"
    r"(?:[ T,]+(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})"
    r"(?:[.,](?P<part>\d{1,6})\d*)?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?"
    r"\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)


@dataclass(frozen=True, slots=True)
class TimeReader:
    """Reads the times of one file."""

    order: str | None = None

    def read(self, text: str) -> datetime:
        """A time as UTC; without a zone it is UTC. Raises ValueError."""
        return _parse_moment(text.strip(), self.order)


@lru_cache(maxsize=4096)
def _parse_moment(text: str, order: str | None) -> datetime:
    try:
        return parse_iso_moment(text)
    except ValueError:
        match = DATE_PATTERN.fullmatch(text)
        if match is None:
            raise
        return _moment_of_match(match, order or DAY_FIRST)


def _moment_of_match(match: re.Match[str], order: str) -> datetime:
    year, month, day = _date_parts(match, order)
    hour = int(match["hour"] or 0)
    if match["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(match.string)
        hour = hour % 12 + (12 if match["half"][0] in "Pp" else 0)
    part = int((match["part"] or "0").ljust(6, "0"))
    clock = (hour, int(match["minute"] or 0), int(match["second"] or 0), part)
    return datetime(year, month, day, *clock, tzinfo=_parse_zone(match["zone"])).astimezone(UTC)


def _date_parts(match: re.Match[str], order: str) -> tuple[int, int, int]:
    first, two, three = match["one"], match["two"], match["three"]
    if two.isalpha():
        month = MONTHS.get(two.lower())
        if month is None:
            raise ValueError(match.string)
        return _parse_year(three), month, int(first)
    if len(first) == 4:
        return int(first), int(two), int(three)
    if match["sep"] == "." or order == DAY_FIRST:
        return _parse_year(three), int(two), int(first)
    return _parse_year(three), int(first), int(two)


def _parse_year(text: str) -> int:
    """Two digits are of this century."""
    if len(text) not in (2, 4):
        raise ValueError(text)
    return int(text) + (2000 if len(text) == 2 else 0)


def _parse_zone(text: str | None) -> timezone:
    if text in (None, "Z"):
        return UTC
    assert text is not None
    digits = text[1:].replace(":", "")
    away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-away if text[0] == "-" else away)


def _spell_day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"


@dataclass(slots=True)
class DateOrderDetector:
    """Looks for the order of day and month in a file's times, one text after the other."""

    day_first: str = ""
    month_first: str = ""
    unclear: str = ""

    def look(self, texts: Iterable[str]) -> None:
        """Take these times into account."""
        for text in texts:
            if "/" in text or "-" in text:
                self._examine_text(text.strip())

    def _examine_text(self, text: str) -> None:
        match = DATE_PATTERN.fullmatch(text)
        if match is None or match["sep"] == "." or len(match["one"]) > 2:
            return
        if match["two"].isalpha():
            return
        first, two = int(match["one"]), int(match["two"])
        if first > 12:
            self.day_first = self.day_first or text
        elif two > 12:
            self.month_first = self.month_first or text
        elif first != two:
            self.unclear = self.unclear or text

    def order(self, chosen_order: str | None, name: str) -> str | None:
        """The order of the file; None where none is needed. Raises InvalidInput."""
        if chosen_order is not None:
            return chosen_order
        if self.day_first and self.month_first:
            raise InvalidInput(
                "%(name)s: '%(day_first)s' has the day first and '%(month_first)s' the month; one"
                " file has one order. Write its dates like 2026-03-31, or say --dates day-first or"
                " month-first.",
                name=name,
                day_first=self.day_first[:30],
                month_first=self.month_first[:30],
            )
        if self.day_first:
            return DAY_FIRST
        if self.month_first:
            return MONTH_FIRST
        if self.unclear:
            day_first, month_first = (_parse_moment(self.unclear, order) for order in ORDERS)
            raise InvalidInput(
                "%(name)s: '%(unclear)s' can be %(day_first)s or %(month_first)s, and no date of"
                " the file decides. Say --dates day-first or --dates month-first.",
                name=name,
                unclear=self.unclear[:30],
                day_first=_spell_day(day_first),
                month_first=_spell_day(month_first),
            )
        return None
