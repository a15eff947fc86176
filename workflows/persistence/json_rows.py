"""The rows of a queryset as one value of a wider statement: what a page shows of many kinds is read
at once, and each kind is still said by its own queryset.

The rows come as JSON, column by column, and are made into the same objects, joined rows and
annotations with them, as the queryset would make. Floats come with 15 digits.
"""

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet
from django.utils.dateparse import parse_date, parse_datetime

from workflows.persistence.row_reading import RowReader
from workflows.persistence.sql_constants import write_constants
from workflows.persistence.sql_text import compose_sql

Row = TypeVar("Row", bound=Model)

MOST_COLUMNS = 127
"""So many values go into one array on SQLite."""
_WRITTEN_AS_TEXT = ("DecimalField", "JSONField")
"""What PostgreSQL's JSON would say otherwise than its driver does."""
_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "DateTimeField": parse_datetime,
    "DateField": parse_date,
    "DecimalField": Decimal,
}
"""What PostgreSQL's driver gives as objects; of SQLite the fields read texts themselves."""
_NOT_CARRIED = ("BinaryField", "DurationField", "TimeField", "UUIDField")


class JsonRows(Generic[Row]):
    """The rows of the queryset that `build` makes, with stand-ins where the values are that change
    from time to time; `names` gives for each stand-in the named place that it is to have."""

    def __init__(
        self, build: Callable[[], QuerySet[Row]], names: Callable[[], Mapping[Any, str]]
    ) -> None:
        self._build, self._names = build, names
        self._sql = ""
        self._reader: RowReader[Row] | None = None
        self._parsers: dict[int, Callable[[str], Any]] = {}

    @property
    def sql(self) -> str:
        """The SQL of the value, in brackets."""
        if not self._sql:
            self._write_out()
        return self._sql

    def read(self, value: str | None) -> list[Row]:
        """The rows in such a value."""
        records = self._records(value)
        if not records:
            return []
        assert self._reader is not None
        return self._reader.rows_of_records(records)

    def _records(self, value: str | None) -> list[list[Any]]:
        if value is None:
            return []
        records = json.loads(value)
        if connections[DEFAULT_DB_ALIAS].vendor == "sqlite":
            return list(records)
        return [self._parse_values(list(record.values())) for record in records]

    def _parse_values(self, values: list[Any]) -> list[Any]:
        for place, parse in self._parsers.items():
            if values[place] is not None:
                values[place] = parse(values[place])
        return values

    def _write_out(self) -> None:
        reader, names = RowReader(self._build(), has_named_columns=True), self._names()
        sql, stand_ins = write_constants(reader.sql, reader.parameters, names)
        kinds = [(name, field.get_internal_type()) for name, field in reader.named_columns()]
        refused = [kind for _, kind in kinds if kind in _NOT_CARRIED]
        if refused or len(kinds) > MOST_COLUMNS or not all(value in names for value in stand_ins):
            raise ValueError(f"the rows of {self._build.__qualname__} do not go into JSON")
        self._parsers = {
            place: _PARSERS[kind] for place, (_, kind) in enumerate(kinds) if kind in _PARSERS
        }
        self._reader = reader
        self._sql = _aggregate_sql(_name_places(sql, [names[value] for value in stand_ins]), kinds)


def _name_places(sql: str, names: list[str]) -> str:
    left = iter(names)
    return re.sub("%[s%]", lambda at: f"%({next(left)})s" if at[0] == "%s" else at[0], sql)


def _aggregate_sql(rows: str, kinds: list[tuple[str, str]]) -> str:
    """One value of these rows; `kinds` are their columns in order, with the types of their fields.
    PostgreSQL makes an object of a row, for a function takes a hundred values there."""
    if connections[DEFAULT_DB_ALIAS].vendor == "sqlite":
        columns = ", ".join(f'"{alias}"' for alias, _ in kinds)
        template = "(SELECT json_group_array(json_array({columns})) FROM ({rows}) listed)"
        return compose_sql(template, columns=columns, rows=rows)
    columns = ", ".join(
        f'"{alias}"::text AS "{alias}"' if kind in _WRITTEN_AS_TEXT else f'"{alias}"'
        for alias, kind in kinds
    )
    template = (
        "(SELECT json_agg(written)::text FROM (SELECT {columns} FROM ({rows}) listed) written)"
    )
    return compose_sql(template, columns=columns, rows=rows)
