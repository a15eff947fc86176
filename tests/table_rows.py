"""All rows of a table as the database gives them, for tests that nothing, or something, changed.

The statement of each table is made once a process: a test of a refusal reads all tables twice, and
with the ORM the making of the statements took most of that time.
"""

from functools import cache
from typing import Any

from django.db import connection, models


def read_rows(model: type[models.Model], *left_out: str) -> list[tuple[Any, ...]]:
    """Every row by its key, without these columns."""
    with connection.cursor() as cursor:
        cursor.execute(*_statement(model, left_out))
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


@cache
def _statement(model: type[models.Model], left_out: tuple[str, ...]) -> tuple[str, tuple[Any, ...]]:
    columns = [f.attname for f in model._meta.concrete_fields if f.attname not in left_out]
    query = model._default_manager.order_by("pk").values_list(*columns).query
    statement: tuple[str, tuple[Any, ...]] = query.sql_with_params()
    return statement
