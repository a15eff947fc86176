"""Who stands in for whom, as pages, services and mails ask: read from the rows that the one rule
(`engine.authority.standing_in`) wrote."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from django.db.models import OuterRef, Prefetch, QuerySet

from workflows.access.conditions.stand_in_sql import (
    people_stood_in_for_in_workflow_sql,
    sql_moment,
)
from workflows.people.models import StandInPeriod, User


@dataclass(frozen=True, slots=True)
class AwayNote:
    """That somebody is away until a day (the last one), and who stands in, if anybody does."""

    until: date
    deputy: User | None


def find_people_stood_in_for(deputy_id: int, template_id: int, now: datetime) -> list[int]:
    """The ids of the people for whom somebody stands in now in a workflow. One statement."""
    places = {"user": deputy_id, "template": template_id, "now": sql_moment(now)}
    with connection.cursor() as cursor:
        cursor.execute(people_stood_in_for_in_workflow_sql(), places)
        return sorted(row[0] for row in cursor.fetchall())


class AwayNotes:
    """Who of some people is away just now."""

    def __init__(self, periods: Iterable[StandInPeriod] = ()) -> None:
        self._notes = {
            (row.person_id, row.workflow_id): AwayNote(row.absence.last_day, _active_deputy_of(row))
            for row in periods
        }

    def of(self, person_id: int | None, template_id: int | None = None) -> AwayNote | None:
        """That this person is away in a workflow, or (None) in all but those for which they named
        somebody else."""
        if person_id is None:
            return None
        for_it = self._notes.get((person_id, template_id))
        return for_it or self._notes.get((person_id, None))


def read_away_notes(person_ids: Iterable[int | None], now: datetime) -> AwayNotes:
    """Who of these people is away now. One statement, or none."""
    ids = {pk for pk in person_ids if pk is not None}
    return AwayNotes(current_periods(now).filter(person__in=ids) if ids else ())


def prefetch_absences(relation: str, now: datetime) -> Prefetch:
    """For a list of rows: with the people of a relation (or, without one, with these people) comes
    whether they are away now, for `away_note_of`. One statement, or none where there are no
    people."""
    path = f"{relation}__away_periods" if relation else "away_periods"
    return Prefetch(path, current_periods(now), to_attr="away_now")


def absences_of(relation: str, now: datetime) -> QuerySet[StandInPeriod]:
    """Of a row around: the periods of a person of its that run now, for an `Exists`."""
    return _periods_at(now).filter(person=OuterRef(relation))


def away_note_of(person: User | None, template_id: int) -> AwayNote | None:
    """That somebody is away in a workflow, where it came with them (`prefetch_absences`)."""
    if person is None:
        return None
    return AwayNotes(getattr(person, "away_now", ())).of(person.pk, template_id)


def keep_absences(people: Iterable[User], periods: Iterable[StandInPeriod]) -> None:
    """With these people comes whether they are away now, as `prefetch_absences` would have it, by
    periods that were read already. No statement."""
    by_person: dict[int, list[StandInPeriod]] = {}
    for period in periods:
        by_person.setdefault(period.person_id, []).append(period)
    for person in people:
        person.away_now = by_person.get(person.pk, [])  # type: ignore[attr-defined]


def current_periods(now: datetime) -> QuerySet[StandInPeriod]:
    """The periods of all people that run at a moment, with who stands in."""
    return _periods_at(now).select_related("absence", "deputy", "via", "via_next")


def _periods_at(now: datetime) -> QuerySet[StandInPeriod]:
    return StandInPeriod.objects.filter(begins_at__lte=now, ends_at__gt=now)


def find_deputies(person_ids: Collection[int], now: datetime, template_id: int) -> dict[int, User]:
    """Who stands in now in a workflow for those of these people who are away. One statement."""
    away = read_away_notes(person_ids, now)
    notes = {pk: away.of(pk, template_id) for pk in person_ids}
    return {pk: note.deputy for pk, note in notes.items() if note and note.deputy}


def _active_deputy_of(period: StandInPeriod) -> User | None:
    """Who stands in, unless their account, or one on the way to them, is closed."""
    people = [person for person in (period.via, period.via_next) if person is not None]
    is_open = all(person.is_active for person in people)
    deputy = period.deputy
    return deputy if deputy is not None and deputy.is_active and is_open else None
