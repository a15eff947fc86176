"""What was recorded: merges, documents and the trail. Read here, written by services."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from workflows.admin.addresses import merge_page, request_page
from workflows.admin.base import HistoryAdmin, ReadOnly, StaffAdmin, link, timed
from workflows.models import Document, MergeRecord, TrailEvent, TrailHead
from workflows.models.trail import COMMANDS
from workflows.permissions import AUDIT, MANAGE, may_audit_site


class OfRequest(ReadOnly):
    """Rows of a request, with a link to its page."""

    @admin.display(description="request", ordering="request")
    def its_request(self, row: Any) -> SafeString | str:
        """The request's page."""
        return link(request_page(row.request), row.request) if row.request else "—"


@admin.register(MergeRecord)
class MergeAdmin(OfRequest, StaffAdmin):
    """Merges; those whose branches disagree wait for the workflow's owner."""

    of_workflow = "request__template"
    list_display = (
        *("join", "its_request", "state_", timed("opened_at", "opened")),
        *(timed("closed_at", "closed"), "what_to_do"),
    )
    list_select_related = ("join", "request")
    list_filter = ("state", "request__template")
    search_fields = ("request__title", "join__key", "join__name")
    ordering = (F("closed_at").desc(nulls_first=True), "state", "-id")
    fields = (
        ("join", "parallel", "its_request"), ("state", "round", "what_to_do"),
        "branches", "came", "disagreements", "chosen", ("resolved_by", "reason"),
        ("opened_at", "closed_at"),
    )  # fmt: skip
    readonly_fields = ("its_request", "what_to_do", "branches", "came", "disagreements", "chosen")

    def get_queryset(self, request: HttpRequest) -> QuerySet[MergeRecord]:
        """With the names that are shown."""
        rows: QuerySet[MergeRecord] = super().get_queryset(request)
        return rows.select_related("join", "parallel", "request", "resolved_by")

    @admin.display(description="state", ordering="state")
    def state_(self, merge: MergeRecord) -> SafeString:
        """Marked where branches disagree."""
        return badge(merge.state, merge.get_state_display())  # type: ignore[attr-defined]

    @admin.display(description="to do")
    def what_to_do(self, merge: MergeRecord) -> SafeString | str:
        """The page where a disagreement is ended."""
        if merge.state != MergeRecord.CONFLICT:
            return "—"
        return link(merge_page(merge), "choose between the branches")

    @admin.display(description="branches")
    def branches(self, merge: MergeRecord) -> SafeString:
        """What the join waits for."""
        return shown(merge.waits_for)

    @admin.display(description="arrivals")
    def came(self, merge: MergeRecord) -> SafeString:
        """What came, and when."""
        return shown(merge.arrivals)

    @admin.display(description="disagreements")
    def disagreements(self, merge: MergeRecord) -> SafeString:
        """Which branches gave which values."""
        return shown(merge.conflicts)

    @admin.display(description="chosen")
    def chosen(self, merge: MergeRecord) -> SafeString:
        """How a disagreement was ended."""
        return shown(merge.resolution)


@admin.register(Document)
class DocumentAdmin(OfRequest, HistoryAdmin):
    """Files of requests; every upload is a version of its own."""

    of_workflow = "request__template"
    list_display = (
        *("name", "version", "field", "its_request", "size", "uploaded_by"),
        timed("uploaded_at", "uploaded"),
    )
    list_select_related = ("request", "uploaded_by")
    list_filter = ("request__template",)
    search_fields = ("name", "sha256", "request__title")
    ordering = ("-id",)
    fields = (
        ("name", "version", "field"), "its_request", ("size", "sha256"),
        ("uploaded_by", "uploaded_at"),
    )  # fmt: skip
    readonly_fields = ("its_request",)


class CommandFilter(admin.SimpleListFilter):
    """Commands by name; the names are known, so that the whole trail is not read for them."""

    title = "command"
    parameter_name = "command"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """On maps, on requests, on tasks."""
        return [(name, name.replace("_", " ")) for name in COMMANDS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """That command."""
        return queryset.filter(command=self.value()) if self.value() else queryset


@admin.register(TrailEvent)
class TrailAdmin(OfRequest, StaffAdmin):
    """The trail: one row a command, for everybody who audits; nobody writes it here."""

    of_workflow = "template"
    seen_by = (AUDIT, MANAGE)
    list_display = (
        *(
            timed("recorded_at", "recorded"),
            "workflow",
            "its_request",
            "step",
            "command",
            "actor_name",
        ),
        *("outcome", "comment"),
    )
    list_select_related = ("request",)
    list_filter = ("template", CommandFilter, "recorded_at")
    search_fields = ("=reference", "=actor_name", "=step")
    search_help_text = "A reference (PA-1042), a username or a step's key, in full"
    ordering = ("-id",)
    fields = (
        ("recorded_at", "command"), ("workflow", "version", "its_request"),
        ("step", "round", "work_item"), ("actor_name", "acted_for", "role"),
        ("capacity", "channel"), ("token", "token_by"),
        ("from_state", "to_state", "outcome"), "comment", "what_changed", "was_shown", "documents",
        "every_vote",
    )  # fmt: skip
    readonly_fields = ("its_request", "what_changed", "was_shown", "documents", "every_vote")

    def in_sight(self, request: HttpRequest) -> Q:
        """What belongs to no workflow (accounts, groups, connections) is the site's auditors'."""
        condition = super().in_sight(request)
        if condition and may_audit_site(request.user):
            condition |= Q(template=None)
        return condition

    @admin.display(description="changes")
    def what_changed(self, event: TrailEvent) -> SafeString:
        """The values and tasks that the command changed."""
        return shown(event.changes)

    @admin.display(description="seen")
    def was_shown(self, event: TrailEvent) -> SafeString:
        """The values that were in front of the person."""
        return shown(event.seen)

    @admin.display(description="document versions")
    def documents(self, event: TrailEvent) -> SafeString:
        """The documents that were in front of the person."""
        return shown(event.document_versions)

    @admin.display(description="votes")
    def every_vote(self, event: TrailEvent) -> SafeString:
        """Who agreed or not, of several."""
        return shown(event.votes)


@admin.register(TrailHead)
class TrailHeadAdmin(ReadOnly, StaffAdmin):
    """The daily heads of the trail's chain, and where each was sent."""

    of_workflow = ""
    list_display = ("date", "position", "hash", timed("sent_at", "sent"), "places")
    ordering = ("-date",)
    fields = (("date", "position"), "hash", ("written_at", "sent_at"), "sent")
    readonly_fields = ("sent",)

    @admin.display(description="sent to")
    def places(self, head: TrailHead) -> str:
        """Where it went, in a line."""
        return ", ".join(place["to"] for place in head.sent_to) or "—"

    @admin.display(description="sent to")
    def sent(self, head: TrailHead) -> SafeString:
        """Where it went, how and when."""
        return shown(head.sent_to)


def badge(state: str, words: str) -> SafeString:
    """A state that is seen at a glance."""
    return format_html('<span class="handoff-badge is-{}">{}</span>', state, words)


def shown(value: Any) -> SafeString:
    """Recorded data, as it was written."""
    if not value:
        return SafeString("—")
    text = json.dumps(value, indent=1, ensure_ascii=False, default=str)
    return format_html('<pre class="handoff-data">{}</pre>', text)
