"""Conditions that are the same for everybody but for who they are, made into SQL once a process.

What somebody may see is asked on every page, and takes more time to be written out than to be
answered.
"""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Expression, F, QuerySet
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from workflows.access.conditions.role_lookups import WayIntoRole, ways_into_roles
from workflows.access.conditions.stand_in_sql import sql_moment
from workflows.persistence.sql_constants import write_constants

if TYPE_CHECKING:
    from workflows.people.models import User

ANYBODY = -2_147_000_001
"""Stands for the person's id while the statement is written."""
THE_MOMENT = "the moment at which it is asked"
"""Stands for that moment while the statement is written."""
TABLE = "permitted"
"""What the statement calls its tables, so that none is taken for one of the statement around; the
first has the row that is asked about."""


def places_of(user_id: int) -> dict[int | str, Any]:
    """What stands there for one person, now."""
    return {ANYBODY: user_id, THE_MOMENT: sql_moment(timezone.now())}


def kind_of_reader(user: "User") -> tuple[bool, bool, tuple[WayIntoRole, ...]]:
    """What the statement that finds what a person may see hangs on, beside who they are."""
    return user.is_active, user.is_superuser, ways_into_roles()


def anybody(is_active: bool, is_superuser: bool) -> "User":
    """The person that stands for all of a kind while such a statement is written."""
    person: User = get_user_model()(pk=ANYBODY, is_active=is_active, is_superuser=is_superuser)
    return person


class PersonCondition:
    """Whether a row is among those that `rows_for` would give a person."""

    def __init__(self, rows_for: "Callable[[User], QuerySet[Any]]") -> None:
        self.rows_for = rows_for
        self._statements: dict[object, tuple[str, tuple[Any, ...]]] = {}

    def holds_for(self, user: "User") -> "ConditionSql":
        """The condition for `filter()`, on rows of the same model."""
        return ConditionSql(self, user.pk)

    def statement(self, using: str) -> tuple[str, tuple[Any, ...]]:
        """The SQL that finds the rows, and as its parameters the stand-ins."""
        key = (using, ways_into_roles())
        if key not in self._statements:
            rows = self.rows_for(get_user_model()(pk=ANYBODY)).order_by().values("pk")
            query = rows.query
            query.change_aliases({table: f"{TABLE}{n}" for n, table in enumerate(query.alias_map)})
            sql, parameters = query.get_compiler(using).as_sql()
            self._statements[key] = write_constants(sql, parameters, (ANYBODY, THE_MOMENT))
        return self._statements[key]

    def named_sql(self, using: str, row: str) -> str:
        """The same as SQL to be put together with other: the person is `%(user)s`, the moment
        `%(now)s`, and `row` what gives the row's key."""
        sql, parameters = self.statement(using)
        values = iter(parameters)
        named = re.sub("%[s%]", lambda place: _named(place[0], values), sql)
        return f"{named} AND {TABLE}0.id = {row}"


def _named(place: str, values: "Iterator[Any]") -> str:
    return {ANYBODY: "%(user)s", THE_MOMENT: "%(now)s"}[next(values)] if place == "%s" else place


class ConditionSql(Expression):
    """The condition for one person, wherever the statement around it names the row."""

    conditional = True

    def __init__(self, condition: PersonCondition, user_id: int) -> None:
        super().__init__(output_field=BooleanField())
        self.condition, self.user_id = condition, user_id
        self.row: Any = F("pk")

    def get_source_expressions(self) -> list[Any]:
        """The row's key."""
        return [self.row]

    def set_source_expressions(self, exprs: Any) -> None:
        """The row's key, as the statement around calls it."""
        (self.row,) = exprs

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        """EXISTS, by the row's key. What is written for anybody is for any moment, too."""
        sql, parameters = self.condition.statement(connection.alias)
        row_sql, row_parameters = compiler.compile(self.row)
        column = connections[connection.alias].ops.quote_name(self.row.target.column)
        places = {} if self.user_id == ANYBODY else places_of(self.user_id)
        filled_in = (places.get(value, value) for value in parameters)
        return f"EXISTS ({sql} AND {TABLE}0.{column} = {row_sql})", (*filled_in, *row_parameters)


class PeopleConditionSql(Expression):
    """The same condition the other way round: whether a person, whom a column of the statement
    around names, would be given this row.

    Not for a statement within another: its tables have short names, and the condition's own
    subqueries have the same.
    """

    conditional = True

    def __init__(self, condition: PersonCondition, row_id: int, person: str) -> None:
        super().__init__(output_field=BooleanField())
        self.condition, self.row_id = condition, row_id
        self.person: Any = F(person)

    def get_source_expressions(self) -> list[Any]:
        """The person's key."""
        return [self.person]

    def set_source_expressions(self, exprs: Any) -> None:
        """The person's key, as the statement around calls it."""
        (self.person,) = exprs

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        """EXISTS, with the person's column where the condition has the stand-in."""
        sql, parameters = self.condition.statement(connection.alias)
        person_sql, _ = compiler.compile(self.person)
        if self.person.alias != self.person.target.model._meta.db_table:
            raise ValueError(f"{person_sql} could be taken for a table of the condition itself")
        values = iter(parameters)
        parameters_left: list[Any] = []

        def fill_in(place: re.Match[str]) -> str:
            if place[0] != "%s":
                return place[0]
            value = next(values)
            if value == ANYBODY:
                return person_sql
            parameters_left.append(sql_moment(timezone.now()) if value == THE_MOMENT else value)
            return "%s"

        filled_sql = re.sub("%[s%]", fill_in, sql)
        return f"EXISTS ({filled_sql} AND {TABLE}0.id = %s)", (*parameters_left, self.row_id)
