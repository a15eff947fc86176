"""Requests that start by the calendar: `triggers: {kind: schedule, cron: …}`.

The next start of each schedule is one message of the outbox. When it is delivered it writes the
one after it, so a clock that was down starts what it missed: in order, each once. Each moment
belongs to the version that was in force at it, and starts on the version of now.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from cronsim import CronSim, CronSimError
from django.db.models import Max, QuerySet
from django.utils import timezone

from workflows.engine.definition import TriggerDef
from workflows.engine.errors import WorkflowPaused, WrongState
from workflows.models import OutboxMessage, TemplateVersion, WorkflowInstance
from workflows.models.outbox import TAKEN, WAITING
from workflows.services import outbox, requests
from workflows.services.heartbeats import units
from workflows.services.maps import map_of
from workflows.services.pausing import note_skipped
from workflows.services.whom import tell_of

MINUTE = "%Y-%m-%dT%H:%M"
OWED = timedelta(days=7)
"""So far back a version that never had a start written down makes up for what it missed."""


def next_start(cron: str, after: datetime) -> datetime | None:
    """The first moment after `after` that the cron expression names, in the site's time zone;
    none if there is none within 50 years. Raises ValueError on what is no cron expression."""
    try:
        moments = CronSim(cron, after.astimezone(timezone.get_default_timezone()))
    except CronSimError as problem:
        raise ValueError(f"'{cron}' is no schedule: {problem}") from None
    moment = next(moments, None)
    return None if moment is None else moment.astimezone(UTC)


def ensure_schedules(*, now: datetime) -> int:
    """Make sure that each schedule of each published version has its next start in the outbox;
    returns how many were missing. A version whose schedules cannot be read stops no other."""
    missing = 0
    with units("keep-schedules", now) as versions:
        published = TemplateVersion.objects.filter(
            state=TemplateVersion.PUBLISHED, start_triggers__isnull=False
        )
        for pk in published.order_by("pk").values_list("pk", flat=True):
            with versions.one(f"version {pk}"):
                missing += _ensure(published.select_related("template").get(pk=pk), now)
    return missing


def _ensure(version: TemplateVersion, now: datetime) -> int:
    """Write the starts that are missing, from where this version's own time began: a clock that
    was down since then has lost none."""
    missing = 0
    for number, trigger in schedules_of(version):
        own = OutboxMessage.objects.filter(key__startswith=_key(version, number))
        if not own.filter(state__in=(WAITING, TAKEN)).exists():
            after = max(_last_planned(own) or version.published_at or now, now - OWED)
            missing += _put_next(version, number, trigger, after=after, now=now)
    return missing


def _key(version: TemplateVersion, number: int) -> str:
    return f"schedule:{version.pk}:{number}:"


def _last_planned(messages: QuerySet[OutboxMessage]) -> datetime | None:
    """The last moment of a schedule that was ever written down, from the messages' keys."""
    last = messages.aggregate(last=Max("key"))["last"]
    return datetime.strptime(last.split(":", 3)[3], MINUTE).replace(tzinfo=UTC) if last else None


def schedules_of(version: TemplateVersion) -> Iterator[tuple[int, TriggerDef]]:
    """The schedules among a version's triggers, with their places."""
    start = map_of(version).graph.definition.start
    for number, trigger in enumerate((start.triggers if start else None) or []):
        if trigger.kind == "schedule":
            yield number, trigger


def start_scheduled(message: OutboxMessage, now: datetime) -> None:
    """Start the request of one moment. What is owed is owed by the workflow: a moment that fell
    due while an older version was in force starts on the version of now.

    Raises the errors of `requests.start_on`, and WrongState where the workflow is out of use by
    now. The next moment is `continue_schedule`'s.
    """
    planned_by, trigger = _planned_by(message)
    if trigger is None or not _was_in_force(planned_by, _planned(message)):
        return
    version = _version_of_now(planned_by)
    data = trigger.data if version == planned_by else _same(version, trigger).data
    planned = timezone.localtime(_planned(message))
    try:
        requests.start_on(
            version,
            actor=None,
            now=now,
            data=data or {},
            title=f"{version.name}, {planned:%Y-%m-%d %H:%M}"[:200],
            source=WorkflowInstance.SCHEDULE,
        )
    except WorkflowPaused:  # its owner said so: it is noted, and nobody is told once more
        note_skipped(version, planned=planned, now=now)


def _planned_by(message: OutboxMessage) -> tuple[TemplateVersion, TriggerDef | None]:
    """The version that planned the moment, and its schedule."""
    said = message.payload
    version = TemplateVersion.objects.select_related("template").get(pk=said["version"])
    return version, dict(schedules_of(version)).get(said["trigger"])


def _was_in_force(version: TemplateVersion, moment: datetime) -> bool:
    """Whether this moment is the version's to start: later ones are those of the next version."""
    return version.superseded_at is None or moment <= version.superseded_at


def _version_of_now(planned_by: TemplateVersion) -> TemplateVersion:
    if planned_by.state == TemplateVersion.PUBLISHED:
        return planned_by
    template = planned_by.template
    version = template.versions.filter(state=TemplateVersion.PUBLISHED).first()
    if version is None:
        raise WrongState(f"'{template.name}' is out of use; nothing starts on it any more.")
    version.template = template
    return version


def _same(version: TemplateVersion, before: TriggerDef) -> TriggerDef:
    """The schedule of a newer version that stands for this one: with the same cron, else the only
    one; where there is none, the older one's data hold."""
    now = [trigger for _, trigger in schedules_of(version)]
    alike = [one for one in now if one.cron == before.cron] or (now if len(now) == 1 else [])
    return alike[0] if alike else before


def continue_schedule(message: OutboxMessage, now: datetime) -> None:
    """Write down the moment after this one, whether or not this one could be used: by the version
    that planned it as long as it was in force, even where it is not any more by now."""
    version, trigger = _planned_by(message)
    if trigger is not None:
        _put_next(version, message.payload["trigger"], trigger, after=_planned(message), now=now)


def _planned(message: OutboxMessage) -> datetime:
    """The moment that the message stands for, however late it is delivered."""
    return datetime.fromisoformat(message.payload["at"])


def _put_next(
    version: TemplateVersion, number: int, trigger: TriggerDef, *, after: datetime, now: datetime
) -> int:
    moment = next_start(trigger.cron or "", after)
    if moment is None or not _was_in_force(version, moment):
        return 0
    outbox.put(
        OutboxMessage.SCHEDULE,
        now=now,
        run_after=moment,
        key=_key(version, number) + moment.strftime(MINUTE),
        version=version.pk,
        trigger=number,
        at=moment.isoformat(),
    )
    return 1


def tell_owners(message: OutboxMessage, why: str, now: datetime) -> None:
    """Tell those who answer for the workflow that a start was refused."""
    version = TemplateVersion.objects.select_related("template").get(pk=message.payload["version"])
    tell_of(
        version.template,
        now,
        subject=f"'{version.name}' could not be started",
        text=f"A request that was due could not be started: {why}",
    )
