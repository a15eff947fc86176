"""How far somebody reaches: all that is theirs, waits for them or acts as them. What of it would
be nobody's if they left, or a group went.

Rows and numbers only; pages put them into words. However much it is, it is read in the same few
statements.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import F, Q, QuerySet, TextField
from django.db.models.functions import Cast

from workflows.access.conditions import roles_listing
from workflows.access.models import ApiToken, ServiceAccount
from workflows.access.permissions import count_members_without
from workflows.connections.models import Connection, WebhookKey
from workflows.definitions.choices import RouteKind
from workflows.definitions.models import (
    PartOwner,
    Role,
    Route,
    Step,
    TemplateVersion,
    WorkflowTemplate,
)
from workflows.engine.format.definition import HUMAN_KINDS
from workflows.engine.format.directory_finders import COLUMN
from workflows.engine.format.quorums import fixed_votes, quorum_roles, read_quorum
from workflows.engine.format.trigger_kinds import SCHEDULE
from workflows.engine.routing.chains import awaited_in_chains
from workflows.engine.routing.marking import Marking
from workflows.execution.models import (
    AddedPerson,
    Incident,
    TaskQuestion,
    WorkflowInstance,
    WorkItem,
)
from workflows.people.models import Absence, RoleEntry, User
from workflows.resources.models import Resource

USUAL_ROW = "row"
DEEPEST = 5
"""Each-branches lie no deeper in one another."""


@dataclass(frozen=True, slots=True)
class OwnedSchedule:
    """A schedule of a published version: its place among the triggers, and when it starts."""

    version: TemplateVersion
    number: int
    cron: str


@dataclass(frozen=True, slots=True)
class NamedInRequest:
    """A request that runs and names somebody in a field by which one of its roles is found: a
    person, several people, or people in the rows of a list."""

    instance: WorkflowInstance
    field: str
    columns: frozenset[str] = frozenset()
    """Those of a list that name people by which a role is found."""

    @property
    def value(self) -> Any:
        """What stands in the field."""
        return self.instance.data.get(self.field)

    def names(self, login: str) -> bool:
        """Whether somebody is named there."""
        if not self.columns:
            return _is_among(self.value, login)
        return any(_is_among(row.get(key), login) for row in self._rows for key in self.columns)

    def with_other(self, login: str, other: str) -> Any:
        """The field's value with another person in this one's place."""
        if not self.columns:
            return _replace_login(self.value, login, other)
        return [
            {
                key: _replace_login(part, login, other) if key in self.columns else part
                for key, part in row.items()
            }
            for row in self._rows
        ]

    @property
    def _rows(self) -> list[Mapping[str, Any]]:
        rows = self.value if isinstance(self.value, list) else []
        return [row for row in rows if isinstance(row, Mapping)]


@dataclass(frozen=True, slots=True)
class StrandedStep:
    """A step in use that too few could do: how many are left, and how many it needs."""

    step: Step
    left: int
    needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """All that is somebody's, waits for them, or acts as them."""

    person: User
    workflows: list[WorkflowTemplate]
    deputised: list[WorkflowTemplate]
    parts: list[PartOwner]
    schedules: list[OwnedSchedule]
    connections: list[Connection]
    resources: list[Resource]
    webhook_keys: list[WebhookKey]
    programs: list[ServiceAccount]
    tokens: list[ApiToken]
    tasks: list[WorkItem]
    added_to: list[WorkItem]
    steps: list[StrandedStep]
    fields: list[NamedInRequest]
    turns: list[WorkflowInstance]
    """Running requests in whose chain of managers it is not their turn yet."""
    incidents: list[Incident]
    questions: list[TaskQuestion]
    requests: list[WorkflowInstance]
    reports: list[User]
    absences: list[Absence]
    groups: list[Group]

    @property
    def is_empty(self) -> bool:
        """Whether nothing would miss them."""
        return not any(
            (
                *(self.workflows, self.deputised, self.parts, self.connections),
                *(
                    self.resources,
                    self.webhook_keys,
                    self.programs,
                    self.tokens,
                    self.tasks,
                    self.added_to,
                    self.steps,
                ),
                *(self.fields, self.turns, self.incidents, self.questions),
                *(self.reports, self.absences),
            )
        )


def find_reach(person: User, *, now: datetime) -> Reach:
    """How far a person reaches, as long as their account is open. Some thirty statements."""
    templates = WorkflowTemplate.objects.select_related("owner", "deputy").order_by("name")
    owned = list(templates.filter(owner=person))
    parts = list(_parts_of(person))
    return Reach(
        person=person,
        workflows=owned,
        deputised=list(templates.filter(deputy=person)),
        parts=parts,
        schedules=list(_schedules_of(person, owned, parts)),
        connections=list(_owned_rows(Connection.objects.order_by("name"), person)),
        resources=list(_owned_rows(Resource.objects.order_by("name"), person)),
        webhook_keys=list(_webhook_keys_of(person)),
        programs=list(
            ServiceAccount.objects.filter(owner=person, user__is_active=True).select_related("user")
        ),
        tokens=list(_tokens_of(person, now)),
        tasks=list(_tasks_held_by(person)),
        added_to=list(_tasks_added_to(person)),
        steps=find_steps_stranded_without(person),
        fields=list(_requests_naming(person)),
        turns=list(_requests_asking_later(person)),
        incidents=list(
            Incident.objects.filter(owner=person, state=Incident.OPEN)
            .select_related("request", "step")
            .order_by("pk")
        ),
        questions=list(
            TaskQuestion.objects.filter(asked_of=person, state=TaskQuestion.OPEN)
            .select_related("request", "work_item__step")
            .order_by("pk")
        ),
        requests=list(_running_requests().filter(requester=person)),
        reports=list(User.objects.filter(manager=person, is_active=True).order_by("username")),
        absences=list(
            Absence.objects.filter(deputy=person, ended_at=None, ends_at__gt=now)
            .select_related("person")
            .order_by("first_day")
        ),
        groups=list(person.groups.order_by("name")),
    )


# -- what is theirs -------------------------------------------------------------------------------


def _owned_rows(rows: QuerySet[Any], person: User) -> QuerySet[Any]:
    theirs = Q(owner=person) | Q(deputy=person)
    return rows.filter(theirs).select_related("owner", "deputy")


def versions_in_use() -> QuerySet[TemplateVersion]:
    """The versions that are published, and those on which requests still run."""
    running = WorkflowInstance.objects.running().values("version")
    return TemplateVersion.objects.filter(
        Q(state=TemplateVersion.PUBLISHED) | Q(pk__in=running)
    ).exclude(state=TemplateVersion.DRAFT)


def _parts_of(person: User) -> QuerySet[PartOwner]:
    rows = PartOwner.objects.filter(version__in=versions_in_use())
    return (
        _owned_rows(rows, person)
        .select_related("owner", "deputy", "step", "version__template__owner")
        .order_by(
            *("version__name", "version__number"),
            *(F(name).asc(nulls_last=True) for name in ("step__position", "trigger")),
        )
    )


def _schedules_of(
    person: User, owned: Collection[WorkflowTemplate], parts: Iterable[PartOwner]
) -> Iterator[OwnedSchedule]:
    """The schedules that start because this person answers for them: those of their workflows that
    have no owner of their own, and those that name them."""
    published = TemplateVersion.objects.filter(
        state=TemplateVersion.PUBLISHED, start_triggers__isnull=False
    ).filter(Q(template__in=owned) | Q(part_owners__in=[part.pk for part in parts]))
    named = {(part.version_id, part.trigger): part for part in parts if part.trigger is not None}
    others = PartOwner.objects.filter(
        version__in=published, trigger__isnull=False, owner__isnull=False
    ).exclude(owner=person)
    elsewhere = set(others.values_list("version_id", "trigger"))
    templates = {template.pk for template in owned}
    for version in published.distinct().order_by("name"):
        for number, trigger in enumerate(version.start_triggers or []):
            place = (version.pk, number)
            part = named.get(place)
            is_named = part is not None and part.owner_id == person.pk
            is_workflows = version.template_id in templates and place not in elsewhere
            if trigger.get("kind") == SCHEDULE and (is_named or is_workflows):
                yield OwnedSchedule(version, number, str(trigger.get("cron", "")))


def _webhook_keys_of(person: User) -> QuerySet[WebhookKey]:
    theirs = Q(owner=person) | Q(deputy=person) | Q(acts_as=person)
    keys = WebhookKey.objects.filter(theirs, revoked_at=None)
    return keys.select_related("owner", "deputy", "acts_as", "template").order_by("pk")


def _tokens_of(person: User, now: datetime) -> QuerySet[ApiToken]:
    unexpired = Q(expires_at=None) | Q(expires_at__gt=now)
    return ApiToken.objects.filter(unexpired, user=person, revoked_at=None).order_by("pk")


# -- what waits for them --------------------------------------------------------------------------


def _running_requests() -> QuerySet[WorkflowInstance]:
    rows = WorkflowInstance.objects.running().exclude(source__in=WorkflowInstance.PAST)
    return rows.select_related("version", "template").order_by("pk")


def _tasks_held_by(person: User) -> QuerySet[WorkItem]:
    rows = WorkItem.objects.filter(
        is_open=True,
        assignee=person,
        step__kind__in=HUMAN_KINDS,
        request__state__in=WorkflowInstance.LIVE,
    ).exclude(request__source__in=WorkflowInstance.PAST)
    return rows.select_related("request__template", "step__role").order_by("pk")


def _tasks_added_to(person: User) -> QuerySet[WorkItem]:
    """Open tasks to which they were added: as one more who must agree, or as they are late."""
    added = AddedPerson.objects.filter(user=person, found=False).values("work_item")
    rows = WorkItem.objects.filter(
        is_open=True, pk__in=added, request__state__in=WorkflowInstance.LIVE
    ).exclude(request__source__in=WorkflowInstance.PAST)
    return rows.select_related("request__template", "step").order_by("pk")


def _requests_naming(person: User) -> Iterator[NamedInRequest]:
    """Requests that run and name this person by their login in a field by which a role is found."""
    login, places = person.get_username(), _fields_with_people()
    if not places:
        return
    spelled = {json.dumps(login), json.dumps(login, ensure_ascii=False)}  # as each database does
    said = reduce(or_, (Q(said__contains=text) for text in spelled))
    rows = _running_requests().filter(version__in=places)
    for instance in rows.alias(said=Cast("data", TextField())).filter(said):
        for field, columns in sorted(places[instance.version_id].items()):
            named = NamedInRequest(instance, field, frozenset(columns))
            if named.names(login):
                yield named


def _fields_with_people() -> dict[int, dict[str, set[str]]]:
    """By version in use the fields in which roles find people; of the rows of an each-branch, and
    of a column, the list with its columns. Two statements."""
    branches = Route.objects.filter(step__version__in=versions_in_use(), each__isnull=False)
    rows = {
        (version, name or USUAL_ROW): str(each)
        for version, name, each in branches.order_by().values_list(
            "step__version_id", "row_name", "each"
        )
    }
    roles = Role.objects.filter(version__in=versions_in_use())
    found: dict[int, dict[str, set[str]]] = {}
    for role in roles.filter(Q(field__isnull=False) | Q(other_finders__isnull=False)):
        for named in (role.field, (role.other_finders or {}).get(COLUMN.name)):
            if isinstance(named, str) and named:
                field, column = _place_of(role.version_id, named, rows)
                columns = found.setdefault(role.version_id, {}).setdefault(field, set())
                columns.update([column] if column else [])
    return found


def _place_of(version: int, named: str, rows: Mapping[tuple[int, str], str]) -> tuple[str, str]:
    """The field of a name as a role has it, and its column; a row is of the field that its branch
    goes through."""
    root, _, column = named.partition(".")
    for _ in range(DEEPEST):
        if (version, root) not in rows:
            break
        root, _, inner = rows[version, root].partition(".")
        column = column or inner
    return root, column


def _is_among(value: Any, login: str) -> bool:
    return bool(value == login or (isinstance(value, list) and login in value))


def _replace_login(value: Any, login: str, other: str) -> Any:
    """The value with another login in this one's place; of several people each is once."""
    if isinstance(value, list):
        return list(dict.fromkeys(other if part == login else part for part in value))
    return other if value == login else value


def _requests_asking_later(person: User) -> Iterator[WorkflowInstance]:
    """Requests that run and will ask this person when those below them in a chain of managers have
    agreed."""
    for instance in _running_requests().filter(marking__chains__isnull=False):
        marking = Marking.from_json(instance.marking)
        if person.username in awaited_in_chains(marking):
            yield instance


# -- what would be nobody's -----------------------------------------------------------------------


def find_steps_stranded_without(
    person: User, groups: Collection[Group] | None = None
) -> list[StrandedStep]:
    """The steps in use that too few could do without this person; with `groups`, only where they
    leave these groups. Five statements at most."""
    role_ids = set(
        Role.objects.filter(version__in=versions_in_use(), pk__in=roles_listing(person))
        .order_by()
        .values_list("pk", flat=True)
    )
    left = count_members_without(role_ids, person=person.pk)
    if groups is not None:
        staying = _roles_kept(person, role_ids, groups)
        left = {role: count for role, count in left.items() if role not in staying}
    return _stranded_steps(left)


def _roles_kept(
    person: User, role_ids: Collection[int], left_groups: Collection[Group]
) -> set[int]:
    """The roles in which a person still is by another entry when they leave some groups."""
    gone = {group.pk for group in left_groups}
    other_groups = [pk for pk in person.groups.values_list("pk", flat=True) if pk not in gone]
    entries = RoleEntry.objects.filter(role__in=role_ids).exclude(group__in=gone)
    kept = entries.filter(Q(user=person) | Q(group__in=other_groups))
    return set(kept.values_list("role_id", flat=True))


def find_tasks_lost_with(person: User, groups: Collection[Group]) -> QuerySet[WorkItem]:
    """The tasks that a person has in hand and may not finish any more when they leave groups."""
    gone = [group.pk for group in groups]
    entries = RoleEntry.objects.filter(group__in=gone, role__version__in=versions_in_use())
    role_ids = set(entries.values_list("role_id", flat=True))
    lost = role_ids - _roles_kept(person, role_ids, groups)
    return _tasks_held_by(person).filter(step__role__in=lost)


def find_steps_stranded_without_group(group: Group) -> list[StrandedStep]:
    """The steps in use that too few could do if a group were deleted. Five statements."""
    entries = RoleEntry.objects.filter(group=group, role__version__in=versions_in_use())
    role_ids = set(entries.values_list("role_id", flat=True))
    return _stranded_steps(count_members_without(role_ids, groups=[group.pk]))


def _stranded_steps(left: Mapping[int, int]) -> list[StrandedStep]:
    """Of the steps that need roles in which so many are left, those that need more: by their own
    role, by another of a quorum, or by one to which an outcome alone belongs. Three statements."""
    few = [role for role, count in left.items() if count < MOST_NEEDED]
    if not few:
        return []
    keys = {
        (version, key): role
        for version, key, role in Role.objects.filter(pk__in=few).values_list(
            "version_id", "key", "pk"
        )
    }
    of_outcomes: dict[int, list[int]] = {}
    outcomes = Route.objects.filter(role__in=few, kind=RouteKind.OUTCOME).order_by("pk")
    for step_id, role_id in outcomes.values_list("step_id", "role_id"):
        of_outcomes.setdefault(step_id, []).append(role_id)
    versions = {version for version, _ in keys}
    steps = (
        Step.objects.filter(kind__in=HUMAN_KINDS)
        .filter(
            Q(role__in=few) | Q(pk__in=of_outcomes) | Q(version__in=versions, quorum__isnull=False)
        )
        .select_related("version__template", "role")
        .order_by("version__name", "version__number", "position")
    )
    stranded = []
    for step in steps:
        for role, needed in _needs_of(step, keys, of_outcomes.get(step.pk, ())):
            if left.get(role, needed) < needed:
                stranded.append(StrandedStep(step, left[role], needed))
                break
    return stranded


def _needs_of(
    step: Step, keys: Mapping[tuple[int, str], int], of_outcomes: Iterable[int]
) -> Iterator[tuple[int, int]]:
    """The roles of which a step certainly needs people, with how many of each."""
    quorum = read_quorum(step.quorum)
    parts = quorum_roles(quorum)
    if step.role is not None:
        yield step.role.pk, parts.get(step.role.key) or fixed_votes(quorum) or 1
    for key, needed in parts.items():
        if (step.version_id, key) in keys:
            yield keys[step.version_id, key], needed
    for role in of_outcomes:
        yield role, 1


MOST_NEEDED = 1000
"""No quorum is larger."""
