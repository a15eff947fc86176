"""One link to decide by, or one task's several ways, pressed at the same moment on PostgreSQL."""

import pytest

from tests.factories import make_user
from tests.workflows import drawn
from tests.workflows.support import again, make_people, only_on_postgres, publish
from tests.workflows.test_races import CLIENTS, LATER, NAMES, together
from workflows.engine.errors import NotAllowed, WrongState
from workflows.execution.models import WorkItem
from workflows.execution.services import work_items as tasks
from workflows.links.models import DecisionLink
from workflows.links.services.decision_links import decide_by_link, make_decision_link
from workflows.people.models import User

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True), only_on_postgres]

ROUNDS = 10


@pytest.fixture
def clients() -> list[User]:
    make_people()
    return [make_user(name, groups=["crew"]) for name in NAMES]


def link_of(task: WorkItem, person: User) -> DecisionLink:
    link = make_decision_link(task, person, LATER)
    assert link is not None
    return link


def press(link: DecisionLink, outcome: str = "ok") -> WorkItem:
    return decide_by_link(
        link.pk, outcome=outcome, comment="By mail.", data={}, opened_at=LATER, now=LATER
    )


def test_a_link_pressed_eight_times_at_once_decides_once_and_says_so_to_the_others(
    clients: list[User],
) -> None:
    publish(drawn.sequential())
    with together() as run:
        for _ in range(ROUNDS):
            flow = again("sequential")
            link = link_of(flow.task("review"), clients[0])
            answers = run([lambda link=link: press(link)] * CLIENTS)
            assert sum(isinstance(a, WorkItem) for a in answers) == 1
            told = {str(a) for a in answers if isinstance(a, WrongState)}
            assert len(told) == 1
            assert "each works once" in told.pop()
            assert flow.request.trail.filter(command="decide").count() == 1
            link.refresh_from_db()
            assert link.used_at == LATER


def test_a_link_and_the_page_at_once_decide_once_and_a_refused_link_stays_unused(
    clients: list[User],
) -> None:
    publish(drawn.sequential())
    with together() as run:
        for _ in range(ROUNDS):
            flow = again("sequential")
            task = flow.task("review")
            links = [link_of(task, person) for person in clients[: CLIENTS // 2]]
            calls = [lambda link=link: press(link) for link in links]
            calls += [
                lambda pk=task.pk, who=who: tasks.decide(pk, actor=who, outcome="ok", now=LATER)
                for who in clients[CLIENTS // 2 :]
            ]
            answers = run(calls)
            (winner,) = [a for a in answers if isinstance(a, WorkItem)]
            assert sum(isinstance(a, WrongState) for a in answers) == CLIENTS - 1
            assert flow.request.trail.filter(command="decide").count() == 1
            used = DecisionLink.objects.filter(task=task).exclude(used_at=None)
            by_link = any(a is winner for a in answers[: CLIENTS // 2])
            assert used.count() == by_link


def test_a_link_that_runs_out_in_a_race_decides_nothing(clients: list[User]) -> None:
    publish(drawn.sequential())
    flow = again("sequential")
    link = link_of(flow.task("review"), clients[0])
    late = link.expires_at
    with together() as run:
        answers = run(
            [
                lambda: decide_by_link(
                    link.pk, outcome="ok", comment="", data={}, opened_at=LATER, now=late
                )
            ]
            * CLIENTS
        )
    assert all(isinstance(a, WrongState) for a in answers)
    assert not any(isinstance(a, NotAllowed) for a in answers)
    assert not flow.request.trail.filter(command="decide").exists()
    assert DecisionLink.objects.get(pk=link.pk).used_at is None
