"""What belongs to a request, as tables on its page in the admin."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy

from workflows.admin_site.base import ReadOnlyInline, actor_of
from workflows.admin_site.elements import person_column, text_column
from workflows.documents.models import Document
from workflows.execution.admin.instance_columns import TaskPositionColumns
from workflows.execution.models import Incident, KeptMessage, MergeRecord, TaskQuestion, WorkItem
from workflows.execution.queries.position import prefetch_task_positions
from workflows.execution.queries.sight.field_sight import without_masked_files
from workflows.people.queries.stand_ins import prefetch_absences
from workflows.trail.models import TrailEvent

PERFORMER = person_column("decided_by", gettext_lazy("done by"), kept="performer_name")
IN_PLACE_OF = person_column("decided_for", gettext_lazy("in place of"))
OWNER = person_column("owner", gettext_lazy("owner"))
ASKED_BY = person_column("asked_by", gettext_lazy("asked by"))
ASKED_OF = person_column("asked_of", gettext_lazy("asked of"))
UPLOADED_BY = person_column("uploaded_by", gettext_lazy("uploaded by"))
SENT_BY = person_column("sender", gettext_lazy("sent by"))
ACTOR = person_column("actor", gettext_lazy("actor"), kept="actor_name")
LEFT_REASON = text_column("reason", gettext_lazy("reason"))
MESSAGE = text_column("message", gettext_lazy("message"))
RESOLUTION = text_column("resolution", gettext_lazy("resolution"))


class TaskInline(TaskPositionColumns, ReadOnlyInline):
    """What people were asked to do."""

    model = WorkItem
    fk_name = "request"
    fields = (
        *("step", "round", "state", "holder", "since", "started_at", "completed_at"),
        *("due_at", "outcome", PERFORMER, IN_PLACE_OF, "comment"),
    )

    readonly_fields = ("holder", "since", PERFORMER, IN_PLACE_OF)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the names that are shown, and where each stands."""
        rows = super().get_queryset(request).select_related("step", "decided_by", "decided_for")
        absences = prefetch_absences("assignee", timezone.now())
        return prefetch_task_positions(rows).prefetch_related(absences)


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
    fields = ("step", "state", MESSAGE, OWNER, "opened_at", "resolved_at", RESOLUTION)
    readonly_fields = (MESSAGE, OWNER, RESOLUTION)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the names that are shown."""
        return super().get_queryset(request).select_related("step", "owner", "request")


class QuestionInline(ReadOnlyInline):
    """What people asked one another on its tasks."""

    model = TaskQuestion
    fk_name = "request"
    fields = (
        *("work_item", "kind", "state", ASKED_BY, ASKED_OF, "question", "asked_at"),
        *("answer", "closed_at", "is_after_decision"),
    )
    readonly_fields = (ASKED_BY, ASKED_OF)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the names that are shown."""
        rows = super().get_queryset(request)
        return rows.select_related("asked_by", "asked_of", "work_item__step", "work_item__request")


class DocumentInline(ReadOnlyInline):
    """Its files, all versions."""

    model = Document
    fields = ("field", "version", "name", "size", UPLOADED_BY, "uploaded_at")
    readonly_fields = (UPLOADED_BY,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the names that are shown; not the files of fields that are only for some."""
        rows = super().get_queryset(request).select_related("uploaded_by")
        return without_masked_files(rows, actor_of(request))


class KeptMessageInline(ReadOnlyInline):
    """Messages that came early and wait for their step; their values are the step's to show."""

    model = KeptMessage
    fields = ("name", SENT_BY, "received_at", "keep_until")
    readonly_fields = (SENT_BY,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the names that are shown."""
        return super().get_queryset(request).select_related("sender")


class TrailInline(ReadOnlyInline):
    """Who did what, when."""

    model = TrailEvent
    fields = ("recorded_at", "command", "step", ACTOR, "outcome", "comment")
    readonly_fields = (ACTOR,)
    ordering = ("id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the names that are shown."""
        return super().get_queryset(request).select_related("actor")
