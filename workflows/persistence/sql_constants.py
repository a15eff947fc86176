"""Values that are the same each time, written into a statement.

As parameters they cost more than the statement: SQLite reads a statement anew each time that
something is put where an index of some rows alone (`WHERE state = 'open'`) has a value, and
PostgreSQL does not use such an index in a plan that it keeps.
"""

import re
from collections.abc import Container, Sequence
from typing import Any


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
        return _literal(value)

    return re.sub("%[s%]", write, sql), tuple(parameters_left)


def _literal(value: str | int) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(int(value))
    escaped = str(value).replace("'", "''").replace("%", "%%")
    return f"'{escaped}'"
