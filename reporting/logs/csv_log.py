"""Tables: comma, semicolon, tab or bar between the cells, as spreadsheets and tools write them."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from reporting.audit_csv import RISKY
from reporting.logs.checks import fits, moment_of, seconds_of, whole_number
from reporting.logs.columns import columns_of, is_ours, known
from reporting.logs.files import text_of
from reporting.logs.lifecycle import Event, Paired, is_lifecycle, word_of
from reporting.logs.rows import Account, LogRow
from reporting.logs.times import Sought, Times
from workflows.engine.errors import InvalidInput

MAX_LINE = 1_000_000
MAX_CELL = 100_000
BETWEEN = (",", ";", "\t", "|")
TIMES = ("enabled", "start", "end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """How a file is to be read: found in a first look through it."""

    path: Path
    encoding: str
    delimiter: str
    columns: Sequence[str]
    ours: bool
    times: Times
    words: frozenset[str]
    """The life-cycle words in it, as `word_of` gives them."""

    def place(self, line: int) -> str:
        """Where something is."""
        return f"line {line}"


def _lines(text: IO[str], name: str) -> Iterator[str]:
    """Lines, none of them longer than a sane record; the spreadsheet's `sep=;` line is left out."""
    number = 0
    while line := text.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise InvalidInput(
                f"{name}, line {number}: the line is longer than {MAX_LINE:,} characters;"
                " this is not an event log with one row a line."
            )
        if "\x00" in line:
            raise InvalidInput(
                f"{name}, line {number}: there is a NUL byte; save it as UTF-8 text."
            )
        if number == 1:
            line = line.lstrip("\ufeff")
            if _separator(line):
                line = "\n"
        yield line


def _separator(line: str) -> str:
    """What Excel's first line `sep=;` says."""
    text = line.strip().strip('"')
    return text[4] if len(text) == 5 and text.lower().startswith("sep=") else ""


def _cells(text: IO[str], delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(_lines(text, name), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as problem:
        raise InvalidInput(
            f"{name}, line {reader.line_num}: the line is not valid CSV ({problem});"
            " check its quotes."
        ) from None


def look(
    path: Path, encoding: str, wanted: Mapping[str, str], order: str | None, account: Account
) -> Table:
    """Look through a table once: its separator, its columns, how its dates are written."""
    name = account.name
    with text_of(path, encoding) as text:
        delimiter = _delimiter(text, name)
    with text_of(path, encoding) as text:
        rows = _cells(text, delimiter, name)
        first = next(rows, None)
        if first is None:
            raise InvalidInput(f"{name} is empty; a log has a header line and a row an activity.")
        header = [cell.strip() for cell in first[1]]
        columns = columns_of(header, wanted, name)
        account.columns_passed = [
            text for text, ours in zip(header, columns, strict=True) if not ours and text
        ]
        sought, words = _seen(rows, columns)
    found = sought.order(order, name)
    account.dates = found or ""
    return Table(
        path=path,
        encoding=encoding,
        delimiter=delimiter,
        columns=columns,
        ours=is_ours(header),
        times=Times(found),
        words=frozenset(words),
    )


def _delimiter(text: IO[str], name: str) -> str:
    """The separator under which the header has most of the columns that are needed."""
    lines = [line for _, line in zip(range(20), _lines(text, name), strict=False)]
    text.seek(0)
    said = _separator(text.readline(100).lstrip("\ufeff"))
    if said:
        return said
    head = next((line for line in lines if line.strip()), "")
    headers = {one: next(csv.reader([head], delimiter=one), []) for one in BETWEEN}
    return max(BETWEEN, key=lambda one: (known(headers[one]), len(headers[one])))


def _seen(rows: Iterator[tuple[int, list[str]]], columns: Sequence[str]) -> tuple[Sought, set[str]]:
    sought, words = Sought(), set()
    places = [place for place, ours in enumerate(columns) if ours in TIMES]
    cycle = columns.index("lifecycle") if "lifecycle" in columns else None
    for _, cells in rows:
        sought.look(cells[place] for place in places if place < len(cells))
        if cycle is not None and cycle < len(cells):
            words.add(word_of(cells[cycle]))
    return sought, words


# -- rows -------------------------------------------------------------------------------------


def read_csv(table: Table, account: Account) -> Iterator[LogRow]:
    """The rows of a table, in its order; where it has a life-cycle column, its events paired."""
    if "lifecycle" in table.columns:
        yield from _events(table, account)
        return
    for values, line in _values(table, account):
        account.events += 1
        row = _row(values, table, account, line)
        if row is not None:
            account.rows += 1
            yield row


def _values(table: Table, account: Account) -> Iterator[tuple[dict[str, str], int]]:
    """The cells of each row by our names."""
    columns = table.columns
    bare: Callable[[str], str] = _unquoted if table.ours else str.strip
    with text_of(table.path, table.encoding) as text:
        rows = _cells(text, table.delimiter, account.name)
        next(rows, None)
        for line, cells in rows:
            if not any(cell.strip() for cell in cells):
                account.passed["blank"] += 1
                continue
            if len(cells) != len(columns) and not _trimmed(cells, len(columns)):
                account.events += 1
                account.fault(
                    "cells",
                    table.place(line),
                    f"there are {len(cells)} cells under a header of {len(columns)};"
                    " is the line cut off?",
                )
                continue
            yield (
                {
                    column: bare(cell)
                    for column, cell in zip(columns, cells, strict=False)
                    if column
                },
                line,
            )


def _trimmed(cells: list[str], wide: int) -> bool:
    """Whether a row is only longer by empty cells, as spreadsheets leave them."""
    return len(cells) > wide and not any(cell.strip() for cell in cells[wide:])


def _unquoted(cell: str) -> str:
    """A cell without the quote that keeps a spreadsheet from running it."""
    text = cell.strip(" ")
    return text[1:] if text[:1] == "'" and text[1:2] in RISKY else text


def _row(values: Mapping[str, str], table: Table, account: Account, line: int) -> LogRow | None:
    moments = _moments(values, table, account, line)
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
        paused=seconds_of(values.get("paused", "")) if table.ours else 0.0,
        paused_business=seconds_of(values.get("paused_business", "")) if table.ours else 0.0,
        instance=values.get("instance", ""),
        round=whole_number(values.get("round", "")) if table.ours else 0,
        about={k[8:]: v for k, v in values.items() if v != "" and k.startswith("request.")},
    )
    return row if fits(row, table.place(line), account) else None


def _moments(
    values: Mapping[str, str], table: Table, account: Account, line: int
) -> dict[str, datetime | None] | None:
    found: dict[str, datetime | None] = {}
    for name in TIMES:
        text = values.get(name, "")
        moment = None
        if text:
            moment = moment_of(text, name, table.times, table.place(line), account)
            if moment is None:
                return None
        found[name] = moment
    return found


def _events(table: Table, account: Account) -> Iterator[LogRow]:
    """The rows of a table of events: each case's are paired when all have been read."""
    cases: dict[str, list[Event]] = {}
    paired = Paired(account, completes=is_lifecycle(table.words))
    for values, line in _values(table, account):
        account.events += 1
        when = values["end"] or values.get("start", "")
        row = _row({**values, "end": when}, table, account, line)
        if row is None:
            continue
        cases.setdefault(row.case_id, []).append(
            Event(row, values.get("lifecycle", ""), values.get("instance", ""), line, line)
        )
    rows = [row for events in cases.values() for row in paired.rows(events)]
    rows.sort(key=lambda row: row.line)
    account.rows += len(rows)
    yield from rows
