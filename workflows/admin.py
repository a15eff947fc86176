"""The Django admin for ops staff: declarations, and actions that call one service."""

from workflows.access.admin import tokens
from workflows.calendars.admin import calendars
from workflows.connections.admin import connections, webhook_keys
from workflows.definitions.admin import steps, versions, workflows
from workflows.execution.admin import incidents
from workflows.execution.admin import instances as requests
from workflows.execution.admin import work_items as tasks
from workflows.notices.admin import addresses as notice_addresses
from workflows.notices.admin import notices
from workflows.outbox.admin import messages as outside
from workflows.people.admin import absences
from workflows.people.admin import accounts as people
from workflows.resources.admin import resources
from workflows.trail.admin import records

__all__ = [
    "absences",
    "calendars",
    "connections",
    "incidents",
    "notice_addresses",
    "notices",
    "outside",
    "people",
    "records",
    "requests",
    "resources",
    "steps",
    "tasks",
    "tokens",
    "versions",
    "webhook_keys",
    "workflows",
]
