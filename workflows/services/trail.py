"""The one way into the trail: every row is stamped with the door by which its command came.

Requests write their rows with `case.write_trail`, maps with `write_definition_trail`; facts that
belong to no workflow, as rights and people, with `write_fact`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from workflows.models import TrailEvent, WorkflowInstance, WorkflowTemplate
from workflows.models.trail import known
from workflows.permissions import manages_as
from workflows.services.channel import door
from workflows.services.fastsql import insert_rows


def record(events: Iterable[TrailEvent]) -> None:
    """Write rows of the trail, in one statement. A command must be one that the trail knows."""
    way, rows = door(), list(events)
    for row in rows:
        known(row.command)
        row.channel, row.token, row.token_by = way.channel, way.token, way.token_by
    insert_rows(rows)


def write_fact(
    command: str,
    *,
    actor: User | None,
    now: datetime,
    changes: Mapping[str, Any] | None = None,
    comment: str = "",
    template: WorkflowTemplate | None = None,
    version: int | None = None,
    to_state: str = "",
    capacity: str | None = None,
) -> TrailEvent:
    """Record a command that is about no request: about a map, a right, a group, an account.

    `changes` says in codes and names what is other now. Called in the transaction of the change.
    `capacity` is asked of the workflow where it is not given.
    """
    if capacity is None:
        capacity = manages_as(actor, template) or "" if actor and template else ""
    event = TrailEvent(
        recorded_at=now,
        template=template,
        workflow=template.key if template else "",
        version=version,
        command=command,
        actor=actor,
        actor_name=actor.get_username() if actor else "",
        to_state=to_state,
        comment=comment,
        changes=dict(changes or {}),
        capacity=capacity,
    )
    record([event])
    return event


def write_about(
    request: WorkflowInstance,
    command: str,
    *,
    now: datetime,
    changes: Mapping[str, Any],
    comment: str = "",
) -> None:
    """Record what another request's command did with this one: nobody acted on it, and it stands
    where it stood."""
    event = TrailEvent(
        recorded_at=now,
        request=request,
        template_id=request.template_id,
        workflow=request.template.key,
        version=request.version.number,
        reference=request.reference,
        command=command,
        from_state=request.state,
        to_state=request.state,
        comment=comment,
        changes=dict(changes),
    )
    record([event])
