"""Several tasks decided with one outcome: what stands before somebody who is about to do so.

What each task shows is signed with its digest, as on its own page, so that a value that changes in
between is seen by the one service that decides.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from approvals.pages.decisions import outcome_kind
from approvals.pages.field_values import DisplayedValue, displayed_values, usernames_in_fields
from approvals.pages.position_texts import destination_text
from approvals.pages.task_snapshot import TaskPageSnapshot
from workflows.definitions.queries.compiled_versions import VersionMap, cached_map
from workflows.documents.models import Document
from workflows.documents.queries.instance_documents import documents_by_request
from workflows.engine.format.definition import RouteDef, display_title
from workflows.execution.models import WorkItem
from workflows.execution.queries.inbox import InboxRow, inbox_page
from workflows.execution.queries.inbox_narrowing import tasks_with_ids
from workflows.execution.queries.inbox_reach import find_work_reach
from workflows.execution.queries.next_steps import (
    find_destination,
)
from workflows.execution.queries.sight.field_sight import hidden_fields
from workflows.execution.services.review_digest import digest_of_shown_values
from workflows.people.models import User
from workflows.people.queries.person_names import full_names_of

MOST_TASKS = 100
"""So many tasks are decided at once; more than a page of the inbox has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenTask:
    """A task that would be decided, with what its step looks at. `opened` is what its part of the
    page remembers."""

    row: InboxRow
    values: list[DisplayedValue]
    opened: str
    leads_to: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SharedOutcome:
    """An outcome that every chosen task offers. `places` are where it leads, each once."""

    key: str
    label: str
    kind: str
    needs_comment: bool
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BulkPage:
    """The chosen tasks that are in the person's inbox now, and what can be done with all of them.
    `gone` are how many were chosen and are not there any more, `signed` those whose steps are
    signed: these are decided each on its own page."""

    tasks: list[ChosenTask]
    outcomes: list[SharedOutcome]
    gone: int
    signed: Sequence[InboxRow] = ()

    def find_outcome(self, key: str) -> SharedOutcome | None:
        """The shared outcome of this key; for `forward` and `back` the first of that kind."""
        kinds = {"forward": ("forward",), "back": ("other", "exception")}.get(key)
        return next(
            (o for o in self.outcomes if (o.kind in kinds if kinds else o.key == key)), None
        )


def read_bulk_page(user: User, task_ids: Sequence[int], now: datetime) -> BulkPage:
    """The page for these tasks. At most seven statements, however many they are."""
    ids = list(dict.fromkeys(task_ids))[:MOST_TASKS]
    reach = find_work_reach(user, now)
    rows = inbox_page(user, reach=reach, conditions=tasks_with_ids(ids), limit=MOST_TASKS).rows
    tasks = WorkItem.objects.select_related("request").in_bulk([row.id for row in rows])
    signed = [row for row in rows if _is_signed(tasks[row.id])]
    gone, rows = len(ids) - len(rows), [row for row in rows if row not in signed]
    names, documents = _names_in(tasks.values()), _documents_of(tasks.values())
    chosen = [
        _chosen_task(user, row, tasks[row.id], now, names, documents.get(tasks[row.id].request_id))
        for row in rows
    ]
    return BulkPage(chosen, _shared_outcomes(chosen, tasks), gone, signed)


def _is_signed(task: WorkItem) -> bool:
    version_map, key = _map_and_key(task)
    return version_map.human(key).sign is not None


def _map_and_key(task: WorkItem) -> tuple[VersionMap, str]:
    version_map = cached_map(task.request.version_id)
    return version_map, version_map.step_keys[task.step_id]


def _chosen_task(
    user: User,
    row: InboxRow,
    task: WorkItem,
    now: datetime,
    names: Mapping[str, str],
    documents: Sequence[Document] | None,
) -> ChosenTask:
    version_map, key = _map_and_key(task)
    step, graph = version_map.human(key), version_map.graph
    data = version_map.data_of_task(task.step_id, task.rows, task.request.data, task.request.chains)
    changing = frozenset(step.outputs or ())
    seen = digest_of_shown_values(
        version_map, key, task.request.data, task.rows, task.request.chains
    )
    snapshot = TaskPageSnapshot(now, seen, {})
    return ChosenTask(
        row=row,
        values=displayed_values(
            graph.definition,
            task.request,
            version_map.shown_keys(task.step_id, task.rows),
            documents or (),
            names,
            hidden_fields(user, task.request, version_map),
            data,
        ),
        opened=snapshot.signed(user, task.pk),
        leads_to={
            name: destination_text(
                find_destination(graph, route.to, data, changing), graph.definition
            )
            for name, route in step.outcomes.items()
        },
    )


def _names_in(tasks: Iterable[WorkItem]) -> Mapping[str, str]:
    """The full names of everybody in any of the values, also in rows of lists, by username. One
    statement, or none."""
    people: set[str] = set()
    for task in tasks:
        version_map, request = cached_map(task.request.version_id), task.request
        data = version_map.data_of_task(task.step_id, task.rows, request.data, request.chains)
        people |= usernames_in_fields(version_map.graph.definition.all_fields, data)
    return full_names_of(people)


def _documents_of(tasks: Iterable[WorkItem]) -> Mapping[int, list[Document]]:
    return documents_by_request([task.request_id for task in tasks])


# -- what all of them offer -------------------------------------------------------------------


def _shared_outcomes(
    chosen: Sequence[ChosenTask], tasks: Mapping[int, WorkItem]
) -> list[SharedOutcome]:
    """The outcomes, by key and words, that the step of every task has, in the order of the first.
    Whether a person may choose one is asked of each task when it is decided."""
    offered = [_offered_outcomes(tasks[task.row.id]) for task in chosen]
    shared = []
    for key, (_, label, kind) in (offered[0] if offered else {}).items():
        routes = [of_task.get(key) for of_task in offered]
        if all(route is not None and route[1] == label for route in routes):
            is_strict = any(r is not None and r[0].comment == "required" for r in routes)
            places = tuple(dict.fromkeys(task.leads_to[key] for task in chosen))
            shared.append(SharedOutcome(key, label, kind, is_strict, places))
    return shared


def _offered_outcomes(task: WorkItem) -> dict[str, tuple[RouteDef, str, str]]:
    """Of each outcome of the task's step its route, its words, and what kind of button it is."""
    version_map, key = _map_and_key(task)
    step = version_map.human(key)
    return {
        name: (route, display_title(name, route.label), outcome_kind(step, name, route))
        for name, route in step.outcomes.items()
    }
