"""Whose tasks reach a person's inbox: their own, and those of people who are away and for whom
they stand in; and of a task that is there, in whose right the person could act on it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection

from workflows.access.conditions import table_names, work_in_reach_sql
from workflows.access.conditions.role_lookups import WayIntoRole, ways_into_roles
from workflows.access.conditions.stand_in_sql import (
    has_named_workflows_sql,
    people_stood_in_for_sql,
    sql_moment,
)
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.format.definition import HumanStep, excluded_parties
from workflows.engine.routing.advance import barred_people
from workflows.engine.routing.marking import Marking
from workflows.people.models import User
from workflows.persistence.sql_text import compose_sql

MINE = "mine"
"""Chooses what is a person's own; a username chooses what they have for that person."""


@dataclass(frozen=True, slots=True)
class AwayPerson:
    """Somebody for whom the person stands in, with their roles, and the steps that are theirs by
    one."""

    id: int
    username: str
    name: str
    steps: frozenset[int]
    roles: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkReach:
    """What can reach a person's inbox at a moment: by the steps that are theirs by a role, by their
    own tasks (unless `is_own` is off), and by those for whom they stand in (`is_scoped`: for some
    of these in single workflows). Steps that are theirs anyway are nobody else's."""

    user: User
    now: datetime
    own_steps: frozenset[int]
    own_roles: frozenset[int]
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
    """The statement, kept for the ways into a role that there are. A row a person, with their roles
    and steps as lists: hundreds of rows took longer to be fetched than to be found."""
    is_postgres = connection.vendor == "postgresql"
    return compose_sql(
        """
    SELECT l.person, {collect}(l.role) AS roles, {collect}(l.step) AS steps, '' AS username,
        '' AS first_name, '' AS last_name, false AS is_scoped
    FROM ({work_in_reach}) l GROUP BY l.person
    UNION ALL SELECT DISTINCT l.person, {no_ids}, {no_ids}, p.username, p.first_name, p.last_name,
        {has_named_workflows}
    FROM ({people}) l JOIN {person} p ON p.id = l.person
    """,
        collect="array_agg" if is_postgres else "json_group_array",
        no_ids="CAST(NULL AS bigint[])" if is_postgres else "NULL",
        work_in_reach=work_in_reach_sql(),
        has_named_workflows=has_named_workflows_sql("l"),
        people=people_stood_in_for_sql(),
        person=User._meta.db_table,
    )


def find_work_reach(user: User, now: datetime) -> WorkReach:
    """What can reach this person's inbox now. One statement."""
    steps: dict[int, frozenset[int]] = {}
    roles: dict[int, frozenset[int]] = {}
    people: dict[int, tuple[str, str]] = {}
    is_scoped = False
    with connection.cursor() as cursor:
        cursor.execute(_reach_sql(ways_into_roles()), {"user": user.pk, "now": sql_moment(now)})
        for person, own_roles, own_steps, username, *name, has_workflows in cursor.fetchall():
            if own_roles is None:
                is_scoped = is_scoped or bool(has_workflows)
                people[person] = username, " ".join(name).strip() or username
            else:
                roles[person], steps[person] = _read_ids(own_roles), _read_ids(own_steps)
    own, none = steps.get(user.pk, frozenset()), frozenset[int]()
    return WorkReach(
        user=user,
        now=now,
        own_steps=own,
        own_roles=roles.get(user.pk, none),
        is_scoped=is_scoped,
        people=tuple(
            AwayPerson(pk, username, name, steps.get(pk, none) - own, roles.get(pk, none))
            for pk, (username, name) in sorted(people.items(), key=_name_of)
        ),
    )


def _read_ids(ids: list[int | None] | str) -> frozenset[int]:
    """The ids of a list, or of one in JSON; a role that no step has comes with no step."""
    listed = json.loads(ids) if isinstance(ids, str) else ids
    return frozenset(pk for pk in listed if pk is not None)


def _name_of(person: tuple[int, tuple[str, str]]) -> tuple[str, int]:
    return person[1][1], person[0]


# -- in whose right ---------------------------------------------------------------------------

Row = Mapping[str, Any]
"""A task as the inbox reads it."""


def added_people_sql(task: str) -> str:
    """SQL for a list, as JSON, of the people among `%(user)s` and `{people}` who were added to the
    task whose row is called this: who, and as what: the role to which it was escalated, nothing for
    a stand-in, a mark for who is one of several whom the step's role finds."""
    is_postgres = connection.vendor == "postgresql"
    return compose_sql(
        """
    SELECT {collect}({row}(user_id, as_what)) FROM (
        SELECT a.user_id, CASE WHEN a.stand_in THEN '' WHEN a.found THEN '{offered}'
            ELSE a.role END AS as_what
        FROM {added} a
        WHERE a.work_item_id = {task}.id AND (a.user_id = %(user)s OR a.user_id IN ({{people}}))
        ORDER BY a.user_id
    ) AS of_a_task
    """,
        collect="jsonb_agg" if is_postgres else "json_group_array",
        row="jsonb_build_array" if is_postgres else "json_array",
        task=task,
        offered=OFFERED,
        added=table_names()["added"],
    )


OFFERED = "="
"""Stands for people whom the step's own role finds; no role is called so."""


def is_offered_to(row: Row, person_id: int) -> bool:
    """Whether this person is one of several whom the step's role finds."""
    return find_added_role(row, person_id) == OFFERED


def is_escalated_to(row: Row, person_id: int) -> bool:
    """Whether late work was escalated to this person."""
    return find_added_role(row, person_id) not in (None, "", OFFERED)


def find_added_role(row: Row, person_id: int) -> str | None:
    """As what this person was added to the task: the role that it was escalated to, nothing for a
    stand-in, `OFFERED` for one of several, None for neither."""
    return next((role for person, role in row["added"] or () if person == person_id), None)


@dataclass(frozen=True, slots=True)
class PersonEligibility:
    """Where a person stands just now: the roles in whose lists they are, and the steps that are
    theirs by one."""

    person_id: int
    steps: frozenset[int]
    roles: frozenset[int]
    away: AwayPerson | None = None

    def is_in(self, version: int, role: str) -> bool:
        """Whether the person is in a role of a map now."""
        version_map = cached_map(version)
        role_definition = version_map.graph.definition.roles.get(role)
        if role_definition is None or not role_definition.is_static:
            return role_definition is not None
        return version_map.role_ids[role] in self.roles

    def may_act(self, row: Row, step: HumanStep) -> bool:
        """Whether the task is theirs: by its queue, because they have it, or as they were added."""
        is_theirs = row["step_id"] in self.steps
        added_as = find_added_role(row, self.person_id)
        if row["in_queue"] and (is_theirs or added_as == OFFERED):
            return True
        if added_as == "":
            return True
        if added_as == OFFERED:
            return bool(row["assignee_id"] == self.person_id)
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
        own = PersonEligibility(self.user_id, reach.own_steps, reach.own_roles)
        self.everybody = [
            *([own] if reach.is_own else []),
            *(PersonEligibility(p.id, p.steps, p.roles, away=p) for p in reach.people),
        ]

    def in_whose_right(self, rows: Iterable[Row]) -> Iterator[tuple[Row, PersonEligibility]]:
        """Those of these tasks on which the person may act at this moment, each with the one in
        whose right: as themselves where they can. No statement."""
        for row in rows:
            if (person := self._find_person(row)) is not None:
                yield row, person

    def _find_person(self, row: Row) -> PersonEligibility | None:
        step = cached_map(row["version"]).human(row["step_key"])
        votes = row["votes"] or ()
        kept_away = {vote[key] for vote in votes for key in ("id", "acted_for_id") if key in vote}
        if excluded_parties(step):
            view = cached_map(row["version"]).view_of_task(row["step_id"], row["rows"])
            kept_away |= barred_people(step, _deciders_marking(row), view)
        if self.user_id in kept_away:
            return None
        for person in self.everybody:
            if person.person_id not in kept_away and person.may_act(row, step):
                return person
        return None


def _deciders_marking(row: Row) -> Marking:
    """As much of a marking as separation of duties asks for."""
    deciders = parse_json_column(row["deciders"]) or {}
    people_by_step = {step: tuple(people) for step, people in deciders.items()}
    return Marking(deciders=people_by_step, requester=parse_json_column(row["asked_by"]))


def parse_json_column(value: Any) -> Any:
    """JSON columns come as text where no model reads them; most hold nothing."""
    if not isinstance(value, str):
        return value
    return None if value in ("[]", "{}", "null") else json.loads(value)
