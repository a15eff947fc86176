"""Rule 12 after the opening: work whose people have gone is an incident, never a silent queue."""

from typing import Any

import pytest
from django.core import mail

from tests.factories import let, make_user
from tests.telling import told_of, work_out_notices
from tests.workflows import drawn
from tests.workflows.staffing import CREW, at_rest, come, go, leave, started, watched
from tests.workflows.support import (
    Flow,
    again,
    begin,
    make_people,
    nothing_changed,
    person,
    publish,
    refused,
)
from tests.workflows.test_statements import statements
from workflows.access.conditions import MANAGE
from workflows.automation.services.delivery import deliver_due
from workflows.engine.errors import NotAllowed, WrongState
from workflows.execution.services import incidents
from workflows.execution.services import staffing_watch as watch
from workflows.execution.services import work_items as tasks
from workflows.execution.services.staffing_watch import watch_queues
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.notices.choices import NoticeEvent
from workflows.people.models import User

pytestmark = pytest.mark.django_db


def test_a_queue_whose_people_have_all_left_is_an_incident_for_the_owner() -> None:
    flow = started()
    with nothing_changed():
        assert watch_queues(now=flow.later()) == 0
    leave(*CREW)
    assert watch_queues(now=flow.later()) == 1
    incident = flow.incident()
    assert (incident.code, incident.owner) == ("nobody", person("olga"))
    assert "nobody who may act" in incident.message
    marking, data = rebuild_from_trail(flow.refresh())
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


# -- who is missing ---------------------------------------------------------------------------


@pytest.mark.parametrize("needed", [3, "all"])
@pytest.mark.parametrize("how", [leave, go])
def test_a_quorum_that_is_out_of_reach_is_an_incident(needed: Any, how: Any) -> None:
    make_people()
    publish(drawn.quorum(needed))
    go("sid")
    flow = again("quorum")
    flow.decide("review", "ok", "ann")
    assert at_rest(flow)
    how("bob")
    assert "not 3 different people" in watched(flow).message


def test_votes_of_people_who_left_since_count() -> None:
    flow = begin(drawn.quorum(2))
    flow.decide("review", "ok", "ann")
    leave("ann")
    go("bob", "sid")
    assert at_rest(flow)
    flow.decide("review", "ok", "cat")
    assert flow.where == "pay"


def test_only_people_who_are_kept_from_it_are_nobody() -> None:
    flow = begin(drawn.sequential(), by="sid")
    go("ann", "bob")
    assert at_rest(flow)
    leave("cat")
    assert "separation of duties" in watched(flow).message


def test_only_people_who_did_the_step_before_are_nobody() -> None:
    flow = begin(drawn.quorum(2))
    come("ann", "bob", group="bosses")
    flow.decide("review", "ok", "ann")
    flow.decide("review", "ok", "bob")
    assert at_rest(flow)
    leave("mona", "max")
    assert "separation of duties" in watched(flow).message


@pytest.mark.parametrize("how", [leave, go])
@pytest.mark.parametrize("command", [tasks.claim, tasks.start_work])
def test_a_task_with_somebody_who_left_is_an_incident_though_others_are_there(
    how: Any, command: Any
) -> None:
    flow = started()
    command(flow.task("review").pk, actor=person("bob"), now=flow.later())
    assert at_rest(flow)
    how("bob")
    assert "'Review' is with bob" in watched(flow).message


@pytest.mark.parametrize("how", [leave, go])
def test_a_late_task_that_was_escalated_is_watched_as_well(how: Any) -> None:
    data = drawn.sequential()
    data["steps"]["review"]["on_overdue"] = {"escalate_to": "bosses", "after": "1h"}
    flow = begin(data)
    tasks.claim(flow.task("review").pk, actor=person("bob"), now=flow.later())
    flow.later(days=3)
    deliver_due(lambda: flow.now)
    assert at_rest(flow)
    how("bob")
    watched(flow)


def test_where_a_task_was_escalated_those_people_can_finish_it_while_they_are_there() -> None:
    data = drawn.sequential()
    data["steps"]["review"]["on_overdue"] = {"escalate_to": "bosses", "after": "1h"}
    flow = begin(data)
    flow.later(days=3)
    deliver_due(lambda: flow.now)
    leave(*CREW)
    assert at_rest(flow)
    go("mona", "max", group="bosses")
    watched(flow)


def test_a_role_found_in_the_request_is_watched() -> None:
    data = drawn.sequential()
    data["steps"]["pay"]["role"] = "helper"
    flow = begin(data, helper="cat")
    flow.decide("review", "ok")
    other = again("sequential", helper="cat")
    other.decide("review", "back", comment="No.")
    assert at_rest(flow)
    leave("cat", "rita")
    assert watch_queues(now=flow.later()) == 2
    assert "cat" in flow.incident().message
    assert "rita" in other.incident().message


def test_an_outcome_whose_role_is_empty_leaves_no_way_on() -> None:
    data = drawn.sequential()
    data["steps"]["review"]["outcomes"]["ok"] = {"to": "pay", "role": "bosses"}
    flow = begin(data)
    assert at_rest(flow)
    leave("mona", "max")
    watched(flow)


def test_people_of_other_outcomes_do_not_stand_for_the_steps_own() -> None:
    flow = begin(drawn.states())
    assert at_rest(flow)
    leave(*CREW)
    watched(flow)
    flow.decide("review", "force", "mona")


def test_an_outcome_whose_role_is_empty_is_seen_though_somebody_has_the_task() -> None:
    data = drawn.sequential()
    data["steps"]["pay"]["role"] = "helper"
    data["steps"]["pay"]["outcomes"]["paid"] = {"to": "done", "role": "bosses"}
    flow = begin(data, helper="cat")
    flow.decide("review", "ok")
    assert at_rest(flow)
    go("mona", "max", group="bosses")
    watched(flow)


def test_a_large_quorum_of_all_is_watched_however_many_are_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "CROWD", 2)
    flow = begin(drawn.quorum("all"))
    assert at_rest(flow)
    leave("bob")
    assert "not 4 different people" in watched(flow).message


# -- remedies ---------------------------------------------------------------------------------


def test_retry_really_looks_again_and_puts_a_left_task_back_into_its_queue() -> None:
    flow = started()
    tasks.claim(flow.task("review").pk, actor=person("bob"), now=flow.later())
    leave(*CREW)
    incident = watched(flow)
    with refused(WrongState, "nobody who may act"):
        incidents.retry(incident.pk, actor=person("olga"), reason="Look.", now=flow.later())
    User.objects.filter(username="ann").update(is_active=True)
    incidents.retry(incident.pk, actor=person("olga"), reason="Ann is back.", now=flow.later())
    task = flow.task("review")
    assert (task.assignee, task.in_queue, flow.incidents()) == (
        None,
        True,
        [("nobody", "resolved")],
    )
    flow.decide("review", "ok", "ann")


def put_in(flow: Flow, to: str, by: str = "olga", step: str = "review") -> None:
    tasks.reassign(
        flow.task(step).pk, actor=person(by), to=person(to), reason="x", now=flow.later()
    )


def test_somebody_takes_the_place_of_one_who_left_a_quorum() -> None:
    flow = begin(drawn.quorum("all"))
    for name in ("ann", "bob"):
        flow.decide("review", "ok", name)
    leave("cat")
    watched(flow)
    make_user("dora")
    put_in(flow, "dora")
    assert flow.incidents() == [("nobody", "resolved")]
    assert at_rest(flow)
    flow.decide("review", "ok", "dora")
    assert flow.last().capacity == "stand_in"
    flow.decide("review", "ok", "sid")
    assert flow.where == "pay"


def test_a_member_who_joins_takes_that_place_by_themselves() -> None:
    flow = begin(drawn.quorum("all"))
    leave("cat")
    watched(flow)
    come("mona")
    assert at_rest(flow)


def test_who_stands_in_is_neither_kept_from_it_nor_who_puts_them_in_nor_through_with_it() -> None:
    flow = begin(drawn.quorum(3), by="sid")
    flow.decide("review", "ok", "ann")
    assert at_rest(flow)
    with refused(NotAllowed, "not in the role"):
        put_in(flow, "mona")
    leave("bob")
    watched(flow)
    for to, word in (("sid", "the requester"), ("olga", "themselves"), ("ann", "already agreed")):
        with refused(NotAllowed, word):
            put_in(flow, to)
    put_in(flow, "olga", by="dan")
    assert at_rest(flow)


def test_nobody_is_put_in_who_could_not_go_on_either() -> None:
    data = drawn.sequential()
    data["steps"]["review"]["outcomes"]["ok"] = {"to": "pay", "role": "bosses"}
    flow = begin(data)
    leave("mona", "max")
    watched(flow)
    make_user("dora")
    with refused(WrongState, "could not finish"):
        put_in(flow, "dora")


# -- who is told ------------------------------------------------------------------------------


def test_an_incident_is_in_the_name_of_who_stands_in_for_those_who_left() -> None:
    flow = started()
    root = make_user("root", is_superuser=True)
    leave("olga", *CREW)
    assert watch_queues(now=flow.later()) == 1
    assert flow.incident().owner == person("dan")
    leave("dan")
    watch_queues(now=flow.later())
    assert flow.incident().owner == root
    work_out_notices(flow.now)
    assert told_of(NoticeEvent.INCIDENT_HANDED_ON) == ["root"]
    assert flow.last().changes["incident_owner"] == [{"from": "dan", "to": "root"}]


def test_nobody_is_named_for_what_they_asked_for_themselves() -> None:
    begin(drawn.sequential())
    come("olga", group="staff")
    flow = again("sequential", by="olga")
    leave(*CREW)
    watch_queues(now=flow.later())
    assert flow.incident().owner == person("dan")


def test_an_incident_follows_the_workflow_to_its_new_owner() -> None:
    flow = started()
    leave(*CREW)
    watch_queues(now=flow.later())
    make_user("nina")
    User.objects.filter(username="ann").update(is_active=True)
    go("ann")
    come("mona")
    publish(drawn.sequential() | {"owner": "nina"})
    leave("mona")
    watch_queues(now=flow.later())
    assert flow.incident().owner == person("nina")


def test_a_manager_by_grant_comes_before_the_sites_superusers() -> None:
    flow = started()
    make_user("root", is_superuser=True)
    let(person("max"), MANAGE)
    leave("olga", "dan", *CREW)
    watch_queues(now=flow.later())
    assert flow.incident().owner == person("max")


def test_who_leaves_before_they_are_told_is_not_told_and_the_deputy_is() -> None:
    flow = started()
    User.objects.filter(username="dan").update(email="dan@example.test")
    leave(*CREW)
    watch_queues(now=flow.later())
    leave("olga")
    deliver_due(lambda: flow.now)
    assert [one.to for one in mail.outbox] == [["dan@example.test"]]


# -- at any size ------------------------------------------------------------------------------


def test_more_tasks_than_one_round_takes_are_all_told_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flow = started()
    others = [again("sequential") for _ in range(4)]
    leave(*CREW)
    monkeypatch.setattr(watch, "MOST", 2)
    assert [watch_queues(now=flow.later()) for _ in range(4)] == [2, 2, 1, 0]
    assert all(one.incidents() == [("nobody", "open")] for one in (flow, *others))


def test_a_round_costs_the_same_however_much_work_is_open() -> None:
    flow = started()
    few = statements(lambda: watch_queues(now=flow.later()))
    for _ in range(20):
        again("sequential")
    assert len(statements(lambda: watch_queues(now=flow.later()))) == len(few)
