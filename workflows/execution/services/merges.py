"""The command on a merge whose branches disagree: choose between them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from workflows.documents.models import Document
from workflows.engine.errors import InvalidInput, NotFound, WrongState
from workflows.engine.routing.effects import ResolveMerge
from workflows.engine.texts import text
from workflows.engine.values.field_types.base import type_of_field
from workflows.engine.values.field_types.documents import are_documents
from workflows.execution.models import MergeRecord, WorkflowInstance
from workflows.execution.services.capacities import authorize_steering
from workflows.execution.services.command_rules import require_state, save_command
from workflows.execution.services.effect_handlers import apply_event
from workflows.execution.services.field_values.value_constraints import (
    require_satisfied,
    settle_writes,
)
from workflows.execution.services.field_values.values import read_field_value, require_reason
from workflows.execution.services.unit_of_work import UnitOfWork, open_unit_of_work
from workflows.people.models import User
from workflows.trail.choices import TrailCommand

_NOT_YOURS_TO_CHOOSE = text("Only the workflow's owner or deputy may choose between branches.")


def _instance_id_of_merge(merge_id: int) -> int:
    """The request of a merge, before that request is locked."""
    instance_id = (
        MergeRecord.objects.filter(pk=merge_id).values_list("request_id", flat=True).first()
    )
    if instance_id is None:
        raise NotFound("There is no such merge; it may have been typed wrongly.")
    return int(instance_id)


def resolve_merge(
    merge_id: int, *, actor: User | None, choices: Mapping[str, Any], reason: str, now: datetime
) -> WorkflowInstance:
    """Choose between branches that disagree; then the join fires.

    `choices` gives for each field in question the number of the branch whose value holds, as
    the merge record shows them (for documents too), or `{"value": raw}` for another value.
    """
    reason = require_reason(reason)
    with transaction.atomic():
        work = open_unit_of_work(actor=actor, now=now, instance_id=_instance_id_of_merge(merge_id))
        authorize_steering(work, _NOT_YOURS_TO_CHOOSE)
        require_state(
            work,
            WorkflowInstance.RUNNING,
            gettext_noop(
                "%(reference)s is %(state)s; only a request that is running can be merged."
            ),
        )
        merge = _find_conflict(work, merge_id)
        values = _resolve_choices(work, merge, choices)
        values = settle_writes(work, values) | {key: values[key] for key in choices}
        require_satisfied(work, values)
        merge.resolution, merge.resolved_by = {"values": values, "reason": reason}, actor
        work.touch_merge(merge, merge.state)
        apply_event(work, ResolveMerge(merge.activation, values, actor.pk if actor else None))
        work.changes.facts.given = values
        return _save_merge(work, merge, reason)


def _save_merge(work: UnitOfWork, merge: MergeRecord, reason: str) -> WorkflowInstance:
    return save_command(
        work,
        TrailCommand.RESOLVE_MERGE,
        work.instance.state,
        reason,
        step=work.map.step_keys[merge.join_id],
        activation=merge.activation,
    )


def _find_conflict(work: UnitOfWork, merge_id: int) -> MergeRecord:
    activation = MergeRecord.objects.values_list("activation", flat=True).get(pk=merge_id)
    merge = work.merge(activation, work.marking)
    if merge.state != MergeRecord.CONFLICT:
        raise WrongState("This merge has no disagreement any more.")
    return merge


def _resolve_choices(
    work: UnitOfWork, merge: MergeRecord, choices: Mapping[str, Any]
) -> dict[str, Any]:
    missing = [key for key in merge.conflicts if key not in choices]
    if missing:
        raise InvalidInput("Choose a value for %(missing)s too.", missing=", ".join(missing))
    extra = [key for key in choices if key not in merge.conflicts]
    if extra:
        raise InvalidInput(
            "The branches do not disagree on %(extra)s; leave it out.", extra=", ".join(extra)
        )
    return {key: _resolve_choice(work, merge, key, choice) for key, choice in choices.items()}


def _resolve_choice(work: UnitOfWork, merge: MergeRecord, key: str, choice: Any) -> Any:
    spec = work.map.graph.definition.all_fields[key]
    holds_document = type_of_field(spec).holds_document
    by_branch = merge.conflicts[key]
    if isinstance(choice, dict) and set(choice) == {"value"} and not holds_document:
        return read_field_value(key, spec, choice["value"])
    if str(choice) not in by_branch:
        raise InvalidInput(
            "'%(key)s': choose one of the branches %(by_branch)s.",
            key=key,
            by_branch=", ".join(sorted(by_branch)),
        )
    value = by_branch[str(choice)]
    if not holds_document or isinstance(value, dict) or are_documents(value):
        return value
    if isinstance(value, list):
        return [_document_value(work, key, version) for version in value]
    return _document_value(work, key, value)


def _document_value(work: UnitOfWork, key: str, version: int) -> dict[str, Any]:
    return Document.objects.get(request=work.instance, field=key, version=version).value()
