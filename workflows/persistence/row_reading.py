"""Rows that a queryset reads though it did not write or run the statement: what of Django's inside
the statements that are kept hang on."""

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Field, Model, QuerySet

Row = TypeVar("Row", bound=Model)


class RowReader(Generic[Row]):
    """The SQL of a queryset, and its compiler, which knows how the rows are read.

    Of Django's inside few names are used, and no data of theirs but the columns (`select`): a
    queryset asks its query for a compiler (`get_compiler`) and reads the rows of its SQL
    (`as_sql`), or what it has run (`execute_sql`), each value converted as the database and the
    fields say (`get_converters`, kept since finding them takes longer than the answer). What is
    joined and put beside a row stays between those two.
    """

    def __init__(self, queryset: QuerySet[Row], *, has_named_columns: bool = False) -> None:
        self.model = queryset.model
        self.compiler: Any = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        self.sql, self.parameters = self.compiler.as_sql(with_col_aliases=has_named_columns)
        self.converters: Any = None

    def named_columns(self) -> list[tuple[str, Field]]:
        """What the columns are called (`has_named_columns`), in order, with their fields."""
        return [(name, column.output_field) for column, _, name in self.compiler.select]

    def rows_of_sql(self, sql: str, parameters: Sequence[Any]) -> list[Row]:
        """The rows of this SQL, which is the queryset's with other values. One statement."""
        return self._read("as_sql", lambda: (sql, parameters))

    def rows_of_records(self, records: Sequence[Sequence[Any]]) -> list[Row]:
        """The rows of what the database gave already, column by column. No statement."""
        return self._read("execute_sql", lambda **_: [records])

    def _read(self, name: str, answer: Callable[..., Any]) -> list[Row]:
        """Each use has a compiler of its own, since threads share the SQL but no connection."""
        compiler = copy(self.compiler)
        compiler.connection = connections[DEFAULT_DB_ALIAS]
        compiler.get_converters = self._find_converters
        setattr(compiler, name, answer)
        query: Any = _WrittenQuery(compiler)
        return list(QuerySet(self.model, query, DEFAULT_DB_ALIAS))

    def _find_converters(self, columns: Any) -> Any:
        """Those of the statement's columns, which are the same each time."""
        if self.converters is None:
            self.converters = self.compiler.get_converters(columns)
        return self.converters


class _WrittenQuery:
    """What a queryset asks when it reads rows."""

    def __init__(self, compiler: Any) -> None:
        self.compiler = compiler

    def get_compiler(self, using: str) -> Any:
        """The compiler with its SQL; there is one database."""
        return self.compiler
