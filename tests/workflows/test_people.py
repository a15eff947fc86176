"""Who acts: quorum, separation of duties, nobody there, reassigning (rules 8, 12, 13)."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group

from tests.factories import make_user
from tests.workflows import drawn
from tests.workflows.support import Flow, again, begin, person, refused
from workflows.automation.services.delivery import deliver_due
from workflows.engine.errors import InvalidInput, NotAllowed, WrongState
from workflows.execution.services import incidents
from workflows.execution.services import work_items as tasks
from workflows.execution.services.corrections import set_values
from workflows.people.models import User

pytestmark = pytest.mark.django_db


def leave(*names: str, group: str = "crew") -> None:
    """These people leave a group."""
    Group.objects.get(name=group).user_set.remove(*User.objects.filter(username__in=names))


# -- quorum (8) -------------------------------------------------------------------------------


def test_a_quorum_needs_so_many_different_people() -> None:
    flow = begin(drawn.quorum(2))
    task = flow.decide("review", "ok", "ann", comment="Yes.")
    assert (task.state, task.is_open, flow.where) == ("enabled", True, "review")
    assert flow.last().changes["agreed"] == [{"votes": 1, "needed": 2}]
    with refused(NotAllowed, "You have already agreed", "2 different people"):
        flow.decide("review", "ok", "ann")
    flow.decide("review", "ok", "bob")
    assert flow.where == "pay"
    task.refresh_from_db()
    assert [(v["by"], v["outcome"], v["comment"]) for v in task.votes] == [
        ("ann", "ok", "Yes."),
        ("bob", "ok", ""),
    ]
    assert (task.state, task.decided_by) == ("done", person("bob"))


def test_one_person_with_another_outcome_decides_a_quorum_at_once() -> None:
    flow = begin(drawn.quorum(3))
    flow.decide("review", "ok", "ann")
    flow.decide("review", "no", "bob", comment="No.")
    assert flow.where == "= rejected"


def test_quorum_all_is_every_member_of_the_role_at_activation() -> None:
    flow = begin(drawn.quorum("all"))
    assert flow.task("review").needed == 4
    make_user("new", groups=["crew"])
    for name in ("ann", "bob", "cat"):
        flow.decide("review", "ok", name)
    assert flow.where == "review"
    flow.decide("review", "ok", "sid")
    assert flow.where == "pay"


def test_quorum_all_leaves_out_who_may_not_act_and_who_is_not_active() -> None:
    flow = begin(drawn.quorum("all"), by="sid")
    assert flow.task("review").needed == 3
    User.objects.filter(username="cat").update(is_active=False)
    assert again("quorum", by="sid").task("review").needed == 2


@pytest.mark.parametrize("command", [tasks.claim, tasks.start_work])
def test_a_task_for_several_people_is_taken_by_nobody_alone(command: object) -> None:
    flow = begin(drawn.quorum(2))
    with refused(InvalidInput, "nobody has it alone"):
        command(flow.task("review").pk, actor=person("ann"), now=flow.later())  # type: ignore[operator]
    with refused(InvalidInput, "nobody has it alone"):
        reassign(flow, "review", "ann")


# -- separation of duties ---------------------------------------------------------------------


def test_the_requester_does_not_approve_their_own_request() -> None:
    flow = begin(drawn.sequential(), by="sid")
    with refused(NotAllowed, "somebody else", "the requester"):
        flow.decide("review", "ok", "sid")
    with refused(NotAllowed, "the requester"):
        tasks.claim(flow.task("review").pk, actor=person("sid"), now=flow.later())


def test_a_task_may_be_done_by_the_requester_unless_the_map_says_no() -> None:
    data = drawn.sequential()
    data["steps"]["review"] |= {"not_by": [], "not_by_reason": "They are few."}
    flow = begin(data, by="sid")
    flow.decide("review", "ok", "sid")
    assert flow.where == "pay"


def not_by_review() -> Flow:
    """Max may pay, but he has reviewed."""
    flow = begin(drawn.quorum(2))
    person("max").groups.add(Group.objects.get(name="crew"))
    flow.decide("review", "ok", "max")
    flow.decide("review", "ok", "ann")
    return flow


def test_who_did_a_step_is_kept_from_a_step_that_names_it() -> None:
    flow = not_by_review()
    with refused(NotAllowed, "who did 'review'"):
        flow.decide("pay", "paid", "max")
    flow.decide("pay", "paid", "mona")


def test_reassigning_does_not_get_round_separation_of_duties() -> None:
    flow = not_by_review()
    with refused(NotAllowed, "max cannot take this", "who did 'review'"):
        reassign(flow, "pay", "max")
    own = begin(drawn.sequential(), by="sid")
    with refused(NotAllowed, "sid cannot take this", "the requester"):
        reassign(own, "review", "sid")


def test_who_acted_in_an_earlier_round_is_still_kept_from_it() -> None:
    data = drawn.quorum(2)
    data["steps"]["pay"]["outcomes"]["back"] = {"to": "review", "exception": True}
    flow = begin(data)
    flow.decide("review", "ok", "ann")
    flow.decide("review", "ok", "bob")
    flow.decide("pay", "back", "mona")
    flow.decide("review", "ok", "cat")
    flow.decide("review", "ok", "sid")
    person("ann").groups.add(Group.objects.get(name="bosses"))
    with refused(NotAllowed, "who did 'review'"):
        flow.decide("pay", "paid", "ann")


# -- nobody is there (12) ---------------------------------------------------------------------


def to_nobody() -> Flow:
    flow = begin(drawn.sequential())
    leave("mona", "max", group="bosses")
    flow.decide("review", "ok")
    return flow


def test_a_step_that_nobody_may_act_on_is_an_incident_of_the_owner() -> None:
    flow = to_nobody()
    incident = flow.incident()
    assert (incident.code, incident.owner, incident.step.key) == ("nobody", person("olga"), "pay")
    assert "nobody who may act on 'Pay'" in incident.message
    assert flow.last().changes["incident"][0]["code"] == "nobody"
    assert flow.where == "pay"


def test_inactive_people_do_not_count_as_there() -> None:
    flow = begin(drawn.sequential())
    User.objects.filter(username__in=["mona", "max"]).update(is_active=False)
    flow.decide("review", "ok")
    assert flow.incident().code == "nobody"


def test_where_only_the_requester_could_approve_nobody_is_there() -> None:
    begin(drawn.sequential())
    leave("ann", "bob", "cat")
    flow = again("sequential", by="sid")
    assert flow.incident().code == "nobody"


def test_a_quorum_of_more_people_than_there_are_is_an_incident() -> None:
    begin(drawn.quorum(3))
    leave("ann", "bob")
    flow = again("quorum")
    assert "not 3 different people" in flow.incident().message


def test_an_incident_ends_when_the_task_is_given_to_a_person() -> None:
    flow = to_nobody()
    reassign(flow, "pay", "cat")
    assert flow.incidents() == [("nobody", "resolved")]
    assert flow.request.incidents.get().resolution == "Reassigned to cat."
    flow.decide("pay", "paid", "cat", data={"code": "1"})
    assert flow.where == "= done"


def test_an_incident_ends_when_the_owner_says_that_people_are_there_now() -> None:
    flow = to_nobody()
    with refused(WrongState, "nobody who may act on 'Pay'"):
        look_again(flow)
    person("cat").groups.add(Group.objects.get(name="bosses"))
    look_again(flow)
    assert flow.incidents() == [("nobody", "resolved")]
    assert flow.task("pay").in_queue


def test_an_incident_ends_when_somebody_new_decides_or_the_work_is_not_needed() -> None:
    flow = to_nobody()
    person("cat").groups.add(Group.objects.get(name="bosses"))
    flow.decide("pay", "paid", "cat", data={"code": "1"})
    assert flow.incidents() == [("nobody", "resolved")]
    other = again("sequential")
    leave("cat", group="bosses")
    other.decide("review", "ok")
    other.command("cancel")
    assert other.incidents() == [("nobody", "resolved")]


def test_a_field_that_names_nobody_is_mended_by_its_value() -> None:
    data = drawn.sequential()
    data["steps"]["pay"]["role"] = "helper"
    flow = begin(data)
    flow.decide("review", "ok")
    assert "'helper' is empty" in flow.incident().message
    look_again(flow, data={"helper": "cat"})
    assert (flow.task("pay").assignee, flow.task("pay").in_queue) == (person("cat"), False)
    assert flow.incidents() == [("nobody", "resolved")]
    flow.decide("pay", "paid", "cat", data={"code": "1"})


def test_a_field_that_names_somebody_who_left_or_may_not_act_is_an_incident() -> None:
    data = drawn.sequential()
    data["steps"]["review"]["role"] = "helper"
    assert "separation of duties" in begin(data, helper="rita").incident().message
    flow = again("sequential", helper="cat")
    flow.decide("review", "back", "cat", comment="Not yet.")
    User.objects.filter(username="cat").update(is_active=False)
    flow.decide("fix", "again", "rita", data={"note": "x"})
    assert "cat, whose account is not active" in flow.incident().message


def look_again(flow: Flow, **more: object) -> None:
    incidents.retry(
        flow.incident().pk, actor=person("olga"), reason="Look again.", now=flow.later(), **more
    )


# -- reassign (13) ----------------------------------------------------------------------------


def reassign(flow: Flow, step: str, to: str, by: str = "olga", reason: str = "Away.") -> None:
    tasks.reassign(
        flow.task(step).pk, actor=person(by), to=person(to), reason=reason, now=flow.later()
    )


def open_to_anyone() -> Flow:
    """The review may be reassigned to people outside its role."""
    data = drawn.sequential()
    data["steps"]["review"]["reassign"] = "anyone"
    return begin(data)


def test_a_reassigned_task_is_that_persons_alone_and_the_reason_is_kept() -> None:
    flow = begin(drawn.sequential())
    reassign(flow, "review", "bob", reason="She knows it.")
    task = flow.task("review")
    assert (task.assignee, task.in_queue, task.state) == (person("bob"), False, "enabled")
    row = flow.last()
    assert (row.command, row.comment) == ("reassign", "She knows it.")
    assert row.changes["assignee"] == [{"from": "", "to": "bob"}]
    with refused(NotAllowed, "is with bob"):
        flow.decide("review", "ok", "ann")
    flow.decide("review", "ok", "bob")
    assert (flow.last().capacity, flow.last().role) == ("role", "crew")


@pytest.mark.parametrize("to", ["mona", "olga"])
def test_outside_its_role_a_task_is_given_only_where_the_map_says_so(to: str) -> None:
    """Rank acts for nobody: neither does the owner take a task, nor do they give it to friends."""
    flow = begin(drawn.sequential())
    with refused(NotAllowed, "not in the role", "reassign: anyone"):
        reassign(flow, "review", to)
    make_user("root", is_superuser=True)
    with refused(NotAllowed, "not in the role"):
        reassign(flow, "review", "root", by="root")


def test_where_the_map_says_so_the_record_calls_them_a_stand_in() -> None:
    flow = open_to_anyone()
    reassign(flow, "review", "mona")
    assert flow.last().changes["assignee"] == [{"from": "", "to": "mona", "stands_in": True}]
    with refused(NotAllowed, "is with mona"):
        flow.decide("review", "ok", "ann")
    flow.decide("review", "ok", "mona")
    assert (flow.last().capacity, flow.last().role) == ("stand_in", "")


def test_a_stand_in_may_act_as_long_as_they_stand_in() -> None:
    flow = open_to_anyone()
    reassign(flow, "review", "mona")
    reassign(flow, "review", "bob")
    with refused(NotAllowed, "is with bob"):
        flow.decide("review", "ok", "mona")
    reassign(flow, "review", "mona")
    task = flow.task("review").pk
    tasks.release(task, actor=person("mona"), now=flow.later())
    with refused(NotAllowed, "not in its role"):
        flow.decide("review", "ok", "mona")
    flow.decide("review", "ok", "ann")


def test_who_was_given_a_task_may_give_it_back_to_the_queue() -> None:
    flow = begin(drawn.sequential())
    reassign(flow, "review", "bob")
    tasks.release(flow.task("review").pk, actor=person("bob"), now=flow.later())
    assert (flow.task("review").assignee, flow.task("review").in_queue) == (None, True)


# -- standing is asked at the moment of the act (1, 13) ---------------------------------------


@pytest.mark.parametrize("how", ["claimed", "reassigned"])
def test_who_left_the_role_does_not_decide_what_they_have(how: str) -> None:
    flow = begin(drawn.sequential())
    if how == "claimed":
        tasks.claim(flow.task("review").pk, actor=person("bob"), now=flow.later())
    else:
        reassign(flow, "review", "bob")
    leave("bob")
    task = flow.task("review").pk
    with refused(NotAllowed, "not in its role any more"):
        flow.decide("review", "ok", "bob")
    for command in (tasks.start_work, tasks.pause, tasks.release):
        with refused(NotAllowed, "not in its role any more"):
            command(task, actor=person("bob"), now=flow.later())
    person("bob").groups.add(Group.objects.get(name="crew"))
    flow.decide("review", "ok", "bob")


def test_who_left_the_role_that_it_was_escalated_to_does_not_decide_it() -> None:
    data = drawn.sequential()
    data["steps"]["review"]["on_overdue"] = {"escalate_to": "bosses", "after": "1d"}
    flow = begin(data)
    deliver_due(lambda: flow.now + timedelta(days=3))
    leave("mona", group="bosses")
    with refused(NotAllowed, "not in its role"):
        flow.decide("review", "ok", "mona")
    flow.decide("review", "ok", "max")
    assert (flow.last().capacity, flow.last().role) == ("escalation", "bosses")


def test_a_task_follows_the_value_that_names_its_person() -> None:
    data = drawn.sequential()
    data["steps"]["pay"]["role"] = "helper"
    flow = begin(data, helper="cat")
    flow.decide("review", "ok")
    set_values(
        flow.request.pk, actor=person("olga"), data={"helper": "bob"}, reason="x", now=flow.later()
    )
    assert flow.task("pay").assignee == person("bob")
    assert flow.last().changes["assignee"] == [{"from": "cat", "to": "bob"}]
    assert flow.incidents() == []
    with refused(NotAllowed, "with bob"):
        flow.decide("pay", "paid", "cat", data={"code": "1"})
    flow.decide("pay", "paid", "bob", data={"code": "1"})


@pytest.mark.parametrize(
    ("by", "to", "reason", "error", "word"),
    [
        ("mona", "bob", "Away.", NotAllowed, ""),
        ("olga", "bob", " ", InvalidInput, "Give a reason"),
        ("olga", "bob", "x" * 2001, InvalidInput, "too long"),
        ("olga", "bob", "\x00", InvalidInput, "cannot be kept"),
        ("olga", "gone", "Away.", InvalidInput, "gone's account is not active"),
    ],
)
def test_a_task_is_reassigned_by_its_owner_to_an_active_person_with_a_reason(
    by: str, to: str, reason: str, error: type[NotAllowed], word: str
) -> None:
    flow = begin(drawn.sequential())
    make_user("gone", is_active=False)
    with refused(error, word):
        reassign(flow, "review", to, by, reason)


def test_nothing_is_reassigned_in_a_request_that_does_not_run() -> None:
    flow = begin(drawn.sequential())
    flow.command("suspend")
    with refused(WrongState, "is suspended"):
        reassign(flow, "review", "bob")
    task = flow.task("review")
    flow.command("cancel")
    with refused(WrongState, "not needed any more"):
        tasks.reassign(
            task.pk, actor=person("olga"), to=person("bob"), reason="x", now=flow.later()
        )


def test_a_step_that_no_person_does_is_not_reassigned_or_claimed() -> None:
    data = drawn.sequential()
    data["steps"]["pay"] = {"kind": "wait", "for": "2d", "role": "bosses", "to": "done"}
    data["steps"]["fix"]["outcomes"]["drop"] = {"to": "stopped", "exception": True}
    flow = begin(data)
    flow.decide("review", "ok")
    with refused(InvalidInput, "not a step for a person"):
        reassign(flow, "pay", "bob")
    with refused(InvalidInput, "not done by a person"):
        tasks.claim(flow.task("pay").pk, actor=person("bob"), now=flow.later())


# -- the life of a request (13) ---------------------------------------------------------------


@pytest.mark.parametrize("command", ["cancel", "suspend", "resume", "reopen"])
def test_a_command_on_a_request_needs_a_reason_and_the_owner(command: str) -> None:
    flow = begin(drawn.sequential())
    with refused(InvalidInput, "Give a reason"):
        flow.command(command, reason=" ")
    with refused(NotAllowed, "owner or deputy"):
        flow.command(command, "ann")


def test_the_requester_may_cancel_and_the_reason_stays_with_the_work() -> None:
    flow = begin(drawn.sequential())
    task = flow.task("review")
    flow.command("cancel", "rita", "Bought elsewhere.")
    request = flow.refresh()
    assert (request.state, request.result, request.completed_at) == (
        "cancelled",
        "cancelled",
        flow.now,
    )
    task.refresh_from_db()
    assert task.closing_reason == "the request was cancelled: Bought elsewhere"
    row = flow.last()
    assert (row.command, row.actor_name, row.comment) == ("cancel", "rita", "Bought elsewhere.")
    with refused(WrongState, "is cancelled already"):
        flow.command("cancel")
    with refused(WrongState, "is cancelled"):
        flow.command("reopen")


def test_a_suspended_request_rests_and_goes_on_where_it_stood() -> None:
    flow = begin(drawn.sequential())
    flow.command("suspend")
    with refused(WrongState, "is suspended"):
        flow.decide("review", "ok")
    with refused(WrongState, "only a request that is running can be suspended"):
        flow.command("suspend")
    flow.command("resume", "dan")
    with refused(WrongState, "only a request that is suspended can be resumed"):
        flow.command("resume")
    flow.decide("review", "ok")
    assert flow.where == "pay"
    commands = flow.request.trail.order_by("pk").values_list("command", "from_state", "to_state")
    assert list(commands)[1:3] == [
        ("suspend", "running", "suspended"),
        ("resume", "suspended", "running"),
    ]


def test_a_suspended_request_can_be_cancelled() -> None:
    flow = begin(drawn.sequential())
    flow.command("suspend")
    flow.command("cancel")
    assert flow.where == "= cancelled"


def test_values_are_set_by_the_owner_in_a_running_request_with_a_reason() -> None:
    flow = begin(drawn.sequential())

    def setting(by: str = "olga", reason: str = "Found out.", **data: object) -> None:
        set_values(flow.request.pk, actor=person(by), data=data, reason=reason, now=flow.later())

    with refused(NotAllowed, "owner or deputy"):
        setting("ann", note="x")
    with refused(InvalidInput, "Give a reason"):
        setting(reason="", note="x")
    with refused(InvalidInput, "no field 'x'"):
        setting(x=1)
    setting(note="x")
    assert (flow.data["note"], flow.last().changes["given"]) == ("x", {"note": "x"})
    flow.command("suspend")
    with refused(WrongState, "is suspended"):
        setting(note="y")
