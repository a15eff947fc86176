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
    least, most = ">=", "<"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, before = self.process_lhs(compiler, connection)
        place, [text] = self.process_rhs(compiler, connection)
        sql = f"({column} {self.least} {place} AND {column} {self.most} {place})"
        return sql, (*before, text, *before, f"{text}{LAST_CHARACTER}")

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """The same by the signs of its pattern operators, which no collation changes."""
        by_letters = Begins(self.lhs, self.rhs)
        by_letters.least, by_letters.most = "~>=~", "~<~"
        return by_letters.as_sql(compiler, connection)
