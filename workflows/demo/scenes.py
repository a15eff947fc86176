"""What a newcomer finds whatever the seed: a disagreement, a task for nobody, full inboxes."""

from datetime import datetime
from functools import partial
from typing import Any

from workflows.demo.company import EMPLOYEES
from workflows.demo.habits import DAY, HOUR
from workflows.demo.history import History
from workflows.models import WorkflowInstance, WorkItem
from workflows.permissions import steps_of

REPORTS = {employee.manager: employee.username for employee in EMPLOYEES}
"""Somebody of each manager's people."""


def stage(history: History) -> None:
    """Plan the scenes among everything else that happens."""
    _reviewers_disagree(history)
    _nobody_may_approve(history)
    _forgotten_by_the_manager(history)
    _newcomers_at_the_plant(history)
    history.agenda.at(history.ago("it-incident", 2 * HOUR), partial(_a_busy_morning, history))
    when = history.ago("travel-declaration", 1)
    history.agenda.at(when, partial(_something_for_everybody, history, when))


def _reviewers_disagree(history: History) -> None:
    """Legal and finance read one contract differently; its owner has to choose."""
    begun = history.ago("contract-review", 4 * DAY)

    def begin() -> None:
        request = history.start(
            "contract-review", "ruth", begun, scripted=True, value="48000.00", personal_data=False
        )
        lines: tuple[tuple[int, str, str, str, dict[str, str]], ...] = (
            (5 * HOUR, "intake", "david", "complete", {}),
            (2 * DAY, "finance_review", "priya", "agree", {"payment_terms": "60 days"}),
            (3 * DAY, "legal_review", "david", "agree", {"payment_terms": "30 days"}),
        )
        for after, step, who, outcome, values in lines:
            when = history.later("contract-review", begun, after)
            history.agenda.at(
                when, partial(history.decide_as, request, step, who, outcome, when, **values)
            )

    history.agenda.at(begun, begin)


def _nobody_may_approve(history: History) -> None:
    """A request whose manager is the requester: separation of duties leaves nobody."""
    when = history.ago("equipment-request", 2 * DAY)
    start = partial(history.start, "equipment-request", "anja", when, scripted=True, manager="anja")
    history.agenda.at(when, start)


def _forgotten_by_the_manager(history: History) -> None:
    """A request that its manager has left lying: reminded of, and escalated to the people team."""
    when = history.ago("equipment-request", 7 * DAY)
    start = partial(history.start, "equipment-request", "ivan", when, scripted=True)
    history.agenda.at(when, start)


def _newcomers_at_the_plant(history: History) -> None:
    """The plant's directory never answers: two calls were mended, the latest waits for somebody."""
    for days in (70, 45):
        when = history.ago("employee-onboarding", days * DAY)
        history.agenda.at(when, partial(_at_the_plant, history, "ben", when))
    begun = history.ago("employee-onboarding", 5 * DAY)
    agreed = history.ago("employee-onboarding", 4 * DAY + 2 * HOUR)
    signed = history.ago("employee-onboarding", 2 * DAY + 4 * HOUR)

    def begin() -> None:
        request = _at_the_plant(history, "ben", begun, scripted=True, manager="eva")
        agree = partial(history.decide_as, request, "agree", "eva", "agree", agreed)
        history.agenda.at(agreed, agree)
        said = partial(history.say, request, "papers_signed", "anja", signed)
        history.agenda.at(signed, said)

    history.agenda.at(begun, begin)


def _at_the_plant(history: History, who: str, when: datetime, **more: Any) -> WorkflowInstance:
    return history.start("employee-onboarding", who, when, place="Plant", **more)


def _a_busy_morning(history: History) -> None:
    """In the last two hours of work, something comes up for most of those with nothing to do."""
    for number, username in enumerate(_idle(history)):
        minutes_ago = 100 - 3 * number
        if username in REPORTS:
            when = history.ago("purchase-approval", minutes_ago)
            _begin(history, "purchase-approval", REPORTS[username], when)
        elif number % 2:
            _question_from_it(history, username, minutes_ago)
        else:
            when = history.ago("travel-declaration", minutes_ago)
            _begin(history, "travel-declaration", username, when)


def _question_from_it(history: History, username: str, minutes_ago: int) -> None:
    """An incident that IT support has a question about."""
    begun = history.ago("it-incident", minutes_ago)
    asked = history.ago("it-incident", minutes_ago - 25)

    def begin() -> None:
        request = history.start("it-incident", username, begun, scripted=True, impact="One person")
        ask = partial(history.decide_as, request, "new", "mei", "ask", asked)
        history.agenda.at(asked, ask)

    history.agenda.at(begun, begin)


def _something_for_everybody(history: History, when: datetime) -> None:
    """Whoever has an empty inbox by now has just begun to declare a trip."""
    for username in _idle(history):
        history.start("travel-declaration", username, when, scripted=True)


def _begin(history: History, workflow: str, username: str, when: datetime) -> None:
    start = partial(history.start, workflow, username, when, scripted=True)
    history.agenda.at(when, start)


def _idle(history: History) -> list[str]:
    """Who has no task and no queue with tasks."""
    return [employee.username for employee in EMPLOYEES if not _is_busy(history, employee.username)]


def _is_busy(history: History, username: str) -> bool:
    user = history.people[username]
    tasks = WorkItem.objects.open()
    return (
        tasks.filter(assignee=user).exists()
        or tasks.filter(in_queue=True, step__in=steps_of(user)).exists()
    )
