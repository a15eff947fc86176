"""What waits for a person, oldest due first: their own tasks, those that their groups can take,
and late ones that were escalated to them.

On PostgreSQL the first N of each step are read along the partial index `queue_by_due` and
merged, so the page costs the same however much work is open. Elsewhere the ORM says the same.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import F, Q

from workflows.engine.advance import barred
from workflows.engine.definition import not_by
from workflows.engine.marking import Marking
from workflows.models import AddedPerson, Step, WorkflowInstance, WorkItem
from workflows.models.runs import WorkItemQuerySet
from workflows.permissions import added_as, escalated_to_a_former_role, roles_held, steps_of
from workflows.services.maps import cached_map

PAGE = 50
CAP = 1000


class Place(NamedTuple):
    """Where in the list a task stands: by due date (none is last), then by age."""

    due_at: datetime | None
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    """One task as the list shows it."""

    id: int
    step: str
    reference: str
    title: str
    workflow: str
    requester: str
    enabled_at: datetime | None
    due_at: datetime | None
    state: str
    mine: bool
    suspended: bool
    needed: int
    agreed: int
    escalated: bool
    is_free: bool

    @property
    def place(self) -> Place:
        """Where the row stands in the list."""
        return Place(self.due_at, self.id)


@dataclass(frozen=True, slots=True)
class InboxPage:
    """One page of the list; `after` is where the next page begins, if there is one."""

    rows: list[InboxRow]
    after: Place | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many tasks wait; `more` when there are more than were counted."""

    value: int
    more: bool = False

    def __str__(self) -> str:
        return f"{self.value:,}{'+' if self.more else ''}"


def inbox_page(
    user: User,
    *,
    limit: int = PAGE,
    after: Place | None = None,
    steps: list[int] | None = None,
) -> InboxPage:
    """The next tasks of this person behind `after`. One statement on PostgreSQL, else two; and
    one for the person's steps where the caller does not know them.

    Tasks on which they have agreed already, or from which separation of duties keeps them, are
    left out; where that leaves less than a page, a further piece is read.
    """
    steps = steps_of(user) if steps is None else steps
    rows: list[InboxRow] = []
    place = Standing(user, frozenset(steps))
    while True:
        wanted = limit + 1 - len(rows)
        piece = _piece(user, steps, after, wanted)
        rows += [_row(user, row) for row in piece if _is_theirs(place, row)]
        if len(rows) > limit:
            return InboxPage(rows[:limit], rows[limit - 1].place)
        if len(piece) < wanted:
            return InboxPage(rows, None)
        after = Place(piece[-1]["due_at"], piece[-1]["id"])


def inbox_count(user: User, *, cap: int = CAP, steps: list[int] | None = None) -> Count:
    """How many tasks wait for this person, counted up to `cap`."""
    steps = steps_of(user) if steps is None else steps
    found = _count(user, steps, cap + 1)
    if found > cap:
        return Count(cap, more=True)
    return Count(found - _not_theirs(user, steps))


# -- which tasks, on PostgreSQL ---------------------------------------------------------------

MERGED = """
    SELECT task.id, task.step_id, task.state, task.assignee_id, task.enabled_at, task.due_at,
        task.needed, task.votes, task.request_id AS request_number, step.key AS step_key,
        step.version_id AS version, request.prefix, request.title,
        request.state AS request_state, workflow.name AS workflow, request.requester_name,
        person.first_name, person.last_name, request.marking -> 'deciders' AS deciders,
        request.marking -> 'requester' AS asked_by,
        (
            SELECT CASE WHEN added.stand_in THEN '' ELSE added.role END
            FROM workflows_addedperson added
            WHERE added.work_item_id = task.id AND added.user_id = %(user)s
        ) AS added_as
    FROM (
        SELECT due_at, id FROM ({parts}) AS part ORDER BY due_at, id LIMIT {limit}
    ) AS place
    JOIN workflows_workitem task ON task.id = place.id
    JOIN workflows_step step ON step.id = task.step_id
    JOIN workflows_workflowinstance request ON request.id = task.request_id
    JOIN workflows_workflowtemplate workflow ON workflow.id = request.template_id
    LEFT JOIN auth_user person ON person.id = request.requester_id
    ORDER BY place.due_at, place.id
"""
OF_A_STEP = """
    SELECT t.due_at, t.id FROM unnest(%(steps)s::bigint[]) AS s (id) CROSS JOIN LATERAL (
        SELECT due_at, id FROM workflows_workitem
        WHERE step_id = s.id AND in_queue AND {behind}
        ORDER BY due_at, id LIMIT {limit}
    ) AS t
"""
OF_THEIR_OWN = """
    SELECT due_at, id FROM (
        SELECT due_at, id FROM workflows_workitem
        WHERE assignee_id = %(user)s AND is_open AND {behind}
        AND NOT (in_queue AND step_id = ANY(%(steps)s::bigint[]))
        ORDER BY due_at, id LIMIT {limit}
    ) AS own
"""
OF_THE_ESCALATED = """
    SELECT due_at, id FROM (
        SELECT due_at, id FROM workflows_workitem
        WHERE id IN (SELECT work_item_id FROM workflows_addedperson WHERE user_id = %(user)s)
        AND is_open AND {behind} AND assignee_id IS DISTINCT FROM %(user)s
        AND NOT (in_queue AND step_id = ANY(%(steps)s::bigint[]))
        ORDER BY due_at, id LIMIT {limit}
    ) AS escalated
"""
COUNTED = """
    SELECT (
        SELECT count(*) FROM (
            SELECT 1 FROM workflows_workitem
            WHERE in_queue AND step_id = ANY(%(steps)s::bigint[]) LIMIT %(limit)s
        ) AS queued
    ) + (
        SELECT count(*) FROM (
            SELECT 1 FROM workflows_workitem WHERE assignee_id = %(user)s AND is_open
            AND NOT (in_queue AND step_id = ANY(%(steps)s::bigint[])) LIMIT %(limit)s
        ) AS own
    ) + (
        SELECT count(*) FROM (
            SELECT 1 FROM workflows_workitem
            WHERE id IN (SELECT work_item_id FROM workflows_addedperson WHERE user_id = %(user)s)
            AND is_open AND assignee_id IS DISTINCT FROM %(user)s
            AND NOT (in_queue AND step_id = ANY(%(steps)s::bigint[])) LIMIT %(limit)s
        ) AS escalated
    )
"""


def _merged(user: User, steps: list[int], after: Place | None, limit: int) -> list[dict[str, Any]]:
    given: dict[str, Any] = {"steps": steps, "user": user.pk}
    given |= {"due": after.due_at, "id": after.id} if after else {}
    with connection.cursor() as cursor:
        cursor.execute(_merged_sql(_behind(after), limit), given)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@lru_cache
def _merged_sql(ranges: tuple[str, ...], limit: int) -> str:
    """The statement; the limit is written out, since a kept plan for any limit reads too much."""
    parts = [
        part.format(behind=behind, limit=limit)
        for behind in ranges
        for part in (OF_A_STEP, OF_THEIR_OWN, OF_THE_ESCALATED)
    ]
    return MERGED.format(parts=" UNION ALL ".join(parts), limit=limit)


def _read(value: Any) -> Any:
    """JSON columns come as text where no model reads them; most hold nothing."""
    if not isinstance(value, str):
        return value
    return None if value in ("[]", "{}", "null") else json.loads(value)


def _behind(after: Place | None) -> tuple[str, ...]:
    """The ranges of the index that lie behind a place. Dated tasks come first, so behind a
    dated task lie the later ones and then all undated ones."""
    if after is None:
        return ("true",)
    if after.due_at is None:
        return ("due_at IS NULL AND id > %(id)s",)
    return "(due_at, id) > (%(due)s, %(id)s)", "due_at IS NULL"


# -- which tasks, elsewhere -------------------------------------------------------------------

OWN = ("id", "step_id", "state", "assignee_id", "enabled_at", "due_at", "needed", "votes")
COLUMNS = {
    "request_number": F("request_id"),
    "step_key": F("step__key"),
    "version": F("step__version_id"),
    "prefix": F("request__prefix"),
    "title": F("request__title"),
    "request_state": F("request__state"),
    "workflow": F("request__template__name"),
    "requester_name": F("request__requester_name"),
    "first_name": F("request__requester__first_name"),
    "last_name": F("request__requester__last_name"),
    "deciders": F("request__marking__deciders"),
    "asked_by": F("request__marking__requester"),
}


def _piece(user: User, steps: list[int], after: Place | None, limit: int) -> list[dict[str, Any]]:
    """The next tasks in this person's reach, with what the list says of them."""
    if connection.vendor == "postgresql":
        return _merged(user, steps, after, limit)
    ids = list(_reach(user, steps, after).values_list("id", flat=True)[:limit])
    rows = WorkItem.objects.filter(pk__in=ids).values(*OWN, **COLUMNS, added_as=added_as(user))
    by_id = {row["id"]: row for row in rows}
    return [by_id[pk] for pk in ids if pk in by_id]


def _reach(user: User, steps: list[int], after: Place | None = None) -> WorkItemQuerySet:
    tasks = WorkItem.objects.filter(
        Q(in_queue=True, step_id__in=steps)
        | Q(assignee=user, is_open=True)
        | Q(pk__in=AddedPerson.objects.filter(user=user).values("work_item"), is_open=True)
    )
    if after is not None and after.due_at is None:
        tasks = tasks.filter(due_at=None, id__gt=after.id)
    elif after is not None:
        at_once = Q(due_at=after.due_at, id__gt=after.id)
        tasks = tasks.filter(Q(due_at__gt=after.due_at) | at_once | Q(due_at=None))
    return tasks.by_due()


def _count(user: User, steps: list[int], limit: int) -> int:
    if connection.vendor != "postgresql":
        return _reach(user, steps).order_by()[:limit].count()
    with connection.cursor() as cursor:
        cursor.execute(COUNTED, {"steps": steps, "user": user.pk, "limit": limit})
        return int(cursor.fetchone()[0])


# -- what the list says of them ---------------------------------------------------------------


@dataclass(slots=True)
class Standing:
    """Where a person stands just now: the steps that are theirs by a role, and, where it is asked,
    the roles of a map that they are in."""

    user: User
    steps: frozenset[int]
    roles: dict[int, frozenset[int]] = field(default_factory=dict)

    def is_in(self, version: int, role: str) -> bool:
        """Whether the person is in a role of a map now. A statement for each map asked of."""
        one = cached_map(version)
        known = one.graph.definition.roles.get(role)
        if known is None or not known.is_static:
            return known is not None
        if version not in self.roles:
            self.roles[version] = roles_held(self.user, version)
        return one.role_ids[role] in self.roles[version]


def _is_theirs(place: Standing, row: dict[str, Any]) -> bool:
    """Whether the person may act on the task at this moment: by its role or as they were added,
    unless they have agreed already or separation of duties keeps them away."""
    step, user = cached_map(row["version"]).human(row["step_key"]), place.user
    if any(vote["id"] == user.pk for vote in _read(row["votes"]) or ()):
        return False
    if not _stands(place, row, step.role):
        return False
    return not not_by(step) or user.pk not in barred(step, _deciders(row))


def _stands(place: Standing, row: dict[str, Any], role: str | None) -> bool:
    if row["step_id"] in place.steps or row["added_as"] == "":
        return True
    if row["added_as"] is not None and place.is_in(row["version"], row["added_as"]):
        return True
    known = cached_map(row["version"]).graph.definition.roles.get(role or "")
    return row["assignee_id"] == place.user.pk and known is not None and not known.is_static


def _deciders(row: dict[str, Any]) -> Marking:
    """As much of a marking as separation of duties asks for."""
    deciders = (_read(row["deciders"]) or {}).items()
    who = {step: tuple(people) for step, people in deciders}
    return Marking(deciders=who, requester=_read(row["asked_by"]))


def _row(user: User, row: dict[str, Any]) -> InboxRow:
    name = f"{row['first_name'] or ''} {row['last_name'] or ''}".strip()
    return InboxRow(
        id=row["id"],
        step=cached_map(row["version"]).graph.title(row["step_key"]),
        reference=f"{row['prefix']}-{row['request_number']}",
        title=row["title"],
        workflow=row["workflow"],
        requester=name or row["requester_name"],
        enabled_at=row["enabled_at"],
        due_at=row["due_at"],
        state=row["state"],
        mine=row["assignee_id"] == user.pk,
        suspended=row["request_state"] == WorkflowInstance.SUSPENDED,
        needed=row["needed"],
        agreed=len(_read(row["votes"]) or ()),
        escalated=bool(row["added_as"]) and row["assignee_id"] != user.pk,
        is_free=row["assignee_id"] is None,
    )


# -- what the count must leave out ------------------------------------------------------------


def _not_theirs(user: User, steps: list[int]) -> int:
    """How many of the counted tasks are not this person's to do after all.

    Their own requests are found by the requester's index; only steps that several people agree
    on, or that other steps' people may not do, are looked at task by task.
    """
    kept_apart, closely = [], []
    for step in Step.objects.filter(pk__in=steps).only("kind", "not_by", "quorum"):
        others = not_by(step)  # type: ignore[arg-type]
        if step.quorum or set(others) - {"requester"}:
            closely.append(step.pk)
        elif others:
            kept_apart.append(step.pk)
    asked = WorkItem.objects.filter(
        in_queue=True, step_id__in=kept_apart, request__requester=user,
        request__state__in=WorkflowInstance.LIVE,
    )  # fmt: skip
    place = Standing(user, frozenset(steps))
    looked_at = sum(not _is_theirs(place, row) for row in _to_look_at(place, closely))
    return (asked.count() if kept_apart else 0) + looked_at


def _to_look_at(place: Standing, closely: list[int]) -> Iterable[dict[str, Any]]:
    """The counted tasks that may not be theirs after all: those at steps to be looked at closely,
    and those that they have, or that were escalated to them, by a role that they may have left."""
    parts = [
        WorkItem.objects.filter(in_queue=True, step_id__in=closely),
        WorkItem.objects.filter(
            assignee=place.user, is_open=True, step__role__field=None, step__role__requester=False
        ).exclude(step_id__in=place.steps),
        WorkItem.objects.filter(pk__in=escalated_to_a_former_role(place.user), is_open=True)
        .exclude(assignee=place.user, step_id__in=place.steps)
        .exclude(in_queue=True, step_id__in=place.steps),
    ]
    one, two, three = (
        part.order_by().values(*OWN, **COLUMNS, added_as=added_as(place.user)) for part in parts
    )
    rows: Iterable[dict[str, Any]] = one.union(two, three)
    return rows
