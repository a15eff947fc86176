"""Putting somebody into a task: by their role, or as a stand-in for one who is gone.

Rank gives nobody a task. Outside its role it is given where the map says `reassign: anyone`, or
where nobody can finish it; then the record calls them a stand-in, and nobody puts in themselves.
"""

from dataclasses import replace

from workflows.engine.authority.decision_guards import describe_barred_people
from workflows.engine.authority.eligibility import TaskPeople, find_eligibility_gap
from workflows.engine.errors import InvalidInput, NotAllowed, WrongState
from workflows.execution.models import AddedPerson, WorkItem
from workflows.execution.services.task_clocks.requester_pauses import end_requester_pause
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.people.models import User
from workflows.people.queries.eligibility import (
    TaskEligibility,
    find_task_eligibility,
    is_in_role,
    may_act_by_addition,
    open_task_of,
)
from workflows.people.queries.person_names import full_name_of
from workflows.trail.changes import AssigneeChanged


def assign_person_to_task(work: UnitOfWork, item: WorkItem, to: User) -> bool:
    """Put a person into an open task; whether somebody can finish it then.

    Raises InvalidInput, NotAllowed or WrongState, each with a sentence for who reassigns.
    """
    require_active_account(to)
    (eligibility,) = find_task_eligibility([open_task_of(work, item)])
    require_unbarred(eligibility, to)
    stands_in = not _may_act_by_role(work, item, to)
    if stands_in:
        _require_stand_in_allowed(work, eligibility, to)
    else:
        _require_one_person_task(item, to)
    holder = item.assignee
    if item.needed == 1:
        remove_stand_in(item)
        end_requester_pause(work, item)
        item.reassign(to=to)
        item.in_queue = False
    if stands_in:
        _add_stand_in(work, eligibility, to)
    before = holder.get_username() if holder else ""
    work.note(AssigneeChanged(before=before, to=to.get_username(), stands_in=stands_in))
    (after,) = find_task_eligibility([open_task_of(work, item)])
    if item.needed == 1:
        _require_finishable(after, to)
    return after.lack is None


def lacks_people(work: UnitOfWork, item: WorkItem) -> bool:
    """Whether too few are there who could finish an open task, so that somebody may be put in."""
    (eligibility,) = find_task_eligibility([open_task_of(work, item)])
    return find_eligibility_gap(eligibility.task.step, eligibility.around) is not None


def require_active_account(to: User) -> None:
    """Refuse somebody whose account is closed."""
    if not to.is_active:
        raise InvalidInput(
            "%(to)s's account is not active; choose somebody else.", to=full_name_of(to)
        )


def _require_one_person_task(item: WorkItem, to: User) -> None:
    if item.needed > 1:
        raise InvalidInput(
            "'%(step)s' is decided by %(needed)s different people, so nobody has it alone; %(to)s"
            " is in its role and just decides.",
            step=item.step,
            needed=item.needed,
            to=full_name_of(to),
        )


def _require_finishable(eligibility: TaskEligibility, to: User) -> None:
    if eligibility.lack is not None:
        raise WrongState(
            "%(to)s could not finish '%(step)s' either: its outcomes are for roles that they are"
            " not in. Add people to these, or send the work to another step.",
            to=full_name_of(to),
            step=eligibility.task.item.step,
        )


def _add_stand_in(work: UnitOfWork, eligibility: TaskEligibility, to: User) -> None:
    AddedPerson.objects.update_or_create(
        work_item=eligibility.task.item,
        user=to,
        defaults={"stand_in": True, "role": eligibility.task.step.role or "", "added_at": work.now},
    )


def remove_stand_in(item: WorkItem) -> None:
    """Whoever stood in for the one person of a task does not any more."""
    if item.needed == 1:
        AddedPerson.objects.filter(work_item=item.pk, stand_in=True).delete()


def _may_act_by_role(work: UnitOfWork, item: WorkItem, person: User) -> bool:
    """Whether the person may act on the task as it is, by a role or by its escalation."""
    step = work.map.step_keys[item.step_id]
    keys = (work.map.human(step).role, *work.map.outcome_roles(step))
    if any(is_in_role(work, person, key, item) for key in keys):
        return True
    return item.needed > 1 and may_act_by_addition(work, item, person)


def require_unbarred(eligibility: TaskEligibility, to: User) -> None:
    """Neither kept from the task by separation of duties, nor through with it."""
    name, item = full_name_of(to), eligibility.task.item
    if to.pk in eligibility.around.barred:
        raise NotAllowed(
            "%(name)s cannot take this: '%(step)s' must be done by somebody else, because"
            " separation of duties keeps %(people)s from it.",
            name=name,
            step=item.step,
            people=describe_barred_people(eligibility.task.step),
        )
    if to.pk in eligibility.around.voted:
        raise NotAllowed(
            "%(name)s cannot take this: they have already agreed to '%(step)s'; it needs %(needed)s"
            " different people.",
            name=name,
            step=item.step,
            needed=item.needed,
        )


def _require_stand_in_allowed(work: UnitOfWork, eligibility: TaskEligibility, to: User) -> None:
    """Outside its role a task is given only where the map allows it, or nobody could finish it."""
    step, item = eligibility.task.step, eligibility.task.item
    if step.reassign == "anyone":
        return
    if find_eligibility_gap(step, _without_holder(eligibility.around)) is None:
        raise NotAllowed(
            "%(to)s is not in the role of '%(step)s', and others who are can do it. Choose one of"
            " them; the map can allow others with `reassign: anyone`.",
            to=full_name_of(to),
            step=item.step,
        )
    if work.actor is not None and work.actor.pk == to.pk:
        raise NotAllowed(
            "Nobody puts themselves in where they are not in the role. Choose somebody else for"
            " '%(step)s', or let the deputy choose.",
            step=item.step,
        )


def _without_holder(around: TaskPeople) -> TaskPeople:
    return replace(around, holder=None)
