"""A table's rows as cells to be typed in, and rows of the file again from these."""

from collections.abc import Mapping, Sequence
from typing import Any

from workflows.engine.format.table_parts import EMPTY, cell_text

Cells = dict[str, str]
"""What stands in the cells of a row, by the names of its columns."""
WHEN, SET, TO, NOTE = "when.", "set.", "to", "note"


def cells_of_row(row: Mapping[str, Any]) -> Cells:
    """A row of the file as a row of cells."""
    cells = {f"{WHEN}{key}": cell_text(cell) for key, cell in (row.get("when") or {}).items()}
    cells |= {f"{SET}{key}": cell_text(value) for key, value in (row.get("set") or {}).items()}
    return cells | {name: row[name] for name in (TO, NOTE) if row.get(name)}


def row_of_cells(cells: Cells, was: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the file; None stands for nothing said, which a file leaves out."""
    if {name: text for name, text in cells.items() if text} == cells_of_row(was):
        return dict(was)
    row: dict[str, Any] = {}
    for part, start in (("when", WHEN), ("set", SET)):
        old = was.get(part) or {}
        said = {
            name.removeprefix(start): text
            for name, text in cells.items()
            if name.startswith(start) and text
        }
        kept = {key: _as_it_was(key, text, old) for key, text in said.items()}
        row |= {part: kept} if kept else {}
    return row | {name: cells[name] for name in (TO, NOTE) if cells.get(name)}


def _as_it_was(key: str, text: str, old: Mapping[str, Any]) -> Any:
    if key in old and cell_text(old[key]) == text:
        return old[key]
    return None if text == EMPTY else text


def said_cells(rows: Sequence[Cells] | None) -> list[Cells]:
    """The cells that say something."""
    return [{name: text for name, text in row.items() if text} for row in rows or ()]
