"""Writes who stands in for whom and when, as the one rule says, for queries to join."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection

from workflows.engine.authority.standing_in import (
    AwayTime,
    StandInTime,
    find_people_in_reach,
    find_stand_in_times,
    index_absences,
)
from workflows.people.models import Absence, StandInPeriod
from workflows.persistence.bulk_sql import insert_rows

LOCK = 7_205_339
"""One writer of absences at a time: what stands in is worked out from all of them."""


def lock_absences() -> None:
    """Wait until nobody else writes absences. On SQLite a transaction has the one lock anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def read_away_times(now: datetime) -> list[AwayTime]:
    """Every absence that is not over. Two statements."""
    rows = Absence.objects.filter(ends_at__gt=now).prefetch_related("workflows").order_by("pk")
    return [
        AwayTime(
            absence=row.pk,
            person=row.person_id,
            deputy=row.deputy_id,
            begins_at=row.begins_at,
            ends_at=row.ends_at,
            workflows=None if row.every_workflow else frozenset(w.pk for w in row.workflows.all()),
        )
        for row in rows
    ]


def work_out_periods(people: Collection[int], now: datetime) -> dict[int, list[StandInTime]]:
    """From now on: who stands in for each of these people, and for all for whom something else
    holds if it does for them. Two statements."""
    absences = index_absences(read_away_times(now))
    return {
        int(person): [
            period for period in find_stand_in_times(absences, person) if period.ends_at > now
        ]
        for person in find_people_in_reach(absences, people)
    }


def renew_stand_in_periods(people: Collection[int], now: datetime) -> list[StandInTime]:
    """Write anew who stands in for these people and whoever depends on them; what is over goes.
    To be called with the lock."""
    by_person = work_out_periods(people, now)
    StandInPeriod.objects.filter(person__in=by_person).delete()
    periods = [period for periods in by_person.values() for period in periods]
    insert_rows([_build_row(period) for period in periods])
    return periods


def _build_row(period: StandInTime) -> StandInPeriod:
    via, via_next, *_ = (*period.stand_in.passed, None, None)
    return StandInPeriod(
        absence_id=period.stand_in.absence,
        person_id=period.person,
        workflow_id=period.workflow,
        deputy_id=period.stand_in.deputy,
        via_id=via,
        via_next_id=via_next,
        begins_at=period.begins_at,
        ends_at=period.ends_at,
    )
