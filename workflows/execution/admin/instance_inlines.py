"""What belongs to a request, as tables on its page in the admin."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from workflows.admin_site.base import ReadOnlyInline
from workflows.admin_site.elements import text_column
from workflows.documents.models import Document
from workflows.execution.admin.instance_columns import TaskPositionColumns
from workflows.execution.models import Incident, MergeRecord, TaskQuestion, WorkItem
from workflows.execution.queries.position import prefetch_task_positions
from workflows.trail.models import TrailEvent

LEFT_REASON = text_column("reason", gettext_lazy("reason"))
MESSAGE = text_column("message", gettext_lazy("message"))
RESOLUTION = text_column("resolution", gettext_lazy("resolution"))


class TaskInline(TaskPositionColumns, ReadOnlyInline):
    """What people were asked to do."""

    model = WorkItem
    fk_name = "request"
    fields = (
        *("step", "round", "state", "holder", "since", "started_at", "completed_at"),
        *("due_at", "outcome", "performer_name", "decided_for", "comment"),
    )

    readonly_fields = ("holder", "since")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the names that are shown, and where each stands."""
        return prefetch_task_positions(super().get_queryset(request).select_related("step"))


class MergeInline(ReadOnlyInline):
    """What its joins waited for."""

    model = MergeRecord
    fields = ("join", "round", "state", "needs", "opened_at", "closed_at", LEFT_REASON)
    readonly_fields = (LEFT_REASON,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the names that are shown."""
        return super().get_queryset(request).select_related("join", "request")


class IncidentInline(ReadOnlyInline):
    """What could not go on by itself."""

    model = Incident
    fields = ("step", "state", MESSAGE, "owner", "opened_at", "resolved_at", RESOLUTION)
    readonly_fields = (MESSAGE, RESOLUTION)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the names that are shown."""
        return super().get_queryset(request).select_related("step", "owner", "request")


class QuestionInline(ReadOnlyInline):
    """What people asked one another on its tasks."""

    model = TaskQuestion
    fk_name = "request"
    fields = (
        *("work_item", "kind", "state", "asked_by", "asked_of", "question", "asked_at"),
        *("answer", "closed_at", "is_after_decision"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the names that are shown."""
        rows = super().get_queryset(request)
        return rows.select_related("asked_by", "asked_of", "work_item__step", "work_item__request")


class DocumentInline(ReadOnlyInline):
    """Its files, all versions."""

    model = Document
    fields = ("field", "version", "name", "size", "uploaded_by", "uploaded_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the names that are shown."""
        return super().get_queryset(request).select_related("uploaded_by")


class TrailInline(ReadOnlyInline):
    """Who did what, when."""

    model = TrailEvent
    fields = ("recorded_at", "command", "step", "actor_name", "outcome", "comment")
    ordering = ("id",)
