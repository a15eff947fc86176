"""Work whose people have gone while it waited: rule 12 holds after the opening of a task too.

A role's last member leaves, or somebody's account is closed: the clock finds the open tasks that
nobody can do any more and opens the incident that the decision itself would have opened.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from workflows.engine.advance import NOBODY
from workflows.models import AddedPerson, Incident, WorkflowInstance, WorkItem
from workflows.services.case import open_case, open_item, write_trail
from workflows.services.handlers import incident
from workflows.services.heartbeats import units
from workflows.services.locks import steps_with_somebody

MOST = 500
"""So many tasks are looked at in one round; the next round is a minute later."""


def watch_queues(*, now: datetime) -> int:
    """Open an incident on each open task that nobody can do any more; returns how many."""
    found = 0
    with units("watch", now) as tasks:
        for pk in _suspects():
            with tasks.one(f"task {pk}"):
                found += _deserted(pk, now)
    return found


def _suspects() -> list[int]:
    """Open tasks of running requests with nobody there, and no incident that says so yet."""
    told = Incident.objects.filter(
        request=OuterRef("request"), activation=OuterRef("activation"), state=Incident.OPEN
    )
    helped = AddedPerson.objects.filter(work_item=OuterRef("pk"), user__is_active=True)
    waiting = WorkItem.objects.filter(
        ~Exists(told),
        ~Exists(helped),
        is_open=True,
        step__kind__in=("approval", "task"),
        request__state=WorkflowInstance.RUNNING,
    ).exclude(request__source__in=WorkflowInstance.PAST)
    queued = waiting.filter(in_queue=True, assignee=None)
    steps = set(queued.order_by().values_list("step_id", flat=True).distinct())
    deserted = steps - (steps_with_somebody(steps, ()) if steps else set())
    unheld = Q(step_id__in=_or_none(deserted), in_queue=True, assignee=None)
    rows = waiting.filter(unheld | Q(assignee__is_active=False))
    return list(rows.order_by("pk").values_list("pk", flat=True)[:MOST])


def _or_none(ids: Iterable[int]) -> list[int]:
    return list(ids) or [0]


def _deserted(task_id: int, now: datetime) -> bool:
    """Open the incident, unless the task is over by now."""
    with transaction.atomic():
        case = open_case(actor=None, now=now, work_item_id=task_id)
        item = open_item(case, task_id)
        if item is None or case.instance.state != WorkflowInstance.RUNNING:
            return False
        step = case.map.step_keys[item.step_id]
        message = _gone(case.map.graph.title(step), item)
        trouble = incident(case, step, item.activation, NOBODY, message)
        case.new_incidents.append(trouble)
        case.save("watch")
        write_trail(case, "watch", item=item, from_state=item.state, outcome=NOBODY)
    return True


def _gone(name: str, item: WorkItem) -> str:
    if item.assignee is not None:
        return (
            f"'{name}' is with {item.assignee}, whose account is not active any more. Reassign"
            " the task to a person."
        )
    return (
        f"Everybody who could act on '{name}' has left. Add people to its role's group, or"
        " reassign the task to a person."
    )
