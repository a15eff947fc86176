"""Values of a request that became known outside its steps, as a recorded command of its own."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from workflows.engine.errors import InvalidInput, NotAllowed, WrongState
from workflows.engine.format.definition import Definition, display_title
from workflows.engine.routing.cancel_reasons import ShownByLog
from workflows.engine.routing.effects import CorrectValues
from workflows.engine.texts import text
from workflows.engine.values.field_types.base import type_of_field
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.sight.field_sight import hidden_fields
from workflows.execution.services.capacities import authorize_steering, find_steering_refusal
from workflows.execution.services.effect_handlers import apply_event
from workflows.execution.services.field_values.value_constraints import clean_writes
from workflows.execution.services.field_values.values import require_reason
from workflows.execution.services.unit_of_work import UnitOfWork, open_unit_of_work, write_trail
from workflows.people.models import User
from workflows.trail.choices import TrailCommand


def fields_to_put_right(
    definition: Definition, *, rows: Collection[str] = (), lists: Collection[str] = ()
) -> list[str]:
    """The fields whose values a person may put right by hand: what is worked out follows, and
    documents come in at their steps. `rows` are the names of rows in whose branch it is, with
    whose columns these stand in place of their `lists`."""
    return [
        key
        for key, field in definition.all_fields.items()
        if not type_of_field(field).holds_document
        and field.value is None
        and (key.partition(".")[0] in rows or (key in definition.fields and key not in lists))
    ]


def find_correction_refusal(work: UnitOfWork, user: User) -> NotAllowed | None:
    """Why separation of duties keeps somebody who answers for the workflow from correcting values
    where the request stands now; asked by the service, the page and what leads there."""
    return find_steering_refusal(work, user, *_open_steps(work))


def correct_values(
    instance_id: int, *, actor: User, data: Mapping[str, Any], reason: str, now: datetime
) -> WorkflowInstance:
    """Put values of a running request right, as a person does: only such that this person may see,
    and only such as are put right by hand.

    Raises NotFound, NotAllowed, WrongState or InvalidInput; then nothing is written.
    """
    reason = require_reason(reason)
    with transaction.atomic():
        work = _open_work(instance_id, actor, now)
        _require_correctable(work, actor, data)
        return _write_values(work, data, reason)


def set_values(
    instance_id: int,
    *,
    actor: User | None,
    data: Mapping[str, Any],
    now: datetime,
    reason: str = "",
    cause: ShownByLog | None = None,
) -> WorkflowInstance:
    """Write values into a running request; for the workflow's owner and deputy, who say why, and
    for a log, which is a `cause` of its own.

    Raises NotFound, NotAllowed, WrongState or InvalidInput; then nothing is written.
    """
    reason = require_reason(reason) if cause is None else reason
    with transaction.atomic():
        return _write_values(_open_work(instance_id, actor, now), data, reason, cause)


def _open_work(instance_id: int, actor: User | None, now: datetime) -> UnitOfWork:
    work = open_unit_of_work(actor=actor, now=now, instance_id=instance_id)
    authorize_steering(
        work,
        text("Only the workflow's owner or deputy may set values of a request."),
        *_open_steps(work),
    )
    _require_running(work.instance)
    return work


def _open_steps(work: UnitOfWork) -> list[str]:
    return [token.step for token in work.marking.tokens]


def _write_values(
    work: UnitOfWork, data: Mapping[str, Any], reason: str, cause: ShownByLog | None = None
) -> WorkflowInstance:
    values = clean_writes(work, data)
    apply_event(work, CorrectValues(values, work.actor.pk if work.actor else None))
    work.changes.facts.given, work.changes.facts.cause = values, cause
    work.save(TrailCommand.SET_VALUES)
    write_trail(work, TrailCommand.SET_VALUES, from_state=work.instance.state, comment=reason)
    return work.instance


def _require_correctable(work: UnitOfWork, actor: User, data: Mapping[str, Any]) -> None:
    definition, instance = work.map.graph.definition, work.instance
    hidden = hidden_fields(actor, instance, work.map)
    by_hand = fields_to_put_right(definition)
    for key in data.keys() & definition.fields.keys():
        title = display_title(key, definition.fields[key].label)
        if key in hidden:
            raise NotAllowed(
                "'%(field)s' is not shown to you, so you cannot correct it.", field=title
            )
        if key not in by_hand:
            raise InvalidInput(
                "'%(field)s' is not put right by hand: documents come in at their steps, and what"
                " is worked out follows.",
                field=title,
            )
    if all(instance.data.get(key) == value for key, value in data.items()):
        raise InvalidInput("Nothing would change: every value is as it was.")


def _require_running(instance: WorkflowInstance) -> None:
    if instance.state != WorkflowInstance.RUNNING:
        raise WrongState(
            "%(reference)s is %(state)s already.",
            reference=instance.reference,
            state=instance.get_state_display(),
        )
