"""Rule 12 after the opening: work whose people have gone is an incident, never a silent queue."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.factories import make_user
from tests.workflows import drawn
from tests.workflows.support import Flow, begin, nothing_changed, person
from workflows.services import incidents, tasks
from workflows.services.rebuild import rebuild
from workflows.services.watch import watch_queues

pytestmark = pytest.mark.django_db

CREW = ("ann", "bob", "cat", "sid")


def leave(*names: str) -> None:
    User.objects.filter(username__in=names).update(is_active=False)


def started() -> Flow:
    return begin(drawn.sequential())


def test_a_queue_whose_people_have_all_left_is_an_incident_for_the_owner() -> None:
    flow = started()
    with nothing_changed():
        assert watch_queues(now=flow.later()) == 0
    leave(*CREW)
    assert watch_queues(now=flow.later()) == 1
    incident = flow.incident()
    assert (incident.code, incident.owner) == ("nobody", person("olga"))
    assert "has left" in incident.message
    marking, data = rebuild(flow.refresh())
    assert (marking.to_json(), data) == (flow.request.marking, flow.request.data)


def test_the_incident_is_opened_once() -> None:
    flow = started()
    leave(*CREW)
    watch_queues(now=flow.later())
    with nothing_changed():
        assert watch_queues(now=flow.later()) == 0


def test_one_who_is_left_is_enough() -> None:
    flow = started()
    leave(*CREW[1:])
    assert watch_queues(now=flow.later()) == 0


def test_a_task_held_by_somebody_whose_account_was_closed_is_an_incident() -> None:
    flow = started()
    tasks.claim(flow.task("review").pk, actor=person("bob"), now=flow.later())
    leave("bob")
    assert watch_queues(now=flow.later()) == 1
    assert "bob" in flow.incident().message


def test_when_somebody_is_there_again_the_owner_lets_it_go_on() -> None:
    flow = started()
    leave(*CREW)
    watch_queues(now=flow.later())
    make_user("new", groups=["crew"])
    incidents.retry(flow.incident().pk, actor=person("olga"), reason="New one.", now=flow.later())
    assert flow.incidents() == [("nobody", "resolved")]
    flow.decide("review", "ok", "new")


@pytest.mark.parametrize("course", ["cancel", "suspend"])
def test_what_does_not_run_is_not_watched(course: Any) -> None:
    flow = started()
    flow.command(course)
    leave(*CREW)
    assert watch_queues(now=flow.later()) == 0
