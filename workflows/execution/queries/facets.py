"""What is beside a request, read in one statement for the page that shows it.

A facet is declared beside the reader that answers with it: the rows of a queryset (`RowsFacet`), or
one value, mostly whether there is something (`Facet`). Whoever shows a request reads its facets
first (`read_facets`); for who does not, every reader asks the database by the same queryset.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet

from workflows.access.conditions.person_conditions import ANYBODY
from workflows.access.conditions.stand_in_sql import sql_moment
from workflows.execution.models import WorkflowInstance
from workflows.people.models import User
from workflows.persistence.json_rows import JsonRows
from workflows.persistence.prepared_queries import (
    ANY_MOMENT,
    ANY_ROW,
    PreparedQuery,
    place_of_moment,
)
from workflows.persistence.sql_text import compose_sql

Row = TypeVar("Row", bound=Model)


class _BesideRequest:
    """What may have been read beside a request, and kept with it."""

    def is_known_of(self, instance: WorkflowInstance, user: User | None = None) -> bool:
        """Whether it was read: of this person (`user`) where it is about who reads."""
        read_facets: _KnownFacets | None = getattr(instance, "known_facets", None)
        if read_facets is None or (user is not None and user.pk != read_facets.user_id):
            return False
        return self in read_facets.values

    def value_of(self, instance: WorkflowInstance) -> Any:
        """What was read."""
        return instance.known_facets.values[self]  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Facet(_BesideRequest):
    """One value, as an SQL expression with the places `%(request)s`, `%(version)s`, `%(template)s`,
    `%(requester)s`, `%(user)s` and `%(now)s`."""

    sql: str

    def is_absent(self, instance: WorkflowInstance, user: User | None = None) -> bool:
        """Whether it was read that there is none. What was not asked may be there."""
        return self.is_known_of(instance, user) and not self.value_of(instance)


class RowsFacet(_BesideRequest, Generic[Row]):
    """The rows of the queryset that `build` makes, in which `ANY_ROW` stands for the request,
    `ANYBODY` for who reads and `ANY_MOMENT` for now."""

    def __init__(self, build: Callable[[], QuerySet[Row]]) -> None:
        self._asked_alone, self._as_value = PreparedQuery(build), JsonRows(build, _named_places)

    @property
    def sql(self) -> str:
        """The rows as one value."""
        return self._as_value.sql

    def rows_of(
        self, instance: WorkflowInstance, user: User | None = None, now: datetime | None = None
    ) -> list[Row]:
        """The rows, in any order. No statement where they were read with the request (for `user`,
        where they hang on who reads); else one."""
        if not self.is_known_of(instance, user):
            places: dict[Any, Any] = {ANY_ROW: instance.pk}
            places |= {ANYBODY: user.pk} if user is not None else {}
            places |= place_of_moment(now) if now is not None else {}
            return self._asked_alone.rows(places)
        value = self.value_of(instance)
        if not isinstance(value, list):
            value = self._as_value.read(value)
            instance.known_facets.values[self] = value  # type: ignore[attr-defined]
        return list(value)


def _named_places() -> Mapping[Any, str]:
    return {ANY_ROW: "request", ANYBODY: "user", sql_moment(ANY_MOMENT): "now"}


@dataclass(frozen=True, slots=True)
class _KnownFacets:
    user_id: int
    values: dict[_BesideRequest, Any]


def facet_of_rows(*row_sources: str) -> Facet:
    """Whether one of these subqueries has a row."""
    conditions = (
        compose_sql("EXISTS (SELECT 1 FROM {source})", source=source) for source in row_sources
    )
    return Facet(" OR ".join(conditions))


def read_facets(
    instance: WorkflowInstance,
    facets: Sequence[Facet | RowsFacet[Any]],
    user: User,
    now: datetime,
) -> None:
    """Read these facets and keep them with the request. One statement."""
    places = {
        "request": instance.pk,
        "version": instance.version_id,
        "template": instance.template_id,
        "requester": instance.requester_id,
        "user": user.pk,
        "now": sql_moment(now),
    }
    columns = ", ".join(f"({facet.sql})" for facet in facets)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns}", places)
        values: dict[_BesideRequest, Any] = dict(zip(facets, cursor.fetchone(), strict=True))
    instance.known_facets = _KnownFacets(user.pk, values)  # type: ignore[attr-defined]
