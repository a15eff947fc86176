"""The tables: definitions, runs, documents, the outbox and the trail. Only `workflows.services`
writes them."""

from workflows.models.access import ApiToken, IdempotentReply, ServiceAccount
from workflows.models.calendars import BusinessCalendar, Closure
from workflows.models.connections import Connection, WebhookDelivery, WebhookKey
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
    ConnectionGroupPermission,
    ConnectionUserPermission,
    TemplateGroupPermission,
    TemplateUserPermission,
)
from workflows.models.heartbeats import Heartbeat, Trouble
from workflows.models.imports import LogImport
from workflows.models.outbox import Attempt, OutboxMessage
from workflows.models.places import FormerLogin, RoleEntry
from workflows.models.runs import AddedPerson, Incident, MergeRecord, WorkflowInstance, WorkItem
from workflows.models.seals import TrailHead, TrailSeal
from workflows.models.standing import MapFinding
from workflows.models.trail import TrailEvent

__all__ = [
    "AddedPerson",
    "ApiToken",
    "Attempt",
    "BusinessCalendar",
    "Closure",
    "Connection",
    "ConnectionGroupPermission",
    "ConnectionUserPermission",
    "Document",
    "Field",
    "FormerLogin",
    "Heartbeat",
    "IdempotentReply",
    "Incident",
    "LogImport",
    "MapFinding",
    "MergeRecord",
    "OutboxMessage",
    "Role",
    "RoleEntry",
    "Route",
    "ServiceAccount",
    "Step",
    "TemplateGroupPermission",
    "TemplateUserPermission",
    "TemplateVersion",
    "TrailEvent",
    "TrailHead",
    "TrailSeal",
    "Trouble",
    "WebhookDelivery",
    "WebhookKey",
    "WorkItem",
    "WorkflowInstance",
    "WorkflowTemplate",
]
