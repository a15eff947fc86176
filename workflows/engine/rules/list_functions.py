"""What rules ask of a list as a whole: how many rows it has, what a column adds up to, whether a
condition holds in any of its rows or in all. What is counted, added up and compared may be only the
rows in which a condition holds.

The rule-engine package never calls anything here. Where a rule says `sum(lines.net)`, its tree gets
a symbol instead, and the value of the symbol is worked out by the function of that name below, in
one pass over the rows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from decimal import Decimal
from typing import Any, Final

from workflows.engine.rules.explanations import NUMBERED
from workflows.engine.texts import Text, text
from workflows.engine.values.field_types.base import FieldSpec, type_of_field

OVER_COLUMN: Final = ("sum", "min", "max")
OVER_ROWS: Final = ("any", "all")
COUNT: Final = "count"
LIST_FUNCTIONS: Final = (*OVER_COLUMN, COUNT, *OVER_ROWS)


class ListUnusable(ValueError):
    """What a rule asks of a list cannot be told; `why` goes on after the list's name."""

    def __init__(self, why: Text) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class ListFunction:
    """One use of a function in a rule: of which list, of which column, and of the rows under which
    condition. `kind` is what it gives."""

    function: str
    list_key: str
    kind: str
    column: str | None = None
    condition: Any = field(default=None, repr=False, compare=False)

    def value(self, spec: FieldSpec, rows: Any, data: Mapping[str, Any], zone: tzinfo) -> Any:
        """What it comes to. Raises ListUnusable, or as types and conditions do."""
        columns = frozenset(spec.columns or ())
        if self.function in OVER_ROWS:
            combine: Callable[[Iterable[bool]], bool] = any if self.function == "any" else all
            return combine(self._holds_in(row, columns, data) for row in rows or ())
        if self.condition is not None:
            rows = [row for row in rows or () if self._holds_in(row, columns, data)]
        if self.function == COUNT:
            return Decimal(len(rows or ()))
        return self._over_column(self._cells(spec, rows, zone))

    def _holds_in(
        self, row: Mapping[str, Any], columns: frozenset[str], data: Mapping[str, Any]
    ) -> bool:
        return bool(self.condition.evaluate(RowValues(row, columns, data)))

    def _cells(self, spec: FieldSpec, rows: Any, zone: tzinfo) -> Iterator[Any]:
        """The values of the column, as rules calculate with them; empty cells are left out."""
        column = (spec.columns or {})[self.column or ""]
        column_type = type_of_field(column)
        for row in rows or ():
            cell = row.get(self.column)
            if cell is not None:
                yield column_type.rule_value(cell, zone)

    def _over_column(self, cells: Iterator[Any]) -> Any:
        if self.function == "sum":
            return sum(cells, Decimal(0))
        found = list(cells)
        if not found:
            sentence = text("has no value under %(column)s; fill one in", column=self.column)
            if self.condition is not None:
                sentence = text(
                    "has no value under %(column)s in a row for which the condition holds",
                    column=self.column,
                )
            raise ListUnusable(sentence)
        return min(found) if self.function == "min" else max(found)


class RowValues:
    """The values that a condition sees within a row: the columns, then the request's fields."""

    def __init__(self, row: Mapping[str, Any], columns: frozenset[str], data: Any) -> None:
        self.row, self.columns, self.data = row, columns, data

    def get(self, key: str) -> Any:
        """A column of the row, or a field of the request."""
        return self.row.get(key) if key in self.columns else self.data.get(key)


class ListFunctions:
    """The functions that one rule uses, of lists and of a company's own, by the names of their
    symbols in its tree."""

    def __init__(self) -> None:
        self.used: dict[str, Any] = {}

    def add(self, written: str, function: Any) -> str:
        """The name of the symbol that stands for it."""
        name = f"{written}{NUMBERED}{len(self.used) + 1}"
        self.used[name] = function
        return name

    def find(self, name: str) -> Any:
        """What a symbol stands for; None where it is the name of a field."""
        return self.used.get(name)
