"""SQL that is put together by hand: the one place where texts go into a statement.

What is filled in are names of our own tables and columns, numbers, and other statements of ours.
What people typed goes as a parameter, by a named place (`%(name)s`), and never into the text.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Field
from django.db.models.expressions import RawSQL


def compose_sql(template: str, /, **parts: object) -> str:
    """A statement with its `{parts}` filled in; the named places for parameters stay."""
    return template.format(**parts)


def positional_sql(sql: str, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """A statement with named places as one with places in a row, and its parameters."""
    names = re.findall(r"%\((\w+)\)s", sql)
    return re.sub(r"%\(\w+\)s", "%s", sql), [values[name] for name in names]


def sql_expression(
    sql: str, values: Mapping[str, Any], output_field: Field | None = None
) -> RawSQL:
    """A piece of SQL with named places as the ORM takes it."""
    return RawSQL(*positional_sql(sql, values), output_field)  # noqa: S611 - see the module


def sql_condition(sql: str, values: Mapping[str, Any]) -> RawSQL:
    """The same of what holds or does not, for a filter."""
    return sql_expression(sql, values, BooleanField())


def is_one_of(column: str, ids: Iterable[int]) -> RawSQL:
    """A condition: a column has one of these keys. On PostgreSQL they are one value, so that the
    statement is the same however many they are, and its plan, dearer than its answer, is kept."""
    keys = sorted(ids)
    if connection.vendor == "postgresql":
        return sql_condition(f"{column} = ANY(%(keys)s::bigint[])", {"keys": keys})
    written = ", ".join(str(int(key)) for key in keys) or "NULL"
    return sql_condition(f"{column} IN ({written})", {})


def hide_values(sql: str) -> str:
    """The statement with its named places where PostgreSQL's planner does not look at them.

    It plans a statement anew each time that this seems to pay: that one word is rarer than words
    are, or one id fewer than ten. Planning a page took five times as long as finding its one task.
    """
    return _PLACE.sub(r"(SELECT %(\1)s\2)\2", sql) if connection.vendor == "postgresql" else sql


_PLACE = re.compile(r"%\((\w+)\)s((?:::\w+(?:\[\])?)?)")
