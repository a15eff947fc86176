"""Rows that are pasted from a spreadsheet: lines of cells with tabs between them."""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any, Final

MOST_PASTED: Final = 200_000
"""So many characters are looked at."""


class TooManyCells(ValueError):
    """A line has more cells than there are columns; `number` says which."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def read_pasted_rows(pasted: str, columns: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows of a text, by the columns' keys (`columns` are their titles). A first line that
    names columns says which they are; else they come in the map's order. Raises TooManyCells."""
    lines = [line for line in _cells(pasted[:MOST_PASTED]) if any(cell.strip() for cell in line)]
    if not lines:
        return []
    keys = _named_columns(lines[0], columns)
    if keys is not None:
        lines = lines[1:]
    return [_row(at, line, keys or list(columns)) for at, line in enumerate(lines, 1)]


def _cells(pasted: str) -> list[list[str]]:
    """Lines of cells; a cell in quotes may hold tabs and line ends, as spreadsheets write them."""
    text = pasted.replace("\r\n", "\n").replace("\r", "\n")
    try:
        return list(csv.reader(StringIO(text), dialect="excel-tab"))
    except csv.Error:
        return [line.split("\t") for line in text.split("\n")]


def _named_columns(line: Sequence[str], columns: Mapping[str, str]) -> list[str] | None:
    known = {word.casefold(): key for key, title in columns.items() for word in (key, title)}
    named = [known.get(cell.strip().casefold()) for cell in line]
    is_heading = all(named) and len(set(named)) == len(named)
    return [key for key in named if key] if is_heading else None


def _row(number: int, line: Sequence[str], keys: Sequence[str]) -> dict[str, Any]:
    if any(cell.strip() for cell in line[len(keys) :]):
        raise TooManyCells(number)
    return {key: cell.strip() for key, cell in zip(keys, line, strict=False)}
