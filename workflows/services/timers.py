"""What the clock does to a request: ends a wait, reminds of late work, adds people to it.

The clock never decides. Each function is one command in its caller's transaction, on a case that
the caller has opened; what is over by then is left alone.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.contrib.auth.models import User

from workflows.engine.advance import barred
from workflows.engine.calendar import Calendar, Duration, parse_duration
from workflows.engine.definition import OverdueDef
from workflows.models import AddedPerson, OutboxMessage, WorkItem
from workflows.permissions import people_in
from workflows.services.case import Case, write_trail
from workflows.services.outside import complete, waiting_token
from workflows.services.standing import person_in_field, standings, task_of
from workflows.services.whom import answerable, people_told


def wake(case: Case, activation: int) -> None:
    """A wait's time has come."""
    if waiting_token(case, activation) is not None:
        complete(case, activation, how="woken")


def remind(case: Case, activation: int) -> None:
    """Tell those who have late work of it, once, and set the next reminder."""
    item, late = _late(case, activation)
    if item is None or late is None or late.remind_every is None or item.due_at is None:
        return
    number = _how_often(case.map.calendar, item.due_at, late.remind_every, case.now)
    people = list(_who_has(case, item))
    _tell(case, item, people, f"remind:{item.pk}:{number}", _late_text(case, item))
    _remind_again(case, item, late.remind_every, number + 1)
    case.changes["reminded"] = [person.get_username() for person in people]
    case.save("remind")
    write_trail(case, "remind", item=item, from_state=item.state)


def _remind_again(case: Case, item: WorkItem, every: str, number: int) -> None:
    assert item.due_at is not None
    moment = _after(case.map.calendar, item.due_at, every, number)
    if moment > case.now:  # an interval of nothing reminds once
        case.message(OutboxMessage.REMIND, activation=item.activation, run_after=moment)


def escalate(case: Case, activation: int) -> None:
    """Let the people of another role act on late work too, and tell them."""
    item, late = _late(case, activation)
    if item is None or late is None or late.escalate_to is None:
        return
    people = [p for p in _in_role(case, late.escalate_to) if p.pk not in _out(case, item)]
    there = set(AddedPerson.objects.filter(work_item=item).values_list("user_id", flat=True))
    new = [person for person in people if person.pk not in there]
    AddedPerson.objects.bulk_create(
        AddedPerson(work_item=item, user=person, role=late.escalate_to, added_at=case.now)
        for person in new
    )
    if new:
        _tell(case, item, new, f"escalate:{item.pk}", _late_text(case, item))
    else:
        _tell_owners(case, item, late.escalate_to)
    case.changes["added"] = [person.get_username() for person in new]
    case.save("escalate")
    write_trail(
        case, "escalate", item=item, from_state=item.state,
        comment="" if new else f"nobody to add in the role {late.escalate_to}",
    )  # fmt: skip


def _late(case: Case, activation: int) -> tuple[WorkItem | None, OverdueDef | None]:
    """The task with what its step says of late work; neither if it is over."""
    item = case.item(activation)
    if item is None or not item.is_open:
        return None, None
    return item, case.map.human(case.map.step_keys[item.step_id]).on_overdue


# -- when -------------------------------------------------------------------------------------


def _after(calendar: Calendar, due: datetime, every: str, times: int) -> datetime:
    """The moment of a reminder: the due date, and each further one an interval later."""
    one = parse_duration(every)
    return calendar.add(
        due,
        Duration(
            weeks=one.weeks * times,
            days=one.days * times,
            hours=one.hours * times,
            minutes=one.minutes * times,
        ),
    )


def _how_often(calendar: Calendar, due: datetime, every: str, now: datetime) -> int:
    """How many intervals have passed since the due date: reminders missed meanwhile are one."""
    interval = calendar.seconds(parse_duration(every))
    if interval <= 0:
        return 0
    return int(calendar.between(due, now).total_seconds() // interval)


# -- whom -------------------------------------------------------------------------------------


def _who_has(case: Case, item: WorkItem) -> Iterable[User]:
    """The one who has the task, else all who may act on it; where that is nobody any more, those
    who answer for the workflow."""
    step = case.map.human(case.map.step_keys[item.step_id])
    (standing,) = standings([task_of(case, item)])
    if item.assignee_id is not None:
        people = User.objects.filter(pk=item.assignee_id, is_active=True)
        people = people.filter(pk__in=[standing.around.holder] if standing.lack is None else [])
    else:
        role = case.map.role_of(case.map.step_keys[item.step_id])
        static = role is not None and role.is_static and step.role
        listed = people_in([case.map.role_ids[step.role]]) if static and step.role else None
        people = User.objects.filter(pk__in=standing.around.added)
        people = people | listed if listed is not None else people
    found = list(people.exclude(pk__in=_out(case, item)).order_by("username"))
    return found or answerable(case.instance.template)


def _out(case: Case, item: WorkItem) -> frozenset[int]:
    """Whom separation of duties keeps from the task."""
    step = case.map.human(case.map.step_keys[item.step_id])
    return frozenset(int(person) for person in barred(step, case.marking))


def _in_role(case: Case, key: str) -> Sequence[User]:
    """The active people of a role in this request."""
    role = case.map.graph.definition.roles[key]
    if role.is_static:
        return list(people_in([case.map.role_ids[key]]).order_by("username"))
    person = case.instance.requester if role.requester else person_in_field(case, role.field or "")
    return [person] if person is not None and person.is_active else []


# -- what they are told -----------------------------------------------------------------------


def _late_text(case: Case, item: WorkItem) -> str:
    return (
        f"'{item.step}' of {case.instance.reference} ({case.instance.title}) was due"
        f" {item.due_at:%Y-%m-%d %H:%M} UTC and still waits."
    )


def _tell(case: Case, item: WorkItem, people: Iterable[User], once: str, text: str) -> None:
    """One mail for each person, never a second one for the same occasion."""
    for person in people:
        case.message(
            OutboxMessage.MAIL,
            key=f"{once}:{person.pk}",
            to=person.pk,
            subject=f"Late: {item.step} ({case.instance.reference})",
            text=text,
            task=item.pk,
        )


def _tell_owners(case: Case, item: WorkItem, role: str) -> None:
    owners = people_told(case.instance.template)
    text = f"{_late_text(case, item)} Nobody is in the role '{role}' that it escalates to."
    _tell(case, item, owners, f"escalate:{item.pk}", text)
