"""Commands on a task: claim, start work, pause, release, decide, reassign."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop
from django_fsm import can_proceed

from workflows.engine.authority.decision_guards import (
    DecisionContext,
    acting_refusal,
    decision_refusal,
)
from workflows.engine.errors import InvalidInput, NotAllowed, WrongState
from workflows.engine.routing.cancel_reasons import ShownByLog
from workflows.engine.routing.effects import ActivationCompleted, Decide
from workflows.engine.texts import text
from workflows.engine.values.field_types.base import type_of_field
from workflows.engine.values.field_types.documents import version_numbers
from workflows.execution.facts import Reassigned
from workflows.execution.models import OPEN_STATES, WorkflowInstance, WorkItem
from workflows.execution.queries.closed_tasks import describe_closed_task
from workflows.execution.services.capacities import authorize_steering
from workflows.execution.services.effect_handlers import apply_event
from workflows.execution.services.field_values.value_constraints import clean_writes, kept_files
from workflows.execution.services.field_values.values import (
    SentFiles,
    require_reason,
    store_files,
)
from workflows.execution.services.reassignment import assign_person_to_task, remove_stand_in
from workflows.execution.services.review_digest import (
    check_seen_digest,
    digest_of_values,
    keeps_what_was_seen,
)
from workflows.execution.services.signing import (
    Signature,
    record_signature,
    require_signature,
)
from workflows.execution.services.task_clocks.task_times import (
    TaskMoments,
    measure_task_times,
    record_task_start,
    unpause_task,
)
from workflows.execution.services.task_standing import (
    decision_situation,
    find_acting_capacity,
    holder_name,
)
from workflows.execution.services.unit_of_work import (
    UnitOfWork,
    find_locked_task,
    open_unit_of_work,
    write_trail,
)
from workflows.people.models import User
from workflows.people.queries.eligibility import quorum_roles_of
from workflows.persistence.kept_text import validate_text
from workflows.trail.choices import TrailCommand

LONGEST_COMMENT = 10_000


def decide(
    work_item_id: int,
    *,
    actor: User,
    outcome: str,
    now: datetime,
    comment: str = "",
    data: Mapping[str, Any] | None = None,
    files: SentFiles | None = None,
    opened_at: datetime | None = None,
    seen: str | None = None,
    must_have_seen: bool = False,
    moments: TaskMoments | None = None,
    signature: Signature | None = None,
    only_check: bool = False,
) -> WorkItem:
    """Decide an open task with one of its outcomes; the request goes on in the same transaction.

    `data` gives raw values, and `files` uploads, for fields that the step fills in. `opened_at`
    is when the person opened the task, and becomes `started_at` if nobody had claimed it.
    `seen` is the digest of what was in front of the person; with `must_have_seen` an approval is
    refused without it. `moments` replaces the task's own when a log is replayed, which shows no
    comment: then none is asked for, and the trail says that the log shows it. `signature` says
    that the actor has just shown again who they are, which a step that is signed asks for. With
    `only_check` what would be refused is refused, and nothing is written.

    Raises NotFound, WrongState (who was first, and when), NotAllowed, InvalidInput or
    ChangedSince, each with a sentence for the person; then nothing is written.
    """
    validate_text(gettext_noop("comment"), comment, LONGEST_COMMENT)
    with transaction.atomic():
        work = open_unit_of_work(actor=actor, now=now, work_item_id=work_item_id)
        item = find_locked_task(work, work_item_id)
        step = _step_key(work, item, work_item_id)
        _require_human_step(work, step)
        writes = clean_writes(work, data or {}, item)
        kept = kept_files(work, files or {}, writes)
        with store_files(work, kept, comment, writes) as uploads:
            writes |= uploads.values
            situation = decision_situation(work, item, work_item_id, actor, outcome, writes)
            item = _require_allowed_decision(
                item, situation, outcome, comment, writes, is_shown_by_log=moments is not None
            )
            require_signature(work, item, signature, is_shown_by_log=moments is not None)
            # After the rules: who may not decide does not learn whether something has changed.
            must_have_seen = must_have_seen or signature is not None
            values = check_seen_digest(work, step, seen, required=must_have_seen, rows=item.rows)
            record_signature(work, item, signature, values, outcome)
            item.document_versions = _documents_seen(work, step)
            if only_check:
                transaction.set_rollback(True)
                return item
            # Stored only when every rule has held: a file is not rolled back with the rows.
            uploads.save()
            work.acting = find_acting_capacity(work, item, situation, outcome, actor)
            event = _decision_event(work, item, outcome, writes)
            values_shown = values if keeps_what_was_seen(work.map.human(step)) else None
            timing = _DecisionTiming(opened_at, moments)
            _apply_decision(work, item, event, comment=comment, timing=timing, seen=values_shown)
    return item


def _decision_event(
    work: UnitOfWork, item: WorkItem, outcome: str, writes: Mapping[str, Any]
) -> Decide:
    assert work.actor is not None
    acted_for = work.acting.acted_for
    return Decide(
        item.activation,
        work.actor.pk,
        outcome,
        writes,
        item.document_versions,
        acted_for.pk if acted_for is not None else None,
        _roles_for_quorum(work, item, acted_for or work.actor),
    )


def _roles_for_quorum(work: UnitOfWork, item: WorkItem, person: User) -> tuple[str, ...]:
    """For which roles the person counts, where the quorum is by roles; the trail keeps it."""
    roles = quorum_roles_of(work, person, item)
    work.changes.facts.vote_roles = list(roles) or None
    return roles


@dataclass(frozen=True, slots=True)
class _DecisionTiming:
    """When the person opened the task, and the moments that replace its own in a replay."""

    opened_at: datetime | None
    moments: TaskMoments | None


def _require_allowed_decision(
    item: WorkItem | None,
    situation: DecisionContext,
    outcome: str,
    comment: str,
    writes: Mapping[str, Any],
    *,
    is_shown_by_log: bool,
) -> WorkItem:
    """The open task, if this person may decide it so."""
    refused = decision_refusal(
        situation,
        outcome=outcome,
        comment=comment,
        writes=writes,
        is_shown_by_log=is_shown_by_log,
    )
    if refused is not None:
        raise refused
    assert item is not None
    return item


def _apply_decision(
    work: UnitOfWork,
    item: WorkItem,
    event: Decide,
    *,
    comment: str,
    timing: _DecisionTiming,
    seen: Mapping[str, Any] | None,
) -> None:
    """Advance, finish the task's row (or add the vote), save, and write the trail."""
    assert work.actor is not None
    before = item.state
    result = apply_event(work, event)
    work.changes.facts.given = dict(event.writes)
    work.changes.facts.cause = None if timing.moments is None else ShownByLog()
    is_completed = any(
        isinstance(e, ActivationCompleted) and e.activation == item.activation
        for e in result.effects
    )
    if is_completed or item.started_at is None:
        record_task_start(item, work.now, timing.opened_at, timing.moments)
    if is_completed:
        item.finish(
            now=work.now,
            outcome=event.outcome,
            comment=comment,
            by=work.actor,
            acted_for=work.acting.acted_for,
        )
        measure_task_times(work.map.calendar_at(item.step_id), item)
    if item.needed > 1:
        item.votes = [*item.votes, _vote_record(work, event.outcome, comment)]
    work.touch(item, before)
    work.save(TrailCommand.DECIDE)
    _write_decision(work, item, before, event.outcome, comment, seen)


def _write_decision(
    work: UnitOfWork,
    item: WorkItem,
    before: str,
    outcome: str,
    comment: str,
    seen: Mapping[str, Any] | None,
) -> None:
    write_trail(
        work,
        TrailCommand.DECIDE,
        item=item,
        from_state=before,
        outcome=outcome,
        comment=comment,
        seen={"digest": digest_of_values(seen), "values": dict(seen)} if seen is not None else None,
    )


def claim(work_item_id: int, *, actor: User, now: datetime) -> WorkItem:
    """Take a task out of the queue; from now on it is this person's, or theirs in whose place it
    was taken."""
    with transaction.atomic():
        work, item = open_task_for_actor(work_item_id, actor, now)
        _require_single_performer(item)
        before = item.state
        _require_transition(item, "claim", gettext_noop("'%(step)s' is taken already (%(state)s)."))
        item.claim(now=work.now, by=work.acting.acted_for or actor)
        item.in_queue = False
        return _save_command(work, item, before, TrailCommand.CLAIM)


def start_work(work_item_id: int, *, actor: User, now: datetime) -> WorkItem:
    """Say that work begins, or goes on after a pause."""
    with transaction.atomic():
        work, item = open_task_for_actor(work_item_id, actor, now)
        before = item.state
        if before == "paused":
            unpause_task(work.map.calendar_at(item.step_id), item, work.now)
        else:
            _require_single_performer(item)
            _require_transition(
                item, "begin", gettext_noop("'%(step)s' is in work already (%(state)s).")
            )
            item.begin(now=work.now, by=work.acting.acted_for or actor)
            item.in_queue = False
        return _save_command(work, item, before, TrailCommand.START_WORK)


def pause(work_item_id: int, *, actor: User, now: datetime) -> WorkItem:
    """Let work rest; the rest does not count as working time."""
    with transaction.atomic():
        work, item = open_task_for_actor(work_item_id, actor, now)
        before = item.state
        _require_transition(item, "pause", gettext_noop("'%(step)s' is not in work (%(state)s)."))
        item.pause(now=work.now)
        return _save_command(work, item, before, TrailCommand.PAUSE)


def release(work_item_id: int, *, actor: User, now: datetime) -> WorkItem:
    """Give a task back to the queue it came from."""
    with transaction.atomic():
        work, item = open_task_for_actor(work_item_id, actor, now)
        step = work.map.step_keys[item.step_id]
        role = work.map.role_of(step)
        if role is not None and not role.is_shared(work.instance.data):
            raise InvalidInput(
                "'%(step)s' is yours by its role, so there is no queue to give it back to. Ask the"
                " workflow's owner to reassign it.",
                step=item.step,
            )
        before = item.state
        _require_transition(item, "release", gettext_noop("'%(step)s' is not taken (%(state)s)."))
        remove_stand_in(item)
        item.release(to=None)
        item.in_queue = True
        return _save_command(work, item, before, TrailCommand.RELEASE)


def reassign(
    work_item_id: int, *, actor: User | None, to: User, reason: str, now: datetime
) -> WorkItem:
    """Put a task into a named person's hands: whoever has it, or could take it, passes it on; so
    do the workflow's owner, deputy and managers, whoever has it.

    Somebody of its role has it from then on. Anybody else stands in: where the map says `reassign:
    anyone`, or where nobody can finish it as it is; of a task for several people they take the
    place of one who is gone.
    """
    reason = require_reason(reason)
    with transaction.atomic():
        work = open_unit_of_work(actor=actor, now=now, work_item_id=work_item_id)
        item = find_locked_task(work, work_item_id)
        step = _step_key(work, item, work_item_id)
        if item is not None and may_pass_on(work, item, step):
            _require_other_person(work, item, to)
        else:
            authorize_steering(work, _NOT_YOURS_TO_REASSIGN, step)
        if item is None:
            raise WrongState(describe_closed_task(work_item_id))
        _require_reassignable(work, item)
        before = item.state
        resolved = assign_person_to_task(work, item, to)
        if work.may_have_incident and resolved:
            work.over_incidents[item.activation] = Reassigned(to.get_username())
        return _save_command(work, item, before, TrailCommand.REASSIGN, comment=reason)


_NOT_YOURS_TO_REASSIGN = text(
    "Only whoever has this task, and the workflow's owner or deputy, may put it into other hands."
)


def may_pass_on(work: UnitOfWork, item: WorkItem, step: str) -> bool:
    """Whether the actor may put the task into another's hands as one who has it or could take it,
    or stands in for one; then as what they act is kept."""
    return item.needed == 1 and has_or_could_take(work, item, step)


def has_or_could_take(work: UnitOfWork, item: WorkItem, step: str) -> bool:
    """Whether the task is the actor's, or theirs for whom they stand in, or could be; then as what
    they act is kept."""
    actor = work.actor
    if actor is None or not work.map.graph.is_human(step):
        return False
    situation = decision_situation(work, item, item.pk, actor, "", {})
    if acting_refusal(situation) is not None or is_with_another(item, situation):
        return False
    work.acting = find_acting_capacity(work, item, situation, "", actor)
    return True


def _require_other_person(work: UnitOfWork, item: WorkItem, to: User) -> None:
    if work.actor == to:
        raise InvalidInput(
            "'%(step)s' is yours to do already; choose somebody else.", step=item.step
        )


def _require_reassignable(work: UnitOfWork, item: WorkItem) -> None:
    if not work.map.graph.is_human(work.map.step_keys[item.step_id]):
        raise InvalidInput(
            "'%(step)s' is not a step for a person; it cannot be reassigned.", step=item.step
        )
    if work.instance.state != WorkflowInstance.RUNNING:
        raise WrongState(
            "%(reference)s is %(state)s; resume it first.",
            reference=work.instance.reference,
            state=work.instance.get_state_display(),
        )


# -- what the commands share ------------------------------------------------------------------


def _step_key(work: UnitOfWork, item: WorkItem | None, work_item_id: int) -> str:
    if item is not None:
        return work.map.step_keys[item.step_id]
    step_id = WorkItem.objects.values_list("step_id", flat=True).get(pk=work_item_id)
    if step_id not in work.map.step_keys:  # the request was moved to another version since
        raise WrongState(describe_closed_task(work_item_id))
    return work.map.step_keys[step_id]


def open_task_for_actor(
    work_item_id: int, actor: User, now: datetime, *, is_to_have_it: bool = True
) -> tuple[UnitOfWork, WorkItem]:
    """The case and the open task, if this person may act on it; with `is_to_have_it` only if
    nobody else has it."""
    work = open_unit_of_work(actor=actor, now=now, work_item_id=work_item_id)
    item = find_locked_task(work, work_item_id)
    step = _step_key(work, item, work_item_id)
    _require_human_step(work, step)
    situation = decision_situation(work, item, work_item_id, actor, "", {})
    refused = acting_refusal(situation)
    if refused is None and item is not None and is_to_have_it:
        refused = find_holder_refusal(item, situation, work.now)
    if refused is not None:
        raise refused
    assert item is not None
    work.acting = find_acting_capacity(work, item, situation, "", actor)
    return work, item


def is_with_another(item: WorkItem, situation: DecisionContext) -> bool:
    """Whether another person has the task than in whose right somebody would act."""
    return item.assignee_id not in (None, situation.in_whose_right)


def find_holder_refusal(
    item: WorkItem, situation: DecisionContext, now: datetime
) -> NotAllowed | None:
    """Why somebody who may act on a task may do no more than decide it: another has it."""
    if not is_with_another(item, situation):
        return None
    return NotAllowed(
        "'%(step)s' is with %(assignee)s; what you may do is decide.",
        step=item.step,
        assignee=holder_name(item, now),
    )


def _require_human_step(work: UnitOfWork, step: str) -> None:
    if not work.map.graph.is_human(step):
        raise InvalidInput(
            "'%(title)s' is not done by a person; it goes on by itself.",
            title=work.map.graph.title(step),
        )


def _require_single_performer(item: WorkItem) -> None:
    if item.needed > 1:
        raise InvalidInput(
            "'%(step)s' is decided by %(needed)s different people, so nobody has it alone; each of"
            " them just decides.",
            step=item.step,
            needed=item.needed,
        )


def _require_transition(item: WorkItem, command: str, refusal: str) -> None:
    """Refuse in words what the life cycle does not allow."""
    if not can_proceed(getattr(item, command)):
        assert item.state in OPEN_STATES
        raise WrongState(refusal, step=item.step, state=item.get_state_display())


def _save_command(
    work: UnitOfWork, item: WorkItem, before: str, command: TrailCommand, comment: str = ""
) -> WorkItem:
    work.touch(item, before)
    work.save(command)
    write_trail(work, command, item=item, from_state=before, comment=comment)
    return item


def _documents_seen(work: UnitOfWork, step: str) -> dict[str, int | list[int]]:
    """The document versions in front of the person; of several files in a field all of theirs."""
    definition = work.map.graph.definition
    looked_at = work.map.human(step).inputs
    versions: dict[str, int | list[int]] = {}
    for key, field in definition.fields.items():
        is_shown = looked_at is None or key in looked_at
        if is_shown and type_of_field(field).holds_document:
            numbers = version_numbers(work.instance.data.get(key))
            if numbers is not None:
                versions[key] = numbers
    return versions


def _vote_record(work: UnitOfWork, outcome: str, comment: str) -> dict[str, Any]:
    assert work.actor is not None
    acted_for = work.acting.acted_for
    in_place_of = (
        {"acted_for": acted_for.get_username(), "acted_for_id": acted_for.pk}
        if acted_for is not None
        else {}
    )
    return {
        **in_place_of,
        "by": work.actor.get_username(),
        "id": work.actor.pk,
        "outcome": outcome,
        "comment": comment,
        "at": work.now,
    }
