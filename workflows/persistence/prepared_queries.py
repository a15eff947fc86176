"""Querysets that are the same each time but for a few values, written out as SQL once a process.

What a page asks for with its joins takes more time to be written out than to be answered. The
queryset stays what says it; only the SQL, and how its rows are read, are kept.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet

from workflows.persistence.row_reading import RowReader
from workflows.persistence.sql_constants import write_constants

Row = TypeVar("Row", bound=Model)

ANY_ROW = -2_147_000_002
"""Stands for a row's key while the statement is written."""
ANY_MOMENT = datetime(8888, 8, 8, tzinfo=UTC)
"""Stands for a moment, in the same way."""
LARGEST_KEY = 2**63 - 1
KEPT_STATEMENTS = 64
"""So many of one query; lists of rows make one for each length."""

Places = Mapping[Any, Any]
"""The values that are to stand where the stand-ins are."""


def any_rows(count: int) -> list[int]:
    """Stand-ins for the keys of so many rows."""
    return [ANY_ROW - place for place in range(count)]


def places_of_rows(keys: Sequence[int]) -> dict[Any, Any]:
    """These keys, where `any_rows` stand for them."""
    return dict(zip(any_rows(len(keys)), keys, strict=True))


def place_of_moment(moment: datetime) -> dict[Any, Any]:
    """This moment, where `ANY_MOMENT` stands for it."""
    adapt = connections[DEFAULT_DB_ALIAS].ops.adapt_datetimefield_value
    return {adapt(ANY_MOMENT): adapt(moment)}


class _Statement(Generic[Row]):
    """The SQL of a queryset with the places that change left open."""

    def __init__(self, queryset: QuerySet[Row], places: Places) -> None:
        self.reader = RowReader(queryset)
        self.sql, self.parameters = write_constants(self.reader.sql, self.reader.parameters, places)

    def rows(self, places: Places) -> list[Row]:
        """The rows with these values."""
        parameters = [_fill_in(value, places) for value in self.parameters]
        return self.reader.rows_of_sql(self.sql, parameters)


class PreparedQuery(Generic[Row]):
    """The rows of a queryset that `build` makes of a key, with stand-ins (`ANY_ROW`, `ANY_MOMENT`,
    and texts and numbers like them) where the values are that change from time to time.

    Its joins and annotations come with the rows; what it would prefetch does not.
    """

    def __init__(self, build: Callable[..., QuerySet[Row]]) -> None:
        self.build = build
        self._statements: dict[tuple[Hashable, ...], _Statement[Row] | None] = {}

    def rows(self, places: Places, *key: Hashable) -> list[Row]:
        """All rows, with these values for the stand-ins. A key that is larger than any is no
        row's."""
        if any(isinstance(value, int) and value > LARGEST_KEY for value in places.values()):
            return []
        statements = self._statements
        if key not in statements:
            if len(statements) == KEPT_STATEMENTS:
                statements = self._statements = {}
            statements[key] = self._write_out(key, places)
        statement = statements[key]
        return statement.rows(places) if statement is not None else []

    def _write_out(self, key: tuple[Hashable, ...], places: Places) -> _Statement[Row] | None:
        try:
            statements = [_Statement(self.build(*key), places) for _ in range(2)]
        except EmptyResultSet:
            return None
        if statements[0].sql != statements[1].sql or not all(
            value in places for value in statements[0].parameters
        ):
            raise ValueError(f"{self.build.__qualname__} has a value with no stand-in")
        return statements[0]


def _fill_in(stand_in: Any, places: Places) -> Any:
    """What is to stand in this place; a number with the type that the database asks for."""
    return type(stand_in)(places[stand_in]) if isinstance(stand_in, int) else places[stand_in]
