"""What an inbox can be narrowed to by choosing from a list: workflows, teams and saved filters. One
statement."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Cast

from workflows.definitions.models import Step, WorkflowTemplate
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.execution.models import AddedPerson, WorkItem
from workflows.execution.queries.inbox_reach import WorkReach
from workflows.people.models import SavedFilter

Choices = list[tuple[str, str]]
"""What an address carries, and what people read."""


@dataclass(frozen=True, slots=True)
class InboxChoices:
    """Workflows by key, the person's groups and their saved filters by id, each by name."""

    workflows: Choices = field(default_factory=list)
    teams: Choices = field(default_factory=list)
    filters: Choices = field(default_factory=list)


def find_inbox_choices(reach: WorkReach) -> InboxChoices:
    """The workflows from which something can be in this inbox, the person's teams, and their saved
    filters."""
    teams = _as_choices(Group.objects.filter(user=reach.user), "team", "pk")
    filters = _as_choices(SavedFilter.objects.filter(person=reach.user), "filter", "pk")
    rows = _as_choices(_find_workflows(reach), "workflow", "key").union(teams, filters, all=True)
    choices = InboxChoices()
    lists = {"workflow": choices.workflows, "team": choices.teams, "filter": choices.filters}
    for kind, code, name in sorted(rows, key=lambda row: row[2].casefold()):
        lists[kind].append((code, name))
    return choices


def _as_choices(rows: QuerySet[Any], kind: str, code: str) -> QuerySet[Any]:
    return rows.order_by().values_list(
        Value(kind, output_field=CharField()), Cast(code, CharField()), F("name")
    )


def _find_workflows(reach: WorkReach) -> QuerySet[WorkflowTemplate]:
    steps = Step.objects.filter(pk__in=reach.steps)
    added = AddedPerson.objects.filter(user=reach.user).values("work_item")
    held_tasks = WorkItem.objects.filter(
        Q(assignee__in=[reach.user.pk, *reach.people_ids]) | Q(pk__in=added), is_open=True
    )
    return WorkflowTemplate.objects.filter(
        Q(pk__in=steps.values("version__template"))
        | Q(pk__in=held_tasks.values("request__template"))
    )


def find_step_choices(version_id: int) -> Choices:
    """The steps of a version that people do, by key, in the map's order."""
    graph = cached_map(version_id).graph
    return [(key, graph.title(key)) for key in graph.steps if graph.is_human(key)]
