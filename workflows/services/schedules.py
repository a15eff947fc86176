"""Requests that start by the calendar: `triggers: {kind: schedule, cron: …}`.

The next start of each schedule is one message of the outbox. When it is delivered it writes the
one after it, so a clock that was down starts what it missed: in order, each once.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from cronsim import CronSim, CronSimError
from django.utils import timezone

from workflows.engine.definition import TriggerDef
from workflows.models import OutboxMessage, TemplateVersion, WorkflowInstance
from workflows.services import outbox, requests
from workflows.services.maps import map_of


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
    returns how many were missing."""
    missing = 0
    waiting = set(
        OutboxMessage.objects.filter(
            kind=OutboxMessage.SCHEDULE, state__in=("waiting", "taken")
        ).values_list("payload__version", "payload__trigger")
    )
    published = TemplateVersion.objects.filter(
        state=TemplateVersion.PUBLISHED, start_triggers__isnull=False
    )
    for version in published.select_related("template"):
        for number, trigger in schedules_of(version):
            if (version.pk, number) not in waiting:
                missing += _put_next(version, number, trigger, after=now, now=now)
    return missing


def schedules_of(version: TemplateVersion) -> Iterator[tuple[int, TriggerDef]]:
    """The schedules among a version's triggers, with their places."""
    start = map_of(version).graph.definition.start
    for number, trigger in enumerate((start.triggers if start else None) or []):
        if trigger.kind == "schedule":
            yield number, trigger


def start_scheduled(message: OutboxMessage, now: datetime) -> None:
    """Start the request of one moment; a version that is not published any more starts nothing.

    Raises the errors of `requests.start_on`. The next moment is `continue_schedule`'s.
    """
    said = message.payload
    version = TemplateVersion.objects.select_related("template").get(pk=said["version"])
    triggers = dict(schedules_of(version))
    if version.state != TemplateVersion.PUBLISHED or said["trigger"] not in triggers:
        return
    trigger = triggers[said["trigger"]]
    planned = timezone.localtime(_planned(message))
    requests.start_on(
        version,
        actor=None,
        now=now,
        data=trigger.data or {},
        title=f"{version.name}, {planned:%Y-%m-%d %H:%M}"[:200],
        source=WorkflowInstance.SCHEDULE,
    )


def continue_schedule(message: OutboxMessage, now: datetime) -> None:
    """Write down the moment after this one, whether or not this one could be used."""
    said = message.payload
    version = TemplateVersion.objects.select_related("template").get(pk=said["version"])
    trigger = dict(schedules_of(version)).get(said["trigger"])
    if version.state == TemplateVersion.PUBLISHED and trigger is not None:
        _put_next(version, said["trigger"], trigger, after=_planned(message), now=now)


def _planned(message: OutboxMessage) -> datetime:
    """The moment that the message stands for, however late it is delivered."""
    return datetime.fromisoformat(message.payload["at"])


def _put_next(
    version: TemplateVersion, number: int, trigger: TriggerDef, *, after: datetime, now: datetime
) -> int:
    moment = next_start(trigger.cron or "", after)
    if moment is None:
        return 0
    outbox.put(
        OutboxMessage.SCHEDULE,
        now=now,
        run_after=moment,
        key=f"schedule:{version.pk}:{number}:{moment:%Y-%m-%dT%H:%M}",
        version=version.pk,
        trigger=number,
        at=moment.isoformat(),
    )
    return 1


def tell_owners(message: OutboxMessage, why: str, now: datetime) -> None:
    """Tell the workflow's owner and deputy that a start was refused."""
    version = TemplateVersion.objects.select_related("template").get(pk=message.payload["version"])
    template = version.template
    for person in (template.owner_id, template.deputy_id):
        if person is not None:
            outbox.put(
                OutboxMessage.MAIL,
                now=now,
                to=person,
                subject=f"'{version.name}' could not be started",
                text=f"A request that was due could not be started: {why}",
            )
