"""Inserts and guarded updates of whole rows, for the writes that every decision makes.

Measured on PostgreSQL: through the ORM these few statements cost more time in Python than in the
database. Values still go through each field's own preparation, so types, JSON and time zones are
Django's; only the building of queries is left out. Row history is written by `history.py`.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models

PLAIN = frozenset({str, int, bool, float})
"""Values of these types are stored as they are (JSON columns apart)."""


@lru_cache
def _columns(model: type[models.Model]) -> tuple[list[tuple[Any, bool]], str, str]:
    """The fields that an insert gives (the key is the database's) and whether each is JSON, and
    their SQL."""
    fields = [field for field in model._meta.local_concrete_fields if not field.primary_key]
    names = ", ".join(f'"{field.column}"' for field in fields)
    marks = "(" + ", ".join(["%s"] * len(fields)) + ")"
    return [(field, isinstance(field, models.JSONField)) for field in fields], names, marks


def _prepared(field: Any, is_json: bool, value: Any, connection: Any) -> Any:
    if value is None or (type(value) in PLAIN and not is_json):
        return value
    return field.get_db_prep_save(value, connection)


def insert_rows(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one model in one statement, and give them their keys."""
    if not rows:
        return
    model, connection = type(rows[0]), connections[DEFAULT_DB_ALIAS]
    fields, names, marks = _columns(model)
    values = [
        _prepared(field, is_json, _value(row, field), connection)
        for row in rows
        for field, is_json in fields
    ]
    key = model._meta.pk
    assert key is not None
    sql = (
        f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES {", ".join([marks] * len(rows))}'
        f' RETURNING "{key.column}"'
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        made = cursor.fetchall()
    for row, (pk,) in zip(rows, made, strict=True):
        setattr(row, key.attname, pk)
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def _value(row: models.Model, field: Any) -> Any:
    """The field's value; for a row that was inserted after this one was made, its key."""
    value = getattr(row, field.attname)
    if value is None and field.is_relation and field.is_cached(row):
        other = field.get_cached_value(row)
        value = None if other is None else other.pk
        setattr(row, field.attname, value)
    return value


@lru_cache
def _named(model: type[models.Model], names: tuple[str, ...]) -> tuple[list[tuple[Any, bool]], str]:
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    sql = ", ".join(f'"{field.column}" = %s' for field in fields)
    return [(field, isinstance(field, models.JSONField)) for field in fields], sql


def update_row(model: type[models.Model], pk: int, state: str, values: Mapping[str, Any]) -> int:
    """Change one row if it still stands in that state; returns how many rows were changed."""
    connection = connections[DEFAULT_DB_ALIAS]
    fields, names = _named(model, tuple(values))
    prepared = [
        _prepared(field, is_json, value, connection)
        for (field, is_json), value in zip(fields, values.values(), strict=True)
    ]
    sql = f'UPDATE "{model._meta.db_table}" SET {names} WHERE id = %s AND state = %s'
    with connection.cursor() as cursor:
        cursor.execute(sql, [*prepared, pk, state])
        return int(cursor.rowcount)
