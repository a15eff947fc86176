"""What there is beside a request, asked in one statement: a page reads of it only what is there.

A facet is a piece of SQL beside the reader that it spares a statement. Whoever shows a request
reads its facets first (`read_facets`); for who does not, every reader asks the database as ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from workflows.access.conditions.stand_in_sql import sql_moment
from workflows.execution.models import WorkflowInstance
from workflows.people.models import User
from workflows.persistence.sql_text import compose_sql


@dataclass(frozen=True, slots=True)
class Facet:
    """One value beside a request, as an SQL expression with the places `%(request)s`,
    `%(version)s`, `%(template)s`, `%(requester)s`, `%(user)s` and `%(now)s`."""

    sql: str

    def is_known_of(self, instance: WorkflowInstance, user: User | None = None) -> bool:
        """Whether it was read: of this person (`user`) where it is about who reads."""
        read_facets: _KnownFacets | None = getattr(instance, "known_facets", None)
        if read_facets is None or (user is not None and user.pk != read_facets.user_id):
            return False
        return self in read_facets.values

    def value_of(self, instance: WorkflowInstance) -> Any:
        """What was read."""
        return instance.known_facets.values[self]  # type: ignore[attr-defined]

    def is_absent(self, instance: WorkflowInstance, user: User | None = None) -> bool:
        """Whether it was read that there is none. What was not asked may be there."""
        return self.is_known_of(instance, user) and not self.value_of(instance)


@dataclass(frozen=True, slots=True)
class _KnownFacets:
    user_id: int
    values: dict[Facet, Any]


def facet_of_rows(*row_sources: str) -> Facet:
    """Whether one of these subqueries has a row."""
    conditions = (
        compose_sql("EXISTS (SELECT 1 FROM {source})", source=source) for source in row_sources
    )
    return Facet(" OR ".join(conditions))


def read_facets(
    instance: WorkflowInstance, facets: Sequence[Facet], user: User, now: datetime
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
        values = dict(zip(facets, cursor.fetchone(), strict=True))
    instance.known_facets = _KnownFacets(user.pk, values)  # type: ignore[attr-defined]
