"""What an inbox is narrowed to, and in which order it is listed: said once, as conditions on tasks
that both databases take."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection

from workflows.access.conditions.stand_in_sql import sql_moment
from workflows.definitions.models import Step, TemplateVersion, WorkflowTemplate
from workflows.execution.queries.request_search import (
    EVERYTHING,
    FEW,
    FoundRequests,
    SearchTerm,
    SqlCondition,
    find_requests,
    join_values,
)
from workflows.people.models import RoleEntry
from workflows.persistence.sql_text import compose_sql

TASK = "workflows_workitem"


class InboxOrder(StrEnum):
    """In which order tasks are listed. By due date it is an index's; by age a queue is sorted."""

    DUE = "due"
    OLDEST = "oldest"
    NEWEST = "newest"

    @property
    def columns(self) -> str:
        """What SQL sorts by; undated tasks are last."""
        return {"due": "due_at NULLS LAST, id", "oldest": "id", "newest": "id DESC"}[self.value]


class InboxCursor(NamedTuple):
    """Where in the list a task stands: by due date (none is last), then by age."""

    due_at: datetime | None
    id: int


class ListedPlaces(NamedTuple):
    """SQL for the moments and ids of listed tasks, in their order, and what stands in its named
    places; `held` stands before the statement of which it is part."""

    sql: str
    values: dict[str, Any]
    held: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxNarrowing:
    """What somebody narrowed their inbox to. `terms` are of requests; `workflow` and `step` are
    keys, `team` is the id of a group whose people do the step; tasks due from, and before, these
    moments, or without a due date."""

    terms: tuple[SearchTerm, ...] = ()
    workflow: str = ""
    step: str = ""
    team: int | None = None
    due_from: datetime | None = None
    due_before: datetime | None = None
    is_undated: bool = False
    order: InboxOrder = InboxOrder.DUE

    @property
    def is_wide(self) -> bool:
        """Whether it leaves everything."""
        return self == InboxNarrowing(order=self.order)


WIDE = InboxNarrowing()


@dataclass(frozen=True, slots=True)
class TaskConditions:
    """The same, asked of tasks: of the step (`{step}` is its id in the SQL), of the task's row, of
    its request (dear, so asked of one task after another in their order), and, where few requests
    are left, that it is of one of these."""

    order: InboxOrder = InboxOrder.DUE
    step: SqlCondition | None = None
    others: tuple[SqlCondition, ...] = ()
    of_requests: tuple[SqlCondition, ...] = ()
    requests: frozenset[int] | None = None

    @property
    def on_steps_of_tasks(self) -> tuple[str, ...]:
        """The condition on the step, asked of a row of the tasks' table."""
        return (self.step.sql.format(step=f"{TASK}.step_id"),) if self.step is not None else ()

    @property
    def on_tasks(self) -> tuple[str, ...]:
        """What is asked of each row of the tasks' table, apart from its queue."""
        return tuple(condition.sql for condition in self.others)

    @property
    def on_requests_of_tasks(self) -> tuple[str, ...]:
        """What is asked of the request of each row of the tasks' table."""
        return tuple(condition.sql for condition in self.of_requests)

    @property
    def values(self) -> dict[str, Any]:
        """What stands in the places."""
        return join_values([*([self.step] if self.step else []), *self.others, *self.of_requests])


ANY_TASK = TaskConditions()


def tasks_with_ids(ids: Iterable[int]) -> TaskConditions:
    """The condition that a task is one of these; none of them is none."""
    written = ", ".join(str(int(pk)) for pk in ids) or "0"
    return TaskConditions(others=(SqlCondition(f"{TASK}.id IN ({written})"),))


def read_task_conditions(narrowing: InboxNarrowing) -> TaskConditions:
    """The conditions. One statement where requests are searched for, else none."""
    if narrowing.is_wide:
        return TaskConditions(narrowing.order)
    requests = find_requests(narrowing.terms, is_open=True) if narrowing.terms else EVERYTHING
    return narrowed_conditions(narrowing, requests)


def narrowed_conditions(narrowing: InboxNarrowing, requests: FoundRequests) -> TaskConditions:
    """The conditions where the requests were searched for already."""
    return TaskConditions(
        order=narrowing.order,
        step=_step_condition(narrowing),
        others=(*_task_conditions(narrowing), *_list_condition(requests)),
        of_requests=tuple(requests.conditions(f"{TASK}.request_id")),
        requests=requests.ids if _are_few(requests) else None,
    )


def _are_few(requests: FoundRequests) -> bool:
    """Whether they are asked for their open tasks, whatever queues these are in."""
    return requests.ids is not None and len(requests.ids) <= FEW


def _list_condition(requests: FoundRequests) -> Iterable[SqlCondition]:
    """That the task's request is in a list that is put beside the queues. `IS TRUE` keeps
    PostgreSQL from beginning with the list."""
    if requests.ids is None or _are_few(requests):
        return
    listed: Any = sorted(requests.ids)
    rows = "SELECT unnest(%(listed)s::bigint[])"
    if connection.vendor != "postgresql":
        rows, listed = "SELECT l.value FROM json_each(%(listed)s) l", json.dumps(listed)
    sql = compose_sql("({task}.request_id IN ({rows})) IS TRUE", task=TASK, rows=rows)
    yield SqlCondition(sql, {"listed": listed})


def _task_conditions(narrowing: InboxNarrowing) -> Iterable[SqlCondition]:
    if narrowing.due_from is not None:
        moment = sql_moment(narrowing.due_from)
        yield SqlCondition(f"{TASK}.due_at >= %(due_from)s", {"due_from": moment})
    if narrowing.due_before is not None:
        moment = sql_moment(narrowing.due_before)
        yield SqlCondition(f"{TASK}.due_at < %(due_before)s", {"due_before": moment})
    if narrowing.is_undated:
        yield SqlCondition(f"{TASK}.due_at IS NULL")


@lru_cache(maxsize=1)
def _step_conditions() -> dict[str, str]:
    """By what steps are chosen: conditions on a step `s`."""
    names = {
        "version": TemplateVersion._meta.db_table,
        "template": WorkflowTemplate._meta.db_table,
        "entry": RoleEntry._meta.db_table,
    }
    of_workflow = (
        "s.version_id IN (SELECT v.id FROM {version} v JOIN {template} w"
        " ON w.id = v.template_id WHERE w.key = %(workflow)s)"
    )
    of_team = "s.role_id IN (SELECT e.role_id FROM {entry} e WHERE e.group_id = %(team)s)"
    return {
        "workflow": of_workflow.format(**names),
        "step": "s.key = %(step)s",
        "team": of_team.format(**names),
    }


def _step_condition(narrowing: InboxNarrowing) -> SqlCondition | None:
    choices = {"workflow": narrowing.workflow, "step": narrowing.step, "team": narrowing.team}
    values = {name: value for name, value in choices.items() if value not in ("", None)}
    if not values:
        return None
    chosen = " AND ".join(_step_conditions()[name] for name in values)
    chosen_steps = compose_sql(
        "SELECT s.id FROM {steps} s WHERE {chosen}", steps=Step._meta.db_table, chosen=chosen
    )
    return SqlCondition(f"{{step}} IN ({chosen_steps})", values)
