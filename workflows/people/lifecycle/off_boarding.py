"""Somebody leaves: all that is theirs is handed over, thing by thing, and then the account closes.

Each thing is a transaction of its own, so what breaks off is gone on with by doing it again: what
was handed over is not theirs any more. What nobody may hand over, or nobody can take, is left, is
said, and is an incident for who answers for it as soon as the account is closed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from workflows.access.permissions import may_change_account
from workflows.access.services import accounts
from workflows.engine.errors import HandoffError, NotAllowed
from workflows.engine.texts import Text
from workflows.execution.models import WorkItem
from workflows.execution.services.corrections import set_values
from workflows.execution.services.leavers_tasks import return_task_to_role
from workflows.execution.services.work_items import reassign
from workflows.people.lifecycle.closing import close_account
from workflows.people.lifecycle.ownership import (
    Leaving,
    OwnedRow,
    hand_over,
    is_row_of_workflow_part,
    natural_successor,
)
from workflows.people.models import User
from workflows.people.queries.reach import NamedInRequest, Reach, find_reach


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverPlan:
    """What is to be done with what somebody leaves behind.

    `successor` takes what falls to nobody by itself; `to_deputies` lets what has a deputy go to
    them. Tasks go back to their roles, or (`tasks_to_successor`) to that person.
    """

    reason: str
    successor: User | None = None
    to_deputies: bool = True
    tasks_to_successor: bool = False
    closes: bool = True


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """A thing that could not be handed over, and why."""

    thing: str
    why: Text | str


@dataclass(slots=True)
class HandoverResult:
    """How many things went over, and which did not."""

    done: int = 0
    left: list[LeftBehind] = field(default_factory=list)
    is_closed: bool = False


def off_board(person: User, plan: HandoverPlan, *, by: User, now: datetime) -> HandoverResult:
    """Hand over what is somebody's, and close the account where the plan says so.

    Raises NotAllowed for who may not change the account; nothing is done then.
    """
    _require_may_leave(person, by)
    result = HandoverResult()
    for thing, act in _planned_steps(
        find_reach(person, now=now), plan, Leaving(person=person, by=by, now=now)
    ):
        try:
            act()
            result.done += 1
        except HandoffError as refused:
            result.left.append(LeftBehind(thing, refused.text))
    if plan.closes:
        close_account(person, by=by, now=now)
        result.is_closed = True
    return result


def _require_may_leave(person: User, by: User) -> None:
    if not (by.has_perm("workflows.change_user") and may_change_account(by, person)):
        raise NotAllowed("You may not change accounts; ask an administrator.")
    if by.pk == person.pk:
        raise NotAllowed("Somebody else closes your account, and hands over what is yours.")


Step = tuple[str, Callable[[], object]]


def _planned_steps(reach: Reach, plan: HandoverPlan, leaving: Leaving) -> Iterator[Step]:
    """Everything that is to be done, in the order in which it is done: first whose things are,
    then whom running requests name, then what is in hand."""
    for row in _owned_rows(reach):
        yield str(row), _handing(row, plan, leaving)
    for named in reach.fields:
        yield f"{named.instance.reference}: {named.field}", _naming(named, plan, leaving)
    for request in reach.turns:
        yield f"{request.reference}: {request.title}", _leave_turn
    for task in reach.tasks:
        yield f"{task.request.reference}: {task.step}", _passing_on(task, plan, leaving)
    for report in reach.reports:
        yield str(report), _placing(report, plan, leaving)


def _owned_rows(reach: Reach) -> list[OwnedRow]:
    keys = [key for key in reach.webhook_keys if reach.person.pk in (key.owner_id, key.deputy_id)]
    rows: list[OwnedRow] = [*reach.workflows, *reach.deputised, *reach.parts]
    rows += [*reach.connections, *reach.resources, *keys, *reach.programs]
    return rows


def _handing(row: OwnedRow, plan: HandoverPlan, leaving: Leaving) -> Callable[[], object]:
    def act() -> None:
        is_owner = row.owner_id == leaving.person.pk
        by_itself = natural_successor(row) if plan.to_deputies and is_owner else None
        to = by_itself or plan.successor
        if is_row_of_workflow_part(row) and plan.to_deputies and by_itself is None:
            to = None
        if to == leaving.person:
            to = plan.successor
        hand_over(row, to, leaving)

    return act


def _naming(named: NamedInRequest, plan: HandoverPlan, leaving: Leaving) -> Callable[[], object]:
    def act() -> None:
        login, successor = leaving.person.get_username(), _require_successor(plan)
        set_values(
            named.instance.pk,
            actor=leaving.by,
            data={named.field: named.with_other(login, successor.get_username())},
            reason=plan.reason,
            now=leaving.now,
        )

    return act


def _leave_turn() -> object:
    """A chain of managers stays as it was found: it is said, and is an incident in its turn."""
    raise NotAllowed(
        "They stand in its chain of managers, which stays as it is. When it is their turn, its"
        " owner reassigns the task."
    )


def _passing_on(task: WorkItem, plan: HandoverPlan, leaving: Leaving) -> Callable[[], object]:
    def act() -> None:
        held = WorkItem.objects.filter(pk=task.pk, assignee=leaving.person, is_open=True)
        if not held.exists():
            return  # it went over with the field by which its role is found
        if plan.tasks_to_successor:
            reassign(
                task.pk,
                actor=leaving.by,
                to=_require_successor(plan),
                reason=plan.reason,
                now=leaving.now,
            )
        else:
            return_task_to_role(
                task.pk, holder=leaving.person, by=leaving.by, reason=plan.reason, now=leaving.now
            )

    return act


def _placing(report: User, plan: HandoverPlan, leaving: Leaving) -> Callable[[], object]:
    def act() -> None:
        report.manager = _require_successor(plan)
        accounts.save_account(report, by=leaving.by, now=leaving.now)

    return act


def _require_successor(plan: HandoverPlan) -> User:
    if plan.successor is None:
        raise NotAllowed("Nobody was chosen who takes it.")
    return plan.successor
