"""What to tell a person after what they did: what it did, by the trail, and who is next."""

from collections.abc import Callable, Mapping
from datetime import datetime

from django.db.models import Max

from approvals.by_itself import standings
from approvals.reading import case_of
from approvals.request_page import Answers, answers, open_tasks
from approvals.request_record import incidents_of
from approvals.shown import names_of
from approvals.task_page import outcome_label
from workflows.models import TrailEvent, WorkflowInstance, WorkItem
from workflows.services.case import Case

Said = Callable[[Case, TrailEvent], str]


def what_happened(task: WorkItem, step: str, outcome: str, now: datetime) -> str:
    """'PA-7: “Manager review” → Approve. It is at …', for the person who decided."""
    request = task.request
    case = case_of(request, None, now)
    label = outcome_label(case, case.map.step_keys[task.step_id], outcome)
    said = f"{request.reference}: “{step}” → {label}."
    if task.is_open:
        left = task.needed - len(task.votes)
        people = "person has" if left == 1 else "people have"
        return f"{said} {left} more {people} to agree before it goes on."
    return f"{said} {what_is_next(case)}"


def what_is_next(case: Case) -> str:
    """Where the request is now and who has it, in a sentence or two."""
    told = request_answers(case)
    if not case.instance.is_live:
        return told.where
    return f"{told.where} {told.who}"


def request_answers(case: Case) -> Answers:
    """The four answers of a request. Two statements, and three where no person does a step."""
    tasks = open_tasks([case.instance])[case.instance.pk]
    known = standings({case.instance.pk: case.map.graph}, tasks)
    return answers(case, tasks, incidents_of(case), known)


# -- after a change of a request's course ------------------------------------------------------


def what_was_done(case: Case, last: int) -> str:
    """What the commands did that were recorded after row `last` of the trail, each once, and
    where the request is then."""
    rows = TrailEvent.objects.filter(request=case.instance, pk__gt=last, command__in=_SAID)
    said = [_SAID[row.command](case, row) for row in rows.order_by("pk")]
    if case.instance.state not in (WorkflowInstance.CANCELLED, WorkflowInstance.SUSPENDED):
        said.append(what_is_next(case))
    return " ".join(dict.fromkeys(said))


def last_row(request: WorkflowInstance) -> int:
    """The newest row of the request's trail, to tell what comes after it."""
    return TrailEvent.objects.filter(request=request).aggregate(last=Max("pk"))["last"] or 0


def _of_request(words: str) -> Said:
    return lambda case, row: f"{row.reference} {words}"


def _retried(case: Case, row: TrailEvent) -> str:
    title = case.map.graph.title(row.step)
    again = [one for one in row.changes.get("incident", ()) if one["step"] == row.step]
    if again:
        return f"“{title}” was tried again and cannot go on yet: {again[-1]['message']}"
    if case.map.graph.is_human(row.step):
        return f"“{title}” has somebody again who can do it."
    if case.map.graph[row.step].kind in ("decision", "parallel"):
        return f"“{title}” was tried again."
    return f"“{title}” is about to be tried again."


def _skipped(case: Case, row: TrailEvent) -> str:
    title = case.map.graph.title(row.step)
    return f"“{title}”: the step was skipped. What it would have done outside was not done."


def _rerouted(case: Case, row: TrailEvent) -> str:
    return f"The work at “{case.map.graph.title(row.step)}” was sent on."


def _reassigned(case: Case, row: TrailEvent) -> str:
    given = (row.changes.get("assignee") or [{}])[-1]
    who = given.get("to", "")
    stands_in = f" {names_of({who}).get(who, who)} stands in." if given.get("stands_in") else ""
    return f"“{case.map.graph.title(row.step)}” was reassigned.{stands_in}"


def _merged(case: Case, row: TrailEvent) -> str:
    title = case.map.graph.title(row.step)
    if any(one["join"] == row.step for one in row.changes.get("merged", ())):
        return f"“{title}”: the branches are merged."
    return f"“{title}”: your choice is kept."


_SAID: Mapping[str, Said] = {
    "cancel": _of_request("was cancelled. All open work on it has stopped."),
    "suspend": _of_request("is suspended. Nobody can decide anything on it until it is resumed."),
    "resume": _of_request("goes on."),
    "reopen": _of_request("is open again."),
    "retry": _retried,
    "skip": _skipped,
    "reroute": _rerouted,
    "reassign": _reassigned,
    "resolve_merge": _merged,
}
