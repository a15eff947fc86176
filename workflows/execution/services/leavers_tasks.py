"""What somebody who leaves has in hand goes back to those whose it is.

Whoever closes an account may do no more than that: it gives nobody a task who could not take it.
To put it into a named person's hands is for who may steer the request (`reassign`).
"""

from datetime import datetime

from django.db import transaction

from workflows.access.permissions import may_change_account
from workflows.engine.errors import InvalidInput, NotAllowed, WrongState
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.queries.closed_tasks import describe_closed_task
from workflows.execution.services.assignment import assign_open_tasks
from workflows.execution.services.effect_handlers import release_from_holder
from workflows.execution.services.reassignment import remove_stand_in
from workflows.execution.services.unit_of_work import (
    ActingCapacity,
    find_locked_task,
    open_unit_of_work,
    write_trail,
)
from workflows.people.models import User
from workflows.trail.choices import TrailCapacity, TrailCommand


def return_task_to_role(
    work_item_id: int, *, holder: User, by: User, reason: str, now: datetime
) -> WorkItem:
    """Take a task from who leaves, and put it back into the queue of its role. Raises NotAllowed,
    WrongState, or InvalidInput where its role is one person, so that there is no queue."""
    if not (by.has_perm("workflows.change_user") and may_change_account(by, holder)):
        raise NotAllowed("Only who may change this account takes tasks from it.")
    with transaction.atomic():
        work = open_unit_of_work(actor=by, now=now, work_item_id=work_item_id)
        item = find_locked_task(work, work_item_id)
        if item is None:
            raise WrongState(describe_closed_task(work_item_id))
        if item.assignee_id != holder.pk:
            raise WrongState("'%(step)s' is in other hands by now.", step=item.step)
        role = work.map.role_of(work.map.step_keys[item.step_id])
        if role is None or not role.is_shared(work.instance.data):
            raise InvalidInput(
                "'%(step)s' is for one person, so there is no queue to give it back to.",
                step=item.step,
            )
        if work.instance.state != WorkflowInstance.RUNNING:
            raise WrongState("%(reference)s is suspended.", reference=work.instance.reference)
        before = item.state
        remove_stand_in(item)
        release_from_holder(work, item)
        if not role.is_static:
            assign_open_tasks(work, [item])
        work.acting = ActingCapacity(TrailCapacity.ACCOUNTS)
        work.touch(item, before)
        work.save(TrailCommand.RELEASE)
        write_trail(work, TrailCommand.RELEASE, item=item, from_state=before, comment=reason)
    return item
