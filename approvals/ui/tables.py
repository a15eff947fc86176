"""Tables of the report pages: a column is declared once, for the page, its print and the CSV.

A table is a `ReportTable` of rows and `Column`s. A column says its heading, its name in the CSV
and how its value is got from a row; its class says how that value is written. The page shows it by
`reporting/_table.html`, `table_csv_response` sends it, `text_lines` writes it to a terminal.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any, Generic, NamedTuple, TypeVar

from django.forms.utils import flatatt
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from workflows.language.formats import (
    DASH,
    DAY_SECONDS,
    SpanUnit,
    choose_span_unit,
    count_text,
    date_text,
    decimal_text,
    moment_text,
    money_text,
    render_business_span,
    render_span_in,
    render_time_span,
    share_text,
)

Row = TypeVar("Row")
Sentence = str | Promise
"""A text in the reader's language, made now or when it is shown."""
ROWS_SHOWN = 100
"""So many rows of a table are on the page; the CSV has all."""
BAR_WIDTH = 100
"""The widest bar, in the picture's own units."""


@dataclass(frozen=True, slots=True)
class CellNote:
    """A small line in a cell, under its text; a link where it has an address."""

    text: str
    href: str = ""
    css: str = ""
    name: str = ""
    """What the link is called, where its text alone would stand for several."""


@dataclass(frozen=True, slots=True)
class CellBar:
    """A part of the bar under a row's name: its kind, where it begins, and how wide it is."""

    kind: str
    begin: float
    width: float


@dataclass(frozen=True, slots=True)
class CellLight:
    """A state with its colour, before a cell's text."""

    css: str
    text: str


@dataclass(frozen=True, slots=True)
class CellParts:
    """What stands in a cell beside its text."""

    text: str
    href: str = ""
    light: CellLight | None = None
    badge: str = ""
    """The state whose badge the text is."""
    notes: Sequence[CellNote] = ()
    bars: Sequence[CellBar] = ()
    name: str = ""
    """As of a note."""


class TableCell(NamedTuple):
    """What the page shows of one value; the template takes it apart, which is quickest."""

    text: str
    attributes: SafeString
    """Its class, and its column's heading, which a telephone shows beside it."""
    parts: CellParts | None = None
    """Where there is more than text."""


@lru_cache(maxsize=1000, typed=True)
def cell_attributes(css: str, label: str) -> SafeString:
    """The same in all rows, and so made once for all of them."""
    return flatatt(({"class": css} if css else {}) | {"data-label": label})


@dataclass(frozen=True)
class Column(Generic[Row]):
    """Text. Subclasses write other kinds of values; `None` is written as `empty`."""

    heading: Sentence
    name: str
    """The heading in the CSV."""
    value: Callable[[Row], Any]
    _: KW_ONLY
    text: Callable[[Row], str] | None = None
    """How the page writes it, where it is not written as all values of its kind are."""
    empty: Sentence = DASH
    href: Callable[[Row], str] | None = None
    link_name: Callable[[Row], str] | None = None
    """What the link is called, where its text alone would stand for several."""
    light: Callable[[Row], CellLight | None] | None = None
    badge: Callable[[Row], str] | None = None
    notes: Callable[[Row], Iterable[CellNote]] | None = None
    bars: Callable[[Row], Sequence[CellBar]] | None = None
    is_late: Callable[[Row], bool] | None = None
    on_page: bool = True
    in_csv: bool = True
    css: str = ""

    def render(self, value: Any) -> str:
        """A value that is there, in words."""
        return str(value)

    def csv_value(self, row: Row) -> Any:
        """The value for a spreadsheet: not written in anybody's language."""
        return self.value(row)

    def page_text(self, row: Row) -> str:
        """The value as people read it."""
        if self.text is not None:
            return self.text(row)
        value = self.value(row)
        return str(self.empty) if value is None or value == "" else self.render(value)

    def for_rows(self, _rows: Sequence[Row]) -> "Column[Row]":
        """The column as it writes these rows, where it has to know them all."""
        return self

    def is_marked(self, row: Row) -> bool:
        """Whether the value is one to worry about."""
        return self.is_late is not None and self.is_late(row)

    def cell(self, row: Row, label: str) -> TableCell:
        """What the page shows."""
        text = self.page_text(row)
        css = f"{self.css} late".strip() if self.is_marked(row) else self.css
        return TableCell(text, cell_attributes(css, label), self._parts(row, text))

    def _parts(self, row: Row, text: str) -> CellParts | None:
        if not (self.href or self.light or self.badge or self.notes or self.bars):
            return None
        parts = CellParts(
            text,
            self.href(row) if self.href else "",
            self.light(row) if self.light else None,
            self.badge(row) if self.badge else "",
            tuple(self.notes(row)) if self.notes else (),
            self.bars(row) if self.bars else (),
            self.link_name(row) if self.link_name else "",
        )
        return (
            parts if any((parts.href, parts.light, parts.badge, parts.notes, parts.bars)) else None
        )


@dataclass(frozen=True)
class CountColumn(Column[Row]):
    """Whole numbers."""

    css: str = "number"

    def render(self, value: int) -> str:
        """'12,345'."""
        return count_text(value)


@dataclass(frozen=True)
class DecimalColumn(Column[Row]):
    """Numbers with so many decimals."""

    css: str = "number"
    places: int = 1

    def render(self, value: float | Decimal) -> str:
        """'1,234.5'."""
        return decimal_text(value, self.places)


@dataclass(frozen=True)
class ShareColumn(Column[Row]):
    """Shares of one, in percent."""

    css: str = "number"

    def render(self, value: float) -> str:
        """'12%'."""
        return share_text(value)

    def csv_value(self, row: Row) -> float | None:
        """The share itself, with four decimals."""
        value = self.value(row)
        return None if value is None else round(value, 4)


@dataclass(frozen=True)
class SpanColumn(Column[Row]):
    """Seconds by the clock; all of a column in one unit, so that they compare at a glance."""

    css: str = "number"
    day: int = DAY_SECONDS
    unit: SpanUnit | None = None

    def for_rows(self, rows: Sequence[Row]) -> "SpanColumn[Row]":
        """In the unit that suits these rows."""
        if self.text is not None:
            return self
        return replace(self, unit=choose_span_unit(map(self.value, rows), self.day))

    def render(self, value: float) -> str:
        """'51.2 h'; alone, where its column is not known, '2 d 3 h'."""
        if self.unit is None:
            return self._render_alone(value)
        return render_span_in(value, self.unit, self.day)

    def _render_alone(self, value: float) -> str:
        return render_time_span(value)

    def csv_value(self, row: Row) -> float | None:
        """Seconds, to the millisecond."""
        value = self.value(row)
        return None if value is None else round(value, 3)


@dataclass(frozen=True)
class BusinessSpanColumn(SpanColumn[Row]):
    """Seconds of working time, in working days of `day` seconds."""

    day: int = 28800
    is_difference: bool = False
    """With its sign; what is more than nothing is late."""

    def render(self, value: float) -> str:
        """'2.5 wd'."""
        sign = "+" if self.is_difference and value > 0 else ""
        return sign + super().render(value)

    def _render_alone(self, value: float) -> str:
        return render_business_span(value, self.day)

    def is_marked(self, row: Row) -> bool:
        """A difference that is more than nothing is marked by itself."""
        return super().is_marked(row) or (self.is_difference and (self.value(row) or 0) > 0)


@dataclass(frozen=True)
class MomentColumn(Column[Row]):
    """Moments, in the reader's time zone; in the CSV in UTC."""

    css: str = "time"

    def render(self, value: datetime) -> str:
        """'5 Jan 2026, 09:00'."""
        return moment_text(value)


@dataclass(frozen=True)
class DayColumn(Column[Row]):
    """Days."""

    css: str = "time"

    def render(self, value: date) -> str:
        """'5 Jan 2026'."""
        return date_text(value)

    def csv_value(self, row: Row) -> str | None:
        """'2026-01-05'."""
        value = self.value(row)
        return None if value is None else value.isoformat()


@dataclass(frozen=True)
class MoneyColumn(Column[Row]):
    """Amounts, whose currency is another value of the row."""

    css: str = "number"
    currency: Callable[[Row], str] = lambda _: ""

    def page_text(self, row: Row) -> str:
        """'1,234.50 EUR'."""
        value = self.value(row)
        return str(self.empty) if value is None else money_text(value, self.currency(row))


@dataclass(frozen=True, kw_only=True)
class ReportTable(Generic[Row]):
    """A table with its name in addresses, its heading, what to know of it, and its charts."""

    key: str
    columns: Sequence[Column[Row]]
    rows: Sequence[Row]
    title: Sentence = ""
    hint: Sentence = ""
    charts: Sequence[tuple[str, SafeString]] = ()
    as_cards: bool = False
    """Whether a telephone shows each row as a card; else as a small grid of figures."""

    @cached_property
    def page_columns(self) -> list[Column[Row]]:
        """What the page shows."""
        return [column for column in self.columns if column.on_page]

    @cached_property
    def lines(self) -> list[tuple[TableCell, list[TableCell]]]:
        """Each row that the page shows, as its first cell and the others."""
        rows = self.rows[:ROWS_SHOWN]
        columns = [column.for_rows(rows) for column in self.page_columns]
        first, *other_columns = [(column.cell, str(column.heading)) for column in columns]
        return [
            (first[0](row, first[1]), [make_cell(row, label) for make_cell, label in other_columns])
            for row in rows
        ]

    @property
    def left_out(self) -> str:
        """What the page leaves to the CSV; empty where it shows all."""
        if len(self.rows) <= ROWS_SHOWN:
            return ""
        places = {"count": count_text(ROWS_SHOWN), "total": count_text(len(self.rows))}
        return gettext("The first %(count)s of %(total)s rows; the CSV has all.") % places

    @cached_property
    def csv_columns(self) -> list[Column[Row]]:
        """What the CSV has."""
        return [column for column in self.columns if column.in_csv]

    @property
    def csv_header(self) -> list[str]:
        """The names of the CSV's columns, the same in every language."""
        return [column.name for column in self.csv_columns]

    def csv_rows(self) -> Iterator[list[Any]]:
        """All rows, as a spreadsheet reckons with them."""
        return ([column.csv_value(row) for column in self.csv_columns] for row in self.rows)

    def text_lines(self) -> Iterator[str]:
        """The table for a terminal."""
        yield f"\n{self.title}"
        lines = [
            [str(column.heading) for column in self.page_columns],
            *([column.page_text(row) for column in self.page_columns] for row in self.rows),
        ]
        widths = [max(map(len, texts)) for texts in zip(*lines, strict=True)]
        for line in lines:
            cells = (text.ljust(width) for text, width in zip(line, widths, strict=True))
            yield f"  {'  '.join(cells)}".rstrip()


def single_bar(kind: str, value: float, most: float) -> list[CellBar]:
    """A bar that is as wide as the value is large beside the largest."""
    return [CellBar(kind, 0.0, round(BAR_WIDTH * value / most, 2) if most else 0.0)]
