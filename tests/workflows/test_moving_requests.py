"""A running request on another version: what moves with it, who has it then, and the way back."""

from datetime import timedelta
from typing import Any

import pytest

from tests.engine.driving import approval
from tests.factories import load_map, make_group, make_user
from tests.telling import told_of, work_out_notices
from tests.workflows import drawn
from tests.workflows.drawn import NO
from tests.workflows.moves import (
    WAY,
    agrees,
    changed,
    foreseen,
    hiring,
    hiring_later,
    move,
    publish_target,
    row_and_block,
    rows_of,
    target,
    undo,
)
from tests.workflows.support import (
    Flow,
    again,
    begin,
    make_people,
    nothing_changed,
    person,
    refused,
)
from workflows.automation.services.delivery import deliver_due
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from workflows.execution.models import NEVER, Incident, WorkItem
from workflows.execution.services import incidents
from workflows.execution.services import work_items as tasks
from workflows.execution.services.extensions import extend_task
from workflows.execution.services.staffing_watch import watch_queues
from workflows.notices.choices import NoticeEvent
from workflows.notices.models import Notice
from workflows.outbox.models import OutboxMessage
from workflows.version_changes.models import MovedRequest
from workflows.version_changes.queries.target_versions import build_target, find_target_version
from workflows.version_changes.services.putting_back import put_back

pytestmark = pytest.mark.django_db


def hired(*moves: str, **values: Any) -> Flow:
    """A request of the hiring map after some decisions: step/outcome/person."""
    flow = begin(hiring(), **{"helper": "bob"} | values)
    return went(flow, *moves)


def went(flow: Flow, *moves: str) -> Flow:
    for one in moves:
        step, outcome, by = one.split("/")
        flow.decide(step, outcome, by)
    return flow


def test_a_request_moves_with_its_tasks_its_record_and_its_version() -> None:
    flow = hired()
    before = flow.task("screen")
    to = publish_target(hiring_later())
    assert foreseen(to) == {flow.request.reference: "moves step_renamed"}
    assert move(flow, to) == "moves step_renamed"
    after = flow.task("sifting")
    assert (after.pk, after.activation, after.enabled_at) == (
        before.pk,
        before.activation,
        before.enabled_at,
    )
    assert flow.request.version == to.version
    row = flow.last()
    assert (row.command, row.version, row.capacity) == ("change_version", 2, "owner")
    assert row.changes["version"][0]["steps"]["screen"] == "sifting"
    assert agrees(flow.request)
    assert flow.request.history.first().version_id == to.version.pk
    assert after.history.first().step_id == after.step_id


def test_a_moved_request_goes_on_to_its_end_and_its_trail_rebuilds_it() -> None:
    flow = hired(*WAY[:4])
    assert move(flow, publish_target(hiring_later())) == "moves same_steps"
    for one in ("offer/ok/mona", "offer/ok/max"):
        went(flow, one)
        assert agrees(flow.request)
    assert flow.where == "rest"


def test_what_does_not_move_says_why_and_nothing_is_written() -> None:
    flow = hired("screen/ok/ann")
    to = publish_target(hiring_later())
    assert foreseen(to)[flow.request.reference] == "needs_person step_split"
    with nothing_changed():
        assert move(flow, to) == "needs_person step_split"


def test_a_step_of_a_row_that_is_a_branch_now_opens_its_block_with_the_other_branch() -> None:
    data, beside = row_and_block()
    flow = begin(data)
    before = rows_of(flow.request)
    assert move(flow, publish_target(beside)) == "moves into_block"
    assert flow.open == ["desk", "keys"]
    assert flow.merge().waits_for == {"0": "desk", "1": "keys"}
    assert agrees(flow.request)
    undo(flow)
    assert rows_of(flow.request) == before
    assert agrees(flow.request)
    move(flow, target_of(flow, 2))
    went(flow, "desk/ok/ann", "keys/ok/bob")
    assert flow.where == "= hired"
    assert agrees(flow.request)


def target_of(flow: Flow, number: int) -> Any:
    return target(flow.request.template.versions.get(number=number))


def test_a_branch_that_was_done_before_the_move_is_in_the_merge_record_as_come() -> None:
    data, beside = row_and_block()
    flow = went(begin(data), "desk/ok/ann")
    assert move(flow, publish_target(beside)) == "moves into_block"
    assert [came["branch"] for came in flow.merge().arrivals] == [0]
    went(flow, "keys/ok/bob")
    assert flow.where == "= hired"
    assert agrees(flow.request)


def test_inside_a_block_the_merge_record_moves_with_its_branches() -> None:
    flow = begin(drawn.branches())
    flow.decide("tech", "ok", data={"note": "x"})
    data = drawn.branches()
    data["steps"]["split"]["branches"].reverse()
    assert move(flow, publish_target(data)) == "moves same_steps"
    assert flow.merge().waits_for == {"2": "legal", "1": "tech"}
    assert [came["branch"] for came in flow.merge().arrivals] == [1]
    assert flow.merge().join.version == flow.request.version
    flow.decide("legal", "ok", "bob", data={"note": "x"})
    assert flow.where == "review"
    assert agrees(flow.request)


# -- people -----------------------------------------------------------------------------------


def test_who_approved_a_step_stays_kept_from_another_under_the_new_names() -> None:
    flow = hired(*WAY[:4])
    move(flow, publish_target(hiring_later()))
    person("ann").groups.add(make_group("bosses"))
    with refused(NotAllowed):
        flow.decide("offer", "ok", "ann")


def test_a_holder_who_may_have_the_task_keeps_it_and_another_gives_it_back() -> None:
    flow = hired()
    tasks.claim(flow.task("screen").pk, actor=person("ann"), now=flow.later())
    kept = publish_target(changed(hiring(), screen=approval(
        ok="talk", no=NO, _inputs=["amount", "note"], _name="Sift")))  # fmt: skip
    move(flow, kept)
    assert (flow.task("screen").assignee, flow.task("screen").state) == (person("ann"), "claimed")
    others = publish_target(changed(hiring(), screen=approval(
        ok="talk", no=NO, _inputs=["amount", "note"], _role="bosses")))  # fmt: skip
    move(flow, others)
    task_now = flow.task("screen")
    assert (task_now.assignee, task_now.state, task_now.in_queue) == (None, "enabled", True)
    assert flow.last().changes["moved"][0]["is_others"] is True
    assert flow.last().changes["assignee"] == [
        {"from": "ann", "to": "", "activation": task_now.activation}
    ]
    undo(flow)
    assert (flow.task("screen").assignee, flow.task("screen").state) == (person("ann"), "claimed")


def test_a_task_goes_to_the_person_whom_the_new_role_names() -> None:
    flow = hired()
    named = approval(ok="talk", no=NO, _inputs=["amount", "note"], _role="helper")
    move(flow, publish_target(changed(hiring(), screen=named)))
    assert flow.task("screen").assignee == person("bob")
    assert flow.task("screen").in_queue is False


def test_where_nobody_is_there_an_incident_says_so_in_the_same_moment() -> None:
    flow = hired()
    data = changed(hiring(), screen=approval(ok="talk", no=NO, _role="bosses"))
    to = publish_target(data)
    make_group("bosses").user_set.clear()
    move(flow, to)
    assert flow.incident().step == flow.task("screen").step
    assert flow.incident().owner == person("olga")
    undo(flow)
    assert flow.incidents() == [("nobody", "resolved")]
    assert watch_queues(now=flow.later()) == 0


def test_people_are_told_of_a_task_that_came_to_them_and_of_one_that_they_lost() -> None:
    flow = hired()
    tasks.claim(flow.task("screen").pk, actor=person("ann"), now=flow.later())
    work_out_notices(flow.now)
    Notice.objects.all().delete()
    others = approval(ok="talk", no=NO, _inputs=["amount", "note"], _role="bosses")
    move(flow, publish_target(changed(hiring(), screen=others)))
    work_out_notices(flow.now)
    assert told_of(NoticeEvent.TASK_REASSIGNED) == ["ann"]
    assert sorted(told_of(NoticeEvent.TASK_QUEUED)) == ["max", "mona"]


def test_nobody_is_told_where_the_same_people_have_the_same_task() -> None:
    flow = hired()
    work_out_notices(flow.now)
    Notice.objects.all().delete()
    move(flow, publish_target(hiring_later()))
    work_out_notices(flow.now)
    assert not Notice.objects.exists()


# -- values that are worked out ---------------------------------------------------------------


def counting(**fields: Any) -> dict[str, Any]:
    """The map with fields that are worked out, and a talk that is due by one of them."""
    data = hiring()
    data["fields"] |= fields
    return data


def found_by(flow: Flow, field: str) -> list[Any]:
    return list(flow.request.search_values.filter(field=field).values_list("number", flat=True))


def test_what_the_new_map_works_out_is_there_at_once_and_gone_when_it_is_put_back() -> None:
    make_people()
    flow = begin(counting(twice={"type": "number", "value": "amount * 2", "searchable": True}))
    before = rows_of(flow.request)
    more = {"type": "number", "value": "amount + 1"}
    thrice = {"type": "number", "value": "amount * 3", "searchable": True}
    move(flow, publish_target(counting(twice=thrice, more=more)))
    assert flow.data == {"amount": "100.00", "twice": "300", "more": "101"}
    assert found_by(flow, "twice") == [300]
    assert agrees(flow.request)
    undo(flow)
    assert flow.data == {"amount": "100.00", "twice": "200"}
    assert found_by(flow, "twice") == [200]
    assert rows_of(flow.request) == before
    assert agrees(flow.request)


def test_what_was_decided_at_a_step_that_has_another_key_now_is_known_to_rules_there() -> None:
    flow = hired("screen/ok/ann")
    asks = {"rules": [{"when": "count_of.sifting.ok > 0", "to": "talk"}], "otherwise": "desk"}
    later = hiring()
    screen = later["steps"].pop("screen")
    later["steps"] |= {"sifting": screen, "again": {"kind": "decision"} | asks}
    later["steps"]["talk"]["outcomes"]["back"] = {"to": "again", "exception": True}
    later["steps"]["offer"]["not_by"] = ["sifting", "requester"]
    later["start"]["first"] = "sifting"
    move(flow, publish_target(later, screen="sifting"))
    assert agrees(flow.request)
    flow.decide("talk", "back")
    assert flow.where == "talk"
    assert agrees(flow.request)


# -- due dates and timers ---------------------------------------------------------------------


def timers(flow: Flow) -> list[tuple[str, str]]:
    rows = OutboxMessage.objects.filter(request=flow.request, kind__in=("remind", "escalate"))
    return list(rows.order_by("pk").values_list("kind", "state"))


def test_a_due_date_holds_where_both_versions_say_the_same_of_it() -> None:
    flow = hired("screen/ok/ann")
    due = flow.task("talk").due_at
    move(flow, publish_target(changed(hiring(), rest={"kind": "wait", "for": "4d", "to": "hired"})))
    assert flow.task("talk").due_at == due
    assert timers(flow) == [("remind", "waiting")]


def test_another_due_date_is_reckoned_from_when_the_task_came_and_never_makes_it_late() -> None:
    flow = hired("screen/ok/ann")
    came = flow.task("talk").enabled_at
    assert came is not None
    before = rows_of(flow.request)
    talk = hiring()["steps"]["talk"]
    longer = changed(hiring(), talk=talk | {"due": "5d"})
    move(flow, publish_target(longer))
    assert flow.task("talk").due_at == came + timedelta(days=5)
    assert timers(flow) == [("remind", "dropped"), ("remind", "waiting")]
    undo(flow)
    assert rows_of(flow.request) == before
    flow.later(days=1)
    move(flow, publish_target(changed(hiring(), talk=talk | {"due": "1h"})))
    assert flow.task("talk").due_at == flow.now + timedelta(hours=1)


def test_a_request_is_due_as_a_whole_as_its_new_map_says_and_never_late_by_the_move() -> None:
    flow = hired()
    before, started = rows_of(flow.request), flow.request.started_at
    talk = hiring()["steps"]["talk"]
    move(flow, publish_target(hiring() | {"due": "5d"}))
    assert flow.request.deadline_at == started + timedelta(days=5)
    (noted,) = flow.last().changes["date"]
    assert noted == {"to": (started + timedelta(days=5)).isoformat()}
    undo(flow)
    assert rows_of(flow.request) == before
    flow.later(days=1)
    move(flow, publish_target(hiring() | {"due": "1h"}))
    assert flow.request.deadline_at == flow.now + timedelta(hours=1)
    move(flow, publish_target(changed(hiring(), talk=talk | {"due": "1d"})))
    assert (flow.request.deadline_at, flow.request.deadline_record) == (NEVER, None)


def test_more_time_for_a_task_that_was_moved_counts_from_its_new_due_date() -> None:
    flow = hired("screen/ok/ann")
    came = flow.task("talk").enabled_at
    assert came is not None
    talk = hiring()["steps"]["talk"] | {"extend": {"by": "1d"}}
    move(flow, publish_target(changed(hiring(), talk=talk | {"due": "1d"})))
    move(flow, publish_target(changed(hiring(), talk=talk | {"due": "5d"})))
    extend_task(flow.task("talk").pk, actor=person("olga"), reason="Ill.", now=flow.later())
    assert flow.task("talk").due_at == came + timedelta(days=6)


def test_a_wait_that_runs_moves_with_its_timer() -> None:
    flow = hired(*WAY[:6])
    assert move(flow, publish_target(hiring_later()), by=None) == "needs_person step_removed"
    went(flow, "papers/ok/bob")
    wakes = OutboxMessage.objects.filter(request=flow.request, kind="wake").values()
    before = list(wakes)
    assert move(flow, target_of(flow, 2)) == "moves same_steps"
    assert list(wakes) == before
    flow.later(days=4)
    deliver_due(lambda: flow.now, most=50)
    assert flow.where == "= hired"
    assert agrees(flow.request)


# -- who, and what is on record ---------------------------------------------------------------


def test_whoever_asked_for_a_request_does_not_move_it_and_the_dry_run_says_so() -> None:
    make_user("olga", groups=["staff"])
    flow = hired()
    own = again("hiring", by="olga")
    to = publish_target(hiring_later())
    assert foreseen(to) == {
        flow.request.reference: "moves step_renamed",
        own.request.reference: "needs_person steering_refused",
    }
    with nothing_changed():
        assert move(own, to) == "needs_person steering_refused"
    assert move(own, to, by="dan") == "moves step_renamed"


def test_only_who_answers_for_a_workflow_moves_its_requests() -> None:
    flow = hired()
    to = publish_target(hiring_later())
    with refused(NotAllowed, "owner or deputy"):
        move(flow, to, by="ann")
    move(flow, to)
    with refused(NotAllowed, "owner or deputy"):
        undo(flow, by="ann")


def test_an_approval_that_a_move_leaps_over_is_recorded_and_bars_whoever_did_it() -> None:
    flow = hired()
    data = hiring()
    to = publish_target(
        changed(data, keys=data["steps"]["keys"] | {"name": "All keys"}), screen="offer"
    )
    assert move(flow, to) == "moves step_renamed"
    assert flow.last().changes["past_approvals"] == ["screen"]
    assert flow.request.marking["steered"] == [person("olga").pk]
    assert agrees(flow.request)
    person("olga").groups.add(make_group("bosses"))
    with refused(NotAllowed):
        flow.decide("offer", "ok", "olga")


def test_a_new_approval_that_lies_behind_is_named_in_the_trail() -> None:
    flow = hired(*WAY[:4])
    move(flow, publish_target(hiring_later()))
    assert flow.last().changes["version"][0]["passes"] == ["check"]
    assert "past_approvals" not in flow.last().changes


def test_only_a_published_version_of_the_same_workflow_is_a_goal() -> None:
    flow = hired()
    version = load_map(hiring_later())
    with pytest.raises(WrongState, match="draft"):
        find_target_version(version.template, version.number)
    with pytest.raises(NotFound, match="no version 9"):
        find_target_version(flow.request.template, 9)


def test_what_is_written_of_steps_must_be_there() -> None:
    hired()
    to = publish_target(hiring_later())
    with pytest.raises(InvalidInput, match="no step 'nowhere'"):
        build_target(to.version, {"nowhere": "offer"})
    with pytest.raises(InvalidInput, match="no such step"):
        build_target(to.version, {"screen": "nowhere"})


# -- the way back -----------------------------------------------------------------------------


def test_a_moved_request_is_put_back_with_every_row_as_it_was() -> None:
    flow = hired("screen/ok/ann")
    before = rows_of(flow.request)
    move(flow, publish_target(hiring_later(), talk="talk_two"))
    assert rows_of(flow.request) != before
    undo(flow)
    assert rows_of(flow.request) == before
    assert flow.last().command == "put_back"
    assert (flow.last().version, flow.last().changes["version"][0]["to"]) == (1, 1)
    assert agrees(flow.request)
    went(flow, "talk/ok/ann")
    assert agrees(flow.request)


def test_what_only_looks_or_talks_does_not_keep_it_from_being_put_back() -> None:
    flow = hired()
    move(flow, publish_target(hiring_later()))
    tasks.claim(flow.task("sifting").pk, actor=person("ann"), now=flow.later())
    undo(flow)
    assert flow.task("screen").assignee == person("ann")
    assert agrees(flow.request)


def test_after_a_decision_it_is_not_put_back() -> None:
    flow = hired("screen/ok/ann")
    move(flow, publish_target(hiring_later(), talk="talk_one"))
    went(flow, "talk_one/ok/ann")
    with refused(WrongState, "has gone on since"):
        undo(flow)


def test_a_move_is_put_back_once_and_the_last_one_first() -> None:
    flow = hired()
    first = publish_target(hiring_later())
    move(flow, first)
    later = hiring_later()
    second = publish_target(changed(later, keys=later["steps"]["keys"] | {"name": "All keys"}))
    move(flow, second)
    oldest = MovedRequest.objects.filter(request=flow.request).earliest("pk")
    with refused(WrongState, "moved once more"):
        put_back(oldest.pk, actor=person("olga"), reason="", now=flow.later())
    undo(flow)
    put_back(oldest.pk, actor=person("olga"), reason="", now=flow.later())
    with refused(WrongState, "put back already"):
        put_back(oldest.pk, actor=person("olga"), reason="", now=flow.later())
    assert flow.refresh().version.number == 1
    assert agrees(flow.request)


def test_a_task_that_began_with_the_move_is_gone_afterwards_but_not_from_the_record() -> None:
    data, beside = row_and_block()
    flow = begin(data)
    move(flow, publish_target(beside))
    keys = flow.task("keys")
    work_out_notices(flow.now)
    assert Notice.objects.filter(task=keys).exists()
    undo(flow)
    assert not WorkItem.objects.filter(pk=keys.pk).exists()
    assert [row.history_type for row in WorkItem.history.filter(id=keys.pk).order_by("pk")] == [
        "+",
        "-",
    ]
    assert not Notice.objects.filter(request=flow.request, state="pending", task=None).exists()


def test_a_moved_request_that_is_suspended_cannot_be_put_back_and_one_that_is_stays() -> None:
    flow = hired()
    to = publish_target(hiring_later())
    flow.command("suspend")
    with nothing_changed():
        assert move(flow, to) == "stays suspended"
    flow.command("resume")
    assert move(flow, to) == "moves step_renamed"
    assert move(flow, to) == "stays already_there"


def test_an_open_incident_moves_with_its_step() -> None:
    make_group("crew")
    data = drawn.rules()
    flow = begin(data)
    assert flow.incident().code == "rule_failed"
    rules = [{"when": "amount > 5", "to": "big"}, {"when": "urgent", "to": "fast"}]
    sort = data["steps"]["sort"] | {"rules": rules}
    assert move(flow, publish_target(changed(data, sort=sort))) == "moves same_steps"
    assert flow.incident().step.version == flow.request.version
    incidents.retry(flow.incident().pk, actor=person("olga"), reason="So.", now=flow.later())
    assert flow.where == "big"
    assert agrees(flow.request)
    assert not Incident.objects.filter(request=flow.request, state="open").exists()
