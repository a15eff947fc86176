"""Values that are the same each time, written into a statement and not bound to it.

As parameters they cost more than the statement: SQLite reads a statement anew each time that
something is put where an index of some rows alone (`WHERE state = 'open'`) has a value. PostgreSQL
keeps one plan for what it is asked often, made without the bound values: such an index is not for
that plan to use, and a condition on two states is taken for one that next to nothing meets.
"""

import re
from collections.abc import Container, Iterable, Sequence
from typing import Any

from django.db.models.expressions import RawSQL

from workflows.persistence.sql_text import sql_expression


def written_out(codes: Iterable[str]) -> list[RawSQL]:
    """These codes of ours, for an `__in` of a queryset that is not kept."""
    return [sql_expression(_write_literal(str(code)), {}) for code in codes]


def write_constants(
    sql: str, parameters: Sequence[Any], stand_ins: Container[Any]
) -> tuple[str, tuple[Any, ...]]:
    """The statement with all codes and numbers in it but these, and what is left of parameters."""
    values, parameters_left = iter(parameters), []

    def write(place: re.Match[str]) -> str:
        if place[0] != "%s":
            return place[0]
        value = next(values)
        if not isinstance(value, str | int) or value in stand_ins:
            parameters_left.append(value)
            return "%s"
        return _write_literal(value)

    return re.sub("%[s%]", write, sql), tuple(parameters_left)


def _write_literal(value: str | int) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(int(value))
    escaped = str(value).replace("'", "''").replace("%", "%%")
    return f"'{escaped}'"
