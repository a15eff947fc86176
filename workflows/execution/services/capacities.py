"""In which capacity somebody acts on a request: found by the check that lets them, kept for the
trail."""

from collections.abc import Mapping

from workflows.access.permissions import management_capacity
from workflows.engine.authority import decision_guards as permits
from workflows.engine.errors import NotAllowed
from workflows.engine.texts import Text
from workflows.execution.models import WorkItem
from workflows.execution.queries.actor_facets import capacity_over
from workflows.execution.services.unit_of_work import ActingCapacity, UnitOfWork
from workflows.people.models import User
from workflows.people.queries.eligibility import added_role_of
from workflows.trail.choices import TrailCapacity


def authorize_steering(work: UnitOfWork, otherwise: Text, *steps: str) -> None:
    """The actor steers the request, at these steps, as who answers for its workflow; NotAllowed
    for everybody else (`otherwise` is the sentence), and for whom separation of duties keeps from
    it. The clock, the worker and the command line steer as nobody."""
    if work.actor is None:
        return
    capacity = management_capacity(work.actor, work.instance.template)
    if capacity is None:
        raise NotAllowed(otherwise)
    refusal = find_steering_refusal(work, work.actor, *steps)
    if refusal is not None:
        raise refusal
    work.acting = ActingCapacity(capacity)


def find_steering_refusal(work: UnitOfWork, user: User, *steps: str) -> NotAllowed | None:
    """Why separation of duties keeps this person from steering the request at these steps, or
    None. Asked by the services, and by the pages for their buttons."""
    return permits.steering_refusal(work.map.graph, work.marking, user.pk, steps)


def collect_barred_step_ids(work: UnitOfWork, user: User) -> frozenset[int]:
    """The steps (by the ids of their rows) at which this person may not steer the request."""
    ids = work.map.step_ids.items()
    return frozenset(pk for key, pk in ids if find_steering_refusal(work, user, key) is not None)


def may_steer_request(work: UnitOfWork, user: User, *steps: str) -> bool:
    """Whether this person answers for the workflow and may steer this request at these steps."""
    manages = capacity_over(work.instance, user) is not None
    return manages and find_steering_refusal(work, user, *steps) is None


def determine_work_capacity(
    work: UnitOfWork,
    item: WorkItem,
    person: User,
    *,
    step: str,
    outcome: str,
    roles: Mapping[str, bool],
    by_role: bool,
) -> ActingCapacity:
    """As what the actor works on a task that they may work on: by the outcome's own role, by the
    step's (`by_role`), because it was escalated to them, or because they stand in: put into the
    task by hand, or for a `person` who is away (else that is the actor).

    `roles` says of the roles that the step's outcomes name whether the person is in them.
    """
    own = _capacity_of(work, item, person, step, outcome, roles, by_role=by_role)
    if work.actor is None or person.pk == work.actor.pk:
        return own
    return ActingCapacity(TrailCapacity.STAND_IN, own.role, person)


def _capacity_of(
    work: UnitOfWork,
    item: WorkItem,
    person: User,
    step: str,
    outcome: str,
    roles: Mapping[str, bool],
    *,
    by_role: bool,
) -> ActingCapacity:
    """As what a person would work on the task by themselves."""
    route = work.map.human(step).outcomes.get(outcome)
    if route is not None and route.role:
        return ActingCapacity(TrailCapacity.ROLE, route.role)
    token = work.marking.token(item.activation)
    if token is not None and person.pk in token.extras:
        return ActingCapacity(TrailCapacity.ADDED)
    if by_role:
        return ActingCapacity(TrailCapacity.ROLE, work.map.human(step).role or "")
    added_as = added_role_of(work, item, person)
    if added_as is not None:
        return (
            ActingCapacity(TrailCapacity.ESCALATION, str(added_as))
            if added_as
            else ActingCapacity(TrailCapacity.STAND_IN)
        )
    held_role = next((key for key, is_in in roles.items() if is_in), None)
    return ActingCapacity(TrailCapacity.ROLE, held_role or "")
