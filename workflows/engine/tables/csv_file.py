"""A table's rows as CSV, for whoever keeps them in a spreadsheet, and rows again from that.

The columns are `when FIELD`, `set FIELD`, `to` and `note`. Nothing of a file is taken where a cell
of it is wrong: what is wrong is said by line and column.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import TableStep
from workflows.engine.format.table_parts import EMPTY, MOST_ROWS, cell_text
from workflows.engine.tables.compiling import TableProblem, find_table_problems
from workflows.engine.texts import Text, join_clauses, text
from workflows.engine.values.constraints import ConstrainedSpec

WHEN, SET, TO, NOTE = "when ", "set ", "to", "note"
MOST_BYTES: Final = 5_000_000
MOST_SAID: Final = 5
"""So many mistakes are named at once."""
_RISKY: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_DELIMITERS: Final = (",", ";", "\t")

PlainRow = dict[str, Any]


def columns_of_table(step: TableStep) -> list[str]:
    """The names of a table's columns in a file, in their order."""
    ways = [] if step.hit == "collect" else [TO]
    asked = [f"{WHEN}{key}" for key in step.inputs or ()]
    return [*asked, *(f"{SET}{key}" for key in step.outputs or ()), *ways, NOTE]


def write_table_csv(step: TableStep, delimiter: str = ",") -> str:
    """The rows as CSV, with cells that no spreadsheet runs."""
    columns = columns_of_table(step)
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(columns)
    for row in step.rows or ():
        cells = cells_of_row(row.model_dump(by_alias=True, exclude_unset=True))
        writer.writerow(_calm(cells.get(name, "")) for name in columns)
    return file.getvalue()


def cells_of_row(row: Mapping[str, Any]) -> dict[str, str]:
    """What a row says, by the names of columns; `-` is left empty."""
    cells = {f"{WHEN}{key}": cell_text(cell) for key, cell in (row.get("when") or {}).items()}
    cells = {name: cell for name, cell in cells.items() if cell != "-"}
    cells |= {f"{SET}{key}": cell_text(value) for key, value in (row.get("set") or {}).items()}
    return cells | {name: row[name] for name in (TO, NOTE) if row.get(name)}


def _calm(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_RISKY) else cell


# -- reading ------------------------------------------------------------------------------------


def read_table_csv(
    content: bytes, step: TableStep, fields: Mapping[str, ConstrainedSpec], steps: Iterable[str]
) -> list[PlainRow]:
    """The rows of a file for this table. Raises InvalidInput that names lines and columns."""
    lines = _read_lines(content)
    columns = _read_head(step, lines[0].cells)
    known = {
        tuple(sorted(cells_of_row(row).items())): row
        for row in step.model_dump(by_alias=True, exclude_unset=True).get("rows", ())
    }
    filled = [line for line in lines[1:] if any(line.cells)]
    rows = []
    for line in filled:
        if len(line.cells) > len(columns) and any(line.cells[len(columns) :]):
            raise InvalidInput(
                "Line %(line)s has more cells than there are columns; put a text that holds the"
                " separator in quotes.",
                line=line.number,
            )
        said = {name: cell for name, cell in zip(columns, line.cells, strict=False) if cell}
        rows.append(known.get(tuple(sorted(said.items())), _row_of(said)))
    check_table_rows(step, rows, fields, steps, [line.number for line in filled])
    return rows


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    cells: list[str]


def _read_lines(content: bytes) -> list[_Line]:
    if len(content) > MOST_BYTES:
        raise InvalidInput("The file is larger than 5 MB; a table has at most 10,000 rows.")
    try:
        written = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput("The file is not UTF-8 text; save it as CSV in UTF-8.") from None
    head = written.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(written), delimiter=delimiter, strict=True)
    lines = []
    try:
        for cells in reader:
            lines.append(_Line(reader.line_num, [_excite(cell.strip()) for cell in cells]))
    except csv.Error:
        raise InvalidInput(
            "Line %(line)s is not readable as CSV; check its quotes.", line=reader.line_num
        ) from None
    if not lines:
        raise InvalidInput("The file is empty; its first line names the columns.")
    return lines


def _excite(cell: str) -> str:
    """The cell without the quote that keeps spreadsheets from running it."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_RISKY) else cell


def _read_head(step: TableStep, head: Sequence[str]) -> list[str]:
    columns = [" ".join(name.lower().split()) for name in head]
    while columns and not columns[-1]:
        columns.pop()
    wanted = columns_of_table(step)
    for name in columns:
        if name not in wanted or columns.count(name) > 1:
            raise InvalidInput(
                "The file has a column '%(column)s', and this table has %(columns)s; a further"
                " field is added to the table first.",
                column=name[:80],
                columns=", ".join(wanted),
            )
    for name in wanted:
        if name not in columns and name not in (TO, NOTE):
            raise InvalidInput(
                "The file lacks the column '%(column)s'; its first line names the columns:"
                " %(columns)s.",
                column=name,
                columns=", ".join(wanted),
            )
    return columns


def _row_of(said: Mapping[str, str]) -> PlainRow:
    row: PlainRow = {}
    for part, start in (("when", WHEN), ("set", SET)):
        cells = {
            name.removeprefix(start): None if cell == EMPTY else cell
            for name, cell in said.items()
            if name.startswith(start)
        }
        row |= {part: cells} if cells else {}
    return row | {name: said[name] for name in (TO, NOTE) if name in said}


def check_table_rows(
    step: TableStep,
    rows: Sequence[PlainRow],
    fields: Mapping[str, ConstrainedSpec],
    steps: Iterable[str],
    lines: Sequence[int],
) -> None:
    """Refuse rows that the table could not be asked with. Raises InvalidInput that says where."""
    if not rows or len(rows) > MOST_ROWS:
        raise InvalidInput("A table has at least one row, and at most 10,000.")
    there = set(steps)
    problems = [
        _at(lines[number], TO, text("there is no step '%(step)s'.", step=row[TO]))
        for number, row in enumerate(rows)
        if row.get(TO) and row[TO] not in there
    ]
    problems = problems or [
        _at(lines[problem.row - 1], _column_of(step, problem), problem.text)
        for problem in _problems_with(step, rows, fields)
        if problem.row
    ]
    if problems:
        raise InvalidInput(
            text(
                "Nothing was changed. %(problems)s",
                problems=join_clauses(problems[:MOST_SAID]),
            )
        )


def _problems_with(
    step: TableStep, rows: Sequence[PlainRow], fields: Mapping[str, ConstrainedSpec]
) -> list[TableProblem]:
    written = step.model_dump(by_alias=True, exclude_unset=True) | {"rows": list(rows)}
    try:
        changed = TableStep.model_validate(written)
    except ValidationError as problem:
        error = problem.errors()[0]
        number = error["loc"][1] if len(error["loc"]) > 1 else 0
        column = str(error["loc"][-1])
        why = text("'%(value)s' cannot stand here.", value=str(error.get("input"))[:60])
        return [TableProblem(why, int(number) + 1 if isinstance(number, int) else 1, column)]
    return find_table_problems(changed, fields)[0]


def _column_of(step: TableStep, problem: TableProblem) -> str:
    if problem.column in (step.inputs or ()):
        return f"{WHEN}{problem.column}"
    return f"{SET}{problem.column}" if problem.column in (step.outputs or ()) else problem.column


def _at(line: int, column: str, problem: Text) -> Text:
    return text(
        "line %(line)s, '%(column)s': %(problem)s", line=line, column=column, problem=problem
    )
