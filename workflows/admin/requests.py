"""Requests: where each one is, who has it, since when; and the commands on them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from workflows.admin.addresses import audit_csv, request_page
from workflows.admin.asking import Question, ask_then_do
from workflows.admin.base import HistoryAdmin, ReadOnly, ReadOnlyInline, actor_of, link, moment
from workflows.models import (
    Document,
    Incident,
    MergeRecord,
    Step,
    TrailEvent,
    WorkflowInstance,
    WorkflowTemplate,
    WorkItem,
)
from workflows.permissions import auditable, may_audit
from workflows.services import requests as commands


class OverFilter(admin.SimpleListFilter):
    """Requests that go on, or those that are over."""

    title = "over"
    parameter_name = "over"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """No comes first: that is what is looked for."""
        return [("no", "no, still open"), ("yes", "yes")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By the groups of states."""
        live = Q(state__in=WorkflowInstance.LIVE)
        return {"no": queryset.filter(live), "yes": queryset.exclude(live)}.get(
            self.value() or "", queryset
        )


class ResultFilter(admin.SimpleListFilter):
    """Requests by how they ended; the results are read from the maps, not from all requests."""

    title = "result"
    parameter_name = "result"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The results that some map names, and 'cancelled'."""
        ends = admin.site.get_model_admin(Step).get_queryset(request)
        named = ends.filter(kind="end").exclude(result=None).order_by()
        found = named.values_list("result", flat=True).distinct()
        results = {"cancelled", *(result for result in found if result)}
        return [(result, result) for result in sorted(results)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """That result."""
        return queryset.filter(result=self.value()) if self.value() else queryset


class IncidentFilter(admin.SimpleListFilter):
    """Requests that wait for somebody to put something right."""

    title = "open incident"
    parameter_name = "incident"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Yes or no."""
        return [("yes", "yes"), ("no", "no")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By the index of open incidents."""
        found = Exists(Incident.objects.filter(request=OuterRef("pk"), state=Incident.OPEN))
        return {"yes": queryset.filter(found), "no": queryset.filter(~found)}.get(
            self.value() or "", queryset
        )


class TaskInline(ReadOnlyInline):
    """What people were asked to do."""

    model = WorkItem
    fk_name = "request"
    fields = (
        *("step", "round", "state", "assignee", "enabled_at", "started_at", "completed_at"),
        *("due_at", "outcome", "performer_name", "comment"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the names that are shown."""
        return super().get_queryset(request).select_related("step", "assignee", "request")


class MergeInline(ReadOnlyInline):
    """What its joins waited for."""

    model = MergeRecord
    fields = ("join", "round", "state", "needs", "opened_at", "closed_at", "reason")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the names that are shown."""
        return super().get_queryset(request).select_related("join", "request")


class IncidentInline(ReadOnlyInline):
    """What could not go on by itself."""

    model = Incident
    fields = ("step", "state", "message", "owner", "opened_at", "resolved_at", "resolution")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the names that are shown."""
        return super().get_queryset(request).select_related("step", "owner", "request")


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


def course(
    action: str, title: str, done: str, command: Callable[..., object]
) -> Callable[..., TemplateResponse | None]:
    """An action that asks for a reason and gives each selected request one command."""

    @admin.action(description=title, permissions=["command"])
    def ask(
        page: "RequestAdmin", request: HttpRequest, rows: QuerySet[WorkflowInstance]
    ) -> TemplateResponse | None:
        def run(pk: int, given: Mapping[str, Any]) -> object:
            return command(pk, actor=actor_of(request), reason=given["reason"], now=timezone.now())

        question = Question(action=action, title=title, button=title, done=done, command=run)
        return ask_then_do(page, request, rows, question)

    ask.__name__ = action
    return ask


@admin.register(WorkflowInstance)
class RequestAdmin(ReadOnly, HistoryAdmin):
    """Requests: read here, moved by commands."""

    of_workflow = "template"

    list_display = (
        *("reference_", "title", "where", "who", "since"),
        *("state", "result", "requester_name", "template"),
    )
    list_select_related = ("template__owner",)
    list_filter = (
        "template",
        *("state", OverFilter, ResultFilter, IncidentFilter, "source"),
    )
    search_fields = ("title", "requester_name")
    search_help_text = "Reference (PA-1042), title or requester"
    ordering = ("-id",)
    actions = (
        course("cancel", "Cancel requests", "cancelled", commands.cancel),
        course("suspend", "Suspend requests", "suspended", commands.suspend),
        course("resume", "Resume requests", "resumed", commands.resume),
    )
    inlines = (TaskInline, MergeInline, IncidentInline, DocumentInline, TrailInline)
    fields = (
        ("reference_", "template", "version"), ("title", "page"), ("state", "result", "source"),
        ("requester_name", "started_at", "completed_at"), "now", "values",
    )  # fmt: skip
    readonly_fields = ("reference_", "page", "now", "values")
    change_list_template = "admin/workflows/request_list.html"

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        """The trail for those who may audit the workflow, as on every page."""
        audits = obj is not None and may_audit(request.user, obj.template)
        return [inline for inline in self.inlines if audits or inline is not TrailInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkflowInstance]:
        """With the open tasks of all rows in one statement."""
        tasks = WorkItem.objects.open().select_related("step", "assignee").order_by("id")
        merges = MergeRecord.objects.filter(state=MergeRecord.CONFLICT).select_related("join")
        incidents = Incident.objects.filter(state=Incident.OPEN).select_related("step", "owner")
        rows: QuerySet[WorkflowInstance] = super().get_queryset(request)
        return rows.prefetch_related(
            Prefetch("work_items", tasks, to_attr="open_tasks"),
            Prefetch("merges", merges, to_attr="disagreeing"),
            Prefetch("incidents", incidents, to_attr="open_incidents"),
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """A reference finds that request, by its key; any other text is looked for in words."""
        by_reference = WorkflowInstance.objects.by_reference(search_term)
        if by_reference.exists():
            return queryset.filter(pk__in=by_reference), False
        return super().get_search_results(request, queryset, search_term)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the trail of the workflow that is filtered by, as CSV."""
        extra = {**(extra_context or {}), "csv_url": _csv_of(request)}
        return super().changelist_view(request, extra)

    # -- columns ---------------------------------------------------------------------------

    @admin.display(description="reference", ordering="id")
    def reference_(self, request: WorkflowInstance) -> str:
        """What people call it."""
        return request.reference

    @admin.display(description="its page")
    def page(self, request: WorkflowInstance) -> SafeString:
        """Where everybody reads about it."""
        return link(request_page(request), "open the request's page")

    @admin.display(description="where it is")
    def where(self, request: WorkflowInstance) -> SafeString:
        """Its open steps."""
        return _lines(place.step for place in places_of(request))

    @admin.display(description="who has it")
    def who(self, request: WorkflowInstance) -> SafeString:
        """The holder of each."""
        return _lines(place.holder for place in places_of(request))

    @admin.display(description="since", ordering="started_at")
    def since(self, request: WorkflowInstance) -> SafeString:
        """Since when each waits."""
        return _lines(
            format_html('<span class="handoff-moment">{}</span>', moment(place.since))
            for place in places_of(request)
        )

    @admin.display(description="where it is, who has it, since when")
    def now(self, request: WorkflowInstance) -> SafeString:
        """The answers to the questions that are asked most."""
        places = places_of(request)
        return _table((place.step, place.holder, moment(place.since)) for place in places)

    @admin.display(description="data")
    def values(self, request: WorkflowInstance) -> SafeString:
        """What is known of it."""
        return _table((key, _value(value)) for key, value in request.data.items())


def _table(rows: Iterable[Iterable[Any]]) -> SafeString:
    cells = ((format_html_join("", "<td>{}</td>", ((cell,) for cell in row)),) for row in rows)
    lines = format_html_join("", "<tr>{}</tr>", cells)
    return format_html('<table class="handoff-table">{}</table>', lines) if lines else lines


@dataclass(frozen=True)
class Place:
    """Where a request is: a step, who has it there, and since when."""

    step: str
    holder: str
    since: datetime | None


def places_of(request: Any) -> list[Place]:
    """Where a request of this page's list is: its open tasks, and what waits for the owner."""
    tasks = [
        Place(str(task.step), _holder(task.assignee, "in the queue"), task.enabled_at)
        for task in request.open_tasks
        if task.activation not in {stuck.activation for stuck in request.open_incidents}
    ]
    owner = request.template.owner
    merges = [
        Place(f"{merge.join}: branches disagree", _holder(owner, "nobody"), merge.opened_at)
        for merge in request.disagreeing
    ]
    incidents = [
        Place(f"{stuck.step}: incident", _holder(stuck.owner, "nobody"), stuck.opened_at)
        for stuck in request.open_incidents
        if stuck.step_id not in {merge.join_id for merge in request.disagreeing}
    ]
    return tasks + merges + incidents


def _holder(person: Any, otherwise: str) -> str:
    return person.get_username() if person else otherwise


def _lines(texts: Any) -> SafeString:
    return format_html_join("", "<div>{}</div>", ((text,) for text in texts)) or SafeString("—")


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return f"{value.get('name')} (version {value.get('version')})"
    return {True: "yes", False: "no", None: "—"}.get(value, value)


def _csv_of(request: HttpRequest) -> str:
    chosen = request.GET.get("template__id__exact", "")
    readable = auditable(request.user)
    if chosen.isascii() and chosen.isdigit() and len(chosen) < 19:
        key = readable.filter(pk=int(chosen)).values_list("key", flat=True).first()
        return audit_csv(key) if key else ""
    everything = readable.count() == WorkflowTemplate.objects.count()
    return audit_csv() if everything else ""
