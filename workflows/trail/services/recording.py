"""The one way into the trail: every row is stamped with the door by which its command came.

Requests write their rows with `case.write_trail`, maps with `write_definition_trail`; facts that
belong to no workflow, as rights and people, with `write_fact`.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from workflows.access.permissions import management_capacity
from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models import WorkflowInstance
from workflows.outbox.services.messages import wake_workers
from workflows.people.models import User
from workflows.persistence.bulk_sql import insert_rows
from workflows.trail.choices import TrailCapacity, TrailCommand
from workflows.trail.fact_changes import FactChanges, fact_to_changes
from workflows.trail.models import TrailEvent
from workflows.trail.services.channel import current_channel


def write_trail_rows(events: Iterable[TrailEvent]) -> None:
    """Write rows of the trail, in one statement. A command must be one that the trail knows."""
    origin, rows = current_channel(), list(events)
    for row in rows:
        row.command = TrailCommand(row.command).value
        row.channel, row.token, row.token_by = origin.channel, origin.token, origin.token_by
    insert_rows(rows)
    if any(row.request_id is not None for row in rows):
        # A trigger has made messages of them: somebody may have to be told.
        transaction.on_commit(wake_workers)


def write_fact(
    command: TrailCommand,
    *,
    actor: User | None,
    now: datetime,
    fact: FactChanges | None = None,
    comment: str = "",
    template: WorkflowTemplate | None = None,
    version: int | None = None,
    to_state: str = "",
    capacity: TrailCapacity | None = None,
) -> TrailEvent:
    """Record a command that is about no request: about a map, a right, a group, an account.

    `fact` says in codes and names what is other now. Called in the transaction of the change.
    `capacity` is asked of the workflow where it is not given.
    """
    event = TrailEvent(
        recorded_at=now,
        **_workflow_columns(template, version),
        **_actor_columns(actor),
        command=command,
        to_state=to_state,
        comment=comment,
        changes=fact_to_changes(command, fact),
        capacity=_known_capacity(capacity, actor, template) or "",
    )
    write_trail_rows([event])
    return event


def _known_capacity(
    capacity: TrailCapacity | None, actor: User | None, template: WorkflowTemplate | None
) -> TrailCapacity | None:
    if capacity is None and actor and template:
        return management_capacity(actor, template)
    return capacity


def _workflow_columns(template: WorkflowTemplate | None, version: int | None) -> dict[str, Any]:
    workflow = template.key if template else ""
    return {"template": template, "workflow": workflow, "version": version}


def _actor_columns(actor: User | None) -> dict[str, Any]:
    return {"actor": actor, "actor_name": actor.get_username() if actor else ""}


def write_instance_fact(
    instance: WorkflowInstance,
    command: TrailCommand,
    *,
    now: datetime,
    fact: FactChanges,
    comment: str = "",
    actor: User | None = None,
    capacity: TrailCapacity | None = None,
) -> None:
    """Record what left a request where it stood: another request's command (then nobody acted on
    it), or somebody's that is beside its course."""
    event = TrailEvent(
        recorded_at=now,
        **_actor_columns(actor),
        capacity=capacity or "",
        request=instance,
        template_id=instance.template_id,
        workflow=instance.template.key,
        version=instance.version.number,
        reference=instance.reference,
        command=command,
        from_state=instance.state,
        to_state=instance.state,
        comment=comment,
        changes=fact_to_changes(command, fact),
    )
    write_trail_rows([event])
