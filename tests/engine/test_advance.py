"""What a run does, rule by rule, as far as the engine decides it."""

import json
from dataclasses import replace

import pytest

from tests.engine.driving import (
    FIELDS,
    Run,
    approval,
    block_map,
    decision,
    draw,
    end,
    join,
    nested_map,
    parallel,
    task,
)
from workflows.engine.errors import DefinitionProblem, InvalidInput, WrongState
from workflows.engine.routing import effects as fx
from workflows.engine.routing.advance import (
    NO_DATE,
    RULE_FAILED,
    advance,
    barred_people,
    forward_outcome,
)
from workflows.engine.routing.cancel_reasons import BlockLeftFor, InstanceCancelled
from workflows.engine.routing.marking import Block, Marking, Token
from workflows.engine.routing.step_troubles import RuleFailed, StepFailed

# -- starting and deciding ----------------------------------------------------------------------


def test_a_start_opens_the_first_step_in_round_one() -> None:
    run = Run(draw({"a": task(ok="done"), "done": end()})).start(by="rita")
    assert run.effects == [fx.ActivationOpened(1, "a", 1, None)]
    assert run.marking.requester == "rita"


def test_a_request_starts_once() -> None:
    run = Run(draw({"a": task(ok="done"), "done": end()})).start()
    with pytest.raises(WrongState, match="already"):
        run.start()


def test_a_map_without_a_first_step_cannot_start() -> None:
    graph = draw({"a": task(ok="done"), "done": end()}, start={"role": "staff"})
    with pytest.raises(DefinitionProblem, match="first"):
        Run(graph).start()


def test_a_decision_writes_remembers_and_goes_on() -> None:
    run = Run(draw({"a": task(ok="done", _outputs=["note"]), "done": end()})).start()
    run.decide("a", "ok", by="ann", writes={"note": "fine"})
    assert run.data["note"] == "fine"
    assert run.marking.deciders == {"a": ("ann",)}
    assert run.effects[-2:] == [fx.ActivationCompleted(1, "ok"), fx.RequestEnded("done", "done")]
    assert run.marking.ended == "done"


def test_work_that_is_over_cannot_be_decided_again() -> None:
    run = Run(draw({"a": task(ok="b"), "b": task(ok="done"), "done": end()})).start()
    run.decide("a", "ok")
    with pytest.raises(WrongState, match="no longer open"):
        run.apply(fx.Decide(1, "bob", "ok"))


def test_an_outcome_that_the_step_does_not_have_is_refused() -> None:
    run = Run(draw({"a": task(ok="done"), "done": end()})).start()
    with pytest.raises(WrongState, match="maybe"):
        run.decide("a", "maybe")


def test_a_refused_event_changes_nothing() -> None:
    run = Run(draw({"a": task(ok="done"), "done": end()})).start()
    before = run.marking, dict(run.data)
    with pytest.raises(WrongState):
        run.apply(fx.Decide(7, "ann", "ok", {"note": "x"}))
    assert (run.marking, run.data) == before


# -- decision steps -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "urgent", "where"),
    [
        ("2000.00", True, "big"),
        ("2000.00", False, "big"),
        ("5.00", True, "fast"),
        ("5", False, "b"),
    ],
)
def test_the_first_rule_that_holds_is_taken_else_otherwise(
    amount: str, urgent: bool, where: str
) -> None:
    ends = {key: task(ok="done") for key in ("big", "fast", "b")}
    steps = {"d": decision("b", big="amount > 1000", fast="urgent"), **ends, "done": end()}
    run = Run(draw(steps), {"amount": amount, "urgent": urgent}).start()
    assert run.where == where
    assert isinstance(run.effects[0], fx.RouteTaken)


def test_a_rule_that_cannot_be_evaluated_is_an_incident_and_never_false() -> None:
    steps = {"d": decision("b", a="note == 'x'"), "a": task(ok="b"), "b": task(ok="z"), "z": end()}
    run = Run(draw(steps)).start()
    (stuck,) = run.effects
    assert isinstance(stuck, fx.ActivationStuck)
    assert (stuck.step, stuck.round, stuck.trouble.code) == ("d", 1, RULE_FAILED)
    assert isinstance(stuck.trouble, RuleFailed)
    assert "note" in str(stuck.trouble.problem)
    assert run.marking.tokens[0].stuck == RULE_FAILED


def test_after_a_retry_the_step_goes_on_in_the_same_round() -> None:
    steps = {"d": decision("b", a="note == 'x'"), "a": task(ok="b"), "b": task(ok="z"), "z": end()}
    run = Run(draw(steps)).start()
    run.apply(fx.Retry(1))
    assert run.open == ["d"]
    run.apply(fx.Retry(run.marking.tokens[0].id, {"note": "x"}))
    assert run.open == ["a"]
    assert run.marking.rounds["d"] == 1
    assert run.data["note"] == "x"


def test_only_what_is_stuck_is_retried() -> None:
    run = Run(draw({"a": task(ok="done"), "done": end()})).start()
    with pytest.raises(WrongState, match="incident"):
        run.apply(fx.Retry(1))


@pytest.mark.parametrize(
    "outside",
    [
        {"kind": "automation", "action": "http", "to": "done"},
        {"kind": "wait", "for": "1d", "to": "done"},
        {"kind": "subworkflow", "workflow": "other", "to": "done"},
    ],
)
def test_a_step_done_outside_is_called_and_goes_on_when_it_is_finished(outside: dict) -> None:
    run = Run(draw({"x": outside, "done": end()})).start()
    opened, called = run.effects
    assert isinstance(opened, fx.ActivationOpened)
    assert called == fx.ExternalWorkRequested(opened.activation, "x")
    with pytest.raises(WrongState):
        run.apply(fx.Decide(opened.activation, "ann", "ok"))
    run.apply(fx.Finish(opened.activation, "done", {"note": "given"}))
    assert (run.open, run.marking.ended, run.data["note"]) == ([], "done", "given")
    with pytest.raises(WrongState):
        run.apply(fx.Finish(opened.activation))


AUTOMATION = {"kind": "automation", "action": "http", "to": "done"}


def test_a_failure_takes_the_error_way_where_the_map_has_one() -> None:
    steps = {"x": AUTOMATION | {"on_error": "fix"}, "fix": task(ok="done"), "done": end()}
    run = Run(draw(steps)).start()
    run.apply(fx.Fail(1, StepFailed("timed_out", "It did not answer.")))
    assert run.open == ["fix"]
    assert run.of(fx.ActivationStuck) == []


def test_a_failure_without_an_error_way_waits_and_a_retry_keeps_the_activation() -> None:
    run = Run(draw({"x": AUTOMATION, "done": end()})).start()
    run.apply(fx.Fail(1, StepFailed("timed_out", "It did not answer.")))
    assert [stuck.trouble.code for stuck in run.of(fx.ActivationStuck)] == ["timed_out"]
    assert run.marking.token(1).stuck == "timed_out"
    run.apply(fx.Retry(1))
    assert run.of(fx.ActivationUnstuck) == [fx.ActivationUnstuck(1, resumed=True)]
    assert run.of(fx.ExternalWorkRequested) == [
        fx.ExternalWorkRequested(1, "x"),
        fx.ExternalWorkRequested(1, "x"),
    ]
    assert run.marking.token(1).stuck is None


def test_a_wait_for_an_empty_date_waits_on_an_incident_until_the_date_is_there() -> None:
    fields = FIELDS | {"day": {"type": "date"}}
    steps = {"x": {"kind": "wait", "until": "day", "to": "done"}, "done": end()}
    run = Run(draw(steps, fields=fields)).start()
    assert [stuck.trouble.code for stuck in run.of(fx.ActivationStuck)] == [NO_DATE]
    assert run.of(fx.ExternalWorkRequested) == []
    run.apply(fx.Retry(1, {"day": "2026-05-01"}))
    assert run.of(fx.ExternalWorkRequested) == [fx.ExternalWorkRequested(1, "x")]


def test_work_is_sent_to_steps_of_its_own_blocks_or_outside_of_them_only() -> None:
    run = block_map()
    graph = run.graph
    inside, outside = graph.ways_out("a"), graph.ways_out("after")
    assert {"b", "j", "after"} <= set(inside)
    assert not {"b", "j"} & set(outside)
    a = next(token for token in run.marking.tokens if token.step == "a")
    run.apply(fx.Reroute(a.id, "j"))
    assert [arrived.came_from for arrived in run.of(fx.BranchArrived)] == ["a"]
    after = Run(graph).start()
    b = next(token for token in after.marking.tokens if token.step == "b")
    after.apply(fx.Reroute(b.id, "after"))
    assert after.open == ["after"]
    last = after.marking.tokens[0]
    with pytest.raises(InvalidInput, match="parallel block"):
        after.apply(fx.Reroute(last.id, "a"))
    assert after.open == ["after"]


# -- leaving, going back, ending ------------------------------------------------------------------


def test_leaving_a_block_cancels_its_other_work_with_the_reason() -> None:
    run = block_map().follow(["a/ok", "b/out"])
    assert run.where == "redo"
    assert run.of(fx.ActivationCancelled) == [fx.ActivationCancelled(4, BlockLeftFor("Redo"))]
    assert run.of(fx.BlockLeft) == [fx.BlockLeft(1, BlockLeftFor("Redo"))]
    assert run.marking.blocks == ()
    assert run.firings() == {1: 0}


def test_going_back_opens_a_new_round_and_a_new_block() -> None:
    run = block_map().follow(["a/ok", "b/out", "redo/ok"])
    assert run.open == ["a", "b", "c"]
    assert {token.round for token in run.marking.tokens} == {2}
    run.follow(["a/ok", "b/ok", "c/ok"])
    assert (run.where, sum(run.firings().values())) == ("after", 1)


def test_leaving_two_blocks_at_once_closes_both() -> None:
    steps = {
        "p": parallel("q", "z"),
        "q": parallel("x", "y", join="k"),
        "x": task(ok="k", stop="gone"),
        "y": task(ok="k"),
        "k": join("j"),
        "z": task(ok="j"),
        "j": join("done"),
        "done": end(),
        "gone": end("gone"),
    }
    run = Run(draw(steps)).start().decide("x", "stop")
    assert run.where == "= gone"
    assert len(run.of(fx.BlockLeft)) == 2
    assert (run.marking.tokens, run.marking.blocks) == ((), ())


def test_an_end_cancels_what_is_open_elsewhere() -> None:
    steps = {
        "p": parallel("a", "b"),
        "a": task(ok="j", stop="gone"),
        "b": task(ok="j"),
        "j": join("done"),
        "done": end(),
        "gone": end("gone"),
    }
    run = Run(draw(steps)).start().decide("a", "stop")
    assert run.where == "= gone"
    assert [effect.activation for effect in run.of(fx.ActivationCancelled)] == [3]


def test_a_finished_request_reopens_where_its_end_says() -> None:
    run = block_map().follow(["a/ok", "b/ok", "c/ok", "after/ok"])
    assert run.where == "= done"
    run.apply(fx.Reopen())
    assert (run.where, run.marking.tokens[0].round) == ("after", 2)


def test_an_end_without_reopen_stays_closed() -> None:
    run = block_map().follow(["a/out", "redo/stop"])
    with pytest.raises(WrongState, match="reopen"):
        run.apply(fx.Reopen())


def test_a_cancelled_request_has_nothing_open_and_has_not_ended() -> None:
    run = block_map().follow(["a/ok", "cancel"])
    assert (run.marking.tokens, run.marking.blocks, run.marking.ended) == ((), (), None)
    assert {effect.reason for effect in run.of(fx.ActivationCancelled)} == {
        InstanceCancelled("called off")
    }


# -- quorum and separation of duties --------------------------------------------------------------


def quorum_map(quorum: int | str) -> Run:
    steps = {
        "a": approval(ok="done", ask="a", no={"to": "gone", "exception": True}, _quorum=quorum),
        "done": end(),
        "gone": end("gone"),
    }
    crew = frozenset({"ann", "bob", "cleo", "rita"})
    return Run(draw(steps), electorate=lambda step: crew).start(by="rita")


def test_a_quorum_needs_so_many_different_people() -> None:
    run = quorum_map(2).decide("a", "ok", by="ann")
    assert run.effects[-1] == fx.VoteCounted(1, 1, 2)
    with pytest.raises(WrongState, match="already agreed"):
        run.decide("a", "ok", by="ann")
    assert run.decide("a", "ok", by="bob").where == "= done"


def test_one_with_another_outcome_decides_at_once() -> None:
    assert quorum_map(2).decide("a", "ok", by="ann").decide("a", "no", by="bob").where == "= gone"


def test_a_new_round_needs_a_new_quorum() -> None:
    run = quorum_map(2).decide("a", "ok", by="ann").decide("a", "ask", by="bob")
    assert run.marking.tokens[0].votes == ()
    assert run.decide("a", "ok", by="ann").where == "a"


def test_a_quorum_of_all_is_everyone_who_may_at_activation() -> None:
    run = quorum_map("all")
    assert run.of(fx.ActivationOpened)[0].needed == 3  # rita asked for it and may not approve it
    for person in ("ann", "bob"):
        run.decide("a", "ok", by=person)
    assert run.where == "a"
    assert run.decide("a", "ok", by="cleo").where == "= done"


def test_a_quorum_of_all_in_an_empty_role_still_needs_somebody() -> None:
    steps = {"a": approval(ok="done", _quorum="all"), "done": end()}
    assert Run(draw(steps)).start().of(fx.ActivationOpened)[0].needed == 1


def test_the_forward_outcome_is_the_first_that_is_no_exception() -> None:
    ways = {"no": {"to": "done", "exception": True}, "yes": "done", "later": "done"}
    graph = draw({"a": approval(**ways), "done": end()})
    assert forward_outcome(graph.human("a")) == "yes"


def test_the_requester_is_barred_from_approvals_and_not_from_tasks() -> None:
    graph = draw({"a": approval(ok="b"), "b": task(ok="done"), "done": end()})
    marking = Marking(requester="rita")
    assert barred_people(graph.human("a"), marking) == {"rita"}
    assert barred_people(graph.human("b"), marking) == frozenset()


def test_everyone_who_decided_another_step_in_any_round_is_barred() -> None:
    steps = {
        "a": task(ok="b"),
        "b": approval(back="a", ok="done", _not_by=["a", "requester"]),
        "done": end(),
    }
    run = (
        Run(draw(steps)).start(by="rita").decide("a", "ok", by="ann").decide("b", "back", by="bob")
    )
    run.decide("a", "ok", by="cleo")
    assert barred_people(run.graph.human("b"), run.marking) == {"rita", "ann", "cleo"}


def test_nobody_is_barred_where_the_map_says_so() -> None:
    graph = draw({"a": approval(ok="done", _not_by=[]), "done": end()})
    assert barred_people(graph.human("a"), Marking(requester="rita")) == frozenset()


# -- markings -----------------------------------------------------------------------------------


def test_a_marking_is_the_same_after_json() -> None:
    run = nested_map().decide("x", "ok", writes={"note": "in"}, by=7)
    text = json.dumps(run.marking.to_json())
    assert Marking.from_json(json.loads(text)) == run.marking


def test_an_empty_marking_is_a_request_not_yet_started() -> None:
    assert Marking.from_json({}) == Marking()
    assert Marking.from_json(Marking().to_json()) == Marking()


def test_what_says_nothing_is_not_written() -> None:
    marking = Marking(tokens=(Token(1, "a", 1, block=0, branch=0),), blocks=(Block(0, "p", 1),))
    written = marking.to_json()
    assert written["tokens"] == [{"id": 1, "step": "a", "round": 1, "block": 0, "branch": 0}]
    assert written["blocks"] == [{"id": 0, "step": "p", "round": 1}]
    assert Marking.from_json(written) == marking


@pytest.mark.parametrize("order", [("first", "second"), ("second", "first")])
def test_approvals_asked_again_at_once_are_numbered_alike_in_whatever_order_they_are_kept(
    order: tuple[str, str],
) -> None:
    run = Run(
        draw(
            {
                "first": approval(yes={"to": "second"}),
                "second": approval(yes={"to": "fill"}),
                "fill": task(done={"to": "over"}, _outputs=["amount"]),
                "over": end(),
            }
        )
    ).start()
    run.decide("first", "yes").decide("second", "yes", by="bob")
    kept = run.marking.approved
    run.marking = replace(run.marking, approved={step: kept[step] for step in order})
    run.decide("fill", "done", by="cleo", writes={"amount": "200.00"})
    assert [(token.id, token.step) for token in run.marking.tokens] == [(4, "first"), (5, "second")]


def test_an_advance_never_changes_the_marking_that_it_was_given() -> None:
    run = nested_map()
    before = json.dumps(run.marking.to_json())
    token = run.marking.tokens[0]
    advance(run.graph, run.marking, run.data, fx.Decide(token.id, "ann", "ok", {"note": "q"}))
    assert json.dumps(run.marking.to_json()) == before
    assert "note" not in run.data


def test_folding_the_same_events_gives_the_same_marking_and_data() -> None:
    run = nested_map().decide("x", "ok", writes={"note": "in"}).follow(["y/ok", "z/ok"])
    assert run.folded() == (run.marking, run.data)


# -- limits -------------------------------------------------------------------------------------


def test_a_long_row_of_decisions_does_not_exhaust_the_stack() -> None:
    steps = {f"d{n}": decision(f"d{n + 1}") for n in range(1900)}
    run = Run(draw({**steps, "d1900": end()})).start()
    assert run.where == "= done"


def test_a_loop_without_a_person_is_refused_instead_of_running_for_ever() -> None:
    steps = {"a": decision("b"), "b": decision("a", done="urgent"), "done": end()}
    with pytest.raises(DefinitionProblem, match="person"):
        Run(draw(steps)).start()


def test_a_join_that_is_reached_from_outside_is_refused() -> None:
    steps = {
        "a": task(go="p", past="j"),
        "p": parallel("b", "c"),
        "b": task(ok="j"),
        "c": task(ok="j"),
        "j": join("done"),
        "done": end(),
    }
    with pytest.raises(DefinitionProblem, match="outside"):
        Run(draw(steps)).start().decide("a", "past")
