"""How PostgreSQL is to go about statements that it judges wrongly."""

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import Value
from django.db.models.expressions import RawSQL

from workflows.persistence.sql_text import sql_condition


class WrittenConstant(Value):
    """A code of ours that is written out in the statement, and not bound to it.

    PostgreSQL keeps one plan for what it is asked often, made without the bound values: it then
    takes a condition on two states for one that next to nothing meets, reads every request and
    sorts them; and a partial index whose condition is such a code is not for it to use.
    """

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        """The text between quotation marks."""
        text = str(self.value)
        if not text.isidentifier():
            raise ValueError(f"{text!r} is no code of ours")
        return f"'{text}'", ()


def written_out(codes: Iterable[str]) -> list[WrittenConstant]:
    """These codes, for an `__in`."""
    return [WrittenConstant(str(code)) for code in codes]


def is_one_of(column: str, ids: Iterable[int]) -> RawSQL:
    """A condition: a column has one of these keys. On PostgreSQL they are one value, so that the
    statement is the same however many they are, and its plan, dearer than its answer, is kept."""
    keys = sorted(ids)
    if connection.vendor == "postgresql":
        return sql_condition(f"{column} = ANY(%(keys)s::bigint[])", {"keys": keys})
    written = ", ".join(str(int(key)) for key in keys) or "NULL"
    return sql_condition(f"{column} IN ({written})", {})
