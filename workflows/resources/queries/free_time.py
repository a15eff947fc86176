"""What is free of a resource: at how many a time others have it, and how much a budget has left."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F, Q, QuerySet

from workflows.calendars.queries.working_calendars import site_calendar
from workflows.people.models import Absence
from workflows.resources.choices import LIVE_STATES, HoldPurpose
from workflows.resources.models import Hold, Resource

EDGE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """So many of a resource are had from one moment until another."""

    starts: datetime
    ends: datetime
    count: int


def find_bookings(spans: Iterable[tuple[int, datetime, datetime]]) -> list[Hold]:
    """What is held of resources (by their ids) within these spans, by whomever. One statement, or
    none."""
    wanted = Q()
    for resource, starts, ends in spans:
        wanted |= Q(resource=resource, starts_at__lt=ends, ends_at__gt=starts)
    if not wanted:
        return []
    rows = Hold.objects.filter(wanted, purpose=HoldPurpose.BOOKS, state__in=LIVE_STATES)
    return list(rows.order_by("starts_at", "pk"))


def most_taken(taken: Sequence[Taken], starts: datetime, ends: datetime) -> int:
    """How many of a resource are had at once at most within a span."""
    inside = [one for one in taken if one.starts < ends and one.ends > starts]
    moments = {starts, *(one.starts for one in inside if one.starts > starts)}
    return max(
        sum(one.count for one in inside if one.starts <= moment < one.ends) for moment in moments
    )


def is_open_for(
    resource: Resource, starts: datetime, ends: datetime, *, whole_days: bool = False
) -> bool:
    """Whether a resource may be booked then by its calendar: a booking begins and ends in its
    hours; of whole days some are worked in."""
    if not resource.calendar:
        return True
    calendar = site_calendar(resource.calendar)
    if whole_days:
        return calendar.between(starts, ends) > timedelta()
    edge = min(EDGE, ends - starts)
    begins = calendar.between(starts, starts + edge) == edge
    return begins and calendar.between(ends - edge, ends) == edge


def is_away(resource: Resource, starts: datetime, ends: datetime) -> bool:
    """Whether a resource is somebody who is away for a part of this time. One statement, or none
    where it is nobody."""
    return resource.person_id is not None and away_times(resource, starts, ends).exists()


def away_times(resource: Resource, starts: datetime, ends: datetime) -> QuerySet[Absence]:
    """When the person whose time a resource is is away within a span, the first of it first."""
    rows = Absence.objects.filter(person=resource.person_id, begins_at__lt=ends, ends_at__gt=starts)
    was_not_called_off = Q(ends_at__gt=F("begins_at"))
    return rows.filter(was_not_called_off).order_by("begins_at", "pk")
