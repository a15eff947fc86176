"""Putting a moved request back on its version, as it was: until the next thing that moves it."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from workflows.access.permissions import management_capacity
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.authority.decision_guards import steering_refusal
from workflows.engine.authority.eligibility import EligibilityGap
from workflows.engine.errors import NotFound, WrongState
from workflows.engine.routing.cancel_reasons import PutBackOnVersion
from workflows.execution.choices import TaskState
from workflows.execution.facts import NotNeeded
from workflows.execution.models import FormDraft, Incident, MergeRecord, WorkflowInstance, WorkItem
from workflows.execution.services.effect_handlers import release_from_holder
from workflows.execution.services.unit_of_work import (
    ActingCapacity,
    UnitOfWork,
    open_unit_of_work,
    write_trail,
)
from workflows.execution.services.unit_of_work.search_values import replace_search_values
from workflows.links.services.decision_links import forget_links_of_tasks
from workflows.notices.services.settling import detach_notices_of_tasks
from workflows.outbox.choices import MessageKind, MessageState
from workflows.outbox.models import Attempt, OutboxMessage
from workflows.people.models import User
from workflows.people.queries.eligibility import find_task_eligibility, open_task_of
from workflows.persistence.kept_text import validate_text
from workflows.persistence.row_history import write_history
from workflows.trail.changes import HoldReturned, HoldTaken, VersionChanged, read_changes
from workflows.trail.choices import MOVES, TrailCommand
from workflows.trail.models import TrailEvent
from workflows.version_changes.models import MovedRequest
from workflows.version_changes.services.kept_rows import KeptMove, restore_columns
from workflows.version_changes.services.moving import require_may_move

OUTSIDE_MESSAGES = (MessageKind.ATTEMPT, MessageKind.CHILD, MessageKind.WAKE)
UNTOUCHED = (MessageState.WAITING, MessageState.HELD)


def put_back(moved_id: int, *, actor: User | None, reason: str, now: datetime) -> WorkflowInstance:
    """Put a request back on the version from which it was moved, with every row as it was.

    Raises NotFound, NotAllowed, or WrongState where something has moved it since.
    """
    validate_text("reason", reason, 2000)
    with transaction.atomic():
        moved = MovedRequest.objects.filter(pk=moved_id).select_related("event").first()
        if moved is None:
            raise NotFound("There is no such move; it may have been typed wrongly.")
        work = open_unit_of_work(actor=actor, now=now, instance_id=moved.request_id)
        moved.refresh_from_db()
        _authorize(work, actor)
        kept = KeptMove.from_json(moved.kept)
        _require_untouched(work, moved, kept)
        _restore(work, moved, kept)
        return _finish(work, moved, kept, reason.strip())


def _authorize(work: UnitOfWork, actor: User | None) -> None:
    template = work.instance.template
    require_may_move(template, actor)
    if actor is None:
        return
    refusal = steering_refusal(work.map.graph, work.marking, actor.pk)
    if refusal is not None:
        raise refusal
    work.acting = ActingCapacity(management_capacity(actor, template))


# -- whether it can be ----------------------------------------------------------------------------


def _require_untouched(work: UnitOfWork, moved: MovedRequest, kept: KeptMove) -> None:
    names = {
        "reference": work.instance.reference,
        "version": cached_map(moved.from_version_id).number,
    }
    if moved.put_back_at is not None:
        raise WrongState("%(reference)s was put back already.", **names)
    newer = MovedRequest.objects.filter(request=work.instance, pk__gt=moved.pk, put_back_at=None)
    if newer.exists() or work.instance.version_id != moved.to_version_id:
        raise WrongState(
            "%(reference)s was moved once more since; put that move back first.", **names
        )
    rows = TrailEvent.objects.filter(request=work.instance, pk__gt=moved.event_id)
    if rows.filter(command__in=MOVES).exists():
        raise WrongState(
            "%(reference)s has gone on since it was moved, so it cannot be put back on version"
            " %(version)s as it was. It can be moved there.",
            **names,
        )
    if any(isinstance(note, HoldTaken | HoldReturned) for note in read_changes(moved.event).notes):
        raise WrongState(
            "What %(reference)s holds of resources changed with the move, so it cannot be put back"
            " on version %(version)s as it was. It can be moved there.",
            **names,
        )
    if _has_begun_outside(work, kept):
        raise WrongState(
            "A machine has begun with a step of %(reference)s that began with the move, so it"
            " cannot be put back on version %(version)s as it was. It can be moved there.",
            **names,
        )


def _has_begun_outside(work: UnitOfWork, kept: KeptMove) -> bool:
    """Whether anything outside has followed from what the move began."""
    asked = OutboxMessage.objects.filter(pk__in=kept.made_of("message"), kind__in=OUTSIDE_MESSAGES)
    if asked.exclude(state__in=UNTOUCHED).exists():
        return True
    activations = WorkItem.objects.filter(pk__in=kept.made_of("task")).values("activation")
    tried = Attempt.objects.filter(request=work.instance, activation__in=activations)
    children = WorkflowInstance.objects.filter(
        parent=work.instance, parent_activation__in=activations
    )
    return tried.exists() or children.exists()


# -- rows -----------------------------------------------------------------------------------------


def _restore(work: UnitOfWork, moved: MovedRequest, kept: KeptMove) -> None:
    for change in kept.changes:
        restore_columns(change)
    work.instance.refresh_from_db(fields=["data"])
    _take_out_made_rows(work, kept)
    new_fields, old_map = work.map.searchable_fields, cached_map(moved.from_version_id)
    replace_search_values(work.instance, new_fields, old_map.searchable_fields)


def _take_out_made_rows(work: UnitOfWork, kept: KeptMove) -> None:
    """What the move began is not there any more; its history and the trail say that it was."""
    tasks = list(WorkItem.objects.filter(pk__in=kept.made_of("task")))
    ids = [task.pk for task in tasks]
    write_history(
        [("-", task) for task in tasks], by=work.actor, now=work.now, why=TrailCommand.PUT_BACK
    )
    FormDraft.objects.filter(work_item__in=ids).delete()
    forget_links_of_tasks(ids)
    detach_notices_of_tasks(ids, now=work.now)
    OutboxMessage.objects.filter(pk__in=kept.made_of("message")).delete()
    MergeRecord.objects.filter(pk__in=kept.made_of("merge")).delete()
    _close_incidents(work, kept.made_of("incident"))
    WorkItem.objects.filter(pk__in=ids)._raw_delete("default")  # its history was written above


def _close_incidents(work: UnitOfWork, ids: Iterable[int]) -> None:
    """An incident that the move opened is over; it was told to people, so it stays on record."""
    over = NotNeeded(PutBackOnVersion())
    Incident.objects.filter(pk__in=ids, state=Incident.OPEN).update(
        state=Incident.RESOLVED,
        resolved_at=work.now,
        resolution_code=over.code,
        resolution_parameters=over.parameters,
    )


def _finish(
    before: UnitOfWork, moved: MovedRequest, kept: KeptMove, reason: str
) -> WorkflowInstance:
    """Read the request as it stands again, settle who has taken something up since, and record."""
    work = open_unit_of_work(actor=before.actor, now=before.now, instance_id=moved.request_id)
    work.acting = before.acting
    work.note(VersionChanged(before=before.map.number, to=work.map.number, steps={}, passes=[]))
    _release_barred_holders(work, moved)
    work.save(TrailCommand.PUT_BACK)
    changed = {change.pk for change in kept.changes if change.model is WorkItem}
    rows = [("~", item) for item in work.items.values() if item.pk in changed]
    write_history(rows, by=work.actor, now=work.now, why=TrailCommand.PUT_BACK)
    write_history([("~", work.instance)], by=work.actor, now=work.now, why=TrailCommand.PUT_BACK)
    write_trail(work, TrailCommand.PUT_BACK, from_state=work.instance.state, comment=reason)
    MovedRequest.objects.filter(pk=moved.pk).update(put_back_at=work.now)
    return work.instance


def _release_barred_holders(work: UnitOfWork, moved: MovedRequest) -> None:
    """Who has taken a task up since by the new map, and may not have it by the old one, gives it
    back."""
    rows = TrailEvent.objects.filter(request=work.instance, pk__gt=moved.event_id)
    taken_up = set(rows.exclude(work_item=None).values_list("work_item", flat=True))
    tasks = [
        item
        for item in work.items.values()
        if item.pk in taken_up
        and item.state != TaskState.ASKED
        and work.map.graph.is_human(work.map.step_keys[item.step_id])
    ]
    for standing in find_task_eligibility([open_task_of(work, item) for item in tasks]):
        if standing.lack is EligibilityGap.HOLDER:
            state = standing.task.item.state
            release_from_holder(work, standing.task.item)
            work.touch(standing.task.item, state)
