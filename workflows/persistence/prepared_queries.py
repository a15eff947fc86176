"""Querysets that are the same each time but for a few values, written out as SQL once a process.

What a page asks for with its joins takes more time to be written out than to be answered. The
queryset stays what says it; only the SQL, and how its rows are read, are kept.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators

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


@dataclass(frozen=True, slots=True)
class _Statement(Generic[Row]):
    """SQL with its parameters, and where its columns go: into the model's row, into the rows
    joined to it, into its annotations."""

    sql: str
    parameters: tuple[Any, ...]
    model: type[Row]
    names: list[str]
    columns: slice
    converters: Mapping[int, tuple[list[Any], Any]]
    populators: list[Any]
    annotations: Mapping[str, int]

    def rows(self, places: Places) -> list[Row]:
        parameters = [_fill_in(value, places) for value in self.parameters]
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute(self.sql, parameters)
            records = cursor.fetchall()
        return [self._read_row(list(record)) for record in records]

    def _read_row(self, values: list[Any]) -> Row:
        connection = connections[DEFAULT_DB_ALIAS]
        for place, (conversions, column) in self.converters.items():
            for convert in conversions:
                values[place] = convert(values[place], column, connection)
        row = self.model.from_db(DEFAULT_DB_ALIAS, self.names, values[self.columns])
        for populator in self.populators:
            populator.populate(values, row)
        for name, place in self.annotations.items():
            setattr(row, name, values[place])
        return row


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
            statements = [_write_statement(self.build(*key), places) for _ in range(2)]
        except EmptyResultSet:
            return None
        if statements[0].sql != statements[1].sql or not all(
            value in places for value in statements[0].parameters
        ):
            raise ValueError(f"{self.build.__qualname__} has a value with no stand-in")
        return statements[0]


def _write_statement(rows: QuerySet[Row], places: Places) -> _Statement[Row]:
    compiler: Any = rows.query.get_compiler(DEFAULT_DB_ALIAS)
    placed_sql, all_parameters = compiler.as_sql()
    sql, parameters = write_constants(placed_sql, all_parameters, places)
    # The stubs are those of a later Django, which asks for one argument more.
    populators_of: Any = get_related_populators
    columns = compiler.klass_info["select_fields"]
    own_columns = slice(columns[0], columns[-1] + 1)
    return _Statement(
        sql=sql,
        parameters=parameters,
        model=compiler.klass_info["model"],
        names=[column[0].target.attname for column in compiler.select[own_columns]],
        columns=own_columns,
        converters=compiler.get_converters([column for column, *_ in compiler.select]),
        populators=populators_of(compiler.klass_info, compiler.select, DEFAULT_DB_ALIAS),
        annotations=compiler.annotation_col_map or {},
    )


def _fill_in(stand_in: Any, places: Places) -> Any:
    """What is to stand in this place; a number with the type that the database asks for."""
    return type(stand_in)(places[stand_in]) if isinstance(stand_in, int) else places[stand_in]
