"""In whose right somebody acts on a task: their own, or that of a person who is away and for whom
they stand in. Every command and every button asks here."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from workflows.definitions.queries.compiled_versions import map_of_step
from workflows.engine.authority.decision_guards import (
    DecisionContext,
    acting_refusal,
    choose_context,
    has_standing,
    open_outcomes,
)
from workflows.engine.format.definition import RouteDef
from workflows.engine.routing.rows import read_rows
from workflows.execution.models import ASKED, WorkItem
from workflows.execution.queries.closed_tasks import describe_closed_task
from workflows.execution.queries.instance_record import find_away_note_beside
from workflows.execution.services.capacities import determine_work_capacity
from workflows.execution.services.unit_of_work import ActingCapacity, UnitOfWork
from workflows.people.models import User
from workflows.people.queries.eligibility import (
    is_in_role,
    is_in_step_role,
    may_act_by_addition,
    quorum_roles_of,
)
from workflows.people.queries.person_names import full_name_of, name_with_absence
from workflows.people.queries.stand_ins import find_people_stood_in_for


def decision_situation(
    work: UnitOfWork,
    item: WorkItem | None,
    work_item_id: int,
    actor: User,
    outcome: str,
    writes: Mapping[str, Any],
) -> DecisionContext:
    """What the guards need to know of who would decide so, from what the unit of work has locked:
    of the actor, or (`acted_for`) of who is away and whose task it is."""
    if item is None:
        return _closed_situation(work, work_item_id, actor, writes)
    own = _situation_of(work, item, actor, outcome, writes, actor)
    if has_standing(own, outcome):
        return own
    stand_in_situations = [
        _situation_of(work, item, actor, outcome, writes, person)
        for person in people_stood_in_for(work, actor)
    ]
    return choose_context([own, *stand_in_situations], outcome)


def people_stood_in_for(work: UnitOfWork, actor: User) -> list[User]:
    """The people for whom somebody stands in just now in this workflow; for the actor of a command
    no statement where there is nobody, else one, once a command."""
    is_actor = work.actor is not None and work.actor.pk == actor.pk
    if not is_actor:
        ids = find_people_stood_in_for(actor.pk, work.instance.template_id, work.now)
        return _people_of(ids)
    if work.stood_in_for is None:
        template_id = work.instance.template_id
        work.stood_in_for = tuple(find_people_stood_in_for(actor.pk, template_id, work.now))
    if work.stood_in_people is None:
        work.stood_in_people = _people_of(work.stood_in_for)
    return work.stood_in_people


def _people_of(ids: list[int] | tuple[int, ...]) -> list[User]:
    return list(User.objects.filter(pk__in=ids).order_by("pk")) if ids else []


def _closed_situation(
    work: UnitOfWork, work_item_id: int, actor: User, writes: Mapping[str, Any]
) -> DecisionContext:
    """Of a task that is over: that it is, and who was first."""
    step_id = WorkItem.objects.values_list("step_id", flat=True).get(pk=work_item_id)
    version_map = map_of_step(work.map, step_id)
    return DecisionContext(
        graph=version_map.graph,
        marking=work.marking,
        data=version_map.graph.worked_out.completed({**work.instance.data, **writes}),
        step=version_map.step_keys[step_id],
        activation=0,
        request_state=work.instance.state,
        closed=describe_closed_task(work_item_id),
        assignee=None,
        assignee_name="",
        actor=actor.pk,
        in_role=False,
    )


def _situation_of(
    work: UnitOfWork,
    item: WorkItem,
    actor: User,
    outcome: str,
    writes: Mapping[str, Any],
    person: User,
) -> DecisionContext:
    """The same of an open task, in a person's right: the actor's own, or whom they stand in for."""
    step, holder = work.map.step_keys[item.step_id], item.assignee_id
    return DecisionContext(
        graph=work.map.graph,
        marking=work.marking,
        data=work.map.graph.worked_out.completed({**work.data_of(item), **writes}),
        step=step,
        activation=item.activation,
        request_state=work.instance.state,
        closed=None,
        assignee=holder,
        assignee_name=holder_name(item, work.now) if holder not in (None, actor.pk) else "",
        actor=actor.pk,
        in_role=is_in_step_role(work, person, work.map.human(step), item),
        in_outcome_role=_is_in_outcome_role(work, item, step, person, outcome),
        added=may_act_by_addition(work, item, person),
        acted_for=person.pk if person.pk != actor.pk else None,
        quorum_roles=quorum_roles_of(work, person, item),
        awaits_requester=item.state == ASKED,
        rows=read_rows(item.rows),
    )


def holder_name(item: WorkItem, now: datetime) -> str:
    """What a refusal calls whoever has a task, and, while they are away, until when and who stands
    in. A statement, or none where it came with the request."""
    if item.assignee is None:
        return ""
    note = find_away_note_beside(item.request, item.assignee_id, now)
    return name_with_absence(full_name_of(item.assignee), note)


def _is_in_outcome_role(
    work: UnitOfWork, item: WorkItem, step: str, person: User, outcome: str
) -> bool | None:
    """Whether the person is in the outcome's own role, or, where it names none, in the role of
    any outcome; None where that says nothing."""
    roles = _held_outcome_roles(work, item, step, person)
    route = work.map.human(step).outcomes.get(outcome)
    named = route.role if route is not None else None
    return roles.get(named) if named else (any(roles.values()) or None)


def _held_outcome_roles(
    work: UnitOfWork, item: WorkItem, step: str, person: User
) -> dict[str, bool]:
    """For each role that an outcome of the step names, whether the person is in it."""
    return {key: is_in_role(work, person, key, item) for key in work.map.outcome_roles(step)}


def find_person_in_whose_right(work: UnitOfWork, actor: User, situation: DecisionContext) -> User:
    """Who it is in whose right the actor acts."""
    people = [] if situation.acted_for is None else people_stood_in_for(work, actor)
    return next((person for person in people if person.pk == situation.acted_for), actor)


def find_acting_capacity(
    work: UnitOfWork, item: WorkItem, situation: DecisionContext, outcome: str, actor: User
) -> ActingCapacity:
    """As what the actor works on this task, for the trail: who stands in for somebody does so by
    the role by which that person would."""
    step = situation.step
    person = find_person_in_whose_right(work, actor, situation)
    roles = _held_outcome_roles(work, item, step, person)
    by_role = is_in_role(work, person, work.map.human(step).role, item)
    return determine_work_capacity(
        work, item, person, step=step, outcome=outcome, roles=roles, by_role=by_role
    )


def available_outcomes(work: UnitOfWork, item: WorkItem, actor: User) -> dict[str, RouteDef]:
    """The outcomes that a person could choose now, in their own right or in place of somebody: the
    buttons of the decision page."""
    outcomes: dict[str, RouteDef] = {}
    for person in (actor, *people_stood_in_for(work, actor)):
        situation = _situation_of(work, item, actor, "", {}, person)
        if acting_refusal(situation) is None:
            roles = _held_outcome_roles(work, item, situation.step, person)
            outcomes |= open_outcomes(situation, roles)
    return {name: outcomes[name] for name in _names_in_order(work, item) if name in outcomes}


def _names_in_order(work: UnitOfWork, item: WorkItem) -> Iterator[str]:
    yield from work.map.human(work.map.step_keys[item.step_id]).outcomes
