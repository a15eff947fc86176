"""Absences as their pages show them."""

from datetime import datetime

from django.db.models import QuerySet

from workflows.engine.errors import NotFound
from workflows.people.models import Absence, StandInPeriod, User


def current_absences_of(person: User, now: datetime) -> QuerySet[Absence]:
    """The absences of a person that are not over, the first of them first, with who stands in
    when (`periods`). Three statements."""
    rows = Absence.objects.filter(person=person, ended_at=None, ends_at__gt=now)
    periods = "periods__deputy", "periods__workflow"
    joined = rows.select_related("person", "deputy").prefetch_related("workflows", *periods)
    return joined.order_by("first_day", "pk")


def find_own_absence(person: User, absence_id: int) -> Absence:
    """An absence of this person. Raises NotFound for those of others."""
    absence = Absence.objects.filter(person=person, pk=absence_id).first()
    if absence is None:
        raise NotFound("There is no such absence, or it is not yours to change.")
    return absence


def periods_of_standing_in(person: User, now: datetime) -> QuerySet[StandInPeriod]:
    """When this person stands in for whom, from now on. One statement."""
    rows = StandInPeriod.objects.filter(deputy=person, ends_at__gt=now, person__is_active=True)
    return rows.select_related("person", "workflow").order_by("begins_at", "pk")
