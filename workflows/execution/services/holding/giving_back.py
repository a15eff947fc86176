"""What a request holds of a resource is given back by who answers for the resource."""

from datetime import datetime

from django.db import transaction

from workflows.engine.errors import NotAllowed, NotFound, WrongState
from workflows.execution.services.field_values.values import require_reason
from workflows.execution.services.holding.settling import facts_of_hold
from workflows.execution.services.unit_of_work import (
    ActingCapacity,
    open_unit_of_work,
    write_trail,
)
from workflows.people.models import User
from workflows.resources.choices import LIVE_STATES
from workflows.resources.models import Hold
from workflows.resources.queries.resources import answers_for_resource
from workflows.resources.services.locks import lock_resources
from workflows.resources.services.resources import may_change_resource
from workflows.trail.changes import HoldReturned
from workflows.trail.choices import TrailCapacity, TrailCommand

BY_OWNER = "by_owner"


def give_back_hold(hold_id: int, *, actor: User, reason: str, now: datetime) -> Hold:
    """Give back what a request holds or has confirmed; for the resource's owner and deputy, who say
    why. A step that still needs it asks again when it is left.

    Raises NotFound, NotAllowed, WrongState or InvalidInput; then nothing is written.
    """
    reason = require_reason(reason)
    with transaction.atomic():
        found = Hold.objects.select_related("resource").filter(pk=hold_id).first()
        if found is None:
            raise NotFound("There is no such booking; it may have been typed wrongly.")
        work = open_unit_of_work(actor=actor, now=now, instance_id=found.request_id)
        (resource,) = lock_resources([found.resource_id])
        if not may_change_resource(actor, resource):
            raise NotAllowed("Only the resource's owner or deputy may give back what is held.")
        hold = Hold.objects.select_related("resource").get(pk=hold_id)
        if hold.state not in LIVE_STATES:
            raise WrongState("It has been given back already.")
        is_owner = answers_for_resource(actor, resource)
        work.acting = ActingCapacity(TrailCapacity.OWNER if is_owner else TrailCapacity.SITE)
        work.hold_changes.release(hold, BY_OWNER)
        work.note(HoldReturned(**facts_of_hold(work.map.graph, hold), why=BY_OWNER))
        work.save(TrailCommand.GIVE_BACK)
        write_trail(work, TrailCommand.GIVE_BACK, from_state=work.instance.state, comment=reason)
    return hold
