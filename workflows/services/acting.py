"""In which capacity somebody acts on a request: found by the check that lets them, kept for the
trail."""

from collections.abc import Mapping

from django.contrib.auth.models import User

from workflows.engine import permits
from workflows.engine.errors import NotAllowed
from workflows.models import WorkItem
from workflows.permissions import manages_as
from workflows.services.case import Acting, Case


def steering(case: Case, otherwise: str, *steps: str) -> None:
    """The actor steers the request, at these steps, as who answers for its workflow; NotAllowed
    for everybody else (`otherwise` is the sentence), and for whom separation of duties keeps from
    it. The clock, the worker and the command line steer as nobody."""
    if case.actor is None:
        return
    capacity = manages_as(case.actor, case.instance.template)
    if capacity is None:
        raise NotAllowed(otherwise)
    refused = why_not_steer(case, case.actor, *steps)
    if refused is not None:
        raise refused
    case.acting = Acting(capacity)


def why_not_steer(case: Case, user: User, *steps: str) -> NotAllowed | None:
    """Why separation of duties keeps this person from steering the request at these steps, or
    None. Asked by the services, and by the pages for their buttons."""
    return permits.why_not_steer(case.map.graph, case.marking, user.pk, steps)


def barred_here(case: Case, user: User) -> frozenset[int]:
    """The steps (by the ids of their rows) at which this person may not steer the request."""
    ids = case.map.step_ids.items()
    return frozenset(pk for key, pk in ids if why_not_steer(case, user, key) is not None)


def may_steer(case: Case, user: User, *steps: str) -> bool:
    """Whether this person answers for the workflow and may steer this request at these steps."""
    manages = manages_as(user, case.instance.template) is not None
    return manages and why_not_steer(case, user, *steps) is None


def working(
    case: Case, item: WorkItem, step: str, outcome: str, roles: Mapping[str, bool], *, by_role: bool
) -> Acting:
    """As what the actor works on a task that they may work on: by the outcome's own role, by the
    step's (`by_role`), because it was escalated to them, or because they stand in.

    `roles` says of the roles that the step's outcomes name whether the actor is in them.
    """
    way = case.map.human(step).outcomes.get(outcome)
    if way is not None and way.role:
        return Acting("role", way.role)
    if by_role:
        return Acting("role", case.map.human(step).role or "")
    added = getattr(item, "added", None)
    if added is not None:
        return Acting("escalation", str(added)) if added else Acting("stand_in")
    held = next((key for key, is_in in roles.items() if is_in), None)
    return Acting("role", held or "")
