"""What a request has of resources, for whoever looks at the request."""

from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.engine.routing.holds import fields_behind_hold, holding_steps, purposes_of
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.sight.field_sight import hidden_fields
from workflows.people.models import User
from workflows.resources.models import Hold
from workflows.resources.queries.holders import holds_of_request


def visible_holds(user: User, instance: WorkflowInstance, version_map: VersionMap) -> list[Hold]:
    """What a request has now, without what is said by fields that the reader may not see. No
    statement on maps that hold nothing."""
    steps = holding_steps(version_map.graph)
    if not steps:
        return []
    hidden, shown = hidden_fields(user, instance, version_map), []
    for hold in holds_of_request(instance.pk):
        step = steps.get(hold.step_key)
        purposes = purposes_of(step) if step is not None else ()
        fields = {
            name
            for purpose in purposes
            if purpose == hold.purpose
            for name in fields_behind_hold(version_map.graph, hold.step_key, purpose)
        }
        if not hidden.intersection(fields):
            shown.append(hold)
    return shown
