"""The type of fields that hold a list of rows: line items, people, assets.

A row says something under the columns that the map declares, each of a simple type with its own
constraints. An empty column is left out, an empty row is none, and no rows are an empty field.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any, Final, Protocol

from workflows.engine.texts import Text, text
from workflows.engine.values.field_types.base import (
    FIELD_TYPES,
    FieldSpec,
    FieldType,
    ValueRefused,
    type_of_field,
)
from workflows.engine.values.field_types.several import read_json_list
from workflows.engine.values.field_types.storable import refuse_unstorable

MOST_ROWS: Final = 1000
ROWS_UNSAID: Final = 100
"""So many rows a list may have where the map says nothing."""
Row = Mapping[str, Any]
MOST_NAMED: Final = 3
"""So many of the cells that are refused are named in one sentence."""


class RowSettler(Protocol):
    """What completes the rows of a list that were read, and says what they lack."""

    def __init__(self, columns: Mapping[str, Any], zone: tzinfo) -> None: ...

    def settled(self, row: Row) -> dict[str, Any]:
        """The row without what is not asked for, with what is worked out."""

    def lacking(self, row: Row) -> list[str]:
        """The columns that a settled row has to say under a condition, and does not."""


ROW_SETTLERS: Final[list[type[RowSettler]]] = []
"""The rules, which know values and not the other way, put in here what asks for cells."""


@dataclass(frozen=True, slots=True)
class CellRefused:
    """What is wrong in a row, counted from 1; in the row as a whole where no column is named."""

    row: int
    column: str
    label: str
    why: Text

    @property
    def sentence(self) -> Text:
        """With the place."""
        if not self.column:
            return text("row %(row)s: %(why)s", row=self.row, why=self.why)
        return text(
            "row %(row)s, %(column)s: %(why)s", row=self.row, column=self.label, why=self.why
        )


class RowsRefused(ValueRefused):
    """Cells of a list cannot be read; `cells` are all of them."""

    def __init__(self, cells: Sequence[CellRefused]) -> None:
        self.cells = tuple(cells)
        first, *others = [cell.sentence for cell in self.cells[:MOST_NAMED]]
        sentence = first
        for other in others:
            sentence = text("%(one)s %(other)s", one=sentence, other=other)
        if len(self.cells) > MOST_NAMED:
            more = len(self.cells) - MOST_NAMED
            sentence = text("%(one)s (and %(count)s more)", one=sentence, count=more)
        super().__init__(sentence)


class ListType(FieldType):
    """Rows under the columns of the map."""

    name = "list"
    title = text("list of rows")
    kind = "rows"
    fits_column = False
    holds_rows = True

    def clean(self, spec: FieldSpec, raw: object) -> list[dict[str, Any]]:
        """The rows that say something, each with the columns that do."""
        return self.read(spec, raw, UTC)

    def read(self, spec: FieldSpec, raw: object, zone: tzinfo) -> list[dict[str, Any]]:
        """The same, dates counted in this zone. Raises RowsRefused for cells that cannot be
        read, with all of them."""
        given = read_json_list(raw)
        if not isinstance(given, Sequence) or isinstance(given, str | bytes):
            raise ValueRefused("write a list of rows, each with its columns.")
        most = max_rows_of(spec)
        if len(given) > 2 * MOST_ROWS:
            raise ValueRefused("keep it to %(most)s rows.", most=most)
        reader = _RowsReader(spec, zone)
        rows = [
            row for number, raw_row in enumerate(given, 1) if (row := reader.row(number, raw_row))
        ]
        if reader.refused:
            raise RowsRefused(reader.refused)
        if len(rows) > most:
            raise ValueRefused("keep it to %(most)s rows.", most=most)
        if rows and len(rows) < min_rows_of(spec):
            raise ValueRefused("fill in at least %(least)s rows.", least=min_rows_of(spec))
        return rows

    def python_value(self, value: Any, zone: tzinfo) -> tuple[Mapping[str, Any], ...]:
        """The rows."""
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise TypeError("not rows")
        return tuple(value)

    def json_schema(self, spec: FieldSpec) -> dict[str, Any]:
        """A list of objects with the columns."""
        columns = columns_of(spec)
        items = {
            "type": "object",
            "properties": {
                key: {"title": column.label or key, **type_of_field(column).json_schema(column)}
                for key, column in columns.items()
            },
            "required": [key for key, column in columns.items() if is_always_asked(column)],
            "additionalProperties": False,
        }
        bounds = {"minItems": min_rows_of(spec), "maxItems": max_rows_of(spec)}
        return {"type": "array", "items": items, **bounds}

    def told_value(self, spec: FieldSpec, value: Any) -> Any:
        """Each column as its own type tells it."""
        columns = columns_of(spec)
        return [
            {
                key: type_of_field(columns[key]).told_value(columns[key], cell)
                if key in columns
                else cell
                for key, cell in row.items()
            }
            for row in value
        ]

    def log_value(self, value: Any) -> bool | int | str:
        """JSON."""
        return json.dumps(value, ensure_ascii=False)

    def search_texts(self, value: Any) -> set[str] | None:
        """Rows are no text."""
        return None

    def people_in(self, spec: FieldSpec, value: Any) -> Sequence[str]:
        """Whom the columns of people name."""
        if not isinstance(value, list):
            return ()
        return [
            name
            for row in value
            for key, column in columns_of(spec).items()
            if row.get(key)
            for name in type_of_field(column).people_in(column, row[key])
        ]

    def with_people(self, spec: FieldSpec, value: Any, usernames: Mapping[str, str]) -> Any:
        """The rows with other usernames."""
        columns = columns_of(spec)
        return [
            {
                key: type_of_field(columns[key]).with_people(columns[key], cell, usernames)
                if key in columns
                else cell
                for key, cell in row.items()
            }
            for row in value
        ]


def columns_of(spec: FieldSpec) -> Mapping[str, FieldSpec]:
    """The columns of a list, in the map's order; none where what is declared knows of none."""
    return getattr(spec, "columns", None) or {}


def columns_filled_in(columns: Mapping[str, FieldSpec]) -> Mapping[str, FieldSpec]:
    """Without those that are worked out: what is sent under these is left out."""
    return {
        key: column for key, column in columns.items() if getattr(column, "value", None) is None
    }


def is_always_asked(column: FieldSpec) -> bool:
    """Whether something has to be said here in any case: under this column, in every row."""
    return bool(column.required) and getattr(column, "when", None) is None


def min_rows_of(spec: FieldSpec) -> int:
    """How many rows a list has that is not empty."""
    return getattr(spec, "min_rows", None) or 1


def max_rows_of(spec: FieldSpec) -> int:
    """How many rows a list may have."""
    return getattr(spec, "max_rows", None) or ROWS_UNSAID


def _is_blank(written: object) -> bool:
    return written is None or (isinstance(written, str) and not written.strip())


class _RowsReader:
    """Reads rows one by one and keeps what is wrong with them."""

    def __init__(self, spec: FieldSpec, zone: tzinfo) -> None:
        self.columns, self.zone = columns_of(spec), zone
        self.refused: list[CellRefused] = []
        self.settlers = [settler(self.columns, zone) for settler in ROW_SETTLERS]

    def row(self, number: int, raw: object) -> dict[str, Any]:
        """What a row says; nothing where it is empty or refused."""
        if not isinstance(raw, Mapping):
            self._refuse(number, "", text("write a row with its columns."))
            return {}
        for key in raw:
            if key not in self.columns:
                self._refuse_unknown(number, str(key))
        written = {
            key: raw[key] for key in columns_filled_in(self.columns) if not _is_blank(raw.get(key))
        }
        for key, column in self.columns.items() if written else ():
            if is_always_asked(column) and key not in written:
                self._refuse(number, key, text("fill it in."))
        row = dict(self._cells(number, written))
        for settler in self.settlers:
            row = settler.settled(row)
            for key in settler.lacking(row) if row else ():
                if key not in written:
                    self._refuse(number, key, text("fill it in."))
        return row

    def _cells(self, number: int, said: Mapping[str, object]) -> Iterator[tuple[str, Any]]:
        for key, written in said.items():
            column = self.columns[key]
            try:
                refuse_unstorable(written)
                value = type_of_field(column).read(column, written, self.zone)
            except ValueRefused as refused:
                self._refuse(number, key, text("%(why)s", why=refused))
            else:
                yield key, value

    def _refuse_unknown(self, number: int, key: str) -> None:
        self._refuse(
            number,
            "",
            text(
                "there is no column '%(key)s'; use %(columns)s.",
                key=key[:60],
                columns=", ".join(self.columns),
            ),
        )

    def _refuse(self, number: int, key: str, why: Text) -> None:
        label = (self.columns[key].label or key) if key else ""
        self.refused.append(CellRefused(number, key, label, why))


LIST = FIELD_TYPES.register(ListType.name, ListType())
