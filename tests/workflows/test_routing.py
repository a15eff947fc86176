"""Rules 3 to 7 and 9 of a run, with the rows that they leave: merges, incidents, rounds, ends."""

import pytest

from tests.factories import NOW, load_map
from tests.workflows import drawn
from tests.workflows.support import Flow, begin, make_people, paper, person, refused
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from workflows.execution.models import Incident, MergeRecord
from workflows.execution.services import incidents, merges
from workflows.execution.services import instances as requests

pytestmark = pytest.mark.django_db


# -- decisions (3) ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ({"amount": "5000", "urgent": True}, "big"),
        ({"amount": "5", "urgent": True}, "fast"),
        ({"amount": "5", "urgent": False}, "review"),
    ],
)
def test_a_decision_takes_the_first_rule_that_holds_else_otherwise(
    values: dict[str, object], step: str
) -> None:
    flow = begin(drawn.rules(), **values)
    assert flow.where == step
    assert flow.last().changes["took"][0]["to"] == step


def test_a_rule_that_cannot_be_told_opens_an_incident_in_the_owners_name() -> None:
    flow = begin(drawn.rules())
    incident = flow.incident()
    assert (incident.code, incident.owner, incident.step.key) == (
        "rule_failed",
        person("olga"),
        "sort",
    )
    assert "urgent" in incident.message
    assert flow.open == []
    assert flow.request.state == "running"


def test_after_the_value_is_there_the_step_tries_again() -> None:
    flow = begin(drawn.rules())
    incident = flow.incident()
    with refused(NotAllowed, "owner or deputy"):
        retry(flow, incident, by="ann")
    retry(flow, incident, by="dan", data={"urgent": True})
    assert flow.where == "fast"
    assert flow.incidents() == [("rule_failed", "resolved")]
    with refused(WrongState, "incident is over"):
        retry(flow, incident)


def test_trying_again_without_the_value_opens_a_new_incident() -> None:
    flow = begin(drawn.rules())
    retry(flow, flow.incident())
    assert flow.incidents() == [("rule_failed", "resolved"), ("rule_failed", "open")]
    assert flow.request.state == "running"


def retry(flow: Flow, incident: Incident, by: str = "olga", **more: object) -> None:
    incidents.retry(incident.pk, actor=person(by), reason="Value added.", now=flow.later(), **more)


def test_an_incident_that_does_not_exist_is_not_found() -> None:
    flow = begin(drawn.rules())
    with refused(NotFound, "no such incident"):
        incidents.retry(10**9, actor=person("olga"), reason="So.", now=flow.later())


# -- parallel and join (4, 5) -----------------------------------------------------------------


@pytest.mark.parametrize(("amount", "opened"), [("5", ["legal", "tech"]), ("5000", None)])
def test_parallel_opens_every_branch_whose_condition_holds(
    amount: str, opened: list[str] | None
) -> None:
    flow = begin(drawn.branches(), amount=amount)
    assert flow.open == (opened or ["cost", "legal", "tech"])
    assert len(flow.merge().waits_for) == len(flow.open)


def test_where_no_branch_applies_the_join_passes_at_once() -> None:
    data = drawn.branches()
    for branch in data["steps"]["split"]["branches"]:
        branch["when"] = "amount > 1000"
    flow = begin(data)
    assert flow.where == "review"
    assert (flow.merge().state, flow.merge().waits_for, flow.merge().arrivals) == ("fired", {}, [])


def test_a_join_waits_for_all_and_its_record_says_who_came_when() -> None:
    flow = begin(drawn.branches(), amount="5000")
    flow.decide("tech", "ok")
    flow.decide("cost", "ok", "mona")
    assert (flow.merge().state, flow.where) == ("waiting", "legal")
    flow.decide("legal", "ok")
    merge = flow.merge()
    assert (merge.state, merge.needs, merge.closed_at) == ("fired", 3, flow.now)
    assert merge.waits_for == {"0": "legal", "1": "tech", "2": "cost"}
    assert [(a["branch"], a["from"]) for a in merge.arrivals] == [
        (1, "tech"),
        (2, "cost"),
        (0, "legal"),
    ]
    assert (merge.not_needed, merge.parallel.key, merge.join.key) == ([], "split", "merge")
    assert flow.where == "review"


@pytest.mark.parametrize(("wait_for", "first"), [("any", ["tech"]), (2, ["tech", "legal"])])
def test_a_join_that_has_enough_cancels_the_other_branches(
    wait_for: int | str, first: list[str]
) -> None:
    flow = begin(drawn.branches(wait_for), amount="5000")
    for step in first:
        flow.decide(step, "ok")
    assert flow.where == "review"
    merge = flow.merge()
    assert (merge.state, len(merge.arrivals)) == ("fired", len(first))
    assert len(merge.not_needed) == 3 - len(first)
    late = flow.request.work_items.get(step__key="cost")
    assert (late.state, late.is_open, late.in_queue) == ("cancelled", False, False)
    assert "enough branches came" in late.closing_reason
    assert late.history.latest().state == "cancelled"


def test_branches_that_wrote_different_values_hold_the_join_until_the_owner_chooses() -> None:
    flow = begin(drawn.branches())
    flow.decide("legal", "ok", data={"note": "one"})
    flow.decide("tech", "ok", "bob", data={"note": "two"})
    merge, incident = flow.merge(), flow.incident()
    assert (merge.state, flow.open) == ("conflict", [])
    assert merge.conflicts == {"note": {"0": "one", "1": "two"}}
    assert (incident.code, incident.owner) == ("merge_conflict", person("olga"))
    assert "note" in incident.message
    resolve(flow, {"note": "0"})
    assert (flow.where, flow.data["note"]) == ("review", "one")
    merge = flow.merge()
    assert (merge.state, merge.resolved_by) == ("fired", person("olga"))
    assert merge.resolution == {"values": {"note": "one"}, "reason": "The first is right."}
    assert flow.incidents() == [("merge_conflict", "resolved")]
    with refused(WrongState, "no disagreement any more"):
        resolve(flow, {"note": "0"})


def test_the_owner_may_choose_a_third_value() -> None:
    flow = in_conflict()
    resolve(flow, {"note": {"value": "three"}})
    assert flow.data["note"] == "three"


@pytest.mark.parametrize(
    ("choices", "by", "error", "word"),
    [
        ({}, "olga", InvalidInput, "Choose a value for note"),
        ({"note": "7"}, "olga", InvalidInput, "choose one of the branches 0, 1"),
        ({"note": "0", "code": "0"}, "olga", InvalidInput, "do not disagree on code"),
        ({"note": {"value": ["x"]}}, "olga", InvalidInput, "note"),
        ({"note": "0"}, "ann", NotAllowed, "owner or deputy"),
    ],
)
def test_a_choice_that_is_none_is_refused(
    choices: dict[str, object], by: str, error: type[WrongState], word: str
) -> None:
    flow = in_conflict()
    with refused(error, word):
        resolve(flow, choices, by=by)


def test_a_conflict_is_not_an_incident_to_try_again() -> None:
    flow = in_conflict()
    with refused(WrongState, "Choose which value holds"):
        retry(flow, flow.incident())


def test_a_merge_without_a_reason_or_that_does_not_exist_is_refused() -> None:
    flow = in_conflict()
    with refused(InvalidInput, "Give a reason"):
        resolve(flow, {"note": "0"}, reason="  ")
    with refused(NotFound, "no such merge"):
        merges.resolve_merge(
            10**9, actor=person("olga"), choices={}, reason="So.", now=flow.later()
        )


def in_conflict() -> Flow:
    flow = begin(drawn.branches())
    flow.decide("legal", "ok", data={"note": "one"})
    flow.decide("tech", "ok", "bob", data={"note": "two"})
    return flow


def resolve(
    flow: Flow, choices: dict[str, object], by: str = "olga", reason: str = "The first is right."
) -> None:
    merges.resolve_merge(
        flow.merge().pk, actor=person(by), choices=choices, reason=reason, now=flow.later()
    )


def test_branches_that_wrote_the_same_value_agree() -> None:
    flow = begin(drawn.branches())
    flow.decide("legal", "ok", data={"note": "same"})
    flow.decide("tech", "ok", "bob", data={"note": " same "})
    assert flow.where == "review"


def test_a_document_that_changed_between_two_approvals_holds_the_join() -> None:
    flow = begin(drawn.branches(), paper=paper("first"))
    flow.decide("tech", "ok")
    flow.decide("legal", "more", files={"paper": paper("second")})
    flow.decide("legal", "ok", "bob")
    merge = flow.merge()
    assert (merge.state, merge.conflicts) == ("conflict", {"paper": {"1": 1, "0": 2}})
    resolve(flow, {"paper": "1"})
    assert (flow.where, flow.data["paper"]["version"]) == ("review", 1)


def test_after_an_older_document_was_chosen_the_next_upload_still_counts_up() -> None:
    data = drawn.branches()
    data["steps"]["review"]["outputs"] = ["paper"]
    flow = begin(data, paper=paper("first"))
    flow.decide("tech", "ok")
    flow.decide("legal", "more", files={"paper": paper("second")})
    flow.decide("legal", "ok", "bob")
    resolve(flow, {"paper": "1"})
    flow.decide("review", "ok", "mona", files={"paper": paper("third")})
    assert flow.data["paper"]["version"] == 3


def test_nested_blocks_merge_from_the_inside_out() -> None:
    flow = begin(drawn.nested())
    assert flow.open == ["left", "one", "two"]
    flow.decide("two", "ok")
    flow.decide("one", "ok", "bob")
    assert flow.open == ["after_inner", "left"]
    flow.decide("after_inner", "ok")
    flow.decide("left", "ok")
    assert flow.where == "review"
    states = MergeRecord.objects.filter(request=flow.request).values_list("join__key", "state")
    assert sorted(states) == [("inner_join", "fired"), ("outer_join", "fired")]


def test_what_an_inner_block_wrote_counts_in_the_outer_merge() -> None:
    flow = begin(drawn.nested())
    flow.decide("one", "ok", data={"note": "inner"})
    flow.decide("two", "ok")
    flow.decide("after_inner", "ok")
    flow.decide("left", "ok", data={"note": "outer"})
    assert flow.merge().request_id == flow.request.pk
    conflict = MergeRecord.objects.get(request=flow.request, state="conflict")
    assert (conflict.join.key, conflict.conflicts) == (
        "outer_join",
        {"note": {"0": "outer", "1": "inner"}},
    )


# -- leaving a block (6), rounds (7), ends (9) ------------------------------------------------


def test_leaving_a_block_cancels_its_other_work_with_the_reason() -> None:
    flow = begin(drawn.branches(), amount="5000")
    flow.decide("tech", "out")
    assert flow.where == "fix"
    merge = flow.merge()
    assert (merge.state, merge.reason) == ("left", "left for 'Fix'")
    cancelled = flow.request.work_items.filter(state="cancelled")
    assert {item.step.key for item in cancelled} == {"legal", "cost"}
    assert {item.closing_reason for item in cancelled} == {"left for 'Fix'"}
    assert len(flow.last().changes["cancelled"]) == 2


def test_leaving_an_inner_block_leaves_the_outer_one_running() -> None:
    flow = begin(drawn.nested())
    flow.decide("two", "out")
    assert flow.open == ["left", "left_out"]
    assert MergeRecord.objects.get(join__key="inner_join").state == "left"
    assert MergeRecord.objects.get(join__key="outer_join").state == "waiting"


def test_leaving_both_blocks_at_once_closes_both_records() -> None:
    flow = begin(drawn.nested())
    flow.decide("left", "no", comment="No.")
    assert flow.where == "= rejected"
    assert set(flow.request.merges.values_list("state", flat=True)) == {"left"}


def test_a_conflict_that_is_left_behind_takes_its_incident_with_it() -> None:
    flow = in_conflict()
    flow.command("cancel")
    assert flow.incidents() == [("merge_conflict", "resolved")]
    assert flow.merge().state == "left"


def test_going_back_opens_a_new_round_and_keeps_the_earlier_one() -> None:
    flow = begin(drawn.sequential())
    flow.decide("review", "back", comment="Not yet.")
    flow.decide("fix", "again", "rita", data={"note": "Mended."})
    flow.decide("review", "ok", "bob")
    rounds = flow.request.work_items.filter(step__key="review").values_list("round", "outcome")
    assert list(rounds) == [(1, "back"), (2, "ok")]
    assert flow.request.work_items.get(step__key="pay").came_from == "review"


def test_a_block_can_be_run_again() -> None:
    flow = begin(drawn.branches())
    flow.decide("tech", "out")
    flow.decide("fix", "again", "rita")
    flow.decide("tech", "ok")
    flow.decide("legal", "ok")
    assert flow.where == "review"
    merges = flow.request.merges.order_by("pk").values_list("round", "state")
    assert list(merges) == [(1, "left"), (2, "fired")]


def test_an_end_completes_the_request_and_leaves_no_work_open() -> None:
    flow = begin(drawn.branches())
    flow.decide("tech", "no", comment="No.")
    request = flow.refresh()
    assert (request.state, request.result, request.completed_at) == (
        "completed",
        "rejected",
        flow.now,
    )
    assert flow.open == []
    assert flow.last().changes["ended"] == [{"step": "rejected", "result": "rejected"}]


def test_an_incident_that_is_opened_and_passed_in_one_command_does_not_stay_open() -> None:
    data = drawn.drawn(
        "race",
        {
            "ask": drawn.task(ok="split"),
            "split": {
                "kind": "parallel",
                "join": "merge",
                "branches": [{"to": "sort"}, {"to": "quick"}],
            },
            "sort": {
                "kind": "decision",
                "otherwise": "work",
                "rules": [{"when": "urgent", "to": "work"}],
            },
            "quick": {
                "kind": "decision",
                "otherwise": "merge",
                "rules": [{"when": "amount > 1000", "to": "rejected", "exception": True}],
            },
            "work": {**drawn.task(ok="merge", no=drawn.NO, stop=drawn.STOP)},
            "merge": drawn.join("review"),
            "review": drawn.task(ok="done"),
        },
    )
    flow = begin(data, amount="5000")
    flow.decide("ask", "ok")
    assert flow.where == "= rejected"
    assert flow.incidents() == [("rule_failed", "resolved")]


def test_a_finished_request_goes_back_where_its_end_says() -> None:
    flow = begin(drawn.sequential())
    flow.decide("review", "ok")
    flow.decide("pay", "paid", "mona", data={"code": "7"})
    assert flow.where == "= done"
    with refused(NotAllowed, "owner or deputy"):
        flow.command("reopen", "ann")
    flow.command("reopen", "dan", "It was the wrong invoice.")
    assert (flow.where, flow.request.result, flow.request.completed_at) == ("review", "", None)
    assert flow.task("review").round == 2
    row = flow.last()
    assert (row.command, row.from_state, row.to_state) == ("reopen", "completed", "running")


def test_an_end_without_a_way_back_stays_the_end() -> None:
    flow = begin(drawn.sequential())
    flow.decide("review", "no", comment="No.")
    with refused(WrongState, "ended as rejected", "Start a new request"):
        flow.command("reopen")


def test_a_request_that_ends_again_on_the_way_back_says_so() -> None:
    data = drawn.rules()
    data["steps"]["done"]["reopen"] = "gate"
    data["steps"]["gate"] = {
        "kind": "decision",
        "rules": [{"when": "amount > 1000", "to": "rejected", "exception": True}],
        "otherwise": "review",
    }
    flow = begin(data, amount="5000", urgent=True)
    flow.decide("big", "ok", "mona")
    flow.decide("review", "ok")
    flow.command("reopen")
    request = flow.refresh()
    assert (request.state, request.result, request.completed_at) == (
        "completed",
        "rejected",
        flow.now,
    )


def test_a_start_on_a_draft_is_refused() -> None:
    make_people()
    draft = load_map(drawn.sequential())
    with refused(WrongState, "is a draft"):
        requests.start_on_version(draft, actor=person("rita"), now=NOW)
