"""What runs: requests, their tasks, merges and incidents.

The classes guard life cycles (django-fsm); rules live in the engine, writing in the services.
"""

from workflows.execution.models.forecasts import QueueForecast, RequestForecast
from workflows.execution.models.form_drafts import FormDraft
from workflows.execution.models.incidents import Incident
from workflows.execution.models.instances import (
    NEVER,
    InstanceQuerySet,
    VisibleInstanceManager,
    WorkflowInstance,
)
from workflows.execution.models.kept_messages import KeptMessage
from workflows.execution.models.merges import MergeRecord
from workflows.execution.models.questions import TaskQuestion
from workflows.execution.models.search_values import SearchValue
from workflows.execution.models.work_items import (
    ASKED,
    CANCELLED,
    CLAIMED,
    DONE,
    ENABLED,
    OPEN_STATES,
    PAUSED,
    STARTED,
    AddedPerson,
    WorkItem,
    WorkItemQuerySet,
)

__all__ = [
    "ASKED",
    "CANCELLED",
    "CLAIMED",
    "DONE",
    "ENABLED",
    "NEVER",
    "OPEN_STATES",
    "PAUSED",
    "STARTED",
    "AddedPerson",
    "FormDraft",
    "Incident",
    "InstanceQuerySet",
    "KeptMessage",
    "MergeRecord",
    "QueueForecast",
    "RequestForecast",
    "SearchValue",
    "TaskQuestion",
    "VisibleInstanceManager",
    "WorkItem",
    "WorkItemQuerySet",
    "WorkflowInstance",
]
