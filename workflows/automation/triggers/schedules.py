"""Start the requests that are due by the calendar, each on the version of now."""

from datetime import datetime

from django.utils import timezone

from workflows.definitions.lifecycle.pausing import record_skipped_start
from workflows.definitions.models import TemplateVersion
from workflows.definitions.services.schedule_planning import (
    planned_moment,
    planning_version,
    schedules_of,
    was_in_force,
)
from workflows.engine.errors import WorkflowPaused, WrongState
from workflows.engine.format.definition import TriggerDef
from workflows.engine.texts import Text, text
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.notices.choices import NoticeEvent
from workflows.outbox.models import OutboxMessage
from workflows.people.queries.owners import find_trigger_owners
from workflows.people.services.recipients import mail_about_workflow


def start_scheduled(message: OutboxMessage, now: datetime) -> None:
    """Start the request of one moment. What is owed is owed by the workflow: a moment that fell
    due while an older version was in force starts on the version of now.

    Raises the errors of `requests.start_on`, and WrongState where the workflow is out of use by
    now. The next moment is `continue_schedule`'s.
    """
    planned_by, trigger = planning_version(message)
    if trigger is None or not was_in_force(planned_by, planned_moment(message)):
        return
    version = _version_of_now(planned_by)
    data = trigger.data if version == planned_by else _matching_trigger(version, trigger).data
    planned = timezone.localtime(planned_moment(message))
    try:
        requests.start_on_version(
            version,
            actor=None,
            now=now,
            data=data or {},
            title=f"{version.name}, {planned:%Y-%m-%d %H:%M}"[:200],
            source=WorkflowInstance.SCHEDULE,
        )
    except WorkflowPaused:  # its owner said so: it is noted, and nobody is told once more
        record_skipped_start(version, planned=planned, now=now)


def _version_of_now(planned_by: TemplateVersion) -> TemplateVersion:
    if planned_by.state == TemplateVersion.PUBLISHED:
        return planned_by
    template = planned_by.template
    version = template.versions.filter(state=TemplateVersion.PUBLISHED).first()
    if version is None:
        raise WrongState(
            "'%(name)s' is out of use; nothing starts on it any more.", name=template.name
        )
    version.template = template
    return version


def _matching_trigger(version: TemplateVersion, before: TriggerDef) -> TriggerDef:
    """The schedule of a newer version that stands for this one: with the same cron, else the only
    one; where there is none, the older one's data hold."""
    current_triggers = [trigger for _, trigger in schedules_of(version)]
    alike = [candidate for candidate in current_triggers if candidate.cron == before.cron] or (
        current_triggers if len(current_triggers) == 1 else []
    )
    return alike[0] if alike else before


def notify_of_refused_start(
    version_id: int, why: Text | str, now: datetime, *, trigger: int | None = None
) -> None:
    """Tell those who answer for the workflow, and for the trigger where it has owners of its own,
    that a start was refused."""
    version = TemplateVersion.objects.select_related("template").get(pk=version_id)
    mail_about_workflow(
        version.template,
        now,
        event=NoticeEvent.START_REFUSED,
        subject=text("'%(workflow)s' could not be started", workflow=version.name),
        text=text("A request that was due could not be started: %(problem)s", problem=why),
        also=find_trigger_owners(version_id, trigger) if trigger is not None else (),
    )
