"""A workflow that is paused: nothing starts on it, by any door, until it is resumed."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from workflows.engine.errors import InvalidInput, NotAllowed, WrongState
from workflows.models import TemplateVersion, TrailEvent, WorkflowInstance, WorkflowTemplate
from workflows.permissions import may_manage
from workflows.services import requests
from workflows.services.history import in_the_name_of
from workflows.services.trail import write_fact
from workflows.services.values import reason_given

GO_ON, SUSPEND = "go_on", "suspend"
"""What becomes of running requests while their workflow is paused."""
RESUME, LEAVE = "resume", "leave"
"""What becomes, when it is resumed, of those that the pause suspended."""


def pause(
    template: WorkflowTemplate, *, actor: User | None, reason: str, running: str, now: datetime
) -> WorkflowTemplate:
    """Let nothing start on this workflow until it is resumed.

    `running` says what becomes of requests under way: `go_on`, or `suspend` (each is suspended,
    in this transaction). Raises NotAllowed, WrongState or InvalidInput.
    """
    reason = reason_given(reason)
    if running not in (GO_ON, SUSPEND):
        raise InvalidInput("Say what becomes of running requests: go_on, or suspend.")
    with transaction.atomic():
        found, version = _locked(template, actor, "pause")
        if found.paused_at is not None:
            raise WrongState(f"'{found.name}' is paused already: {found.paused_reason}")
        if version is None:
            raise WrongState(f"'{found.name}' has no published version; nothing starts on it.")
        found.paused_at, found.paused_by, found.paused_reason = now, actor, reason
        _save(found, actor, now)
        held = _suspend_all(found, reason, now) if running == SUSPEND else 0
        changes = {"reason": reason, "running": running, "suspended": held}
        _record("pause_workflow", found, version, actor, now, changes)
    return found


def resume(
    template: WorkflowTemplate, *, actor: User | None, reason: str, running: str, now: datetime
) -> WorkflowTemplate:
    """Let requests start again; `running` says whether those that the pause suspended go on as
    well (`resume`) or stay as they are (`leave`)."""
    reason = reason_given(reason)
    if running not in (RESUME, LEAVE):
        raise InvalidInput("Say what becomes of suspended requests: resume, or leave.")
    with transaction.atomic():
        found, version = _locked(template, actor, "resume")
        if found.paused_at is None:
            raise WrongState(f"'{found.name}' is not paused.")
        held = suspended_by_pause(found) if running == RESUME else []
        since = found.paused_at
        no_longer_paused(found, actor=actor, now=now)
        for pk in held:
            requests.resume(pk, actor=None, reason=f"The workflow was resumed: {reason}", now=now)
        changes = {"reason": reason, "running": running, "resumed": len(held),
                   "paused_at": since.isoformat()}  # fmt: skip
        _record("resume_workflow", found, version, actor, now, changes)
    return found


def no_longer_paused(template: WorkflowTemplate, *, actor: User | None, now: datetime) -> None:
    """Take the pause off a workflow whose row the caller has locked."""
    if template.paused_at is not None:
        template.paused_at, template.paused_by, template.paused_reason = None, None, ""
        _save(template, actor, now)


def suspended_by_pause(template: WorkflowTemplate) -> list[int]:
    """The requests that the pause of now suspended and nobody has touched since; oldest first."""
    if template.paused_at is None:
        return []
    halted = TrailEvent.objects.filter(
        template=template, command="suspend", recorded_at=template.paused_at, request__isnull=False
    ).values_list("request_id", flat=True)
    since = TrailEvent.objects.filter(
        template=template, command__in=("suspend", "resume"), recorded_at__gt=template.paused_at,
        request__isnull=False,
    ).values_list("request_id", flat=True)  # fmt: skip
    still = WorkflowInstance.objects.filter(
        pk__in=halted, template=template, state=WorkflowInstance.SUSPENDED
    )
    return list(still.exclude(pk__in=since).order_by("pk").values_list("pk", flat=True))


def note_skipped(version: TemplateVersion, *, planned: datetime, now: datetime) -> None:
    """Record that a start fell due while the workflow was paused, and that it is not made up."""
    write_fact(
        "skip_start",
        actor=None,
        now=now,
        template=version.template,
        version=version.number,
        changes={"planned": planned.isoformat(), "code": "workflow_paused"},
    )


def _locked(
    template: WorkflowTemplate, actor: User | None, what: str
) -> tuple[WorkflowTemplate, TemplateVersion | None]:
    """The workflow, locked against starts too, and its published version."""
    found = WorkflowTemplate.objects.select_for_update().get(pk=template.pk)
    if actor is not None and not may_manage(actor, found):
        raise NotAllowed(f"Only the owner or deputy of '{found.name}' may {what} it.")
    return found, found.versions.filter(state=TemplateVersion.PUBLISHED).first()


def _save(template: WorkflowTemplate, actor: User | None, now: datetime) -> None:
    in_the_name_of(template, actor, now)
    template.save(update_fields=["paused_at", "paused_by", "paused_reason"])


def _suspend_all(template: WorkflowTemplate, reason: str, now: datetime) -> int:
    """Suspend what runs, in the workflow's name: the trail has who paused it in its own row."""
    rows = WorkflowInstance.objects.filter(template=template, state=WorkflowInstance.RUNNING)
    found = list(rows.order_by("pk").values_list("pk", flat=True))
    for pk in found:
        requests.suspend(pk, actor=None, reason=f"The workflow was paused: {reason}", now=now)
    return len(found)


def _record(
    command: str,
    template: WorkflowTemplate,
    version: TemplateVersion | None,
    actor: User | None,
    now: datetime,
    changes: dict[str, object],
) -> None:
    write_fact(
        command,
        actor=actor,
        now=now,
        template=template,
        version=version.number if version else None,
        to_state="paused" if template.paused_at else "in use",
        changes=changes,
    )
