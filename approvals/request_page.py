"""A request's four answers: where it is, who has it, since when, and what is next."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from approvals.by_itself import Standing, Standings, in_full, in_short
from approvals.wording import listed, moment, person, span
from workflows.engine.ahead import NOTHING, Data, outcomes, ways, written_by
from workflows.engine.definition import (
    DecisionStep,
    EndStep,
    HumanStep,
    JoinStep,
    ParallelStep,
    title,
)
from workflows.engine.graph import Graph
from workflows.models import Incident, WorkflowInstance, WorkItem
from workflows.services.case import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One open task: the answers for it, each a sentence."""

    task: WorkItem
    step: str
    holder: str
    who: str
    since: str
    next: str
    is_human: bool
    child: WorkflowInstance | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers for the whole request; `waiting` has those of each open task."""

    where: str
    who: str
    since: str
    next: str
    waiting: list[Waiting]


def open_tasks(requests: Iterable[WorkflowInstance]) -> dict[int, list[WorkItem]]:
    """The open tasks of these requests, by request. One statement."""
    tasks: dict[int, list[WorkItem]] = {request.pk: [] for request in requests}
    rows = WorkItem.objects.filter(request_id__in=list(tasks), is_open=True)
    for task in rows.select_related("assignee", "step").order_by("id"):
        tasks[task.request_id].append(task)
    return tasks


NOTHING_KNOWN: Standings = {}


def answers(
    case: Case,
    tasks: list[WorkItem],
    incidents: list[Incident],
    standings: Standings = NOTHING_KNOWN,
    *,
    audits: bool = False,
) -> Answers:
    """The four answers, from what was read already; no statement."""
    stuck = {incident.activation: incident for incident in incidents if incident.state == "open"}
    waiting = [
        _waiting(
            case, task, stuck.get(task.activation),
            standings.get((task.request_id, task.activation)), audits=audits,
        )
        for task in tasks
    ]  # fmt: skip
    if not case.instance.is_live:
        return _finished(case)
    if not waiting:
        return _held_up(case, list(stuck.values()))
    return Answers(
        where=_where(case, waiting),
        who=_who(waiting),
        since=waiting[0].since,
        next=waiting[0].next if len(waiting) == 1 else "Each branch goes its own way; see below.",
        waiting=waiting,
    )


def _who(waiting: list[Waiting]) -> str:
    """Who has it; where that is not the same everywhere, of which step it is said."""
    if len({one.who for one in waiting}) == 1:
        return waiting[0].who
    return " ".join(f"“{one.step}”: {one.who}" for one in waiting)


def _where(case: Case, waiting: list[Waiting]) -> str:
    steps = [
        f"“{w.step}”" + (f" (round {w.task.round})" if w.task.round > 1 else "") for w in waiting
    ]
    at_once = ", at the same time" if len(steps) > 1 else ""
    if case.instance.state == WorkflowInstance.SUSPENDED:
        return f"It is suspended; it stands at {listed(steps)}{at_once}."
    return f"It is at {listed(steps)}{at_once}."


def state_words(request: WorkflowInstance) -> str:
    """A request's state in a word: its result where it has one."""
    if request.state == WorkflowInstance.COMPLETED:
        return title(request.result, None).lower()
    return str(request.state)


def _finished(case: Case) -> Answers:
    request = case.instance
    since = f"Since {moment(request.completed_at)}." if request.completed_at else ""
    if request.state == WorkflowInstance.CANCELLED:
        return Answers("It was cancelled.", "Nobody; it is over.", since, "Nothing.", [])
    end = case.map.graph.steps.get(case.marking.ended or "")
    ahead = "Nothing."
    if isinstance(end, EndStep) and end.reopen:
        ahead = f"Nothing, unless its owner reopens it at “{case.map.graph.title(end.reopen)}”."
    return Answers(
        f"It is complete: {state_words(request)}.",
        "Nobody; it is over.", since, ahead, [],
    )  # fmt: skip


def _held_up(case: Case, stuck: list[Incident]) -> Answers:
    """Running without an open task: it waits on an incident (a merge that disagrees, a rule)."""
    if not stuck:
        return Answers("It is running.", "Nobody has it just now.", "", "", [])
    first = stuck[0]
    step = case.map.graph.title(case.map.step_keys[first.step_id])
    owner = person(first.owner, "the workflow's owner")
    return Answers(
        f"It is held up at “{step}”.",
        f"{owner} has to put it right.",
        _since(first.opened_at, None, case.now),
        "It goes on when the incident below is resolved.",
        [],
    )


def _waiting(
    case: Case, task: WorkItem, stuck: Incident | None, standing: Standing | None, *, audits: bool
) -> Waiting:
    key = case.map.step_keys[task.step_id]
    is_human = case.map.graph.is_human(key)
    return Waiting(
        task=task,
        step=case.map.graph.title(key),
        holder=holder(case, task, stuck, standing),
        who=who_has(case, task, stuck, standing, audits=audits),
        since=_since(task.enabled_at, task.due_at, case.now),
        next=what_next(case.map.graph, key, case.instance.data),
        is_human=is_human,
        child=standing.child if standing is not None and stuck is None else None,
    )


def holder(
    case: Case,
    task: WorkItem,
    stuck: Incident | None = None,
    standing: Standing | None = None,
) -> str:
    """Who has a task, or who could take it, in a few words for a list."""
    if stuck is not None:
        return f"{person(stuck.owner, 'the owner')}, to resolve an incident"
    if task.assignee is not None:
        return person(task.assignee)
    key = case.map.step_keys[task.step_id]
    if not case.map.graph.is_human(key):
        return in_short(case, key, standing)
    role = case.map.role_of(key)
    if role is None or not role.is_static:
        return "nobody yet"
    if task.needed > 1:
        return f"{task.needed} people in {_pool(case, key)}; {_agreed(task)}"
    return f"anybody in {_pool(case, key)}"


def who_has(
    case: Case,
    task: WorkItem,
    stuck: Incident | None = None,
    standing: Standing | None = None,
    *,
    audits: bool = False,
) -> str:
    """Who has a task, or who could take it, as a sentence."""
    if stuck is not None:
        return f"It waits for {person(stuck.owner, 'the owner')} to resolve the incident below."
    if task.assignee is not None:
        verb = {"enabled": "has it and has not begun", "claimed": "has taken it"}
        return f"{person(task.assignee)} {verb.get(task.state, _state_words(task))}."
    key = case.map.step_keys[task.step_id]
    if not case.map.graph.is_human(key):
        return in_full(case, key, standing, audits=audits)
    if task.needed > 1:
        people = f"{task.needed} people in {_pool(case, key)}"
        return f"{people} have to agree; {_agreed(task)}."
    return f"Anybody in {_pool(case, key)} can take it; nobody has yet."


def _agreed(task: WorkItem) -> str:
    count = len(task.votes)
    return f"{count} {'has' if count == 1 else 'have'} so far" if count else "nobody has yet"


def _state_words(task: WorkItem) -> str:
    return {"started": "is working on it", "paused": "has it; work on it is paused"}.get(
        task.state, "has it"
    )


def _pool(case: Case, key: str) -> str:
    role = case.map.role_of(key)
    names = [*(role.groups or []), *(role.users or [])] if role is not None else []
    return listed(names, "or") or "its role"


def _since(since: datetime | None, due: datetime | None, now: datetime) -> str:
    if since is None:
        return ""
    said = f"Since {moment(since)}, so for {span(now - since)}."
    if due is None:
        return said
    late = f" It is overdue by {span(now - due)}." if due < now else ""
    return f"{said} Due {moment(due)}.{late}"


def what_next(graph: Graph, key: str, data: Data) -> str:
    """Where the request can go from a step, with the data that it has, as a sentence."""
    step, changing = graph[key], written_by(graph, key)
    links = outcomes(graph, key, data)
    if isinstance(step, HumanStep):
        said = [
            f"“{title(link.name, link.route.label)}” leads to"
            f" {place(graph, link.to, data, changing)}"
            for link in links
        ]
        return (
            f"{'; '.join(said)}." if said else "With the values it has, no outcome can be chosen."
        )
    usual, failed = (
        [place(graph, one.to, data, changing) for one in links if (one.kind == "on_error") is bad]
        for bad in (False, True)
    )
    if failed and failed != usual:
        return f"Then {listed(usual, 'or')}; if it fails, {listed(failed, 'or')}."
    return f"Then {listed(usual, 'or')}."


def place(graph: Graph, key: str, data: Data, changing: frozenset[str] = NOTHING) -> str:
    """A step as somewhere to go: what only routes is named by where it can lead, with the data
    that the request has; `changing` are the fields that may change before it comes there."""
    return _place(graph, key, data, changing, frozenset())


def _place(
    graph: Graph, key: str, data: Data, changing: frozenset[str], passed: frozenset[str]
) -> str:
    step, seen = graph[key], passed | {key}
    if isinstance(step, EndStep):
        return f"the end ({title(step.result, None).lower()})"
    if isinstance(step, DecisionStep | ParallelStep) and not passed & {key}:
        to = dict.fromkeys(link.to for link in ways(graph, key, data, changing))
        places = list(dict.fromkeys(_place(graph, other, data, changing, seen) for other in to))
        if isinstance(step, ParallelStep):
            return listed(places)
        return ", or ".join(places) if any(" and " in p for p in places) else listed(places, "or")
    if isinstance(step, JoinStep):
        return f"the merge “{graph.title(key)}”"
    return f"“{graph.title(key)}”"


def courses_open(case: Case, user: User, *, manages: bool) -> list[str]:
    """Which changes of course this person can ask for now, by the names of their pages."""
    request = case.instance
    found = []
    if request.is_live and (manages or request.requester_id == user.pk):
        found.append("cancel")
    if manages and request.state == WorkflowInstance.RUNNING:
        found.append("suspend")
    if manages and request.state == WorkflowInstance.SUSPENDED:
        found.append("resume")
    end = case.map.graph.steps.get(case.marking.ended or "")
    if manages and request.state == WorkflowInstance.COMPLETED:
        found += ["reopen"] if isinstance(end, EndStep) and end.reopen else []
    return found
