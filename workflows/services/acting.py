"""In which capacity somebody acts on a request: found by the check that lets them, kept for the
trail."""

from collections.abc import Mapping

from workflows.engine.errors import NotAllowed
from workflows.models import WorkItem
from workflows.permissions import manages_as
from workflows.services.case import Acting, Case


def steering(case: Case, otherwise: str) -> None:
    """The actor steers the request as who answers for its workflow; else NotAllowed(`otherwise`).
    The clock, the worker and the command line steer as nobody."""
    if case.actor is None:
        return
    capacity = manages_as(case.actor, case.instance.template)
    if capacity is None:
        raise NotAllowed(otherwise)
    case.acting = Acting(capacity)


def working(
    case: Case, item: WorkItem, step: str, outcome: str, roles: Mapping[str, bool], *, by_role: bool
) -> Acting:
    """As what the actor works on a task that they may work on: by the outcome's own role, by the
    step's (`by_role`), because it was escalated to them, or because it was put into their hands.

    `roles` says of the roles that the step's outcomes name whether the actor is in them.
    """
    way = case.map.human(step).outcomes.get(outcome)
    if way is not None and way.role:
        return Acting("role", way.role)
    if by_role:
        return Acting("role", case.map.human(step).role or "")
    added = getattr(item, "added", None)
    if added is not None:
        return Acting("escalation", str(added))
    held = next((key for key, is_in in roles.items() if is_in), None)
    if held is not None and not outcome:
        return Acting("role", held)
    return Acting("assigned")
