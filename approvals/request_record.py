"""A request's record: its steps so far and ahead, its merges, its incidents, its trail."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from approvals.by_itself import Standings
from approvals.request_page import NOTHING_KNOWN, holder
from approvals.task_page import outcome_label
from approvals.wording import person, value_text
from workflows.engine.definition import FieldDef, ParallelStep, title
from workflows.engine.graph import Graph, reach
from workflows.models import (
    Attempt,
    Incident,
    MergeRecord,
    TrailEvent,
    WorkflowInstance,
    WorkItem,
)
from workflows.models.runs import DONE
from workflows.permissions import visible_requests
from workflows.services.case import Case

MOST_TRAIL_ROWS = 200
MOST_CHILDREN = 50


# -- the steps so far -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PastStep:
    """One task of the request as its history shows it."""

    task: WorkItem
    step: str
    who: str
    outcome: str
    is_human: bool


def past_steps(case: Case, standings: Standings = NOTHING_KNOWN) -> list[PastStep]:
    """Every task of the request, oldest first. One statement."""
    rows = WorkItem.objects.filter(request=case.instance).select_related("assignee", "decided_by")
    return [past_step(case, task, standings) for task in rows.order_by("id")]


def past_step(case: Case, task: WorkItem, standings: Standings = NOTHING_KNOWN) -> PastStep:
    """A task in words; its people were read already, so no statement."""
    key = case.map.step_keys[task.step_id]
    by_whom = "" if case.map.graph.is_human(key) else "the system"
    who = person(task.decided_by, task.performer_name or by_whom)
    if task.is_open:
        who = holder(case, task, None, standings.get((task.request_id, task.activation)))
    outcome = outcome_label(case, key, task.outcome) if task.outcome else ""
    return PastStep(task, case.map.graph.title(key), who, outcome, case.map.graph.is_human(key))


# -- the way so far and ahead -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OnTheWay:
    """One step of the map as the progress list shows it: done, open or ahead."""

    step: str
    state: str


def progress(case: Case, past: list[PastStep]) -> list[OnTheWay]:
    """The steps that were done, are open now, and lie ahead if nothing exceptional happens.

    A step that will come again stands in the list as done and as ahead. No statement.
    """
    graph = case.map.graph
    done = {case.map.step_keys[one.task.step_id]: one for one in past if one.task.state == DONE}
    finished = sorted(done, key=lambda key: done[key].task.completed_at or case.now)
    open_now = {token.step for token in case.marking.tokens} | _disagreeing(case)
    ahead = _ahead(graph, open_now) if case.instance.is_live else set()
    ended = [case.marking.ended] if case.marking.ended else []
    order = _in_order(graph)
    ways = [(key, "done") for key in [*finished, *ended] if key not in open_now]
    ways += [(key, "open") for key in order if key in open_now]
    ways += [(key, "ahead") for key in order if key in ahead and graph[key].kind not in ROUTING]
    return [OnTheWay(graph.title(key), state) for key, state in ways]


ROUTING = ("decision", "parallel", "join")


def _disagreeing(case: Case) -> set[str]:
    """The joins at which branches disagree: the request stands there, with no open task."""
    steps = (case.map.graph[block.step] for block in case.marking.blocks if block.conflict)
    return {step.join for step in steps if isinstance(step, ParallelStep) and step.join}


def _ahead(graph: Graph, open_now: set[str]) -> set[str]:
    """What can still be reached on ways that are not exceptions."""
    return reach(open_now, _usual_ways(graph), set()) - open_now


def _usual_ways(graph: Graph) -> dict[str, list[str]]:
    ways: dict[str, list[str]] = {key: [] for key in graph.steps}
    for link in graph.links:
        if link.kind not in ("reopen", "on_error") and not link.route.exception:
            ways[link.source].append(link.to)
    return ways


def _in_order(graph: Graph) -> list[str]:
    """The steps as a request meets them, breadth first; ends last."""
    found: list[str] = [graph.first] if graph.first else []
    for key in found:
        found.extend(
            link.to
            for link in graph.links
            if link.source == key and link.kind != "reopen" and link.to not in found
        )
    return sorted(dict.fromkeys(found), key=lambda key: graph[key].kind == "end")


# -- merges -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A field to which branches gave different values; each value with its branch."""

    key: str
    label: str
    values: list[tuple[str, str, str]]
    is_document: bool


@dataclass(frozen=True, slots=True)
class Merge:
    """One merge check: what it waited for, what came and when, and how it ended."""

    row: MergeRecord
    join: str
    waits_for: list[str]
    came: list[tuple[str, str, datetime]]
    not_needed: list[str]
    disagreements: list[Disagreement]


def merges_of(case: Case) -> list[Merge]:
    """The merge records of the request. One statement."""
    rows = MergeRecord.objects.filter(request=case.instance).select_related("resolved_by")
    return [merge_shown(case, row) for row in rows.order_by("id")]


def merge_shown(case: Case, row: MergeRecord) -> Merge:
    """A merge record in words."""
    graph = case.map.graph
    branches = {branch: graph.title(step) for branch, step in row.waits_for.items()}
    return Merge(
        row=row,
        join=graph.title(case.map.step_keys[row.join_id]),
        waits_for=list(branches.values()),
        came=[
            (
                branches.get(str(arrival["branch"]), ""),
                graph.title(arrival["from"]),
                datetime.fromisoformat(arrival["at"]),
            )
            for arrival in row.arrivals
        ],
        not_needed=[branches[str(branch)] for branch in row.not_needed if str(branch) in branches],
        disagreements=[
            _disagreement(graph.definition.fields[key], key, values, branches)
            for key, values in row.conflicts.items()
        ],
    )


def _disagreement(
    field: FieldDef, key: str, values: dict[str, Any], branches: dict[str, str]
) -> Disagreement:
    shown = [
        (branch, branches.get(branch, branch), _in_words(field, value))
        for branch, value in sorted(values.items())
    ]
    return Disagreement(key, title(key, field.label), shown, field.type == "document")


def _in_words(field: FieldDef, value: Any) -> str:
    if field.type == "document" and isinstance(value, int):
        return f"version {value}"
    return value_text(field, value, {}) or "(empty)"


# -- requests that started one another ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Family:
    """The request that started this one, and those that it has started, as far as one may see."""

    parent: WorkflowInstance | None
    children: list[WorkflowInstance]
    waits: bool


def family_of(user: User, request: WorkflowInstance) -> Family:
    """Who started whom. One statement, and another where there is somebody."""
    children = WorkflowInstance.objects.filter(parent=request).order_by("pk")
    ids = list(children.values_list("pk", flat=True)[:MOST_CHILDREN])
    near = [*ids, request.parent_id] if request.parent_id is not None else ids
    seen = _in_sight(user, near) if near else {}
    return Family(
        parent=seen.get(request.parent_id or 0),
        children=[seen[pk] for pk in ids if pk in seen],
        waits=request.parent_activation is not None,
    )


def _in_sight(user: User, ids: list[int]) -> dict[int, WorkflowInstance]:
    return visible_requests(user).select_related("template").in_bulk(ids)


# -- incidents, attempts and trail --------------------------------------------------------------


OUTSIDE = ("automation", "wait", "subworkflow")


@dataclass(frozen=True, slots=True)
class Trouble:
    """An incident with what was tried, and the ways on that its step has.

    What went wrong outside is told only to those who manage or audit; such a step can be skipped.
    """

    row: Incident
    step: str
    attempts: list[Attempt]
    is_outside: bool
    may_reroute: bool


def incidents_of(case: Case) -> list[Incident]:
    """The incidents of the request, oldest first. One statement."""
    rows = Incident.objects.filter(request=case.instance).select_related("owner", "step")
    return list(rows.order_by("id"))


def attempts_of(case: Case) -> list[Attempt]:
    """Everything that the request's automations tried, oldest first. One statement, or none."""
    if not any(step.kind == "automation" for step in case.map.graph.steps.values()):
        return []
    rows = Attempt.objects.filter(request=case.instance).select_related("step")
    return list(rows.order_by("activation", "number"))


def troubles(
    case: Case, incidents: Iterable[Incident], attempts: Iterable[Attempt]
) -> list[Trouble]:
    """The incidents as the page shows them; those of merges are shown with the merge."""
    tried: dict[int, list[Attempt]] = {}
    for one in attempts:
        tried.setdefault(one.activation, []).append(one)
    shown = (incident for incident in incidents if incident.code != "merge_conflict")
    return [_trouble(case, incident, tried.get(incident.activation, [])) for incident in shown]


def _trouble(case: Case, incident: Incident, attempts: list[Attempt]) -> Trouble:
    graph, key = case.map.graph, case.map.step_keys[incident.step_id]
    return Trouble(
        row=incident,
        step=graph.title(key),
        attempts=attempts,
        is_outside=graph[key].kind in OUTSIDE,
        may_reroute=bool(graph.ways_out(key)),
    )


def trail_of(request: WorkflowInstance) -> list[TrailEvent]:
    """The newest rows of the request's trail. One statement."""
    return list(TrailEvent.objects.filter(request=request).order_by("-id")[:MOST_TRAIL_ROWS])
