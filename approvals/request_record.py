"""A request's record: its steps so far and ahead, its merges, its incidents, its trail."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from approvals.by_itself import Standings
from approvals.request_page import NOTHING_KNOWN, holder
from approvals.shown import names_of
from approvals.task_page import Earlier, outcome_label, votes_shown
from approvals.wording import listed, person, value_text
from workflows.engine.ahead import ahead
from workflows.engine.definition import FieldDef, ParallelStep, title
from workflows.engine.graph import Graph
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
from workflows.services.bypass import PAST
from workflows.services.case import Case

ERROR, SKIP = "error", "skipped"
"""How a step that no person does ends when it failed, or was skipped by hand."""
SENT_ON = ("reroute", "skip", "reopen")
"""The commands that may go past an approval."""
MOST_TRAIL_ROWS = 200
MOST_CHILDREN = 50


# -- the steps so far -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PastStep:
    """One task of the request as its history shows it; with every vote, where several people
    decide."""

    task: WorkItem
    step: str
    who: str
    outcome: str
    is_human: bool
    votes: list[Earlier]


def past_steps(case: Case, standings: Standings = NOTHING_KNOWN) -> list[PastStep]:
    """Every task of the request, oldest first. One statement, and one for who voted."""
    rows = WorkItem.objects.filter(request=case.instance).select_related("assignee", "decided_by")
    return in_words(case, list(rows.order_by("id")), standings)


def in_words(
    case: Case, tasks: Iterable[WorkItem], standings: Standings = NOTHING_KNOWN
) -> list[PastStep]:
    """These tasks in words. One statement for the names of all who voted, or none."""
    rows = list(tasks)
    names = names_of(vote["by"] for task in rows for vote in task.votes)
    return [past_step(case, task, standings, names) for task in rows]


def past_step(
    case: Case, task: WorkItem, standings: Standings, names: Mapping[str, str]
) -> PastStep:
    """A task in words; its people were read already, so no statement."""
    key = case.map.step_keys[task.step_id]
    by_whom = "" if case.map.graph.is_human(key) else "the system"
    who = person(task.decided_by, task.performer_name or by_whom)
    if task.is_open:
        who = holder(case, task, None, standings.get((task.request_id, task.activation)))
    outcome = outcome_label(case, key, task.outcome) if task.outcome else ""
    votes = votes_shown(case, task, names)
    if votes and not task.is_open:
        who = listed(list(dict.fromkeys(vote.who for vote in votes)))
    is_human = case.map.graph.is_human(key)
    return PastStep(task, case.map.graph.title(key), who, outcome, is_human, votes)


# -- the way so far and ahead -----------------------------------------------------------------


DONE_WELL, REFUSED, FAILED, SKIPPED, OPEN, AHEAD, STOPPED = (
    *("done", "refused", "failed", "skipped", "open", "ahead", "stopped"),
)
ROUTING = ("decision", "parallel", "join")


@dataclass(frozen=True, slots=True)
class OnTheWay:
    """One step as the progress list shows it. `state` is a code, for the page's colours; `words`
    say what came of it, `round` which time it was where a step came more than once."""

    step: str
    state: str
    words: str
    round: int = 1


def progress(case: Case, past: list[PastStep]) -> list[OnTheWay]:
    """What was done, each round of it, what is open now, and what can still come if nothing
    exceptional happens and the request's data do not rule it out. No statement."""
    graph = case.map.graph
    done = sorted(
        (one for one in past if one.task.state == DONE),
        key=lambda one: (one.task.completed_at or case.now, one.task.pk),
    )
    found = [_done(case, one) for one in done]
    if case.marking.ended:
        found.append(_end(case, case.marking.ended, found))
    elif not case.instance.is_live:
        found.append(OnTheWay("Cancelled", STOPPED, "the request was called off"))
    order = _in_order(graph)
    open_now = {token.step: token.round for token in case.marking.tokens}
    open_now |= dict.fromkeys(_disagreeing(case), 1)
    found += [OnTheWay(graph.title(k), OPEN, "now", open_now[k]) for k in order if k in open_now]
    if case.instance.is_live:
        coming = ahead(graph, set(open_now), case.instance.data)
        shown = [key for key in order if key in coming and graph[key].kind not in ROUTING]
        found += [OnTheWay(graph.title(key), AHEAD, "ahead") for key in shown]
    return found


def _done(case: Case, one: PastStep) -> OnTheWay:
    """What came of a task that is over."""
    state, words = DONE_WELL, one.outcome or "done"
    if one.is_human:
        route = case.map.human(case.map.step_keys[one.task.step_id]).outcomes.get(one.task.outcome)
        state = REFUSED if route is not None and route.exception else DONE_WELL
    elif one.task.outcome in (ERROR, SKIP):
        state = FAILED if one.task.outcome == ERROR else SKIPPED
        words = state
    else:
        words = "done"
    return OnTheWay(one.step, state, words, one.task.round)


def _end(case: Case, key: str, before: list[OnTheWay]) -> OnTheWay:
    """The end with its result; one that an exception led to is not shown as a success."""
    graph = case.map.graph
    into = [link for link in graph.links if link.to == key and link.kind != "reopen"]
    only_so = bool(into) and all(link.kind == "on_error" or link.route.exception for link in into)
    last = before[-1].state if before else DONE_WELL
    state = REFUSED if only_so or last == REFUSED else FAILED if last == FAILED else DONE_WELL
    result = title(getattr(graph[key], "result", ""), None).lower()
    words = "the end" if graph.title(key).lower() == result else result
    return OnTheWay(graph.title(key), state, words)


def _disagreeing(case: Case) -> set[str]:
    """The joins at which branches disagree: the request stands there, with no open task."""
    steps = (case.map.graph[block.step] for block in case.marking.blocks if block.conflict)
    return {step.join for step in steps if isinstance(step, ParallelStep) and step.join}


def _in_order(graph: Graph) -> list[str]:
    """The steps as a request meets them, breadth first; ends last."""
    found: list[str] = [graph.first] if graph.first else []
    seen = set(found)
    for key in found:
        for link in graph.leaving[key]:
            if link.kind != "reopen" and link.to not in seen:
                seen.add(link.to)
                found.append(link.to)
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


@dataclass(frozen=True, slots=True)
class GonePast:
    """Approvals that somebody sent the request past by hand, and why."""

    who: str
    steps: str
    reason: str
    at: datetime


def gone_past(case: Case) -> list[GonePast]:
    """Every time that the request was sent on past approvals, oldest first. One statement."""
    rows = TrailEvent.objects.filter(
        request=case.instance, command__in=SENT_ON, changes__has_key=PAST
    )
    graph = case.map.graph
    return [
        GonePast(
            row.actor_name or "The system",
            listed([f"“{graph.title(key)}”" for key in row.changes[PAST]]),
            row.comment,
            row.recorded_at,
        )
        for row in rows.order_by("id")
    ]


def trail_of(request: WorkflowInstance) -> list[TrailEvent]:
    """The newest rows of the request's trail. One statement."""
    return list(request.trail.order_by("-id")[:MOST_TRAIL_ROWS])
