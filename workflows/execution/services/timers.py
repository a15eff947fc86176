"""What the clock does to a request: ends a wait, reminds of late work, adds people to it.

The clock never decides. Each function is one command in its caller's transaction, on a case that
the caller has opened; what is over by then is left alone.
"""

from collections.abc import Sequence
from datetime import datetime

from workflows.access.permissions import active_role_members
from workflows.engine.format.definition import OverdueDef
from workflows.engine.routing.advance import barred_people
from workflows.engine.timing.working_time import Duration
from workflows.execution.models import AddedPerson, WorkItem
from workflows.execution.services.automation_steps import complete_waiting_step, waiting_token
from workflows.execution.services.task_clocks.late_work_timers import (
    elapsed_intervals,
    reminder_time,
    schedule_next_reminder,
)
from workflows.execution.services.task_clocks.requester_pauses import clock_stands
from workflows.execution.services.unit_of_work import UnitOfWork, write_trail
from workflows.execution.services.unit_of_work.deadlines import read_deadline
from workflows.outbox.payloads import DeadlinePayload, EscalatePayload
from workflows.people.models import User
from workflows.people.queries.eligibility import (
    find_named_people,
    find_task_eligibility,
    open_task_of,
)
from workflows.people.queries.owners import find_step_owners
from workflows.people.queries.stand_ins import find_deputies, read_away_notes
from workflows.people.services.recipients import find_accountable_people
from workflows.trail.choices import TrailCommand

TIME_FOR_A_DEPUTY = Duration(days=1)
"""So long who stands in has late work to themselves before it is escalated to a role."""


def end_wait(work: UnitOfWork, activation: int) -> None:
    """A wait's time has come."""
    if waiting_token(work, activation) is not None:
        complete_waiting_step(work, activation, outcome="woken")


def remind_of_late_task(work: UnitOfWork, activation: int) -> None:
    """Tell those who have late work of it, once, and set the next reminder."""
    item, late = _late_task(work, activation)
    if item is None or late is None or late.remind_every is None or item.due_at is None:
        return
    calendar = work.map.calendar_at(item.step_id)
    number = elapsed_intervals(calendar, item.due_at, late.remind_every, work.now)
    people = _responsible_people(work, item)
    schedule_next_reminder(work, item, late.remind_every, number + 1)
    work.changes.facts.reminded = [person.get_username() for person in people]
    work.save(TrailCommand.REMIND)
    write_trail(work, TrailCommand.REMIND, item=item, from_state=item.state)


def remind_of_late_request(work: UnitOfWork, at: datetime) -> None:
    """Tell those who answer for the workflow that the request as a whole is overdue, and set the
    next reminder where the map says one. Nothing, where it is due at another moment by now, or its
    clock stands still."""
    record = read_deadline(work)
    if work.instance.deadline_at != at or record is None or record.stands_since is not None:
        return
    late = work.map.graph.definition.on_overdue
    if late is not None and late.remind_every is not None:
        calendar, every = work.map.calendar, late.remind_every
        number = elapsed_intervals(calendar, at, every, work.now)
        moment = reminder_time(calendar, at, every, number + 1)
        if moment > work.now:  # an interval of nothing reminds once
            work.message(DeadlinePayload(at=at), run_after=moment)
    work.save(TrailCommand.REMIND)
    write_trail(work, TrailCommand.REMIND, from_state=work.instance.state)


def escalate_late_task(work: UnitOfWork, activation: int, *, is_deputy_asked: bool) -> None:
    """Let the people of another role act on late work too, and tell them. Where all who have it
    are away, who stands in for them is asked first, and has a working day (`is_deputy_asked` says
    that they were)."""
    item, late = _late_task(work, activation)
    if item is None or late is None or late.escalate_to is None:
        return
    deputies = [] if is_deputy_asked else _deputies_to_ask(work, item)
    if deputies:
        _ask_deputies(work, item, deputies)
        return
    people = [
        p
        for p in _active_people_in_role(work, item, late.escalate_to)
        if p.pk not in _barred_person_ids(work, item)
    ]
    added_ids = set(AddedPerson.objects.filter(work_item=item).values_list("user_id", flat=True))
    new = [person for person in people if person.pk not in added_ids]
    AddedPerson.objects.bulk_create(
        AddedPerson(work_item=item, user=person, role=late.escalate_to, added_at=work.now)
        for person in new
    )
    work.changes.facts.added = [person.get_username() for person in new]
    if not new:
        work.changes.facts.nobody_in_role = late.escalate_to
    work.save(TrailCommand.ESCALATE)
    write_trail(work, TrailCommand.ESCALATE, item=item, from_state=item.state)


def _deputies_to_ask(work: UnitOfWork, item: WorkItem) -> list[User]:
    """Who stands in for those who have late work and could do it, where all of these are away."""
    people = _people_of_task(work, item)
    deputies = _deputies_of(work, people)
    if not people or not deputies or not _are_all_away(work, people):
        return []
    barred, people_asked = _barred_person_ids(work, item), {person.pk for person in people}
    return [person for pk, person in sorted(deputies.items()) if pk not in barred | people_asked]


def _are_all_away(work: UnitOfWork, people: Sequence[User]) -> bool:
    away = read_away_notes([person.pk for person in people], work.now)
    return all(away.of(person.pk, work.instance.template_id) for person in people)


def _ask_deputies(work: UnitOfWork, item: WorkItem, deputies: Sequence[User]) -> None:
    """Tell those who stand in, and come back a working day later."""
    work.message(
        EscalatePayload(is_deputy_asked=True, due=item.due_at),
        activation=item.activation,
        run_after=work.map.calendar_at(item.step_id).add(work.now, TIME_FOR_A_DEPUTY),
    )
    work.changes.facts.deputies_asked = [deputy.get_username() for deputy in deputies]
    work.save(TrailCommand.ESCALATE)
    write_trail(work, TrailCommand.ESCALATE, item=item, from_state=item.state)


def is_still_due_at(work: UnitOfWork, activation: int, due: datetime | None) -> bool:
    """Whether a task is due at the moment for which a timer was set; any, where it says none."""
    item = work.item(activation)
    return due is None or (item is not None and item.due_at == due)


def _late_task(work: UnitOfWork, activation: int) -> tuple[WorkItem | None, OverdueDef | None]:
    """The task with what its step says of late work; neither if it is over, or rests with the
    requester."""
    item = work.item(activation)
    if item is None or not item.is_open or clock_stands(work, item):
        return None, None
    return item, work.map.human(work.map.step_keys[item.step_id]).on_overdue


# -- whom -------------------------------------------------------------------------------------


def _responsible_people(work: UnitOfWork, item: WorkItem) -> list[User]:
    """Those whose task it is; where that is nobody any more, those who answer for the step, or for
    the workflow. Who stands in for them is told in their place."""
    people = _people_of_task(work, item) or list(find_step_owners(item.step_id))
    return people or find_accountable_people(work.instance.template)


def _deputies_of(work: UnitOfWork, people: Sequence[User]) -> dict[int, User]:
    """Who stands in for those of these people who are away, by their own ids."""
    ids = [person.pk for person in people]
    deputies = find_deputies(ids, work.now, work.instance.template_id)
    return {deputy.pk: deputy for deputy in deputies.values()}


def _people_of_task(work: UnitOfWork, item: WorkItem) -> list[User]:
    """The one who has the task, else all who may act on it."""
    step = work.map.human(work.map.step_keys[item.step_id])
    (eligibility,) = find_task_eligibility([open_task_of(work, item)])
    if item.assignee_id is not None:
        people = User.objects.filter(pk=item.assignee_id, is_active=True)
        people = people.filter(
            pk__in=[eligibility.around.holder] if eligibility.lack is None else []
        )
    else:
        role = work.map.role_of(work.map.step_keys[item.step_id])
        static = role is not None and role.is_static and step.role
        listed = (
            active_role_members([work.map.role_ids[step.role]]) if static and step.role else None
        )
        own = eligibility.around.roles.get(step.role or "", frozenset()) if not static else ()
        people = User.objects.filter(pk__in={*eligibility.around.added, *own})
        people = people | listed if listed is not None else people
    # Who has agreed already has done what they can, as on every page.
    through = _barred_person_ids(work, item) | eligibility.around.voted
    return list(people.exclude(pk__in=through).order_by("username"))


def _barred_person_ids(work: UnitOfWork, item: WorkItem) -> frozenset[int]:
    """Whom separation of duties keeps from the task."""
    step = work.map.human(work.map.step_keys[item.step_id])
    view = work.map.view_of_task(item.step_id, item.rows)
    return frozenset(int(person) for person in barred_people(step, work.marking, view))


def _active_people_in_role(work: UnitOfWork, item: WorkItem, key: str) -> Sequence[User]:
    """The active people of a role in this request."""
    role = work.map.graph.definition.roles[key]
    if role.is_static:
        return list(active_role_members([work.map.role_ids[key]]).order_by("username"))
    return [person for person in find_named_people(work, role, item) if person.is_active]
