"""A lookup of text by its beginning that an index of the column serves, on every database.

Django's `startswith` reads all rows on SQLite, and on PostgreSQL where a plan is kept for any word.
"""

from typing import Any

from django.db.models import Lookup

LAST_CHARACTER = "\U0010ffff"


class Begins(Lookup):
    """The column begins with a text, letter by letter: `word__begins="mü"`. PostgreSQL needs an
    index of the column with `varchar_pattern_ops`."""

    lookup_name = "begins"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Between the text and the last that begins so."""
        column, before = self.process_lhs(compiler, connection)
        place, [text] = self.process_rhs(compiler, connection)
        least, most = range_of_beginning(str(text))
        sql = begins_sql(column, place, place, connection.vendor)
        return sql, (*before, least, *before, most)


def begins_sql(column: str, least: str, most: str, vendor: str) -> str:
    """The condition; `least` and `most` are the places of what `range_of_beginning` gives. On
    PostgreSQL by the signs of its pattern operators, which no collation changes."""
    from_sign, below_sign = ("~>=~", "~<~") if vendor == "postgresql" else (">=", "<")
    return f"({column} {from_sign} {least} AND {column} {below_sign} {most})"


def range_of_beginning(text: str) -> tuple[str, str]:
    """The texts between which all lie that begin with this one."""
    return text, f"{text}{LAST_CHARACTER}"
