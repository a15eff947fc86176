"""What a newcomer finds whatever the seed: a disagreement, a task for nobody, full inboxes."""

from datetime import datetime
from functools import partial
from typing import Any

from workflows.access.permissions import step_ids_performable_by
from workflows.demo.company import EMPLOYEES
from workflows.demo.habits import DAY, HOUR
from workflows.demo.simulation import DemoSimulation
from workflows.demo.workshops import HOURS, day_of_next_visit
from workflows.demo.workshops import WORKFLOW as WORKSHOPS
from workflows.execution.models import WorkflowInstance, WorkItem

REPORT_OF_MANAGER = {employee.manager: employee.username for employee in EMPLOYEES}
"""Somebody of each manager's people."""


def plan_scenarios(simulation: DemoSimulation) -> None:
    """Plan the scenes among everything else that happens."""
    _reviewers_disagree(simulation)
    _nobody_may_approve(simulation)
    _forgotten_by_the_manager(simulation)
    _newcomers_at_the_plant(simulation)
    _two_visits_want_one_kit(simulation)
    simulation.queue.at(
        simulation.moment_before_now("it-incident", 2 * HOUR),
        partial(_plan_busy_morning, simulation),
    )
    when = simulation.moment_before_now("travel-declaration", 1)
    simulation.queue.at(when, partial(_start_trip_for_idle_people, simulation, when))


def _reviewers_disagree(simulation: DemoSimulation) -> None:
    """Legal and finance read one contract differently; its owner has to choose."""
    begun = simulation.moment_before_now("contract-review", 4 * DAY)

    def start_contract() -> None:
        instance = simulation.start(
            "contract-review", "ruth", begun, scripted=True, value="48000.00", personal_data=False
        )
        lines: tuple[tuple[int, str, str, str, dict[str, str]], ...] = (
            (5 * HOUR, "intake", "david", "complete", {}),
            (2 * DAY, "finance_review", "priya", "agree", {"payment_terms": "60 days"}),
            (3 * DAY, "legal_review", "david", "agree", {"payment_terms": "30 days"}),
        )
        for after, step, username, outcome, values in lines:
            when = simulation.moment_after("contract-review", begun, after)
            simulation.queue.at(
                when,
                partial(simulation.decide_as, instance, step, username, outcome, when, **values),
            )

    simulation.queue.at(begun, start_contract)


def _nobody_may_approve(simulation: DemoSimulation) -> None:
    """A request whose manager is the requester: separation of duties leaves nobody."""
    when = simulation.moment_before_now("equipment-request", 2 * DAY)
    start = partial(
        simulation.start, "equipment-request", "anja", when, scripted=True, manager="anja"
    )
    simulation.queue.at(when, start)


def _forgotten_by_the_manager(simulation: DemoSimulation) -> None:
    """A request that its manager has left lying: reminded of, and escalated to the people team."""
    when = simulation.moment_before_now("equipment-request", 7 * DAY)
    start = partial(simulation.start, "equipment-request", "ivan", when, scripted=True)
    simulation.queue.at(when, start)


def _newcomers_at_the_plant(simulation: DemoSimulation) -> None:
    """The plant's directory never answers: two calls were mended, the latest waits for somebody."""
    for days in (70, 45):
        when = simulation.moment_before_now("employee-onboarding", days * DAY)
        simulation.queue.at(when, partial(_at_the_plant, simulation, "ben", when))
    begun = simulation.moment_before_now("employee-onboarding", 5 * DAY)
    agreed = simulation.moment_before_now("employee-onboarding", 4 * DAY + 2 * HOUR)
    signed = simulation.moment_before_now("employee-onboarding", 2 * DAY + 4 * HOUR)

    def start_onboarding() -> None:
        instance = _at_the_plant(simulation, "ben", begun, scripted=True, manager="eva")
        agree = partial(simulation.decide_as, instance, "agree", "eva", "agree", agreed)
        simulation.queue.at(agreed, agree)
        send_papers = partial(simulation.send_message_as, instance, "papers_signed", "anja", signed)
        simulation.queue.at(signed, send_papers)

    simulation.queue.at(begun, start_onboarding)


def _at_the_plant(
    simulation: DemoSimulation, username: str, when: datetime, **values: Any
) -> WorkflowInstance:
    return simulation.start("employee-onboarding", username, when, place="Plant", **values)


def _two_visits_want_one_kit(simulation: DemoSimulation) -> None:
    """Two customers come in the same week, and one kit is to be in both rooms at once: reception
    finds out before it is promised."""
    day, kit = day_of_next_visit(simulation.now), "microscope-kit"
    visits = ((6 * DAY, "ruth", "harbour", HOURS[0]), (2 * DAY, "clara", "attic", (10, 15)))
    for number, (ago, username, room, hours) in enumerate(visits):
        begun = simulation.moment_before_now(WORKSHOPS, ago)
        reserved = simulation.moment_after(WORKSHOPS, begun, 3 * HOUR)
        aside = simulation.moment_after(WORKSHOPS, begun, DAY)
        values = simulation.diary.visit_on(day, room, kit, hours) | {
            "parts": [{"what": "Lunch for the guests", "who": "ingrid", "cost": "240.00"}]
        }
        start = partial(_start_visit, simulation, username, begun, reserved, values)
        simulation.queue.at(begun, partial(start, None if number else aside))


def _start_visit(
    simulation: DemoSimulation,
    username: str,
    begun: datetime,
    reserved: datetime,
    values: dict[str, Any],
    aside: datetime | None,
) -> None:
    instance = simulation.start(WORKSHOPS, username, begun, scripted=True, **values)
    for step, outcome, when in (
        ("reserve", "reserved", reserved),
        ("bring_kit", "set_aside", aside),
    ):
        if when is not None:
            decide = partial(simulation.decide_as, instance, step, "tessa", outcome, when)
            simulation.queue.at(when, decide)


def _plan_busy_morning(simulation: DemoSimulation) -> None:
    """In the last two hours of work, something comes up for most of those with nothing to do."""
    for number, username in enumerate(_idle_usernames(simulation)):
        minutes_ago = 100 - 3 * number
        if username in REPORT_OF_MANAGER:
            when = simulation.moment_before_now("purchase-approval", minutes_ago)
            _plan_start(simulation, "purchase-approval", REPORT_OF_MANAGER[username], when)
        elif number % 2:
            _question_from_it(simulation, username, minutes_ago)
        else:
            when = simulation.moment_before_now("travel-declaration", minutes_ago)
            _plan_start(simulation, "travel-declaration", username, when)


def _question_from_it(simulation: DemoSimulation, username: str, minutes_ago: int) -> None:
    """An incident that IT support has a question about."""
    begun = simulation.moment_before_now("it-incident", minutes_ago)
    asked_at = simulation.moment_before_now("it-incident", minutes_ago - 25)

    def start_incident() -> None:
        instance = simulation.start(
            "it-incident", username, begun, scripted=True, impact="One person"
        )
        ask = partial(simulation.decide_as, instance, "new", "mei", "ask", asked_at)
        simulation.queue.at(asked_at, ask)

    simulation.queue.at(begun, start_incident)


def _start_trip_for_idle_people(simulation: DemoSimulation, when: datetime) -> None:
    """Whoever has an empty inbox by now has just begun to declare a trip."""
    for username in _idle_usernames(simulation):
        simulation.start("travel-declaration", username, when, scripted=True)


def _plan_start(simulation: DemoSimulation, workflow: str, username: str, when: datetime) -> None:
    start = partial(simulation.start, workflow, username, when, scripted=True)
    simulation.queue.at(when, start)


def _idle_usernames(simulation: DemoSimulation) -> list[str]:
    """Who has no task and no queue with tasks."""
    return [
        employee.username for employee in EMPLOYEES if not _is_busy(simulation, employee.username)
    ]


def _is_busy(simulation: DemoSimulation, username: str) -> bool:
    user = simulation.people[username]
    tasks = WorkItem.objects.open()
    return (
        tasks.filter(assignee=user).exists()
        or tasks.filter(in_queue=True, step__in=step_ids_performable_by(user)).exists()
    )
