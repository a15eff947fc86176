"""Who follows a request, and what somebody follows."""

from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, Q, QuerySet

from workflows.access.conditions import (
    AUDIT,
    MANAGE,
    START,
    VIEW,
    seen_by_condition,
)
from workflows.conversation.models import Follow
from workflows.definitions.models import Step, WorkflowTemplate
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.queries.facets import facet_of_rows
from workflows.people.models import RoleEntry, User

_FOLLOW = Follow._meta.db_table
FOLLOWERS = facet_of_rows(
    f"{_FOLLOW} WHERE request_id = %(request)s",
    f"{_FOLLOW} WHERE template_id = %(template)s",
    f"{_FOLLOW} WHERE team_id IS NOT NULL",
)
"""Of teams it is not asked which: where none is followed, as nearly everywhere, that is enough."""


def follows_of_request(instance: WorkflowInstance) -> list[Follow]:
    """By what people follow this request: itself, its workflow, or a team of theirs that had or
    has a task of it. Only of those who may see it. One statement, or none where it is known that
    there are none."""
    if FOLLOWERS.is_absent(instance):
        return []
    teams = Q(team__in=_teams_of(instance)) & Q(Exists(_membership()))
    around = Q(request=instance) | Q(template=instance.template_id) | teams
    rows = Follow.objects.filter(around).filter(seen_by_condition(instance.pk, "person"))
    return list(rows.select_related("person", "team").order_by("person__username", "id"))


def _teams_of(instance: WorkflowInstance) -> QuerySet[RoleEntry, Any]:
    """The groups in the lists of the roles whose steps the request has come to."""
    steps = Step.objects.filter(pk__in=WorkItem.objects.filter(request=instance).values("step"))
    return RoleEntry.objects.filter(role__in=steps.values("role"), group__isnull=False).values(
        "group"
    )


def _membership() -> QuerySet[Group]:
    """The follower's being in the team that they follow."""
    return Group.objects.filter(pk=OuterRef("team"), user=OuterRef("person"))


def follows_of_person(person: User) -> list[Follow]:
    """Everything that somebody follows, the newest first. One statement."""
    rows = Follow.objects.filter(person=person).select_related("request", "template", "team")
    return list(rows.order_by("-id"))


def followable_workflows(person: User, followed: Collection[int | None]) -> list[WorkflowTemplate]:
    """The workflows of which somebody sees something and that they do not follow yet. One
    statement."""
    rows = WorkflowTemplate.objects.with_verbs(person, START, VIEW, MANAGE, AUDIT)
    return list(rows.exclude(pk__in=[pk for pk in followed if pk is not None]).order_by("name"))


def followable_teams(person: User, followed: Collection[int | None]) -> list[Group]:
    """The teams that somebody is in and does not follow yet. One statement."""
    rows = Group.objects.filter(user=person)
    return list(rows.exclude(pk__in=[pk for pk in followed if pk is not None]).order_by("name"))


def find_own_team(person: User, name: str) -> int:
    """The id of a team that somebody is in, by its name; 0 where there is none. One statement."""
    return Group.objects.filter(user=person, name=name).values_list("pk", flat=True).first() or 0
