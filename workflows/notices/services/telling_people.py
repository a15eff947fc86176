"""The messages that ask for notices: a row of the trail, a task's due date, news to one person."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from workflows.definitions.models import WorkflowTemplate
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.texts import dump_text
from workflows.engine.timing.working_time import Duration
from workflows.execution.models import ASKED, WorkflowInstance, WorkItem
from workflows.links.services.status_links import make_link_for_requester
from workflows.notices.choices import NoticeEvent, NoticeRelation
from workflows.notices.models import Notice
from workflows.notices.queries.news import News, find_news
from workflows.notices.queries.task_people import find_task_audience
from workflows.notices.services.planning import NewsOrigin, save_notices, write_notices
from workflows.notices.telling import EVENT_RULES
from workflows.outbox.models import OutboxMessage
from workflows.outbox.payloads import DuePayload, MailPayload, TellPayload, read_payload
from workflows.outbox.services.messages import enqueue_message
from workflows.people.models import User
from workflows.people.queries.person_names import full_name_of, recorded_name_of
from workflows.people.services.recipients import notification_recipients
from workflows.trail.changes import DateFollowed, DueMoved, StepOpened, read_changes
from workflows.trail.choices import TrailCommand
from workflows.trail.models import TrailEvent

A_WORKING_DAY = Duration(days=1)
LONGEST_WEEKEND = 14
"""So many days back a working day before a due date is looked for."""


def tell_of_trail_row(message: OutboxMessage, now: datetime) -> None:
    """Write the notices that a row of the trail asks for, and set the timers of what it opened."""
    row = TrailEvent.objects.select_related("request__template", "actor").get(
        pk=read_payload(message, TellPayload).trail
    )
    request = row.request
    assert request is not None
    origin = NewsOrigin(
        key=f"trail-{row.pk}",
        actor_id=row.actor_id,
        request=request,
        workflow_id=request.template_id,
        facts=_facts_of_row(row),
    )
    write_notices(find_news(row), origin, now=now)
    _set_due_timers(row, request, now)
    if row.command == TrailCommand.START:
        make_link_for_requester(request, now)


def _facts_of_row(row: TrailEvent) -> Mapping[str, Any]:
    """Who did it and what they wrote, as the notice says it."""
    return {"by": recorded_name_of(row.actor, row.actor_name), "comment": row.comment}


# -- due dates ----------------------------------------------------------------------------------


def _set_due_timers(row: TrailEvent, request: WorkflowInstance, now: datetime) -> None:
    """A timer for each task that the row opened and that has a due date, and for those whose due
    date it moved."""
    changes = read_changes(row)
    tasks = {note.activation for note in changes.notes_of(StepOpened)}
    if changes.notes_of(DueMoved) and row.activation is not None:
        tasks.add(row.activation)
    tasks |= {date.activation for date in changes.notes_of(DateFollowed) if date.activation}
    dated = WorkItem.objects.filter(
        request=request, activation__in=tasks, is_open=True, due_at__isnull=False
    )
    for task in dated if tasks else ():
        task.request = request
        _set_due_timer(task, now)


def _set_due_timer(task: WorkItem, now: datetime) -> None:
    """The next moment at which somebody is told of the task's due date: a working day before, else
    when it has come. Where the map reminds by itself, its reminder says the second."""
    assert task.due_at is not None
    version_map = cached_map(task.request.version_id)
    key = version_map.step_keys[task.step_id]
    if not version_map.graph.is_human(key):
        return
    overdue = version_map.human(key).on_overdue
    soon_at = _working_day_before(task)
    if soon_at is not None and soon_at > max(now, task.enabled_at or now):
        _enqueue_due(task, NoticeEvent.TASK_DUE_SOON, soon_at, now)
    elif overdue is None or overdue.remind_every is None:
        _enqueue_due(task, NoticeEvent.TASK_OVERDUE, task.due_at, now)


def _working_day_before(task: WorkItem) -> datetime | None:
    """The last moment, at the hour of the due date, a working day before it."""
    assert task.due_at is not None
    calendar = cached_map(task.request.version_id).calendar_at(task.step_id)
    for days in range(1, LONGEST_WEEKEND + 1):
        moment = task.due_at - timedelta(days=days)
        if calendar.add(moment, A_WORKING_DAY) <= task.due_at:
            return moment
    return None


def _enqueue_due(task: WorkItem, event: NoticeEvent, moment: datetime, now: datetime) -> None:
    assert task.due_at is not None
    enqueue_message(
        DuePayload(event=event, due_at=task.due_at),
        now=now,
        run_after=moment,
        key=f"{event}-{task.pk}-{task.due_at.isoformat()}",
        request=task.request_id,
        activation=task.activation,
    )


def tell_of_due_task(message: OutboxMessage, now: datetime) -> None:
    """Tell the people of a task that it is about to be due, or overdue; nobody where it is over,
    has another due date by now or rests with the requester, or its request does not run."""
    payload = read_payload(message, DuePayload)
    tasks = WorkItem.objects.select_related("request__template", "step")
    assert message.activation is not None
    task = tasks.filter(
        request=message.request_id,
        activation=message.activation,
        is_open=True,
        due_at=payload.due_at,
    ).first()
    if task is None:
        return
    if task.request.state == WorkflowInstance.RUNNING and not _rests(task):
        audience = find_task_audience(task)
        news = News(
            event=payload.event,
            people=audience.people,
            team_ids=audience.team_ids,
            task=task,
            place=str(task.activation),
        )
        write_notices([news], _origin_of_due(task, payload), now=now)
    if payload.event == NoticeEvent.TASK_DUE_SOON:
        _set_due_timer(task, now)


def _rests(task: WorkItem) -> bool:
    """Whether the task's clock stands still, because its requester has the question."""
    version_map = cached_map(task.request.version_id)
    step = version_map.graph[version_map.step_keys[task.step_id]]
    return task.state == ASKED and getattr(step, "clock", None) != "runs"


def _origin_of_due(task: WorkItem, payload: DuePayload) -> NewsOrigin:
    return NewsOrigin(
        key=f"due-{task.pk}-{payload.due_at.isoformat()}",
        actor_id=None,
        request=task.request,
        workflow_id=task.request.template_id,
        facts={},
    )


# -- news to one person -------------------------------------------------------------------------


def tell_one_person(message: OutboxMessage, now: datetime) -> None:
    """Write the notice of news that are about no request's row. Where the account is closed by
    now, those are told who answer for the workflow."""
    payload = read_payload(message, MailPayload)
    facts = {"subject": dump_text(payload.subject), "text": dump_text(payload.text)}
    person = User.objects.filter(pk=payload.to).first()
    if person is not None and not person.is_active:
        facts["was_for"] = full_name_of(person)
        people, address = _accountable_for(payload.workflow), ""
    else:
        people, address = [person] if person is not None else [], payload.address
    if address:
        save_notices([_direct_notice(message, payload, people[0], facts, now, address)], now=now)
        return
    news = News(
        event=payload.event,
        people={relation: frozenset(p.pk for p in people) for relation in _tells(payload.event)},
        facts=facts,
    )
    origin = NewsOrigin(
        key=f"message-{message.pk}",
        actor_id=None,
        request=None,
        workflow_id=payload.workflow,
        facts={},
    )
    write_notices([news], origin, now=now)


def _tells(event: NoticeEvent) -> frozenset[NoticeRelation]:
    return EVENT_RULES[event].tells


def _accountable_for(workflow_id: int | None) -> list[User]:
    template = WorkflowTemplate.objects.select_related("owner", "deputy").filter(
        pk=workflow_id or 0
    )
    workflow = template.first()
    return notification_recipients(workflow) if workflow is not None else []


def _direct_notice(
    message: OutboxMessage,
    payload: MailPayload,
    person: User,
    facts: Mapping[str, Any],
    now: datetime,
    address: str,
) -> Notice:
    """A notice that goes to an address of before."""
    return Notice(
        event=payload.event,
        kind=EVENT_RULES[payload.event].kind,
        person=person,
        address=address,
        workflow_id=payload.workflow,
        facts=dict(facts),
        key=f"message-{message.pk}:{payload.event}::p{person.pk}",
        created_at=now,
    )
