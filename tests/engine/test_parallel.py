"""Parallel blocks: what is opened, when the join fires, and the merge check."""

import pytest

from tests.engine.driving import (
    Run,
    block_map,
    draw,
    end,
    join,
    nested_map,
    parallel,
    task,
)
from workflows.engine.errors import InvalidInput, WrongState
from workflows.engine.routing import effects as fx
from workflows.engine.routing.advance import needed_arrivals

# -- parallel and join --------------------------------------------------------------------------


def test_every_branch_whose_condition_holds_is_opened() -> None:
    assert block_map().open == ["a", "b", "c"]
    assert block_map(whens=True).open == ["b", "c"]


def test_when_no_branch_applies_the_join_passes_at_once() -> None:
    steps = {
        "p": parallel(("a", "urgent"), ("b", "amount > 500")),
        "a": task(ok="j"),
        "b": task(ok="j"),
        "j": join("after"),
        "after": task(ok="done"),
        "done": end(),
    }
    run = Run(draw(steps)).start()
    assert run.where == "after"
    assert run.firings() == {1: 1}
    assert run.marking.blocks == ()


def test_a_branch_condition_that_cannot_be_evaluated_is_an_incident() -> None:
    steps = {
        "p": parallel("a", ("b", "note == 'x'")),
        "a": task(ok="j"),
        "b": task(ok="j"),
        "j": join("done"),
        "done": end(),
    }
    run = Run(draw(steps)).start()
    assert run.of(fx.ActivationStuck)[0].step == "p"
    run.apply(fx.Retry(1, {"note": "x"}))
    assert run.open == ["a", "b"]


def test_a_join_of_all_fires_when_the_last_opened_branch_arrives() -> None:
    run = block_map().follow(["a/ok", "c/ok"])
    assert run.where == "b"
    assert run.firings() == {1: 0}
    run.decide("b", "ok")
    assert (run.where, run.firings()) == ("after", {1: 1})
    assert run.marking.rounds["j"] == 1


def test_a_join_of_any_fires_at_the_first_and_cancels_the_others() -> None:
    run = block_map("any").decide("b", "ok")
    assert run.where == "after"
    assert {effect.activation for effect in run.of(fx.ActivationCancelled)} == {2, 4}
    assert run.of(fx.JoinFired) == [fx.JoinFired(1, "j", (0, 2))]


def test_a_join_of_n_fires_at_the_nth() -> None:
    run = block_map(2).decide("c", "ok")
    assert run.where == "a b"
    assert run.decide("a", "ok").where == "after"


def test_a_late_branch_cannot_fire_the_join_twice() -> None:
    run = block_map("any")
    late = run.marking.tokens[2]
    run.decide("a", "ok")
    with pytest.raises(WrongState):
        run.apply(fx.Decide(late.id, "zoe", "ok"))
    assert run.firings() == {1: 1}


def test_a_join_of_n_never_waits_for_more_branches_than_were_opened() -> None:
    steps = {
        "p": parallel("a", ("b", "urgent"), ("c", "urgent")),
        **{key: task(ok="j") for key in "abc"},
        "j": join("done", 2),
        "done": end(),
    }
    run = Run(draw(steps)).start()
    assert needed_arrivals(run.graph, run.marking.blocks[0]) == 1
    assert run.of(fx.BlockOpened)[0].needs == 1
    assert run.decide("a", "ok").where == "= done"


def test_the_split_says_which_branches_its_join_waits_for() -> None:
    run = block_map(2, whens=True)
    (split,) = run.of(fx.BlockOpened)
    assert (split.branches, split.needs, split.join) == ({1: "b", 2: "c"}, 2, "j")


def test_a_branch_that_leads_straight_to_the_join_arrives_at_once() -> None:
    steps = {"p": parallel("a", "j"), "a": task(ok="j"), "j": join("done", "any"), "done": end()}
    run = Run(draw(steps)).start()
    assert run.where == "= done"
    assert run.firings() == {1: 1}


def test_arrivals_say_where_they_came_from() -> None:
    run = block_map().decide("b", "ok")
    assert run.of(fx.BranchArrived) == [fx.BranchArrived(1, 1, "b")]


# -- the merge check ----------------------------------------------------------------------------


def test_branches_that_wrote_different_values_hold_the_join() -> None:
    run = (
        block_map().decide("a", "ok", writes={"note": "x"}).decide("b", "ok", writes={"note": "y"})
    )
    run.decide("c", "ok")
    (conflict,) = run.of(fx.MergeConflicted)
    assert conflict == fx.MergeConflicted(1, "j", {"note": {"0": "x", "1": "y"}})
    assert (run.open, run.marking.blocks[0].conflict) == ([], True)


def test_branches_that_wrote_the_same_value_pass() -> None:
    run = (
        block_map().decide("a", "ok", writes={"note": "x"}).decide("b", "ok", writes={"note": "x"})
    )
    assert run.decide("c", "ok").where == "after"


def test_a_field_that_one_branch_wrote_is_no_disagreement() -> None:
    run = block_map().decide("a", "ok", writes={"note": "x"}).follow(["b/ok", "c/ok"])
    assert (run.where, run.data["note"]) == ("after", "x")


def test_approvals_of_different_versions_of_a_document_hold_the_join() -> None:
    run = block_map().decide("a", "ok", seen={"paper": 1}).decide("b", "ok", seen={"paper": 2})
    run.decide("c", "ok", seen={"paper": 2})
    (conflict,) = run.of(fx.MergeConflicted)
    assert conflict.fields == {"paper": {"0": 1, "1": 2, "2": 2}}


def test_a_person_settles_the_disagreement_and_the_join_fires_once() -> None:
    run = (
        block_map().decide("a", "ok", writes={"note": "x"}).decide("b", "ok", writes={"note": "y"})
    )
    run.decide("c", "ok")
    run.apply(fx.ResolveMerge(1, {"note": "z"}))
    assert (run.where, run.data["note"], run.firings()) == ("after", "z", {1: 1})


def test_every_field_in_question_must_be_settled() -> None:
    run = block_map().decide("a", "ok", writes={"note": "x"}, seen={"paper": 1})
    run.decide("b", "ok", writes={"note": "y"}, seen={"paper": 2}).decide("c", "ok")
    with pytest.raises(InvalidInput, match="paper"):
        run.apply(fx.ResolveMerge(1, {"note": "x"}))


def test_only_a_merge_in_conflict_is_settled() -> None:
    with pytest.raises(WrongState, match="no conflict"):
        block_map().apply(fx.ResolveMerge(1, {}))


def test_a_join_of_n_in_conflict_needs_no_further_branch() -> None:
    run = (
        block_map(2).decide("a", "ok", writes={"note": "x"}).decide("b", "ok", writes={"note": "y"})
    )
    assert run.open == []
    run.apply(fx.ResolveMerge(1, {"note": "y"}))
    assert run.of(fx.JoinFired) == [fx.JoinFired(1, "j", (2,))]


def test_the_values_of_branches_that_arrived_hold_over_those_that_were_cancelled() -> None:
    run = block_map("any").decide("a", "more", writes={"note": "x"})
    run.decide("b", "more", writes={"note": "y"}).decide("a", "ok")
    assert run.data["note"] == "x"


def test_what_an_inner_block_wrote_counts_for_its_branch_of_the_outer_one() -> None:
    run = nested_map().decide("x", "ok", writes={"note": "in"}).decide("y", "ok")
    run.decide("z", "ok", writes={"note": "out"})
    assert run.of(fx.MergeConflicted)[0].fields == {"note": {"0": "in", "1": "out"}}


def test_an_inner_block_that_is_left_hands_up_what_it_wrote() -> None:
    run = nested_map().decide("z", "ok", writes={"note": "out"})
    run.decide("x", "up", writes={"note": "in"})
    assert (run.open, len(run.of(fx.BlockLeft))) == (["side"], 1)
    run.decide("side", "ok")
    assert run.of(fx.MergeConflicted)[0].fields == {"note": {"0": "in", "1": "out"}}
