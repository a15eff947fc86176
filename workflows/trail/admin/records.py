"""What was recorded: merges, documents and the trail. Read here, written by services."""

from typing import Any

from django.contrib import admin
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from workflows.access.conditions import AUDIT, MANAGE
from workflows.access.permissions import may_audit_site
from workflows.admin_site.base import HistoryAdmin, ReadOnly, StaffAdmin, actor_of
from workflows.admin_site.elements import (
    NOTHING,
    moment_column,
    person_column,
    render_link,
    render_recorded_data,
    render_state_badge,
    text_column,
)
from workflows.admin_site.request_links import RequestLinkMixin
from workflows.admin_site.site_links import merge_page_url
from workflows.documents.models import Document
from workflows.execution.models import MergeRecord
from workflows.execution.queries.sight.field_sight import (
    mask_changes,
    mask_values,
    masked_fields,
    without_masked_files,
)
from workflows.trail.choices import TrailCommand
from workflows.trail.models import TrailEvent
from workflows.trail.seal_models import TrailHead

UPLOADED_BY = person_column("uploaded_by", gettext_lazy("uploaded by"))
ACTOR = person_column("actor", gettext_lazy("actor"), kept="actor_name")


class ReaderKnownMixin:
    """Pages of rows that hold values: they show what whoever reads them may see."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """The row, which knows who reads its page."""
        row = super().get_object(request, object_id, from_field)  # type: ignore[misc]
        template = _workflow_of(row)
        if template is not None:
            masked = masked_fields(actor_of(request), [template])
            row.__dict__["_hidden_fields"] = masked.get(template, frozenset())
        return row


def _workflow_of(row: TrailEvent | MergeRecord | None) -> int | None:
    if isinstance(row, MergeRecord):
        return row.request.template_id
    return row.template_id if row is not None else None


def _hidden_in(row: TrailEvent | MergeRecord) -> frozenset[str]:
    """The fields whose values this page does not show to whoever reads it."""
    hidden: frozenset[str] = row.__dict__.get("_hidden_fields", frozenset())
    return hidden


class MergeColumns:
    """Columns of the list and of the page of merges."""

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_(self, merge: MergeRecord) -> SafeString:
        """Marked where branches disagree."""
        return render_state_badge(merge.state, merge.get_state_display())

    @admin.display(description=gettext_lazy("to do"))
    def what_to_do(self, merge: MergeRecord) -> SafeString | str:
        """The page where a disagreement is ended."""
        if merge.state != MergeRecord.CONFLICT:
            return NOTHING
        return render_link(merge_page_url(merge), gettext("choose between the branches"))

    @admin.display(description=gettext_lazy("branches"))
    def branches(self, merge: MergeRecord) -> SafeString:
        """What the join waits for."""
        return render_recorded_data(merge.waits_for)

    @admin.display(description=gettext_lazy("arrivals"))
    def came(self, merge: MergeRecord) -> SafeString:
        """What came, and when."""
        return render_recorded_data(merge.arrivals)

    @admin.display(description=gettext_lazy("disagreements"))
    def disagreements(self, merge: MergeRecord) -> SafeString:
        """Which branches gave which values."""
        return render_recorded_data(mask_values(merge.conflicts or {}, _hidden_in(merge)))

    @admin.display(description=gettext_lazy("chosen"))
    def chosen(self, merge: MergeRecord) -> SafeString:
        """How a disagreement was ended."""
        return render_recorded_data(mask_changes(merge.resolution, _hidden_in(merge)))


LEFT_REASON = text_column("reason", gettext_lazy("reason"))


@admin.register(MergeRecord)
class MergeAdmin(MergeColumns, ReaderKnownMixin, RequestLinkMixin, StaffAdmin):
    """Merges; those whose branches disagree wait for the workflow's owner."""

    of_workflow = "request__template"
    list_display = (
        *("join", "its_request", "state_", moment_column("opened_at", gettext_lazy("opened"))),
        *(moment_column("closed_at", gettext_lazy("closed")), "what_to_do"),
    )
    list_filter = ("state", "request__template")
    search_fields = ("request__title", "join__key", "join__name")
    ordering = (F("closed_at").desc(nulls_first=True), "state", "-id")
    fields = (
        ("join", "parallel", "its_request"),
        ("state", "round", "what_to_do"),
        "branches",
        "came",
        "disagreements",
        "chosen",
        ("resolved_by", LEFT_REASON),
        ("opened_at", "closed_at"),
    )
    readonly_fields = (
        *("its_request", "what_to_do", "branches", "came", "disagreements", "chosen"),
        LEFT_REASON,
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[MergeRecord]:
        """With the names that are shown."""
        rows: QuerySet[MergeRecord] = super().get_queryset(request)
        return rows.select_related("join", "parallel", "request", "resolved_by")


@admin.register(Document)
class DocumentAdmin(RequestLinkMixin, HistoryAdmin):
    """Files of requests; every upload is a version of its own."""

    of_workflow = "request__template"
    list_display = (
        *("name", "version", "field", "its_request", "size", UPLOADED_BY),
        moment_column("uploaded_at", gettext_lazy("uploaded")),
    )
    list_select_related = ("request", "uploaded_by")
    list_filter = ("request__template",)
    search_fields = ("name", "sha256", "request__title")
    ordering = ("-id",)
    fields = (
        ("name", "version", "field"),
        "its_request",
        ("size", "sha256"),
        (UPLOADED_BY, "uploaded_at"),
    )
    readonly_fields = ("its_request", UPLOADED_BY)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        """Not the files of fields that are only for some."""
        return without_masked_files(super().get_queryset(request), actor_of(request))


class CommandFilter(admin.SimpleListFilter):
    """Commands by name; the names are known, so that the whole trail is not read for them."""

    title = gettext_lazy("command")
    parameter_name = "command"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """On maps, on requests, on tasks."""
        return [(command.value, str(command.label)) for command in TrailCommand]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """That command."""
        return queryset.filter(command=self.value()) if self.value() else queryset


class TrailColumns:
    """Columns of the page of a row of the trail."""

    @admin.display(description=gettext_lazy("changes"))
    def what_changed(self, event: TrailEvent) -> SafeString:
        """The values and tasks that the command changed."""
        return render_recorded_data(mask_changes(event.changes, _hidden_in(event)))

    @admin.display(description=gettext_lazy("seen"))
    def was_shown(self, event: TrailEvent) -> SafeString:
        """The values that were in front of the person."""
        return render_recorded_data(mask_changes(event.seen, _hidden_in(event)))

    @admin.display(description=gettext_lazy("document versions"))
    def documents(self, event: TrailEvent) -> SafeString:
        """The documents that were in front of the person."""
        return render_recorded_data(event.document_versions)

    @admin.display(description=gettext_lazy("votes"))
    def every_vote(self, event: TrailEvent) -> SafeString:
        """Who agreed or not, of several."""
        return render_recorded_data(event.votes)


@admin.register(TrailEvent)
class TrailAdmin(TrailColumns, ReaderKnownMixin, RequestLinkMixin, StaffAdmin):
    """The trail: one row a command, for everybody who audits; nobody writes it here."""

    of_workflow = "template"
    seen_by = (AUDIT, MANAGE)
    list_display = (
        *(
            moment_column("recorded_at", gettext_lazy("recorded")),
            "workflow",
            "its_request",
            "step",
            "command",
            ACTOR,
        ),
        *("outcome", "comment"),
    )
    list_select_related = ("request", "actor")
    list_filter = ("template", CommandFilter, "recorded_at")
    search_fields = ("=reference", "=actor_name", "=step")
    search_help_text = gettext_lazy("A reference (PA-1042), a username or a step's key, in full")
    ordering = ("-id",)
    fields = (
        ("recorded_at", "command"),
        ("workflow", "version", "its_request"),
        ("step", "round", "work_item"),
        ("actor_name", "acted_for", "role"),
        ("capacity", "channel"),
        ("token", "token_by"),
        ("from_state", "to_state", "outcome"),
        "comment",
        "what_changed",
        "was_shown",
        "documents",
        "every_vote",
    )
    readonly_fields = ("its_request", "what_changed", "was_shown", "documents", "every_vote")

    def in_sight(self, request: HttpRequest) -> Q:
        """What belongs to no workflow (accounts, groups, connections) is the site's auditors'."""
        condition = super().in_sight(request)
        if condition and may_audit_site(request.user):
            condition |= Q(template=None)
        return condition


@admin.register(TrailHead)
class TrailHeadAdmin(ReadOnly, StaffAdmin):
    """The daily heads of the trail's chain, and where each was sent."""

    of_workflow = ""
    list_display = (
        "date",
        "position",
        "hash",
        moment_column("sent_at", gettext_lazy("sent")),
        "places",
    )
    ordering = ("-date",)
    fields = (("date", "position"), "hash", ("written_at", "sent_at"), "sent")
    readonly_fields = ("sent",)

    @admin.display(description=gettext_lazy("sent to"))
    def places(self, head: TrailHead) -> str:
        """Where it went, in a line."""
        return ", ".join(place["to"] for place in head.sent_to) or NOTHING

    @admin.display(description=gettext_lazy("sent to"))
    def sent(self, head: TrailHead) -> SafeString:
        """Where it went, how and when."""
        return render_recorded_data(head.sent_to)
