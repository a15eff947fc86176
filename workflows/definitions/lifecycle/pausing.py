"""A workflow that is paused: nothing starts on it, by any door, until it is resumed."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_noop

from workflows.access.permissions import may_manage
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.engine.errors import InvalidInput, NotAllowed, WrongState
from workflows.engine.routing.cancel_reasons import WorkflowWasPaused, WorkflowWasResumed
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.execution.services.field_values.values import require_reason
from workflows.people.models import User
from workflows.persistence.row_history import attribute_history_to
from workflows.trail.choices import TrailCommand
from workflows.trail.fact_changes import FactChanges, PauseBegun, PauseEnded, StartSkipped
from workflows.trail.models import TrailEvent
from workflows.trail.services.recording import write_fact

GO_ON, SUSPEND = "go_on", "suspend"
"""What becomes of running requests while their workflow is paused."""
RESUME, LEAVE = "resume", "leave"
"""What becomes, when it is resumed, of those that the pause suspended."""


def pause_workflow(
    template: WorkflowTemplate, *, actor: User | None, reason: str, running: str, now: datetime
) -> WorkflowTemplate:
    """Let nothing start on this workflow until it is resumed.

    `running` says what becomes of requests under way: `go_on`, or `suspend` (each is suspended,
    in this transaction). Raises NotAllowed, WrongState or InvalidInput.
    """
    reason = require_reason(reason)
    if running not in (GO_ON, SUSPEND):
        raise InvalidInput("Say what becomes of running requests: go_on, or suspend.")
    with transaction.atomic():
        locked_template, version = _lock_workflow(
            template, actor, gettext_noop("Only the owner or deputy of '%(name)s' may pause it.")
        )
        _require_pausable(locked_template, version)
        locked_template.paused_at, locked_template.paused_by = now, actor
        locked_template.paused_reason = reason
        _save_pause(locked_template, actor, now)
        held = _suspend_all(locked_template, reason, now) if running == SUSPEND else 0
        fact = PauseBegun(reason=reason, running=running, suspended=held)
        _record_pause_change(
            TrailCommand.PAUSE_WORKFLOW, locked_template, version, actor, now, fact
        )
    return locked_template


def _require_pausable(template: WorkflowTemplate, version: TemplateVersion | None) -> None:
    if template.paused_at is not None:
        raise WrongState(
            "'%(name)s' is paused already: %(paused_reason)s",
            name=template.name,
            paused_reason=template.paused_reason,
        )
    if version is None:
        raise WrongState(
            "'%(name)s' has no published version; nothing starts on it.", name=template.name
        )


def resume_workflow(
    template: WorkflowTemplate, *, actor: User | None, reason: str, running: str, now: datetime
) -> WorkflowTemplate:
    """Let requests start again; `running` says whether those that the pause suspended go on as
    well (`resume`) or stay as they are (`leave`)."""
    reason = require_reason(reason)
    if running not in (RESUME, LEAVE):
        raise InvalidInput("Say what becomes of suspended requests: resume, or leave.")
    with transaction.atomic():
        locked_template, version = _lock_workflow(
            template, actor, gettext_noop("Only the owner or deputy of '%(name)s' may resume it.")
        )
        if locked_template.paused_at is None:
            raise WrongState("'%(name)s' is not paused.", name=locked_template.name)
        held = instances_suspended_by_pause(locked_template) if running == RESUME else []
        since = locked_template.paused_at
        clear_pause(locked_template, actor=actor, now=now)
        for pk in held:
            requests.resume(pk, actor=None, reason=reason, now=now, cause=WorkflowWasResumed())
        fact = PauseEnded(
            reason=reason, running=running, resumed=len(held), paused_at=since.isoformat()
        )
        _record_pause_change(
            TrailCommand.RESUME_WORKFLOW, locked_template, version, actor, now, fact
        )
    return locked_template


def clear_pause(template: WorkflowTemplate, *, actor: User | None, now: datetime) -> None:
    """Take the pause off a workflow whose row the caller has locked."""
    if template.paused_at is not None:
        template.paused_at, template.paused_by, template.paused_reason = None, None, ""
        _save_pause(template, actor, now)


def instances_suspended_by_pause(template: WorkflowTemplate) -> list[int]:
    """The requests that the pause of now suspended and nobody has touched since; oldest first."""
    if template.paused_at is None:
        return []
    halted = TrailEvent.objects.filter(
        template=template,
        command=TrailCommand.SUSPEND,
        recorded_at=template.paused_at,
        request__isnull=False,
    ).values_list("request_id", flat=True)
    since = TrailEvent.objects.filter(
        template=template,
        command__in=(TrailCommand.SUSPEND, TrailCommand.RESUME),
        recorded_at__gt=template.paused_at,
        request__isnull=False,
    ).values_list("request_id", flat=True)
    still_suspended = WorkflowInstance.objects.filter(
        pk__in=halted, template=template, state=WorkflowInstance.SUSPENDED
    )
    return list(still_suspended.exclude(pk__in=since).order_by("pk").values_list("pk", flat=True))


def record_skipped_start(version: TemplateVersion, *, planned: datetime, now: datetime) -> None:
    """Record that a start fell due while the workflow was paused, and that it is not made up."""
    write_fact(
        TrailCommand.SKIP_START,
        actor=None,
        now=now,
        template=version.template,
        version=version.number,
        fact=StartSkipped(planned=planned.isoformat(), code="workflow_paused"),
    )


def _lock_workflow(
    template: WorkflowTemplate, actor: User | None, refusal: str
) -> tuple[WorkflowTemplate, TemplateVersion | None]:
    """The workflow, locked against starts too, and its published version."""
    # With its key, unlike publishing: a pause waits for the starts that are under way.
    locked_template = WorkflowTemplate.objects.select_for_update().get(pk=template.pk)
    if actor is not None and not may_manage(actor, locked_template):
        raise NotAllowed(refusal, name=locked_template.name)
    return locked_template, locked_template.versions.filter(state=TemplateVersion.PUBLISHED).first()


def _save_pause(template: WorkflowTemplate, actor: User | None, now: datetime) -> None:
    attribute_history_to(template, actor, now)
    template.save(update_fields=["paused_at", "paused_by", "paused_reason"])


def _suspend_all(template: WorkflowTemplate, reason: str, now: datetime) -> int:
    """Suspend what runs, in the workflow's name: the trail has who paused it in its own row."""
    rows = WorkflowInstance.objects.filter(template=template, state=WorkflowInstance.RUNNING)
    instance_ids = list(rows.order_by("pk").values_list("pk", flat=True))
    for pk in instance_ids:
        requests.suspend(pk, actor=None, reason=reason, now=now, cause=WorkflowWasPaused())
    return len(instance_ids)


def _record_pause_change(
    command: TrailCommand,
    template: WorkflowTemplate,
    version: TemplateVersion | None,
    actor: User | None,
    now: datetime,
    fact: FactChanges,
) -> None:
    write_fact(
        command,
        actor=actor,
        now=now,
        template=template,
        version=version.number if version else None,
        to_state="paused" if template.paused_at else "in use",
        fact=fact,
    )
