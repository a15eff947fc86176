"""What the list and the page of requests say: where each is, who has it, since when."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from workflows.admin_site.elements import (
    NOTHING,
    format_local_minute,
    render_lines,
    render_link,
    render_moment,
    render_table,
)
from workflows.admin_site.site_links import request_page_url
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.execution.choices import IncidentCode
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.queries.holders import Holder, HolderKind
from workflows.execution.queries.position import (
    StepPosition,
    read_away_people,
    read_prefetched_position,
    read_prefetched_task_position,
)
from workflows.execution.queries.sight.field_sight import hidden_fields
from workflows.people.models import User
from workflows.people.queries.person_names import full_name_of, name_in_workflow, name_with_absence


class AwayPeopleMixin:
    """A list, and a page, whose people are read with their absences once its rows are there."""

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The rows of a list."""
        change_list = super().get_changelist_instance(request)  # type: ignore[misc]
        read_away_people(change_list.result_list)
        return change_list

    def get_object(self, request: HttpRequest, *place: Any) -> Any:
        """The row of a page."""
        row = super().get_object(request, *place)  # type: ignore[misc]
        if row is not None:
            read_away_people([row])
        return row


class InstanceColumns(AwayPeopleMixin):
    """Columns of the list and of the page of a request."""

    @admin.display(description=gettext_lazy("reference"), ordering="id")
    def reference_(self, request: WorkflowInstance) -> str:
        """What people call it."""
        return request.reference

    @admin.display(description=gettext_lazy("its page"))
    def page(self, request: WorkflowInstance) -> SafeString:
        """Where everybody reads about it."""
        return render_link(request_page_url(request), gettext("open the request's page"))

    @admin.display(description=gettext_lazy("requester"), ordering="requester_name")
    def requested_by(self, request: WorkflowInstance) -> str:
        """Whoever asked, and whether they are away."""
        name = name_in_workflow(request.requester, request.template_id)
        return name or request.requester_name or NOTHING

    @admin.display(description=gettext_lazy("where it is"))
    def where(self, request: WorkflowInstance) -> SafeString | str:
        """Its open steps."""
        return render_lines(_step_text(place) for place in find_step_positions(request))

    @admin.display(description=gettext_lazy("who has it"))
    def who(self, request: WorkflowInstance) -> SafeString | str:
        """The holder of each."""
        return render_lines(
            short_holder_name(place.holder) for place in find_step_positions(request)
        )

    @admin.display(description=gettext_lazy("since"), ordering="started_at")
    def since(self, request: WorkflowInstance) -> SafeString | str:
        """Since when each waits."""
        return render_lines(render_moment(place.since) for place in find_step_positions(request))

    @admin.display(description=gettext_lazy("where it is, who has it, since when"))
    def now(self, request: WorkflowInstance) -> SafeString:
        """The answers to the questions that are asked most."""
        places = find_step_positions(request)
        return render_table(
            (_step_text(place), short_holder_name(place.holder), format_local_minute(place.since))
            for place in places
        )

    @admin.display(description=gettext_lazy("data"))
    def values(self, request: WorkflowInstance) -> SafeString:
        """What is known of it."""
        hidden = fields_hidden_on_page(request)
        return render_table(
            (key, gettext("not shown to you") if key in hidden else _format_data_value(value))
            for key, value in request.data.items()
        )


def let_page_know_reader(request: WorkflowInstance, reader: User) -> None:
    """Let a request's page show what this person may see; without it, it shows what all may."""
    request.__dict__["_hidden_fields"] = hidden_fields(reader, request)


def fields_hidden_on_page(request: WorkflowInstance) -> frozenset[str]:
    """The fields that the page does not show; all restricted ones where no reader is known."""
    known = request.__dict__.get("_hidden_fields")
    return frozenset(cached_map(request.version_id).restricted_fields) if known is None else known


class TaskPositionColumns:
    """Columns of a list of tasks that was read with `prefetch_task_positions`."""

    @admin.display(description=gettext_lazy("who has it"), ordering="assignee")
    def holder(self, item: WorkItem) -> str:
        """Who has it, as everywhere else; of one that is over, who had it last."""
        return short_holder_name(read_prefetched_task_position(item).holder)

    @admin.display(description=gettext_lazy("waiting since"), ordering="enabled_at")
    def since(self, item: WorkItem) -> SafeString:
        """Since when it waits there."""
        return render_moment(read_prefetched_task_position(item).since)


def find_step_positions(request: WorkflowInstance) -> tuple[StepPosition, ...]:
    """Where a request of this page's list is: its open steps, and what waits for the owner."""
    return read_prefetched_position(request).everywhere


def _step_text(place: StepPosition) -> str:
    if place.incident is None:
        return place.title
    if place.incident.code == IncidentCode.MERGE_CONFLICT:
        return gettext("%(step)s: branches disagree") % {"step": place.title}
    return gettext("%(step)s: incident") % {"step": place.title}


def short_holder_name(holder: Holder) -> str:
    """Who has a task in a word: the person's name, or what it waits for."""
    if holder.person is not None:
        return name_with_absence(full_name_of(holder.person), holder.away)
    words = {
        HolderKind.SYSTEM: gettext("the system"),
        HolderKind.RESOLVER: gettext("nobody"),
        HolderKind.NOBODY: gettext("nobody"),
        HolderKind.OVER: NOTHING,
    }
    return words.get(holder.kind, gettext("in the queue"))


def _format_data_value(value: Any) -> Any:
    if isinstance(value, dict):
        return gettext("%(name)s (version %(version)s)") % {
            "name": value.get("name"),
            "version": value.get("version"),
        }
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return NOTHING if value is None else value
