"""The trail of a request: one row a command, of what its unit of work has collected."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from workflows.execution.models import WorkItem
from workflows.execution.services.unit_of_work.unit import UnitOfWork
from workflows.trail.choices import TrailCommand
from workflows.trail.models import TrailEvent
from workflows.trail.services.recording import write_trail_rows


def serialize_votes(item: WorkItem) -> list[dict[str, Any]]:
    """Every vote of a step that several people decide, in their order: by whom (and, where
    somebody stood in, for whom), what, when."""
    return [
        {name: vote[name] for name in ("by", "acted_for", "outcome", "comment") if name in vote}
        | {"at": _format_vote_moment(vote["at"])}
        for vote in item.votes
    ]


def _format_vote_moment(at: datetime | str) -> str:
    """A vote that was just given has its time, one that was read from the row its text."""
    moment = at if isinstance(at, datetime) else datetime.fromisoformat(at)
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def write_trail(
    work: UnitOfWork,
    command: TrailCommand,
    *,
    item: WorkItem | None = None,
    activation: int | None = None,
    step: str = "",
    from_state: str = "",
    outcome: str = "",
    comment: str = "",
    seen: Mapping[str, Any] | None = None,
) -> TrailEvent:
    """The one function that writes the trail of a request: one row a command. In which capacity
    the actor acted, and for whom, is what the check found that let them (`work.acting`)."""
    if work.acting.acted_for is not None:
        work.changes.facts.acted_for = work.acting.acted_for.pk
    event = TrailEvent(
        **_request_columns(work),
        **_actor_columns(work),
        **{"step": step, "activation": activation} | _task_columns(work, item, command),
        command=command,
        from_state=from_state,
        outcome=outcome,
        comment=comment,
        seen=seen or {},
    )
    write_trail_rows([event])
    return event


def _request_columns(work: UnitOfWork) -> dict[str, Any]:
    return {
        "recorded_at": work.now,
        "request": work.instance,
        "template_id": work.instance.template_id,
        "workflow": work.map.graph.definition.key,
        "version": work.map.number,
        "reference": work.instance.reference,
        "changes": work.changes.to_json(),
    }


def _actor_columns(work: UnitOfWork) -> dict[str, Any]:
    return {
        "actor": work.actor,
        "actor_name": work.actor.get_username() if work.actor else "",
        "role": work.acting.role,
        "capacity": work.acting.capacity or "",
        "acted_for": work.acting.acted_for.get_username() if work.acting.acted_for else "",
    }


def _task_columns(work: UnitOfWork, item: WorkItem | None, command: TrailCommand) -> dict[str, Any]:
    """What the trail says of the task; without one it says how the request stands."""
    if item is None:
        return {
            "round": None,
            "work_item": None,
            "to_state": work.instance.state,
            "document_versions": {},
            "votes": [],
        }
    return {
        "step": work.map.step_keys[item.step_id],
        "activation": item.activation,
        "round": item.round,
        "work_item": item.pk,
        "to_state": item.state,
        "document_versions": item.document_versions,
        "votes": serialize_votes(item) if command == TrailCommand.DECIDE else [],
    }
