"""Whose tasks reach a person's inbox: their own, and those of people who are away and for whom
they stand in; and of a task that is there, in whose right the person could act on it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection

from workflows.access.conditions import steps_of_person_sql, steps_stood_in_for_sql
from workflows.access.conditions.role_lookups import WayIntoRole, ways_into_roles
from workflows.access.conditions.stand_in_sql import (
    has_named_workflows_sql,
    people_stood_in_for_sql,
    sql_moment,
)
from workflows.access.permissions import listed_role_ids
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.format.definition import HumanStep, excluded_parties
from workflows.engine.routing.advance import barred_people
from workflows.engine.routing.marking import Marking
from workflows.execution.models import AddedPerson
from workflows.people.models import User
from workflows.persistence.sql_text import compose_sql

MINE = "mine"
"""Chooses what is a person's own; a username chooses what they have for that person."""


@dataclass(frozen=True, slots=True)
class AwayPerson:
    """Somebody for whom the person stands in, with the steps that are theirs by a role."""

    id: int
    username: str
    name: str
    steps: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkReach:
    """What can reach a person's inbox at a moment: by the steps that are theirs by a role, by their
    own tasks (unless `is_own` is off), and by those for whom they stand in (`is_scoped`: for some
    of these in single workflows). Steps that are theirs anyway are nobody else's."""

    user: User
    now: datetime
    own_steps: frozenset[int]
    people: tuple[AwayPerson, ...] = ()
    is_own: bool = True
    is_scoped: bool = False

    @property
    def steps(self) -> list[int]:
        """Every step whose queue reaches the inbox."""
        steps = set(self.own_steps) if self.is_own else set()
        return sorted(steps.union(*(person.steps for person in self.people)))

    @property
    def people_ids(self) -> list[int]:
        """For whom the person stands in."""
        return [person.id for person in self.people]

    def narrowed(self, whose: str) -> "WorkReach":
        """Only what is the person's own, or only what they have for one person; nothing at all
        where they do not stand in for whoever has this username."""
        if not whose:
            return self
        if whose == MINE:
            return replace(self, people=())
        people = tuple(person for person in self.people if person.username == whose)
        return replace(self, people=people, is_own=False)


@lru_cache(maxsize=4)
def _reach_sql(role_ways: tuple[WayIntoRole, ...]) -> str:
    """The statement, kept for the ways into a role that there are."""
    return compose_sql(
        """
    SELECT CAST(NULL AS bigint) AS person, l.id AS step, '' AS username, '' AS first_name,
        '' AS last_name, false AS is_scoped
    FROM ({steps}) l
    UNION ALL SELECT l.person, l.step, '', '', '', false FROM ({steps_stood_in_for}) l
    UNION ALL SELECT DISTINCT l.person, CAST(NULL AS bigint), p.username, p.first_name, p.last_name,
        {has_named_workflows}
    FROM ({people}) l JOIN {person} p ON p.id = l.person
    """,
        steps=steps_of_person_sql(),
        steps_stood_in_for=steps_stood_in_for_sql(),
        has_named_workflows=has_named_workflows_sql("l"),
        people=people_stood_in_for_sql(),
        person=User._meta.db_table,
    )


def find_work_reach(user: User, now: datetime) -> WorkReach:
    """What can reach this person's inbox now. One statement."""
    steps: dict[int | None, set[int]] = {None: set()}
    people: dict[int, tuple[str, str]] = {}
    is_scoped = False
    with connection.cursor() as cursor:
        cursor.execute(_reach_sql(ways_into_roles()), {"user": user.pk, "now": sql_moment(now)})
        for person, step, username, first_name, last_name, has_workflows in cursor.fetchall():
            is_scoped = is_scoped or bool(has_workflows)
            if step is not None:
                steps.setdefault(person, set()).add(step)
            else:
                people[person] = username, f"{first_name} {last_name}".strip() or username
    own = frozenset(steps[None])
    return WorkReach(
        user=user,
        now=now,
        own_steps=own,
        is_scoped=is_scoped,
        people=tuple(
            AwayPerson(pk, username, name, frozenset(steps.get(pk, ())) - own)
            for pk, (username, name) in sorted(people.items(), key=_name_of)
        ),
    )


def _name_of(person: tuple[int, tuple[str, str]]) -> tuple[str, int]:
    return person[1][1], person[0]


# -- in whose right ---------------------------------------------------------------------------

Row = Mapping[str, Any]
"""A task as the inbox reads it."""


@dataclass(slots=True)
class PersonEligibility:
    """Where a person stands just now: the steps that are theirs by a role, and, where it is asked,
    the roles of a map that they are in."""

    person_id: int
    steps: frozenset[int]
    away: AwayPerson | None = None
    roles: dict[int, frozenset[int]] = field(default_factory=dict)

    def is_in(self, version: int, role: str) -> bool:
        """Whether the person is in a role of a map now. A statement for each map asked of."""
        version_map = cached_map(version)
        role_definition = version_map.graph.definition.roles.get(role)
        if role_definition is None or not role_definition.is_static:
            return role_definition is not None
        if version not in self.roles:
            self.roles[version] = listed_role_ids(self.person_id, version)
        return version_map.role_ids[role] in self.roles[version]

    def may_act(self, row: Row, step: HumanStep, added_as: str | None) -> bool:
        """Whether the task is theirs: by its queue, because they have it, or as they were added."""
        is_theirs = row["step_id"] in self.steps
        if (row["in_queue"] and is_theirs) or added_as == "":
            return True
        if added_as is not None and self.is_in(row["version"], added_as):
            return True
        if row["assignee_id"] != self.person_id:
            return False
        role = cached_map(row["version"]).graph.definition.roles.get(step.role or "")
        return is_theirs or (role is not None and not role.is_static)


class ReachEligibility:
    """In whose right a person could act on the tasks that reach their inbox."""

    def __init__(self, reach: WorkReach) -> None:
        self.user_id = reach.user.pk
        own = [PersonEligibility(self.user_id, reach.own_steps)] if reach.is_own else []
        self.everybody = [
            *own,
            *(PersonEligibility(person.id, person.steps, person) for person in reach.people),
        ]

    def in_whose_right(self, rows: Iterable[Row]) -> Iterator[tuple[Row, PersonEligibility]]:
        """Those of these tasks on which the person may act at this moment, each with the one in
        whose right: as themselves where they can. One statement where they stand in for others and
        something was escalated to these."""
        tasks = list(rows)
        chosen = {row["id"]: self._find_person(row, {}) for row in tasks}
        unclear = [row for row in tasks if chosen[row["id"]] is None]
        added = self._added_roles(unclear)
        chosen |= {row["id"]: self._find_person(row, added) for row in unclear if added}
        for row in tasks:
            if (person := chosen[row["id"]]) is not None:
                yield row, person

    def _find_person(
        self, row: Row, added: Mapping[tuple[int, int], str]
    ) -> PersonEligibility | None:
        step = cached_map(row["version"]).human(row["step_key"])
        votes = row["votes"] or ()
        kept_away = {vote[key] for vote in votes for key in ("id", "acted_for_id") if key in vote}
        if excluded_parties(step):
            kept_away |= barred_people(step, _deciders_marking(row))
        if self.user_id in kept_away:
            return None
        for person in self.everybody:
            is_own = person.away is None
            added_as = row["added_as"] if is_own else added.get((row["id"], person.person_id))
            if person.person_id not in kept_away and person.may_act(row, step, added_as):
                return person
        return None

    def _added_roles(self, tasks: Iterable[Row]) -> dict[tuple[int, int], str]:
        """As what those for whom the person stands in were added to these tasks."""
        ids = [person.person_id for person in self.everybody if person.away is not None]
        items = [row["id"] for row in tasks]
        if not ids or not items:
            return {}
        rows = AddedPerson.objects.filter(work_item__in=items, user__in=ids)
        return {
            (item, person): "" if stand_in else role
            for item, person, stand_in, role in rows.values_list(
                "work_item_id", "user_id", "stand_in", "role"
            )
        }


def _deciders_marking(row: Row) -> Marking:
    """As much of a marking as separation of duties asks for."""
    people_by_step = {step: tuple(people) for step, people in (row["deciders"] or {}).items()}
    return Marking(deciders=people_by_step, requester=row["asked_by"])
