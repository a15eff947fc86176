"""The tables: definitions, runs, documents and the trail. Only `workflows.services` writes them."""

from workflows.models.definitions import (
    Field,
    Role,
    Route,
    Step,
    TemplateVersion,
    WorkflowTemplate,
)
from workflows.models.documents import Document
from workflows.models.grants import (
    StepGroupPermission,
    StepUserPermission,
    TemplateGroupPermission,
    TemplateUserPermission,
)
from workflows.models.runs import Incident, MergeRecord, WorkflowInstance, WorkItem
from workflows.models.trail import TrailEvent

__all__ = [
    "Document",
    "Field",
    "Incident",
    "MergeRecord",
    "Role",
    "Route",
    "Step",
    "StepGroupPermission",
    "StepUserPermission",
    "TemplateGroupPermission",
    "TemplateUserPermission",
    "TemplateVersion",
    "TrailEvent",
    "WorkItem",
    "WorkflowInstance",
    "WorkflowTemplate",
]
