"""What a request has of resources, for whoever looks at the request."""

from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.engine.routing.holds import holding_steps
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.sight.field_sight import hidden_fields
from workflows.people.models import User
from workflows.resources.models import Hold
from workflows.resources.queries.holders import holds_of_request, is_said_by


def visible_holds(user: User, instance: WorkflowInstance, version_map: VersionMap) -> list[Hold]:
    """What a request has now, without what is said by fields that the reader may not see. No
    statement on maps that hold nothing."""
    if not holding_steps(version_map.graph):
        return []
    hidden = hidden_fields(user, instance, version_map)
    return [
        hold for hold in holds_of_request(instance.pk) if not is_said_by(hold, version_map, hidden)
    ]
