"""Putting somebody into a task: by their role, or as a stand-in for one who is gone.

Rank gives nobody a task. Outside its role it is given where the map says `reassign: anyone`, or
where nobody can finish it; then the record calls them a stand-in, and nobody puts in themselves.
"""

from dataclasses import replace

from django.contrib.auth.models import User

from workflows.engine.errors import InvalidInput, NotAllowed, WrongState
from workflows.engine.standing import Around, lack
from workflows.models import AddedPerson, WorkItem
from workflows.services.case import Case
from workflows.services.standing import Standing, in_role, standings, stands_by_addition, task_of


def put_in(case: Case, item: WorkItem, to: User) -> bool:
    """Put a person into an open task; whether somebody can finish it then.

    Raises InvalidInput, NotAllowed or WrongState, each with a sentence for who reassigns.
    """
    if not to.is_active:
        raise InvalidInput(f"{to.get_username()}'s account is not active; choose somebody else.")
    (standing,) = standings([task_of(case, item)])
    _must_be_free(standing, to)
    stands_in = not _is_theirs(case, item, to)
    if stands_in:
        _must_be_needed(case, standing, to)
    elif item.needed > 1:
        raise InvalidInput(
            f"'{item.step}' is decided by {item.needed} different people, so nobody has it alone;"
            f" {to.get_username()} is in its role and just decides."
        )
    holder = item.assignee
    if item.needed == 1:
        stand_down(item)
        item.reassign(to=to)
        item.in_queue = False
    if stands_in:
        AddedPerson.objects.update_or_create(
            work_item=item, user=to,
            defaults={
                "stand_in": True, "role": standing.task.step.role or "", "added_at": case.now,
            },
        )  # fmt: skip
    note = {"from": holder.get_username() if holder else "", "to": to.get_username()}
    case.note("assignee", note | ({"stands_in": True} if stands_in else {}))
    (after,) = standings([task_of(case, item)])
    if after.lack is not None and item.needed == 1:
        raise WrongState(
            f"{to.get_username()} could not finish '{item.step}' either: its outcomes are for roles"
            " that they are not in. Add people to these, or send the work to another step."
        )
    return after.lack is None


def stand_down(item: WorkItem) -> None:
    """Whoever stood in for the one person of a task does not any more."""
    if item.needed == 1:
        AddedPerson.objects.filter(work_item=item.pk, stand_in=True).delete()


def _is_theirs(case: Case, item: WorkItem, person: User) -> bool:
    """Whether the person may act on the task as it is, by a role or by its escalation."""
    step = case.map.step_keys[item.step_id]
    keys = (case.map.human(step).role, *case.map.outcome_roles(step))
    if any(in_role(case, person, key) for key in keys):
        return True
    return item.needed > 1 and stands_by_addition(case, item, person)


def _must_be_free(standing: Standing, to: User) -> None:
    """Neither kept from the task by separation of duties, nor through with it."""
    name, item = to.get_username(), standing.task.item
    if to.pk in standing.around.barred:
        who = standing.task.step.not_by
        names = who if who is not None else ["requester"]
        kept = " and ".join(
            "the requester" if w == "requester" else f"who did '{w}'" for w in names
        )
        raise NotAllowed(
            f"{name} cannot take this: '{item.step}' must be done by somebody else, because"
            f" separation of duties keeps {kept} from it."
        )
    if to.pk in standing.around.voted:
        raise NotAllowed(
            f"{name} cannot take this: they have already agreed to '{item.step}'; it needs"
            f" {item.needed} different people."
        )


def _must_be_needed(case: Case, standing: Standing, to: User) -> None:
    """Outside its role a task is given only where the map allows it, or nobody could finish it."""
    step, item = standing.task.step, standing.task.item
    if step.reassign == "anyone":
        return
    if lack(step, _without_holder(standing.around)) is None:
        raise NotAllowed(
            f"{to.get_username()} is not in the role of '{item.step}', and others who are can do"
            " it. Choose one of them; the map can allow others with `reassign: anyone`."
        )
    if case.actor is not None and case.actor.pk == to.pk:
        raise NotAllowed(
            f"Nobody puts themselves in where they are not in the role. Choose somebody else for"
            f" '{item.step}', or let the deputy choose."
        )


def _without_holder(around: Around) -> Around:
    return replace(around, holder=None)
