"""Tables: comma, semicolon, tab or bar between the cells, as spreadsheets and tools write them."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from approvals.ui.csv_cells import RISKY
from reporting.eventlogs.account import Account, Place
from reporting.eventlogs.choices import FaultCode, PassedReason, PlaceKind
from reporting.eventlogs.readers.checks import (
    is_usable_row,
    parse_log_moment,
    parse_log_seconds,
    parse_whole_number,
)
from reporting.eventlogs.readers.columns import (
    count_needed_columns,
    is_handoff_header,
    match_columns,
)
from reporting.eventlogs.readers.files import open_log_text
from reporting.eventlogs.readers.lifecycle import (
    Event,
    EventPairer,
    is_lifecycle,
    normalize_transition,
)
from reporting.eventlogs.readers.rows import LogRow
from reporting.eventlogs.readers.times import DateOrderDetector, TimeReader
from workflows.engine.errors import InvalidInput
from workflows.engine.texts import Text, grouped, plural_text

MAX_LINE = 1_000_000
MAX_CELL = 100_000
DELIMITERS = (",", ";", "\t", "|")
TIME_COLUMNS = ("enabled", "start", "end")


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvTable:
    """How a file is to be read: found in a first look through it."""

    path: Path
    encoding: str
    delimiter: str
    columns: Sequence[str]
    is_from_handoff: bool
    times: TimeReader
    words: frozenset[str]
    """The life-cycle words in it, as `word_of` gives them."""

    def place(self, line: int) -> Place:
        """Where something is."""
        return Place(PlaceKind.LINE, line)


def _read_lines(text: IO[str], name: str) -> Iterator[str]:
    """Lines, none of them longer than a sane record; the spreadsheet's `sep=;` line is left out."""
    number = 0
    while line := text.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise InvalidInput(
                "%(name)s, line %(number)s: the line is longer than %(longest)s characters; this"
                " is not an event log with one row a line.",
                name=name,
                number=number,
                longest=grouped(MAX_LINE),
            )
        if "\x00" in line:
            raise InvalidInput(
                "%(name)s, line %(number)s: there is a NUL byte; save it as UTF-8 text.",
                name=name,
                number=number,
            )
        if number == 1:
            line = line.lstrip("\ufeff")
            if _declared_separator(line):
                line = "\n"
        yield line


def _declared_separator(line: str) -> str:
    """What Excel's first line `sep=;` says."""
    text = line.strip().strip('"')
    return text[4] if len(text) == 5 and text.lower().startswith("sep=") else ""


def _read_cells(text: IO[str], delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(_read_lines(text, name), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as problem:
        raise InvalidInput(
            "%(name)s, line %(number)s: the line is not valid CSV (%(problem)s); check its quotes.",
            name=name,
            number=reader.line_num,
            problem=problem,
        ) from None


def inspect_csv_table(
    path: Path,
    encoding: str,
    chosen_columns: Mapping[str, str],
    order: str | None,
    account: Account,
) -> CsvTable:
    """Look through a table once: its separator, its columns, how its dates are written."""
    name = account.name
    with open_log_text(path, encoding) as text:
        delimiter = _detect_delimiter(text, name)
    with open_log_text(path, encoding) as text:
        rows = _read_cells(text, delimiter, name)
        header = _read_header(rows, name)
        columns = match_columns(header, chosen_columns, name)
        account.columns_passed = [
            text for text, column in zip(header, columns, strict=True) if not column and text
        ]
        sought, words = _scan_rows(rows, columns)
    date_order = sought.order(order, name)
    account.dates = date_order or ""
    return CsvTable(
        path=path,
        encoding=encoding,
        delimiter=delimiter,
        columns=columns,
        is_from_handoff=is_handoff_header(header),
        times=TimeReader(date_order),
        words=frozenset(words),
    )


def _read_header(rows: Iterator[tuple[int, list[str]]], name: str) -> list[str]:
    first = next(rows, None)
    if first is None:
        raise InvalidInput(
            "%(name)s is empty; a log has a header line and a row an activity.", name=name
        )
    return [cell.strip() for cell in first[1]]


def _detect_delimiter(text: IO[str], name: str) -> str:
    """The separator under which the header has most of the columns that are needed."""
    lines = [line for _, line in zip(range(20), _read_lines(text, name), strict=False)]
    text.seek(0)
    declared = _declared_separator(text.readline(100).lstrip("\ufeff"))
    if declared:
        return declared
    head = next((line for line in lines if line.strip()), "")
    headers = {
        delimiter: next(csv.reader([head], delimiter=delimiter), []) for delimiter in DELIMITERS
    }
    return max(
        DELIMITERS,
        key=lambda delimiter: (count_needed_columns(headers[delimiter]), len(headers[delimiter])),
    )


def _scan_rows(
    rows: Iterator[tuple[int, list[str]]], columns: Sequence[str]
) -> tuple[DateOrderDetector, set[str]]:
    sought, words = DateOrderDetector(), set()
    places = [place for place, column in enumerate(columns) if column in TIME_COLUMNS]
    cycle = columns.index("lifecycle") if "lifecycle" in columns else None
    for _, cells in rows:
        sought.look(cells[place] for place in places if place < len(cells))
        if cycle is not None and cycle < len(cells):
            words.add(normalize_transition(cells[cycle]))
    return sought, words


# -- rows -------------------------------------------------------------------------------------


def read_csv(table: CsvTable, account: Account) -> Iterator[LogRow]:
    """The rows of a table, in its order; where it has a life-cycle column, its events paired."""
    if "lifecycle" in table.columns:
        yield from _pair_events(table, account)
        return
    for values, line in _read_values(table, account):
        account.events += 1
        row = _build_row(values, table, account, line)
        if row is not None:
            account.rows += 1
            yield row


def _read_values(table: CsvTable, account: Account) -> Iterator[tuple[dict[str, str], int]]:
    """The cells of each row by our names."""
    columns = table.columns
    bare: Callable[[str], str] = _unquote_cell if table.is_from_handoff else str.strip
    with open_log_text(table.path, table.encoding) as text:
        rows = _read_cells(text, table.delimiter, account.name)
        next(rows, None)
        for line, cells in rows:
            if not any(cell.strip() for cell in cells):
                account.passed[PassedReason.BLANK] += 1
                continue
            if len(cells) != len(columns) and not _has_empty_surplus(cells, len(columns)):
                account.events += 1
                account.fault(
                    FaultCode.CELLS, table.place(line), _count_cells(len(cells), len(columns))
                )
                continue
            named = zip(columns, cells, strict=False)
            yield {column: bare(cell) for column, cell in named if column}, line


def _count_cells(cells: int, columns: int) -> Text:
    return plural_text(
        "there is %(count)s cell under a header of %(columns)s; is the line cut off?",
        "there are %(count)s cells under a header of %(columns)s; is the line cut off?",
        cells,
        columns=columns,
    )


def _has_empty_surplus(cells: list[str], wide: int) -> bool:
    """Whether a row is only longer by empty cells, as spreadsheets leave them."""
    return len(cells) > wide and not any(cell.strip() for cell in cells[wide:])


def _unquote_cell(cell: str) -> str:
    """A cell without the quote that keeps a spreadsheet from running it."""
    text = cell.strip(" ")
    return text[1:] if text[:1] == "'" and text[1:2] in RISKY else text


def _build_row(
    values: Mapping[str, str], table: CsvTable, account: Account, line: int
) -> LogRow | None:
    moments = _parse_moments(values, table, account, line)
    if moments is None:
        return None
    row = LogRow(
        case_id=values["case_id"],
        activity=values["activity"],
        resource=values.get("resource", ""),
        enabled=moments["enabled"],
        start=moments["start"],
        end=moments["end"],
        data={k[5:]: v for k, v in values.items() if v != "" and k.startswith("data.")},
        line=line,
        outcome=values.get("outcome", ""),
        paused=parse_log_seconds(values.get("paused", "")) if table.is_from_handoff else 0.0,
        paused_business=(
            parse_log_seconds(values.get("paused_business", "")) if table.is_from_handoff else 0.0
        ),
        instance=values.get("instance", ""),
        round=parse_whole_number(values.get("round", "")) if table.is_from_handoff else 0,
        about={k[8:]: v for k, v in values.items() if v != "" and k.startswith("request.")},
    )
    return row if is_usable_row(row, table.place(line), account) else None


def _parse_moments(
    values: Mapping[str, str], table: CsvTable, account: Account, line: int
) -> dict[str, datetime | None] | None:
    moments: dict[str, datetime | None] = {}
    for name in TIME_COLUMNS:
        text = values.get(name, "")
        moment = None
        if text:
            moment = parse_log_moment(text, name, table.times, table.place(line), account)
            if moment is None:
                return None
        moments[name] = moment
    return moments


def _pair_events(table: CsvTable, account: Account) -> Iterator[LogRow]:
    """The rows of a table of events: each case's are paired when all have been read."""
    cases: dict[str, list[Event]] = {}
    paired = EventPairer(account, completes=is_lifecycle(table.words))
    for values, line in _read_values(table, account):
        account.events += 1
        when = values["end"] or values.get("start", "")
        row = _build_row({**values, "end": when}, table, account, line)
        if row is None:
            continue
        cases.setdefault(row.case_id, []).append(
            Event(row, values.get("lifecycle", ""), values.get("instance", ""), line, line)
        )
    rows = [row for events in cases.values() for row in paired.rows(events)]
    rows.sort(key=lambda row: row.line)
    account.rows += len(rows)
    yield from rows
