"""Taking back that one agreed, while others are still awaited.

The vote is gone as if it had not been given; that the person decided here stays on record, so that
separation of duties keeps them from what it kept them from before.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from workflows.engine.errors import NotAllowed, WrongState
from workflows.engine.routing.effects import TakeBack
from workflows.execution.models import WorkItem
from workflows.execution.queries.closed_tasks import describe_late_withdrawal
from workflows.execution.services.automation_steps import require_running_instance
from workflows.execution.services.capacities import determine_work_capacity
from workflows.execution.services.effect_handlers import apply_event
from workflows.execution.services.unit_of_work import (
    ActingCapacity,
    UnitOfWork,
    find_locked_task,
    open_unit_of_work,
    write_trail,
)
from workflows.people.models import User
from workflows.people.queries.eligibility import is_in_role
from workflows.trail.choices import TrailCommand

Vote = Mapping[str, Any]


def withdraw_vote(work_item_id: int, *, actor: User, now: datetime) -> WorkItem:
    """Take back that the actor agreed, for themselves or in place of somebody. They may agree again
    afterwards, or refuse.

    Raises NotFound, WrongState (it is decided already: who was last) and NotAllowed; then nothing
    is written.
    """
    with transaction.atomic():
        work = open_unit_of_work(actor=actor, now=now, work_item_id=work_item_id)
        item = find_locked_task(work, work_item_id)
        if item is None:
            raise WrongState(describe_late_withdrawal(work_item_id))
        require_running_instance(work)
        vote = find_own_vote(item, actor)
        if vote is None:
            raise NotAllowed(
                "You have not agreed to '%(step)s', so there is nothing to take back.",
                step=item.step,
            )
        work.acting = _capacity_of_vote(work, item, vote, actor)
        apply_event(work, _event(item, vote, actor))
        item.votes = [kept for kept in item.votes if kept is not vote]
        work.touch(item, item.state)
        work.save(TrailCommand.WITHDRAW_VOTE)
        write_trail(work, TrailCommand.WITHDRAW_VOTE, item=item, from_state=item.state)
    return item


def find_own_vote(item: WorkItem, person: User) -> Vote | None:
    """The vote that somebody gave here themselves, also in place of another; nobody gives two."""
    return next((vote for vote in item.votes if vote.get("id") == person.pk), None)


def _event(item: WorkItem, vote: Vote, actor: User) -> TakeBack:
    acted_for = vote.get("acted_for_id")
    if acted_for is None:
        return TakeBack(item.activation, actor.pk)
    return TakeBack(item.activation, int(acted_for), actor.pk)


def _capacity_of_vote(work: UnitOfWork, item: WorkItem, vote: Vote, actor: User) -> ActingCapacity:
    """As what it was given, as far as that is so now, and in whose place."""
    acted_for = vote.get("acted_for_id")
    person = User.objects.get(pk=acted_for) if acted_for is not None else actor
    step = work.map.step_keys[item.step_id]
    by_role = is_in_role(work, person, work.map.human(step).role, item)
    return determine_work_capacity(
        work, item, person, step=step, outcome="", roles={}, by_role=by_role
    )
