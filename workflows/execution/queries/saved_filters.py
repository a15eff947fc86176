"""How many tasks each of somebody's saved filters leaves; a few statements, however many."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection

from workflows.execution.models import WorkItem
from workflows.execution.queries.inbox import InboxCount
from workflows.execution.queries.inbox_narrowing import InboxNarrowing, narrowed_conditions
from workflows.execution.queries.inbox_reach import ReachEligibility, WorkReach
from workflows.execution.queries.inbox_rows import listed_ids_sql, task_rows
from workflows.execution.queries.request_search import find_several_requests
from workflows.people.models import SavedFilter
from workflows.persistence.sql_text import compose_sql

CAP = 50
"""So many tasks are counted of each filter."""

Narrowed = Mapping[int, tuple[str, InboxNarrowing]]
"""By a filter's id: whose tasks, and what they are narrowed to."""


def count_filters(reach: WorkReach, filters: Narrowed) -> dict[int, InboxCount]:
    """By a filter's id how many of the tasks in this reach it leaves. No statement for no filters;
    else one for the tasks of all, one for what keeps the person from some, and one where any filter
    searches for requests."""
    listed = _read_listed_ids(reach, filters)
    ids = {task for tasks in listed.values() for task in tasks}
    rows = list(task_rows(WorkItem.objects.filter(pk__in=ids), reach)) if ids else []
    open_ids = {
        whose: _open_ids(reach.narrowed(whose), rows)
        for whose in dict.fromkeys(whose for whose, _ in filters.values())
    }
    return {
        pk: InboxCount(
            len([task for task in listed[pk][:CAP] if task in open_ids[whose]]),
            is_capped=len(listed[pk]) > CAP,
        )
        for pk, (whose, _) in filters.items()
    }


def saved_filters_with_ids(ids: Iterable[int]) -> list[SavedFilter]:
    """These filters, by name. One statement, or none for none."""
    filter_ids = list(ids)
    rows = SavedFilter.objects.filter(pk__in=filter_ids) if filter_ids else ()
    return sorted(rows, key=lambda row: row.name.casefold())


def _open_ids(reach: WorkReach, rows: Sequence[Mapping[str, Any]]) -> set[int]:
    return {row["id"] for row, _ in ReachEligibility(reach).in_whose_right(rows)}


def _read_listed_ids(reach: WorkReach, filters: Narrowed) -> dict[int, list[int]]:
    """By filter the tasks that it lists, one more than are counted at most."""
    listed: dict[int, list[int]] = {pk: [] for pk in filters}
    terms = [narrowing.terms for _, narrowing in filters.values()]
    searches = find_several_requests(terms, is_open=True)
    parts, values = [], []
    for (pk, (whose, narrowing)), requests in zip(filters.items(), searches, strict=True):
        conditions = narrowed_conditions(narrowing, requests)
        sql, parameters = listed_ids_sql(reach.narrowed(whose), conditions, CAP + 1)
        parts.append(
            compose_sql("SELECT {pk} AS filter, f.id FROM ({sql}) AS f", pk=int(pk), sql=sql)
        )
        values += parameters
    if parts:
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(parts), values)
            for pk, task in cursor.fetchall():
                listed[pk].append(task)
    return listed
