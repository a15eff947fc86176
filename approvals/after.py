"""What to tell a person after their decision: what it did, and who is next."""

from datetime import datetime

from approvals.reading import case_of
from approvals.request_page import Answers, answers, open_tasks
from approvals.request_record import incidents_of
from approvals.task_page import outcome_label
from workflows.models import WorkItem
from workflows.services.case import Case


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
    """The four answers of a request. Two statements."""
    tasks = open_tasks([case.instance])[case.instance.pk]
    return answers(case, tasks, incidents_of(case))
