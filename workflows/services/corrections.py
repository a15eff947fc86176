"""Values of a request that became known outside its steps, as a recorded command of its own."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from workflows.engine.effects import PutRight
from workflows.engine.errors import WrongState
from workflows.models import WorkflowInstance
from workflows.services.acting import steering
from workflows.services.case import open_case, write_trail
from workflows.services.handlers import apply
from workflows.services.values import clean_values, reason_given


def set_values(
    instance_id: int,
    *,
    actor: User | None,
    data: Mapping[str, Any],
    reason: str,
    now: datetime,
) -> WorkflowInstance:
    """Write values into a running request; for the workflow's owner and deputy, and for a log.

    Raises NotFound, NotAllowed, WrongState or InvalidInput; then nothing is written.
    """
    reason = reason_given(reason)
    with transaction.atomic():
        case = open_case(actor=actor, now=now, instance_id=instance_id)
        steering(
            case,
            "Only the workflow's owner or deputy may set values of a request.",
            *(token.step for token in case.marking.tokens),
        )
        if case.instance.state != WorkflowInstance.RUNNING:
            raise WrongState(f"{case.instance.reference} is {case.instance.state} already.")
        values = clean_values(case.map, data)
        apply(case, PutRight(values, actor.pk if actor else None))
        case.changes["given"] = values
        case.save("set_values")
        write_trail(case, "set_values", from_state=case.instance.state, comment=reason)
    return case.instance
