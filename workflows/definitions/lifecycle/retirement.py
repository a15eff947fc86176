"""Taking a workflow out of use: nothing starts on it any more; what runs ends in a named way."""

from datetime import datetime

from django.db import transaction

from workflows.access.permissions import may_manage
from workflows.definitions.lifecycle.pausing import clear_pause
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.services.publishing import write_definition_trail
from workflows.engine.errors import InvalidInput, NotAllowed, WrongState
from workflows.engine.routing.cancel_reasons import WorkflowWasRetired
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.execution.services.field_values.values import require_reason
from workflows.people.models import User
from workflows.persistence.row_history import write_history
from workflows.trail.choices import TrailCommand
from workflows.trail.fact_changes import RetirementRecorded

FINISH, CANCEL = "finish", "cancel"


def retire_workflow(
    template: WorkflowTemplate, *, actor: User | None, reason: str, running: str, now: datetime
) -> TemplateVersion:
    """Let nothing start on this workflow any more; gives the version that was in use.

    `running` says what becomes of requests under way: `finish` (they go on to their end on their
    version) or `cancel` (all are called off with the reason, in this transaction). Publishing a
    new version brings the workflow back. Raises NotAllowed, WrongState or InvalidInput.
    """
    reason = require_reason(reason)
    if running not in (FINISH, CANCEL):
        raise InvalidInput("Say what becomes of running requests: finish, or cancel.")
    with transaction.atomic():
        version = _lock_published_version(template, actor)
        version.supersede(now=now)
        TemplateVersion.objects.filter(pk=version.pk).update(
            state=version.state, superseded_at=version.superseded_at
        )
        write_history([("~", version)], by=actor, now=now, why="retire")
        clear_pause(version.template, actor=actor, now=now)
        under_way = _live_instance_ids(template)
        if running == CANCEL:
            for instance_id in under_way:
                requests.cancel(
                    instance_id, actor=actor, reason=reason, now=now, cause=WorkflowWasRetired()
                )
        write_definition_trail(
            version,
            TrailCommand.RETIRE,
            actor=actor,
            now=now,
            fact=RetirementRecorded(reason=reason, running=running, requests=len(under_way)),
        )
    return version


def _lock_published_version(template: WorkflowTemplate, actor: User | None) -> TemplateVersion:
    """The version in use, behind the lock that publishing takes too."""
    locked = WorkflowTemplate.objects.select_for_update().get(pk=template.pk)
    if actor is not None and not may_manage(actor, locked):
        raise NotAllowed("Only the owner or deputy of '%(name)s' may retire it.", name=locked.name)
    versions = locked.versions.select_related("template")
    version = versions.filter(state=TemplateVersion.PUBLISHED).first()
    if version is None:
        raise WrongState(
            "'%(name)s' has no published version; it is out of use already.", name=locked.name
        )
    return version


def _live_instance_ids(template: WorkflowTemplate) -> list[int]:
    """Requests that are not over, oldest first: locked in that order by whoever locks several."""
    running = WorkflowInstance.objects.running().filter(template=template)
    return list(running.order_by("pk").values_list("pk", flat=True))
