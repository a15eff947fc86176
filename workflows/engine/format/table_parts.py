"""The pieces of a decision table in a definition file: its rows and their cells."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from workflows.engine.format.parts import DefinitionPart, Key, Line, Name

MOST_ROWS: Final = 10_000

AskedName = Annotated[
    str,
    StringConstraints(
        pattern=r"^([a-z][a-z0-9_]{0,59}|requester\.[a-z_]{1,40}|outcome_of\.[a-z][a-z0-9_-]{0,79}"
        r"|count_of\.[a-z][a-z0-9_-]{0,79}\.[a-z][a-z0-9_-]{0,79})$"
    ),
]
"""What a column asks: a field, or something of who asked or of what was decided."""

PlainValue = str | int | float | bool
CellValue = PlainValue | list[PlainValue] | None
"""What stands in a cell: a test as text, a value, a list of values, or null for an empty field."""

HitPolicy = Literal["unique", "first", "collect"]
Aggregator = Literal["list", "sum", "min", "max", "count"]


class TableRowDef(DefinitionPart):
    """One row of a table: when it holds, what it sets, and where it leads."""

    when: dict[AskedName, CellValue] | None = None
    set_: dict[Name, CellValue] | None = Field(None, alias="set")
    to: Key | None = None
    note: Line | None = None


TableRows = Annotated[list[TableRowDef], Field(min_length=1, max_length=MOST_ROWS)]


MOST_NAMED: Final = 5
LONGEST_NAME: Final = 120


def name_rows(rows: Sequence[TableRowDef], to: str) -> str:
    """What the way of the rows that lead to a step is called: by the note or the cells of the only
    one, else by their numbers."""
    numbers = [number for number, row in enumerate(rows, start=1) if row.to == to]
    if len(numbers) == 1:
        row = rows[numbers[0] - 1]
        return (row.note or _cells_text(row) or str(numbers[0]))[:LONGEST_NAME]
    listed = ", ".join(map(str, numbers[:MOST_NAMED]))
    return f"{listed}, \u2026" if len(numbers) > MOST_NAMED else listed


def _cells_text(row: TableRowDef) -> str:
    cells = {key: cell_text(cell) for key, cell in (row.when or {}).items()}
    return " \u00b7 ".join(f"{key} {cell}" for key, cell in cells.items() if cell != "-")


def cell_text(cell: CellValue) -> str:
    """A cell as text."""
    if cell is None:
        return "null"
    if isinstance(cell, list):
        return ", ".join(map(_item_text, cell))
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(cell).strip()


def _item_text(item: PlainValue) -> str:
    """One of several values; a word that holds a comma stands in quotes then."""
    is_parted = isinstance(item, str) and "," in item and not item.startswith('"')
    return quote_word(str(item)) if is_parted else cell_text(item)


def row_text(number: int, row: TableRowDef) -> str:
    """A row as a list names it: its number, and its note or its cells."""
    said = row.note or _cells_text(row)
    return f"{number} ({said[:LONGEST_NAME]})" if said else str(number)


ANY: Final = "-"
EMPTY: Final = "null"
_SIGNS: Final = ("<", ">", "[", "]", "(", "not(")


def quote_word(word: str) -> str:
    """A word as a cell has it: in quotes where it would be read as something else."""
    is_plain = word == word.strip() and not any(mark in word for mark in ',"\\\n')
    is_sign = word in ("", ANY, EMPTY) or word.startswith(_SIGNS) or ".." in word
    if is_plain and not is_sign:
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
