"""Reads, inserts and guarded updates of whole rows, as every decision makes them.

Measured on PostgreSQL: through the ORM these few statements cost more time in Python than in the
database. Values still go through each field's own preparation, so types, JSON and time zones are
Django's; only the building of queries is left out. Row history is written by `history.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models

Row = TypeVar("Row", bound=models.Model)
PLAIN_TYPES = frozenset({str, int, bool, float})
"""Values of these types are stored as they are (JSON columns apart)."""
COPY_THRESHOLD = 50
"""From so many rows on PostgreSQL gets them by COPY: the driver reads a statement through for its
marks each time, which for 400 rows of 30 values took longer than all the rest."""


@lru_cache
def _insert_columns(model: type[models.Model]) -> tuple[list[tuple[Any, bool]], str, str]:
    """The fields that an insert gives (the key is the database's) and whether each is JSON, and
    their SQL."""
    fields = [field for field in model._meta.local_concrete_fields if not field.primary_key]
    names = ", ".join(f'"{field.column}"' for field in fields)
    marks = "(" + ", ".join(["%s"] * len(fields)) + ")"
    return [(field, isinstance(field, models.JSONField)) for field in fields], names, marks


def _prepare_value(field: Any, is_json: bool, value: Any, connection: Any) -> Any:
    if value is None or (type(value) in PLAIN_TYPES and not is_json):
        return value
    return field.get_db_prep_save(value, connection)


def insert_rows(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one model in one statement, and give them their keys."""
    if not rows:
        return
    model = type(rows[0])
    fields, _, _ = _insert_columns(model)
    keys = insert_prepared_rows(
        model,
        _prepare_rows(model, [[_field_value(row, field) for field, _ in fields] for row in rows]),
    )
    for row, pk in zip(rows, keys, strict=True):
        setattr(row, _primary_key_field(model).attname, pk)
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def insert_values(model: type[models.Model], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows that nobody looks at again, given as values in the order of `columns_of`."""
    insert_unkeyed_rows(model, _prepare_rows(model, rows))


def prepare_values(model: type[models.Model], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by their attributes as the database takes them: prepared once for many inserts."""
    connection = connections[DEFAULT_DB_ALIAS]
    fields = {field.attname: (field, is_json) for field, is_json in _insert_columns(model)[0]}
    return {
        name: _prepare_value(*fields[name], value, connection) if name in fields else value
        for name, value in values.items()
    }


def insert_prepared_rows(model: type[models.Model], rows: Sequence[Sequence[Any]]) -> list[int]:
    """Insert rows of prepared values, in the order of `columns_of`; returns their keys."""
    if _is_copy_worthwhile(rows):
        keys = _reserve_keys(model, len(rows))
        names = f'{_insert_columns(model)[1]}, "{_primary_key_field(model).column}"'
        _copy_rows(model, names, ([*row, key] for row, key in zip(rows, keys, strict=True)))
        return keys
    return [
        pk
        for (pk,) in _execute_insert(
            model, rows, f' RETURNING "{_primary_key_field(model).column}"'
        )
    ]


def insert_unkeyed_rows(model: type[models.Model], rows: Sequence[Sequence[Any]]) -> None:
    """The same for rows whose keys nobody asks for."""
    if _is_copy_worthwhile(rows):
        _copy_rows(model, _insert_columns(model)[1], rows)
    else:
        _execute_insert(model, rows, "")


def insert_column_names(model: type[models.Model]) -> list[str]:
    """The attributes whose values an insert gives, in its order."""
    return [field.attname for field, _ in _insert_columns(model)[0]]


def _primary_key_field(model: type[models.Model]) -> Any:
    key = model._meta.pk
    assert key is not None
    return key


def _prepare_rows(model: type[models.Model], rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    connection = connections[DEFAULT_DB_ALIAS]
    fields, _, _ = _insert_columns(model)
    return [
        [
            _prepare_value(field, is_json, value, connection)
            for (field, is_json), value in zip(fields, row, strict=True)
        ]
        for row in rows
    ]


def _execute_insert(
    model: type[models.Model], rows: Sequence[Sequence[Any]], returning: str
) -> list[tuple[Any, ...]]:
    _, names, marks = _insert_columns(model)
    sql = (
        f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES {", ".join([marks] * len(rows))}'
        f"{returning}"
    )
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(sql, [value for row in rows for value in row])
        return cursor.fetchall() if returning else []


def _is_copy_worthwhile(rows: Sequence[Sequence[Any]]) -> bool:
    return len(rows) >= COPY_THRESHOLD and connections[DEFAULT_DB_ALIAS].vendor == "postgresql"


def _reserve_keys(model: type[models.Model], count: int) -> list[int]:
    """So many keys that no other row gets: COPY does not tell which ones it gave."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [f'"{model._meta.db_table}"', _primary_key_field(model).column, count],
        )
        return [key for (key,) in cursor.fetchall()]


def _copy_rows(model: type[models.Model], names: str, rows: Iterable[Sequence[Any]]) -> None:
    connection = connections[DEFAULT_DB_ALIAS]
    sql = f'COPY "{model._meta.db_table}" ({names}) FROM STDIN'
    # Django wraps the errors of `execute` alone; what COPY refuses is told when it ends.
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(sql) as copy:
        for row in rows:
            copy.write_row(row)


def _field_value(row: models.Model, field: Any) -> Any:
    """The field's value; for a row that was inserted after this one was made, its key."""
    value = getattr(row, field.attname)
    if value is None and field.is_relation and field.is_cached(row):
        other = field.get_cached_value(row)
        value = None if other is None else other.pk
        setattr(row, field.attname, value)
    return value


@lru_cache
def _update_columns(
    model: type[models.Model], names: tuple[str, ...]
) -> tuple[list[tuple[Any, bool]], str]:
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    sql = ", ".join(f'"{field.column}" = %s' for field in fields)
    return [(field, isinstance(field, models.JSONField)) for field in fields], sql


def update_rows(
    model: type[models.Model], pks: Sequence[int], state: str, values: Mapping[str, Any]
) -> int:
    """Change these rows alike, each if it still stands in that state; returns how many were
    changed."""
    connection = connections[DEFAULT_DB_ALIAS]
    fields, names = _update_columns(model, tuple(values))
    prepared = [
        _prepare_value(field, is_json, value, connection)
        for (field, is_json), value in zip(fields, values.values(), strict=True)
    ]
    ids = ", ".join(["%s"] * len(pks))
    sql = f'UPDATE "{model._meta.db_table}" SET {names} WHERE id IN ({ids}) AND state = %s'
    with connection.cursor() as cursor:
        cursor.execute(sql, [*prepared, *pks, state])
        return int(cursor.rowcount)


@lru_cache
def _column_converters(model: type[models.Model], vendor: str) -> list[tuple[int, Any, list[Any]]]:
    """The columns that do not come as Python sees them: place, expression, and how to turn it."""
    connection, converters = connections[DEFAULT_DB_ALIAS], []
    for place, field in enumerate(model._meta.concrete_fields):
        column = field.get_col(model._meta.db_table)
        conversions = connection.ops.get_db_converters(column) + column.get_db_converters(
            connection
        )
        if conversions:
            converters.append((place, column, conversions))
    return converters


class RowReader(Generic[Row]):
    """Makes rows of a model from records that begin with all its columns in their order."""

    def __init__(self, model: type[Row]) -> None:
        self._model, self._connection = model, connections[DEFAULT_DB_ALIAS]
        self._names = [field.attname for field in model._meta.concrete_fields]
        self._converters = _column_converters(model, self._connection.vendor)

    def make_row(self, record: Sequence[Any]) -> Row:
        """The row as Django would have read it."""
        values = list(record[: len(self._names)])
        for place, column, conversions in self._converters:
            for convert in conversions:
                values[place] = convert(values[place], column, self._connection)
        return self._model.from_db(DEFAULT_DB_ALIAS, self._names, values)

    def beside(self, record: Sequence[Any]) -> tuple[Any, ...]:
        """What the record has after the model's columns."""
        return tuple(record[len(self._names) :])

    def place_of(self, name: str) -> int:
        """Where in a record the attribute's column stands."""
        return self._names.index(name)

    def convert_value(self, name: str, value: Any) -> Any:
        """One column's value as Python sees it."""
        at = self.place_of(name)
        for place, column, conversions in self._converters:
            for convert in conversions if place == at else ():
                value = convert(value, column, self._connection)
        return value


def select_records(sql: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[Sequence[Any]]:
    """What a statement gives, as the database gives it."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def select_rows(
    model: type[Row], sql: str, parameters: Sequence[Any] | Mapping[str, Any]
) -> list[Row]:
    """The rows of a statement that asks for all columns of a model in their order."""
    reader = RowReader(model)
    return [reader.make_row(record) for record in select_records(sql, parameters)]
