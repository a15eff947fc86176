"""Commands on a task: claim, start work, pause, release, decide, reassign."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.files import File
from django.db import transaction
from django_fsm import can_proceed

from workflows.engine.definition import RouteDef
from workflows.engine.effects import Completed, Decide
from workflows.engine.errors import InvalidInput, NotAllowed, WrongState
from workflows.engine.permits import Situation, open_outcomes, why_not, why_not_act
from workflows.models import WorkflowInstance, WorkItem
from workflows.models.runs import OPEN_STATES
from workflows.services.acting import steering, working
from workflows.services.case import Acting, Case, open_case, open_item, who_was_first, write_trail
from workflows.services.handlers import apply
from workflows.services.moments import Moments, measure, take_up, unpause
from workflows.services.placing import put_in, stand_down
from workflows.services.seen import check_seen, digest_of
from workflows.services.standing import in_role, stands_by_addition
from workflows.services.values import clean_values, kept_text, reason_given, store_files

LONGEST_COMMENT = 10_000


def decide(
    work_item_id: int,
    *,
    actor: User,
    outcome: str,
    now: datetime,
    comment: str = "",
    data: Mapping[str, Any] | None = None,
    files: Mapping[str, File] | None = None,
    opened_at: datetime | None = None,
    seen: str | None = None,
    must_have_seen: bool = False,
    moments: Moments | None = None,
) -> WorkItem:
    """Decide an open task with one of its outcomes; the request goes on in the same transaction.

    `data` gives raw values, and `files` uploads, for fields that the step fills in. `opened_at`
    is when the person opened the task, and becomes `started_at` if nobody had claimed it.
    `seen` is the digest of what was in front of the person; with `must_have_seen` an approval is
    refused without it. `moments` replaces the
    task's own moments when a log is replayed.

    Raises NotFound, WrongState (who was first, and when), NotAllowed, InvalidInput or
    ChangedSince, each with a sentence for the person; then nothing is written.
    """
    kept_text("comment", comment, LONGEST_COMMENT)
    with transaction.atomic():
        case = open_case(actor=actor, now=now, work_item_id=work_item_id)
        item = open_item(case, work_item_id)
        step = _step_key(case, item, work_item_id)
        _must_be_done_by_people(case, step)
        writes = clean_values(case.map, data or {})
        with store_files(case, files or {}) as uploads:
            writes |= uploads.values
            situation = situation_of(case, item, work_item_id, actor, outcome, writes)
            refused = why_not(situation, outcome=outcome, comment=comment, writes=writes)
            if refused is not None:
                raise refused
            assert item is not None
            values = check_seen(case, step, seen, required=must_have_seen)
            item.document_versions = _documents_seen(case, step)
            uploads.save()
            case.acting = _acting(case, item, step, outcome, actor)
            _decide(case, item, Decide(item.activation, actor.pk, outcome, writes,
                                       item.document_versions),
                    comment=comment, opened_at=opened_at, moments=moments,
                    seen=values if case.map.human(step).kind == "approval" else None)  # fmt: skip
    return item


def _decide(
    case: Case,
    item: WorkItem,
    event: Decide,
    *,
    comment: str,
    opened_at: datetime | None,
    moments: Moments | None,
    seen: Mapping[str, Any] | None,
) -> None:
    """Advance, finish the task's row (or add the vote), save, and write the trail."""
    assert case.actor is not None
    before = item.state
    result = apply(case, event)
    case.changes["given"] = dict(event.writes)
    if any(isinstance(e, Completed) and e.activation == item.activation for e in result.effects):
        take_up(item, case.now, opened_at, moments)
        item.finish(now=case.now, outcome=event.outcome, comment=comment, by=case.actor)
        measure(case.map.calendar, item)
    elif item.started_at is None:
        take_up(item, case.now, opened_at, moments)
    if item.needed > 1:
        item.votes = [*item.votes, _vote(case, event.outcome, comment)]
    case.touch(item, before)
    case.save("decide")
    write_trail(
        case, "decide", item=item, from_state=before, outcome=event.outcome, comment=comment,
        seen={"digest": digest_of(seen), "values": dict(seen)} if seen is not None else None,
    )  # fmt: skip


def claim(work_item_id: int, *, actor: User, now: datetime) -> WorkItem:
    """Take a task out of the queue; from now on it is this person's."""
    with transaction.atomic():
        case, item = _open_for(work_item_id, actor, now)
        _must_be_for_one(item)
        before = item.state
        _must_be(item, "claim", "taken already")
        item.claim(now=case.now, by=actor)
        item.in_queue = False
        return _save(case, item, before, "claim")


def start_work(work_item_id: int, *, actor: User, now: datetime) -> WorkItem:
    """Say that work begins, or goes on after a pause."""
    with transaction.atomic():
        case, item = _open_for(work_item_id, actor, now)
        before = item.state
        if before == "paused":
            unpause(case.map.calendar, item, case.now)
        else:
            _must_be_for_one(item)
            _must_be(item, "begin", "in work already")
            item.begin(now=case.now, by=actor)
            item.in_queue = False
        return _save(case, item, before, "start_work")


def pause(work_item_id: int, *, actor: User, now: datetime) -> WorkItem:
    """Let work rest; the rest does not count as working time."""
    with transaction.atomic():
        case, item = _open_for(work_item_id, actor, now)
        before = item.state
        _must_be(item, "pause", "not in work")
        item.pause(now=case.now)
        return _save(case, item, before, "pause")


def release(work_item_id: int, *, actor: User, now: datetime) -> WorkItem:
    """Give a task back to the queue it came from."""
    with transaction.atomic():
        case, item = _open_for(work_item_id, actor, now)
        step = case.map.step_keys[item.step_id]
        role = case.map.role_of(step)
        if role is not None and not role.is_static:
            raise InvalidInput(
                f"'{item.step}' is yours by its role, so there is no queue to give it back to."
                " Ask the workflow's owner to reassign it."
            )
        before = item.state
        _must_be(item, "release", "not taken")
        stand_down(item)
        item.release(to=None)
        item.in_queue = True
        return _save(case, item, before, "release")


def reassign(
    work_item_id: int, *, actor: User | None, to: User, reason: str, now: datetime
) -> WorkItem:
    """Put a task into a named person's hands; for the workflow's owner, deputy and managers.

    Somebody of its role has it from then on. Anybody else stands in: where the map says `reassign:
    anyone`, or where nobody can finish it as it is; of a task for several people they take the
    place of one who is gone.
    """
    reason = reason_given(reason)
    with transaction.atomic():
        case = open_case(actor=actor, now=now, work_item_id=work_item_id)
        item = open_item(case, work_item_id)
        steering(
            case,
            "Only the workflow's owner or deputy may reassign its tasks.",
            _step_key(case, item, work_item_id),
        )
        if item is None:
            raise WrongState(who_was_first(work_item_id))
        step = case.map.step_keys[item.step_id]
        if not case.map.graph.is_human(step):
            raise InvalidInput(
                f"'{item.step}' is not a step for a person; it cannot be reassigned."
            )
        if case.instance.state != WorkflowInstance.RUNNING:
            raise WrongState(
                f"{case.instance.reference} is {case.instance.state}; resume it first."
            )
        before = item.state
        resolved = put_in(case, item, to)
        if case.troubled and resolved:
            case.over_incidents[item.activation] = f"Reassigned to {to.get_username()}."
        return _save(case, item, before, "reassign", comment=reason)


# -- what the commands share ------------------------------------------------------------------


def situation_of(
    case: Case,
    item: WorkItem | None,
    work_item_id: int,
    actor: User,
    outcome: str,
    writes: Mapping[str, Any],
    assignee: int | None = None,
) -> Situation:
    """What `why_not` needs to know, from what the case has locked."""
    step = _step_key(case, item, work_item_id)
    roles = roles_held(case, item, step, actor)
    route = case.map.human(step).outcomes.get(outcome)
    named = route.role if route is not None else None
    outcome_role = roles.get(named) if named else (any(roles.values()) or None)
    holder = item.assignee_id if item is not None else None
    return Situation(
        graph=case.map.graph,
        marking=case.marking,
        data={**case.instance.data, **writes},
        step=step,
        activation=item.activation if item is not None else 0,
        request_state=case.instance.state,
        closed=who_was_first(work_item_id) if item is None else None,
        assignee=assignee or holder,
        assignee_name=str(item.assignee) if item and holder not in (None, actor.pk) else "",
        actor=actor.pk,
        in_role=item is not None and in_role(case, actor, case.map.human(step).role),
        in_outcome_role=outcome_role,
        added=item is not None and stands_by_addition(case, item, actor),
    )


def roles_held(case: Case, item: WorkItem | None, step: str, actor: User) -> dict[str, bool]:
    """For each role that an outcome of the step names, whether the person is in it."""
    if item is None:
        return {}
    return {key: in_role(case, actor, key) for key in case.map.outcome_roles(step)}


def _acting(case: Case, item: WorkItem, step: str, outcome: str, actor: User) -> Acting:
    """As what the actor works on this task, for the trail."""
    roles = roles_held(case, item, step, actor)
    by_role = in_role(case, actor, case.map.human(step).role)
    return working(case, item, step, outcome, roles, by_role=by_role)


def outcomes_for(case: Case, item: WorkItem, actor: User) -> dict[str, RouteDef]:
    """The outcomes that a person could choose now: the buttons of the decision page."""
    step = case.map.step_keys[item.step_id]
    situation = situation_of(case, item, item.pk, actor, "", {})
    return open_outcomes(situation, roles_held(case, item, step, actor))


def _step_key(case: Case, item: WorkItem | None, work_item_id: int) -> str:
    if item is not None:
        return case.map.step_keys[item.step_id]
    step_id = WorkItem.objects.values_list("step_id", flat=True).get(pk=work_item_id)
    return case.map.step_keys[step_id]


def _open_for(work_item_id: int, actor: User, now: datetime) -> tuple[Case, WorkItem]:
    """The case and the open task, if this person may act on it."""
    case = open_case(actor=actor, now=now, work_item_id=work_item_id)
    item = open_item(case, work_item_id)
    step = _step_key(case, item, work_item_id)
    _must_be_done_by_people(case, step)
    refused = why_not_act(situation_of(case, item, work_item_id, actor, "", {}))
    if refused is not None:
        raise refused
    assert item is not None
    if item.assignee is not None and item.assignee_id != actor.pk:
        raise NotAllowed(f"'{item.step}' is with {item.assignee}; what you may do is decide.")
    case.acting = _acting(case, item, step, "", actor)
    return case, item


def _must_be_done_by_people(case: Case, step: str) -> None:
    if not case.map.graph.is_human(step):
        raise InvalidInput(
            f"'{case.map.graph.title(step)}' is not done by a person; it goes on by itself."
        )


def _must_be_for_one(item: WorkItem) -> None:
    if item.needed > 1:
        raise InvalidInput(
            f"'{item.step}' is decided by {item.needed} different people, so nobody has it alone;"
            " each of them just decides."
        )


def _must_be(item: WorkItem, command: str, otherwise: str) -> None:
    """Refuse in words what the life cycle does not allow."""
    if not can_proceed(getattr(item, command)):
        assert item.state in OPEN_STATES
        raise WrongState(f"'{item.step}' is {otherwise} ({item.get_state_display()}).")  # type: ignore[attr-defined]


def _save(case: Case, item: WorkItem, before: str, command: str, comment: str = "") -> WorkItem:
    case.touch(item, before)
    case.save(command)
    write_trail(case, command, item=item, from_state=before, comment=comment)
    return item


def _documents_seen(case: Case, step: str) -> dict[str, int]:
    """The document versions in front of the person."""
    definition = case.map.graph.definition
    looked_at = case.map.human(step).inputs
    versions = {}
    for key, field in definition.fields.items():
        value = case.instance.data.get(key)
        is_shown = looked_at is None or key in looked_at
        if is_shown and field.type == "document" and isinstance(value, dict):
            versions[key] = int(value["version"])
    return versions


def _vote(case: Case, outcome: str, comment: str) -> dict[str, Any]:
    assert case.actor is not None
    return {
        "by": case.actor.get_username(),
        "id": case.actor.pk,
        "outcome": outcome,
        "comment": comment,
        "at": case.now,
    }
