"""When requests are to start by the calendar: `triggers: {kind: schedule, cron: …}`.

The next start of each schedule is one message of the outbox. When it is delivered it writes the
one after it, so a clock that was down starts what it missed: in order, each once. Each moment
belongs to the version that was in force at it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from cronsim import CronSim, CronSimError
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.compiled_versions import get_version_map
from workflows.engine.format.definition import TriggerDef
from workflows.engine.format.trigger_kinds import SCHEDULE
from workflows.outbox.models import TAKEN, WAITING, OutboxMessage
from workflows.outbox.payloads import SchedulePayload, read_payload
from workflows.outbox.services import messages as outbox
from workflows.outbox.services.heartbeats import open_round_units

MINUTE = "%Y-%m-%dT%H:%M"
OWED = timedelta(days=7)
"""So far back a version that never had a start written down makes up for what it missed."""


def next_start(cron: str, after: datetime) -> datetime | None:
    """The first moment after `after` that the cron expression names, in the site's time zone;
    none if there is none within 50 years. Raises ValueError on what is no cron expression."""
    return next(iter(next_starts(cron, after, 1)), None)


def next_starts(cron: str, after: datetime, count: int) -> list[datetime]:
    """The first moments after `after` that the cron expression names, so many at most. Raises
    ValueError on what is no cron expression."""
    try:
        moments = CronSim(cron, after.astimezone(timezone.get_default_timezone()))
    except CronSimError as problem:
        raise ValueError(
            gettext("'%(cron)s' is no schedule: %(problem)s") % {"cron": cron, "problem": problem}
        ) from None
    return [moment.astimezone(UTC) for moment in islice(moments, count)]


def ensure_schedules(*, now: datetime) -> int:
    """Make sure that each schedule of each published version has its next start in the outbox;
    returns how many were missing. A version whose schedules cannot be read stops no other."""
    missing = 0
    with open_round_units("keep-schedules", now) as versions:
        published = TemplateVersion.objects.filter(
            state=TemplateVersion.PUBLISHED, start_triggers__isnull=False
        )
        for pk in published.order_by("pk").values_list("pk", flat=True):
            with versions.isolate_unit(f"version {pk}"):
                missing += _ensure_version_schedules(
                    published.select_related("template").get(pk=pk), now
                )
    return missing


def _ensure_version_schedules(version: TemplateVersion, now: datetime) -> int:
    """Write the starts that are missing, from where this version's own time began: a clock that
    was down since then has lost none."""
    missing = 0
    for number, trigger in schedules_of(version):
        own = OutboxMessage.objects.filter(key__startswith=_message_key(version, number))
        if not own.filter(state__in=(WAITING, TAKEN)).exists():
            after = max(_last_planned(own) or version.published_at or now, now - OWED)
            missing += _put_next(version, number, trigger, after=after, now=now)
    return missing


def _message_key(version: TemplateVersion, number: int) -> str:
    return f"schedule:{version.pk}:{number}:"


def _last_planned(messages: QuerySet[OutboxMessage]) -> datetime | None:
    """The last moment of a schedule that was ever written down, from the messages' keys."""
    last = messages.aggregate(last=Max("key"))["last"]
    return datetime.strptime(last.split(":", 3)[3], MINUTE).replace(tzinfo=UTC) if last else None


def schedules_of(version: TemplateVersion) -> Iterator[tuple[int, TriggerDef]]:
    """The schedules among a version's triggers, with their places."""
    start = get_version_map(version).graph.definition.start
    for number, trigger in enumerate((start.triggers if start else None) or []):
        if trigger.kind == SCHEDULE:
            yield number, trigger


def planning_version(message: OutboxMessage) -> tuple[TemplateVersion, TriggerDef | None]:
    """The version that planned the moment, and its schedule."""
    payload = read_payload(message, SchedulePayload)
    version = TemplateVersion.objects.select_related("template").get(pk=payload.version)
    return version, dict(schedules_of(version)).get(payload.trigger)


def was_in_force(version: TemplateVersion, moment: datetime) -> bool:
    """Whether this moment is the version's to start: later ones are those of the next version."""
    return version.superseded_at is None or moment <= version.superseded_at


def continue_schedule(message: OutboxMessage, now: datetime) -> None:
    """Write down the moment after this one, whether or not this one could be used: by the version
    that planned it as long as it was in force, even where it is not any more by now."""
    version, trigger = planning_version(message)
    if trigger is not None:
        number = read_payload(message, SchedulePayload).trigger
        _put_next(version, number, trigger, after=planned_moment(message), now=now)


def planned_moment(message: OutboxMessage) -> datetime:
    """The moment that the message stands for, however late it is delivered."""
    return read_payload(message, SchedulePayload).at


def _put_next(
    version: TemplateVersion, number: int, trigger: TriggerDef, *, after: datetime, now: datetime
) -> int:
    moment = next_start(trigger.cron or "", after)
    if moment is None or not was_in_force(version, moment):
        return 0
    outbox.enqueue_message(
        SchedulePayload(version=version.pk, trigger=number, at=moment),
        now=now,
        run_after=moment,
        key=_message_key(version, number) + moment.strftime(MINUTE),
    )
    return 1
