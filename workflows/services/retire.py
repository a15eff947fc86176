"""Taking a workflow out of use: nothing starts on it any more; what runs ends in a named way."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from workflows.engine.errors import InvalidInput, NotAllowed, WrongState
from workflows.models import TemplateVersion, WorkflowInstance, WorkflowTemplate
from workflows.permissions import may_manage
from workflows.services import requests
from workflows.services.definitions import write_definition_trail
from workflows.services.history import write_history
from workflows.services.pausing import no_longer_paused
from workflows.services.values import reason_given

FINISH, CANCEL = "finish", "cancel"


def retire(
    template: WorkflowTemplate, *, actor: User | None, reason: str, running: str, now: datetime
) -> TemplateVersion:
    """Let nothing start on this workflow any more; gives the version that was in use.

    `running` says what becomes of requests under way: `finish` (they go on to their end on their
    version) or `cancel` (all are called off with the reason, in this transaction). Publishing a
    new version brings the workflow back. Raises NotAllowed, WrongState or InvalidInput.
    """
    reason = reason_given(reason)
    if running not in (FINISH, CANCEL):
        raise InvalidInput("Say what becomes of running requests: finish, or cancel.")
    with transaction.atomic():
        version = _published(template, actor)
        version.supersede(now=now)
        TemplateVersion.objects.filter(pk=version.pk).update(
            state=version.state, superseded_at=version.superseded_at
        )
        write_history([("~", version)], by=actor, now=now, why="retire")
        no_longer_paused(version.template, actor=actor, now=now)
        under_way = _under_way(template)
        if running == CANCEL:
            for request in under_way:
                requests.cancel(request, actor=actor, reason=f"Retired: {reason}", now=now)
        write_definition_trail(
            version,
            "retire",
            actor=actor,
            now=now,
            changes={"reason": reason, "running": running, "requests": len(under_way)},
        )
    return version


def _published(template: WorkflowTemplate, actor: User | None) -> TemplateVersion:
    """The version in use, behind the lock that publishing takes too."""
    locked = WorkflowTemplate.objects.select_for_update().get(pk=template.pk)
    if actor is not None and not may_manage(actor, locked):
        raise NotAllowed(f"Only the owner or deputy of '{locked.name}' may retire it.")
    versions = locked.versions.select_related("template")
    version = versions.filter(state=TemplateVersion.PUBLISHED).first()
    if version is None:
        raise WrongState(f"'{locked.name}' has no published version; it is out of use already.")
    return version


def _under_way(template: WorkflowTemplate) -> list[int]:
    """Requests that are not over, oldest first: locked in that order by whoever locks several."""
    running = WorkflowInstance.objects.running().filter(template=template)
    return list(running.order_by("pk").values_list("pk", flat=True))
