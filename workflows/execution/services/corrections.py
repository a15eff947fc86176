"""Values of a request that became known outside its steps, as a recorded command of its own."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from workflows.engine.errors import WrongState
from workflows.engine.routing.cancel_reasons import ShownByLog
from workflows.engine.routing.effects import CorrectValues
from workflows.engine.texts import text
from workflows.execution.models import WorkflowInstance
from workflows.execution.services.capacities import authorize_steering
from workflows.execution.services.effect_handlers import apply_event
from workflows.execution.services.field_values.value_constraints import clean_writes
from workflows.execution.services.field_values.values import require_reason
from workflows.execution.services.unit_of_work import open_unit_of_work, write_trail
from workflows.people.models import User
from workflows.trail.choices import TrailCommand


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
        work = open_unit_of_work(actor=actor, now=now, instance_id=instance_id)
        authorize_steering(
            work,
            text("Only the workflow's owner or deputy may set values of a request."),
            *(token.step for token in work.marking.tokens),
        )
        _require_running(work.instance)
        values = clean_writes(work, data)
        apply_event(work, CorrectValues(values, actor.pk if actor else None))
        work.changes.facts.given, work.changes.facts.cause = values, cause
        work.save(TrailCommand.SET_VALUES)
        write_trail(work, TrailCommand.SET_VALUES, from_state=work.instance.state, comment=reason)
    return work.instance


def _require_running(instance: WorkflowInstance) -> None:
    if instance.state != WorkflowInstance.RUNNING:
        raise WrongState(
            "%(reference)s is %(state)s already.",
            reference=instance.reference,
            state=instance.get_state_display(),
        )
