"""A column is declared once: page, CSV and terminal show the same rows by it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string

from approvals.ui.csv_download import table_csv_response
from approvals.ui.tables import (
    BusinessSpanColumn,
    CellLight,
    CellNote,
    Column,
    CountColumn,
    DayColumn,
    MomentColumn,
    MoneyColumn,
    ReportTable,
    ShareColumn,
    SpanColumn,
    single_bar,
)
from reporting.ui.filters import PeriodFilter
from workflows.execution.models import WorkItem

DAY = 8 * 3600


@dataclass
class Line:
    """A row of the table under test."""

    name: str
    count: int = 0
    seconds: float | None = None
    day: date | None = None
    moment: datetime | None = None
    money: Decimal | None = None


def table_of(*rows: Line) -> ReportTable[Line]:
    return ReportTable(
        key="lines",
        title="Lines",
        columns=[
            Column("Name", "name", lambda line: line.name, bars=lambda _: single_bar("w", 1, 2)),
            Column("", "only_in_the_file", lambda line: line.name, on_page=False),
            CountColumn("Count", "count", lambda line: line.count, is_late=lambda _: True),
            ShareColumn("Share", "share", lambda line: line.count / 9000),
            SpanColumn("Took", "took_s", lambda line: line.seconds),
            BusinessSpanColumn(
                "Gap", "gap_s", lambda line: line.seconds, day=DAY, is_difference=True
            ),
            DayColumn("Day", "day", lambda line: line.day, empty="never"),
            MomentColumn("Moment", "moment", lambda line: line.moment),
            MoneyColumn("Cost", "cost", lambda line: line.money, currency=lambda _: "EUR"),
            Column("", "only_on_the_page", lambda _: "here", in_csv=False),
        ],
        rows=rows,
    )


FULL = Line(
    "=Pay",
    1234,
    DAY * 2.5 + 0.00049,
    date(2026, 1, 5),
    datetime(2026, 1, 5, 9, tzinfo=UTC),
    Decimal("1234.5"),
)


def test_the_page_writes_values_for_people_and_marks_what_is_late() -> None:
    ((head, cells),) = table_of(FULL).lines
    assert (head.text, head.parts and head.parts.bars[0].width) == ("=Pay", 50.0)
    assert [cell.text for cell in cells] == [
        *("1,234", "14%", "20.0 h", "+2.5 wd", "5 Jan 2026", "5 Jan 2026, 09:00", "1,234.50 EUR"),
        "here",
    ]
    assert [cell.attributes for cell in cells][:2] == [
        ' class="number late" data-label="Count"',
        ' class="number" data-label="Share"',
    ]
    assert cells[3].attributes.startswith(' class="number late"')
    assert cells[-1].attributes == f' data-label="{table_of(FULL).page_columns[-1].heading}"'


def test_the_file_has_the_values_themselves_and_no_cell_that_a_spreadsheet_runs() -> None:
    lines = table_csv_response("lines", table_of(FULL)).content.decode().splitlines()
    assert lines == [
        "name,only_in_the_file,count,share,took_s,gap_s,day,moment,cost",
        "'=Pay,'=Pay,1234,0.1371,72000.0,72000.0,2026-01-05,2026-01-05T09:00:00.000000Z,1234.5",
    ]


def test_what_is_not_known_is_said_so_on_the_page_and_is_empty_in_the_file() -> None:
    table = table_of(Line("Pay"))
    assert [cell.text for cell in table.lines[0][1]][2:7] == ["–", "–", "never", "–", "–"]
    assert list(table.csv_rows()) == [["Pay", "Pay", 0, 0.0, None, None, None, None, None]]


def test_the_page_shows_the_first_hundred_rows_and_says_so() -> None:
    table = table_of(*[Line(str(number)) for number in range(1101)])
    assert len(table.lines) == 100
    assert table.left_out == "The first 100 of 1,101 rows; the CSV has all."
    assert len(list(table.csv_rows())) == 1101
    assert table_of(FULL).left_out == ""


def test_a_terminal_gets_the_same_texts_in_columns() -> None:
    lines = list(table_of(FULL, Line("Pay")).text_lines())
    assert lines[0] == "\nLines"
    assert lines[1].startswith("  Name  Count  Share")
    assert lines[2].startswith("  =Pay  1,234  14%")


def test_links_lights_and_notes_stand_in_the_cell_and_are_escaped() -> None:
    column: Column[Line] = Column(
        "Name",
        "name",
        lambda line: line.name,
        href=lambda line: f"/of/{line.name}/",
        light=lambda _: CellLight("red", "late"),
        notes=lambda _: [CellNote("<b>", "/b/"), CellNote("two", css="do")],
    )
    table = ReportTable(key="x", columns=[column], rows=[Line("a&b")])
    html = render_to_string("reporting/_table.html", {"table": table})
    assert '<span class="light red">late</span> <a href="/of/a&amp;b/">a&amp;b</a>' in html
    assert '<small><a href="/b/">&lt;b&gt;</a></small> <small class="do">two</small>' in html


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("", ""),
        ("since=2026-01-01&until=2026-02-01", ""),
        ("since=soon", "From: 'soon' is not a day between"),
        ("until=9999-12-31", "Until: '9999-12-31' is not a day between"),
        ("since=2026-02-01&until=2026-01-01", "Until (2026-01-01) is not after From (2026-02-01)"),
    ],
)
def test_a_period_without_a_moment_in_it_is_named(query: str, problem: str) -> None:
    filters = PeriodFilter(QueryDict(query), WorkItem.objects.none())
    assert filters.problem.startswith(problem)
    assert bool(filters.problem) == bool(problem)


def test_what_was_chosen_leads_to_the_same_rows_elsewhere() -> None:
    query = QueryDict("since=2026-01-01&until=&page=3")
    filters = PeriodFilter(query, WorkItem.objects.none())
    assert filters.query == "?since=2026-01-01"
    assert filters.days == (date(2026, 1, 1), None)
    html = render_to_string("reporting/_filters.html", {"filters": filters})
    assert (
        '<label for="since">From</label> <input type="date" name="since" value="2026-01-01"' in html
    )


def test_all_lengths_of_a_column_are_in_one_unit() -> None:
    rows = [Line("a", seconds=420.0), Line("b", seconds=5 * 3600.0), Line("c", seconds=400_000.0)]
    rows += [Line("none"), Line("little", seconds=30.0)]
    took, gap = zip(
        *[(cells[2].text, cells[3].text) for _, cells in table_of(*rows).lines], strict=True
    )
    assert list(took) == ["0.1 h", "5.0 h", "111.1 h", "–", "< 0.1 h"]
    assert list(gap) == ["+0.1 h", "+5.0 h", "+111.1 h", "–", "+< 0.1 h"]
    long = table_of(Line("d", seconds=DAY * 3.0), Line("e", seconds=-DAY / 2)).lines
    assert [cells[3].text for _, cells in long] == ["+3.0 wd", "-0.5 wd"]
