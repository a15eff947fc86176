"""The tables: definitions, runs, documents, the outbox and the trail. Only `workflows.services`
writes them."""

from workflows.access.grant_models import (
    ConnectionGroupPermission,
    ConnectionUserPermission,
    TemplateGroupPermission,
    TemplateUserPermission,
)
from workflows.access.models import ApiToken, IdempotentReply, ServiceAccount
from workflows.calendars.models import BusinessCalendar, Closure
from workflows.connections.models import Connection, ConnectionToken, WebhookDelivery, WebhookKey
from workflows.conversation.models import Comment, Follow, Mention
from workflows.definitions.models import (
    Field,
    MapFinding,
    PartOwner,
    Role,
    Route,
    Step,
    TemplateVersion,
    WorkflowTemplate,
)
from workflows.documents.models import Document, KeptUpload
from workflows.execution.models import (
    AddedPerson,
    FormDraft,
    Incident,
    MergeRecord,
    QueueForecast,
    RequestForecast,
    SearchValue,
    TaskQuestion,
    WorkflowInstance,
    WorkItem,
)
from workflows.history_import.models import LogImport
from workflows.links.models import DecisionLink, PublicEntry, PublicEntryFile, StatusLink
from workflows.notices.models import Notice, NoticeAddress, NoticeChoice, NoticeSettings
from workflows.outbox.heartbeat_models import Heartbeat, Trouble
from workflows.outbox.models import Attempt, OutboxMessage
from workflows.people.models import (
    Absence,
    FormerLogin,
    PersonWord,
    RoleEntry,
    SavedFilter,
    StandInPeriod,
    User,
)
from workflows.resources.models import BudgetPeriod, Hold, Resource
from workflows.trail.models import TrailEvent
from workflows.trail.seal_models import TrailHead, TrailSeal
from workflows.version_changes.models import MovedRequest

__all__ = [
    "Absence",
    "AddedPerson",
    "ApiToken",
    "Attempt",
    "BudgetPeriod",
    "BusinessCalendar",
    "Closure",
    "Comment",
    "Connection",
    "ConnectionGroupPermission",
    "ConnectionToken",
    "ConnectionUserPermission",
    "DecisionLink",
    "Document",
    "Field",
    "Follow",
    "FormDraft",
    "FormerLogin",
    "Heartbeat",
    "Hold",
    "IdempotentReply",
    "Incident",
    "KeptUpload",
    "LogImport",
    "MapFinding",
    "Mention",
    "MergeRecord",
    "MovedRequest",
    "Notice",
    "NoticeAddress",
    "NoticeChoice",
    "NoticeSettings",
    "OutboxMessage",
    "PartOwner",
    "PersonWord",
    "PublicEntry",
    "PublicEntryFile",
    "QueueForecast",
    "RequestForecast",
    "Resource",
    "Role",
    "RoleEntry",
    "Route",
    "SavedFilter",
    "SearchValue",
    "ServiceAccount",
    "StandInPeriod",
    "StatusLink",
    "Step",
    "TaskQuestion",
    "TemplateGroupPermission",
    "TemplateUserPermission",
    "TemplateVersion",
    "TrailEvent",
    "TrailHead",
    "TrailSeal",
    "Trouble",
    "User",
    "WebhookDelivery",
    "WebhookKey",
    "WorkItem",
    "WorkflowInstance",
    "WorkflowTemplate",
]
