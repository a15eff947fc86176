"""When somebody's next digest is due: at their hour, in their zone, on a working day.

A day is one on which any of the site's calendars of their zone has work.
"""

from datetime import datetime, time, timedelta

from workflows.calendars.queries.working_calendars import site_calendars_in
from workflows.engine.timing.working_time import Calendar
from workflows.language.readers import zone_of
from workflows.notices.models import NoticeSettings
from workflows.people.models import User

USUAL_HOUR = 8
ONE_DAY = timedelta(days=1)
LONGEST_WAIT = 31
"""After so many days without work a digest comes all the same."""


def next_digest_at(person: User, settings: NoticeSettings | None, now: datetime) -> datetime:
    """The first moment after now at which the person gets a digest."""
    zone = zone_of(person)
    hour = settings.digest_hour if settings is not None else USUAL_HOUR
    today = now.astimezone(zone).date()
    calendars = site_calendars_in(zone)
    moments = (
        datetime.combine(today + number * ONE_DAY, time(hour), zone)
        for number in range(LONGEST_WAIT)
    )
    coming = [moment for moment in moments if moment > now]
    return next((moment for moment in coming if _has_work(calendars, moment)), coming[-1])


def _has_work(calendars: list[Calendar], moment: datetime) -> bool:
    midnight = datetime.combine(moment.date(), time(), moment.tzinfo)
    return any(
        calendar.between(midnight, midnight + ONE_DAY) > timedelta() for calendar in calendars
    )
