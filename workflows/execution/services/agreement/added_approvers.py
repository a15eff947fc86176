"""Asking one more person to agree to a step that is under way.

It only ever asks for more: whoever is added must agree besides, and counts for nobody else. They
are found by who has the task or answers for the workflow, never by themselves, and separation of
duties keeps them away as it keeps everybody.
"""

from datetime import datetime

from django.db import transaction

from workflows.engine.authority.eligibility import TaskPeople
from workflows.engine.errors import HandoffError, InvalidInput, WrongState
from workflows.engine.format.quorums import MOST
from workflows.engine.routing.effects import AddApprover
from workflows.engine.routing.marking import Token
from workflows.engine.routing.separation import is_approving_outcome
from workflows.engine.texts import text
from workflows.execution.facts import TaskStaffed
from workflows.execution.models import ASKED, AddedPerson, WorkItem
from workflows.execution.queries.closed_tasks import describe_closed_task
from workflows.execution.services.assignment import assign_open_tasks
from workflows.execution.services.automation_steps import require_running_instance
from workflows.execution.services.capacities import authorize_steering
from workflows.execution.services.effect_handlers import apply_event, release_from_holder
from workflows.execution.services.field_values.values import require_reason
from workflows.execution.services.reassignment import require_active_account, require_unbarred
from workflows.execution.services.unit_of_work import (
    UnitOfWork,
    find_locked_task,
    open_unit_of_work,
    write_trail,
)
from workflows.execution.services.work_items import has_or_could_take
from workflows.people.models import User
from workflows.people.queries.eligibility import find_task_eligibility, open_task_of
from workflows.people.queries.person_names import full_name_of
from workflows.trail.changes import ApproverJoined
from workflows.trail.choices import TrailCommand

MOST_ADDED = 20
"""So many are added to one task at most."""
_NOT_YOURS = text(
    "Only whoever has this task or could take it, and the workflow's owner or deputy, may ask one"
    " more person to agree."
)


def add_approver(
    work_item_id: int, *, actor: User, person: User, reason: str, now: datetime
) -> WorkItem:
    """Let a step go on only when this person has agreed besides. Where one who was added before
    cannot agree any more, they take that place.

    Raises NotFound, NotAllowed, InvalidInput and WrongState; then nothing is written.
    """
    reason = require_reason(reason)
    with transaction.atomic():
        work = open_unit_of_work(actor=actor, now=now, work_item_id=work_item_id)
        item = find_locked_task(work, work_item_id)
        if item is None:
            authorize_steering(work, _NOT_YOURS)
            raise WrongState(describe_closed_task(work_item_id))
        require_running_instance(work)
        step = work.map.step_keys[item.step_id]
        if not has_or_could_take(work, item, step):
            authorize_steering(work, _NOT_YOURS, step)
        refusal = find_adding_refusal(work, item)
        if refusal is not None:
            raise refusal
        before = item.state
        _add(work, item, person)
        work.touch(item, before)
        work.save(TrailCommand.ADD_APPROVER)
        write_trail(work, TrailCommand.ADD_APPROVER, item=item, from_state=before, comment=reason)
    return item


def find_adding_refusal(work: UnitOfWork, item: WorkItem) -> HandoffError | None:
    """Why nobody is added to a task now, or None; asked by the service and by the page."""
    key, token = work.map.step_keys[item.step_id], work.marking.token(item.activation)
    if not work.map.graph.is_human(key) or token is None or token.stuck is not None:
        return WrongState("'%(step)s' does not wait for people now.", step=item.step)
    step = work.map.human(key)
    if sum(is_approving_outcome(step, outcome) for outcome in step.outcomes) > 1:
        return InvalidInput(
            "'%(step)s' has several outcomes that lead on alike, and any one person may choose the"
            " others; ask for an opinion instead.",
            step=item.step,
        )
    if item.state == ASKED:
        return WrongState(
            "'%(step)s' waits for the requester's answer; ask one more person after that.",
            step=item.step,
        )
    if len(token.extras) >= MOST_ADDED or token.needed >= MOST:
        return WrongState(
            "As many people have been added to '%(step)s' as can be (%(most)s).",
            step=item.step,
            most=MOST_ADDED,
        )
    return None


def _add(work: UnitOfWork, item: WorkItem, person: User) -> None:
    (before,) = find_task_eligibility([open_task_of(work, item)])
    token = work.marking.token(item.activation)
    assert token is not None
    _require_fit(work, item, token, person)
    require_unbarred(before, person)
    gone = _find_gone(token, before.around)
    holder = item.assignee
    apply_event(work, AddApprover(item.activation, person.pk, gone.pk if gone else None))
    _write_added_rows(work, item, person, gone)
    if holder is not None:  # several must agree now, so nobody has it alone
        release_from_holder(work, item)
        item.in_queue = True
        assign_open_tasks(work, [item])
    _note_added(work, item, person, gone)
    (after,) = find_task_eligibility([open_task_of(work, item)])
    if after.lack is not None and before.lack is None:
        raise WrongState(
            "With %(person)s '%(step)s' could not be finished: they cannot choose its outcome, or"
            " too few others are left who must agree. Choose somebody else.",
            person=full_name_of(person),
            step=item.step,
        )
    if after.lack is None and work.may_have_incident:
        work.over_incidents[item.activation] = TaskStaffed()


def _require_fit(work: UnitOfWork, item: WorkItem, token: Token, person: User) -> None:
    require_active_account(person)
    if work.actor is not None and work.actor.pk == person.pk:
        raise InvalidInput(
            "Nobody adds themselves to '%(step)s'; choose somebody else.", step=item.step
        )
    if person.pk in token.extras:
        raise WrongState(
            "%(person)s has been asked to agree to '%(step)s' already.",
            person=full_name_of(person),
            step=item.step,
        )


def _find_gone(token: Token, around: TaskPeople) -> User | None:
    """Who was added before, has not agreed and cannot any more."""
    able = around.added - around.barred
    gone = [one for one in token.extras if one not in token.voters and one not in able]
    return User.objects.get(pk=gone[0]) if gone else None


def _write_added_rows(work: UnitOfWork, item: WorkItem, person: User, gone: User | None) -> None:
    """The row by which they may act and find the task."""
    role = work.map.human(work.map.step_keys[item.step_id]).role or ""
    AddedPerson.objects.update_or_create(
        work_item=item,
        user=person,
        defaults={"stand_in": True, "found": False, "role": role, "added_at": work.now},
    )
    if gone is not None:
        AddedPerson.objects.filter(work_item=item.pk, user=gone, stand_in=True).delete()
    work.others_added.pop(item.pk, None)


def _note_added(work: UnitOfWork, item: WorkItem, person: User, gone: User | None) -> None:
    work.note(
        ApproverJoined(
            person=person.get_username(),
            person_id=person.pk,
            needed=item.needed,
            instead_of=gone.get_username() if gone is not None else "",
            instead_of_id=gone.pk if gone is not None else None,
        )
    )
