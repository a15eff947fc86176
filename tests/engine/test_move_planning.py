"""What becomes of a request on another map, case by case."""

from typing import Any

import pytest

from tests.engine.driving import Run, approval, decision, draw, end, join, parallel, task
from workflows.engine.errors import InvalidInput
from workflows.engine.routing import effects as fx
from workflows.engine.routing.advance import barred_people, no_electorate
from workflows.engine.routing.graph import Graph
from workflows.engine.versions.move_planning import MovePlan, plan_move
from workflows.engine.versions.step_matching import propose_steps

DONE = {"done": end(), "gone": end("gone")}
NO = {"to": "gone", "exception": True}


def row() -> dict[str, Any]:
    """Three steps in a row."""
    return {
        "first": approval(ok="second", no=NO, _inputs=["amount"]),
        "second": task(ok="third", no=NO),
        "third": approval(ok="done", no=NO, _not_by=["first"]),
        **DONE,
    }


def at(graph: Graph, *moves: str, **data: Any) -> Run:
    """A request after some decisions: 'step/outcome'."""
    run = Run(graph)
    run.data = {**run.data, **data}
    return run.start().follow(moves)


def planned(run: Run, new: Graph, **written: Any) -> MovePlan:
    """What becomes of it; `written` is what somebody said of single steps."""
    old = run.graph.definition
    steps = propose_steps(old, new.definition).changed_by(written, old, new.definition)
    return plan_move(run.graph, new, steps, run.marking, run.data, no_electorate)


def outcome(run: Run, new: Graph, **written: Any) -> tuple[str, str]:
    found = planned(run, new, **written)
    return found.verdict.value, found.reason.code


def going_on(run: Run, new: Graph, **written: Any) -> Run:
    """The request, moved."""
    found = planned(run, new, **written)
    assert found.marking is not None, found.reason
    after = Run(new, run.data, marking=found.marking)
    after.effects = [*run.effects, *found.effects]
    return after


def changed(**steps: Any) -> Graph:
    """The row with some steps other; None takes one out."""
    return draw({key: step for key, step in {**row(), **steps}.items() if step is not None})


# -- names ------------------------------------------------------------------------------------


def test_a_step_with_another_key_is_found_by_its_name_role_and_ways() -> None:
    new = draw(
        {
            "first": approval(ok="checking", no=NO, _inputs=["amount"]),
            "checking": task(ok="third", no=NO, _name="Second check"),
            "third": approval(ok="done", no=NO, _not_by=["first"]),
            **DONE,
        }
    )
    run = at(draw(row()), "first/ok")
    assert outcome(run, new) == ("moves", "step_renamed")
    after = going_on(run, new)
    assert after.open == ["checking"]
    assert after.marking.tokens[0].id == run.marking.tokens[0].id


def test_whoever_approved_a_step_of_before_is_kept_from_the_same_steps_as_before() -> None:
    steps = row()
    new = draw(
        {
            "signing": approval(ok="second", no=NO, _inputs=["amount"], _name="First"),
            "second": steps["second"],
            "third": approval(ok="done", no=NO, _not_by=["signing"]),
            **DONE,
        }
    )
    after = going_on(at(draw(row()), "first/ok", "second/ok"), new)
    assert "ann" in barred_people(new.human("third"), after.marking)
    assert list(after.marking.approved) == ["signing"]


def test_who_decided_at_a_step_that_was_split_has_decided_at_each_part() -> None:
    steps = row()
    new = draw(
        {
            "one": approval(ok="two", no=NO),
            "two": approval(ok="second", no=NO),
            "second": steps["second"],
            "third": approval(ok="done", no=NO, _not_by=["two"]),
            **DONE,
        }
    )
    after = going_on(at(draw(row()), "first/ok", "second/ok"), new, first=["one", "two"])
    assert {*after.marking.deciders} == {"one", "two", "second"}
    assert "ann" in barred_people(new.human("third"), after.marking)
    assert after.marking.approved == {}


def test_a_step_that_is_gone_or_is_several_now_needs_a_person() -> None:
    run = at(draw(row()), "first/ok")
    gone = changed(first=approval(ok="third", no=NO), second=None)
    assert outcome(run, gone) == ("needs_person", "step_removed")
    assert outcome(run, gone, second="third") == ("needs_person", "kind_changed")
    split = draw(
        {
            "first": approval(ok="second_a", no=NO),
            "second_a": task(ok="second_b", no=NO),
            "second_b": task(ok="third", no=NO),
            "third": approval(ok="done", no=NO),
            **DONE,
        }
    )
    found = planned(run, split, second=["second_a", "second_b"])
    assert (found.reason.code, found.reason.parameters["parts"]) == (
        "step_split",
        ["Second a", "Second b"],
    )
    assert outcome(run, split, second="second_b") == ("moves", "step_renamed")


def test_a_step_of_another_kind_needs_a_person() -> None:
    run = at(draw(row()), "first/ok")
    assert outcome(run, changed(second=approval(ok="third", no=NO))) == (
        "needs_person",
        "kind_changed",
    )


@pytest.mark.parametrize("written", [{"nowhere": "third"}, {"second": "nowhere"}, {"second": 3}])
def test_a_mapping_of_steps_that_are_not_there_is_refused(written: dict[str, Any]) -> None:
    old, new = draw(row()).definition, changed().definition
    with pytest.raises(InvalidInput):
        propose_steps(old, new).changed_by(written, old, new)


# -- values -----------------------------------------------------------------------------------

FIELDS = {"amount": {"type": "money", "required": True}, "urgent": {"type": "boolean"}}
CODE = {**FIELDS, "code": {"type": "text", "required": True}}


def test_a_field_that_is_required_now_and_empty_needs_a_person_unless_a_step_ahead_fills_it() -> (
    None
):
    run = at(draw(row(), fields=FIELDS), "first/ok")
    start = {"role": "staff", "fields": ["amount", "code"], "first": "first"}
    lacking = planned(run, draw(row(), fields=CODE, start=start))
    assert (lacking.reason.code, lacking.reason.parameters) == (
        "fields_missing",
        {"fields": ["code"]},
    )
    filled = row() | {"third": approval(ok="done", no=NO, _outputs=["code"])}
    assert outcome(run, draw(filled, fields=CODE, start=start)) == ("moves", "same_steps")


def test_a_value_that_the_new_map_cannot_read_needs_a_person() -> None:
    run = at(draw(row()), "first/ok", note="twelve")
    fields = {**draw(row()).definition.dump()["fields"], "note": {"type": "number"}}
    assert outcome(run, draw(row(), fields=fields)) == ("needs_person", "fields_unreadable")
    run.data = {**run.data, "note": None}
    assert outcome(run, draw(row(), fields=fields)) == ("moves", "same_steps")


# -- people -----------------------------------------------------------------------------------


def test_votes_that_were_given_hold_where_the_step_shows_and_asks_the_same() -> None:
    two = row() | {"first": approval(ok="second", no=NO, _inputs=["amount"], _quorum=2)}
    run = at(draw(two), "first/ok")
    assert run.marking.tokens[0].votes == ("ann",)
    assert outcome(run, draw(two)) == ("moves", "same_steps")
    for other in (
        {"_inputs": ["amount", "note"], "_quorum": 2},
        {"_inputs": ["amount"], "_quorum": 3},
        {"_inputs": ["amount"], "_quorum": 2, "_role": "staff"},
    ):
        new = draw(two | {"first": approval(ok="second", no=NO, **other)})
        assert outcome(run, new) == ("needs_person", "votes_given")


def test_another_quorum_is_asked_of_a_step_on_which_nobody_has_agreed_yet() -> None:
    new = changed(first=approval(ok="second", no=NO, _inputs=["amount"], _quorum=3))
    assert going_on(at(draw(row())), new).marking.tokens[0].needed == 3


# -- work outside -----------------------------------------------------------------------------


def waiting(span: str = "2d", **more: Any) -> Graph:
    return draw(
        {
            "first": task(ok="rest", no=NO),
            "rest": {"kind": "wait", "for": span, "to": "done", **more},
            **DONE,
        }
    )


def test_work_outside_goes_on_where_the_new_map_asks_for_the_same_and_else_stays() -> None:
    run = at(waiting(), "first/ok")
    assert outcome(run, waiting(name="A rest")) == ("moves", "same_steps")
    assert outcome(run, waiting("3d")) == ("stays", "outside_under_way")


# -- parallel blocks --------------------------------------------------------------------------


def beside(wait_for: Any = "all", *, when: str | None = None) -> Graph:
    """The first two steps of the row beside each other."""
    branches: list[Any] = ["first", ("second", when) if when else "second"]
    return draw(
        {
            "split": parallel(*branches, join="merge"),
            "first": approval(ok="merge", no=NO, _inputs=["amount"]),
            "second": task(ok="merge", no=NO),
            "merge": join("third", wait_for),
            "third": approval(ok="done", no=NO, _not_by=["first"]),
            **DONE,
        }
    )


def test_a_step_that_is_a_branch_now_keeps_its_work_and_the_other_branch_begins() -> None:
    run = at(draw(row()))
    found = planned(run, beside())
    assert (found.reason.code, found.reason.parameters["begins"]) == ("into_block", ["Second"])
    after = going_on(run, beside())
    assert after.open == ["first", "second"]
    assert after.marking.tokens[0].id == run.marking.tokens[0].id
    after.follow(["first/ok", "second/ok"])
    assert after.open == ["third"]
    assert after.firings() == {after.of(fx.BlockOpened)[0].block: 1}


def test_a_branch_that_the_request_has_done_already_counts_as_come() -> None:
    run = at(draw(row()), "first/ok")
    found = planned(run, beside())
    assert found.reason.parameters["counts"] == ["First"]
    after = going_on(run, beside())
    assert after.open == ["second"]
    assert after.decide("second", "ok").open == ["third"]


def test_a_branch_is_not_done_where_the_old_map_would_have_come_to_it_once_more() -> None:
    steps = row() | {
        "first": task(ok="second", no=NO),
        "third": approval(ok="done", back={"to": "first", "exception": True}),
    }
    run = at(draw(steps), "first/ok", "second/ok", "third/back")
    assert going_on(run, beside_tasks()).open == ["first", "second"]


def beside_tasks() -> Graph:
    return draw(
        {
            "split": parallel("first", "second", join="merge"),
            "first": task(ok="merge", no=NO),
            "second": task(ok="merge", no=NO),
            "merge": join("third"),
            "third": approval(ok="done", no=NO),
            **DONE,
        }
    )


def test_a_branch_whose_condition_does_not_hold_does_not_begin() -> None:
    assert going_on(at(draw(row())), beside(when="urgent")).open == ["first"]
    both = going_on(at(draw(row()), urgent=True), beside(when="urgent"))
    assert both.open == ["first", "second"]


def test_a_condition_that_cannot_be_worked_out_needs_a_person() -> None:
    run = at(draw(row()), urgent=None)
    assert outcome(run, beside(when="urgent")) == ("needs_person", "rule_unclear")


LISTED = FIELDS | {
    "lines": {"type": "list", "columns": {"item": {"type": "text"}}},
    "votes": {"type": "integer"},
}


def beside_rows(*branches: dict[str, Any]) -> Graph:
    """The first step with branches for rows beside it."""
    steps = {
        "p": {"kind": "parallel", "branches": [{"to": "first"}, *branches], "join": "j"},
        "first": approval(ok="j", no=NO, _inputs=["amount"]),
        **{branch["to"]: task(ok="j") for branch in branches},
        "j": join("third"),
        "third": approval(ok="done", no=NO, _not_by=["first"]),
        **DONE,
    }
    return draw(steps, fields=LISTED)


@pytest.mark.parametrize(("in_turn", "begun"), [(False, [(0,), (1,)]), (True, [(0,)])])
def test_beside_the_work_a_branch_begins_for_each_row(
    in_turn: bool, begun: list[tuple[int, ...]]
) -> None:
    old = draw(row(), fields=LISTED)
    new = beside_rows({"each": "lines", "to": "look", "one_at_a_time": in_turn})
    run = at(old, lines=[{"item": "a"}, {"item": "b"}])
    assert [token.rows for token in going_on(run, new).marking.tokens] == [(), *begun]
    moved = going_on(run, new).follow(["first/ok", "look/ok", "look/ok"])
    assert moved.where == "third"


def test_work_on_no_row_does_not_become_that_on_one() -> None:
    steps = {
        "p": {"kind": "parallel", "branches": [{"each": "lines", "to": "first"}], "join": "j"},
        "first": approval(ok="j", no=NO, _inputs=["amount"]),
        "j": join("third"),
        "third": approval(ok="done", no=NO, _not_by=["first"]),
        **DONE,
    }
    run = at(draw(row(), fields=LISTED), lines=[{"item": "a"}])
    assert outcome(run, draw(steps, fields=LISTED)) == ("needs_person", "branch_unclear")


def test_a_number_that_says_how_many_must_agree_and_is_missing_needs_a_person() -> None:
    first = approval(ok="second", no=NO, _inputs=["amount"], _quorum={"field": "votes"})
    new = draw({**row(), "first": first}, fields=LISTED)
    old = draw(row(), fields=LISTED)
    assert outcome(at(old), new) == ("needs_person", "fields_missing")
    assert going_on(at(old, votes=3), new).marking.tokens[0].needed == 3


def test_no_join_passes_by_a_move() -> None:
    run = at(draw(row()), "first/ok")
    assert outcome(run, beside("any")) == ("needs_person", "join_would_pass")
    assert outcome(at(draw(row())), beside("any")) == ("moves", "into_block")


def test_a_branch_that_is_half_done_needs_a_person() -> None:
    steps = {
        "one": task(ok="two", no=NO),
        "two": task(ok="three", no=NO),
        "three": task(ok="four", no=NO),
        "four": task(ok="done", no=NO),
        **DONE,
    }
    new = {
        "split": parallel("one", "three", join="merge"),
        "one": task(ok="two", no=NO),
        "two": task(ok="merge", no=NO),
        "three": task(ok="four", no=NO),
        "four": task(ok="merge", no=NO),
        "merge": join("done"),
        **DONE,
    }
    aside = new | {
        "split": parallel("one", "two", join="merge"),
        "one": task(ok="four", no=NO),
        "two": task(ok="three", no=NO),
        "three": task(ok="merge", no=NO),
    }
    old = draw(steps)
    assert going_on(at(old, "one/ok", "two/ok"), draw(new)).open == ["three"]
    assert outcome(at(old, "one/ok"), draw(aside)) == ("needs_person", "branch_half_done")


def blocks(**steps: Any) -> Graph:
    """Two branches and a step behind them."""
    return draw(
        {
            "split": parallel("left", "right", join="merge"),
            "left": approval(ok="merge", no=NO, _outputs=["note"]),
            "right": approval(ok="merge", no=NO, _outputs=["note"]),
            "merge": join("after"),
            "after": task(ok="done", no=NO),
            **steps,
            **DONE,
        }
    )


def test_inside_a_block_with_the_same_branches_everything_stays_as_it_was() -> None:
    run = at(blocks(), "left/ok")
    new = blocks(split=parallel("right", "left", join="merge"))
    after = going_on(run, new)
    assert after.marking.blocks[0].waits_for == (1, 0)
    assert after.marking.blocks[0].arrived == (1,)
    assert after.decide("right", "ok", by="bob").open == ["after"]


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        (
            {
                "split": parallel("left", "right", "more", join="merge"),
                "more": task(ok="merge", no=NO),
            },
            "block_changed",
        ),
        ({"split": parallel("left", join="merge"), "merge": join("right"),
          "right": approval(ok="after", no=NO)}, "block_changed"),
        ({"merge": join("after", "any")}, "join_would_pass"),
    ],
)  # fmt: skip
def test_inside_a_block_that_is_another_one_now_a_request_needs_a_person(
    steps: dict[str, Any], code: str
) -> None:
    assert outcome(at(blocks(), "left/ok"), blocks(**steps)) == ("needs_person", code)


def test_branches_that_disagree_are_settled_first() -> None:
    run = at(blocks())
    run.decide("left", "ok", writes={"note": "a"})
    run.decide("right", "ok", by="bob", writes={"note": "b"})
    assert outcome(run, blocks()) == ("needs_person", "conflict")


def test_a_nested_block_moves_with_the_one_around_it() -> None:
    steps = {
        "p": parallel("q", "z"),
        "q": parallel("x", "y", join="k"),
        **{key: task(ok="k", no=NO) for key in "xy"},
        "k": join("j"),
        "z": task(ok="j", no=NO),
        "j": join("done"),
        **DONE,
    }
    turned = steps | {"p": parallel("z", "q")}
    after = going_on(at(draw(steps), "x/ok"), draw(turned))
    assert after.open == ["y", "z"]
    assert [block.branch for block in after.marking.blocks] == [None, 1]
    assert after.follow(["y/ok", "z/ok"]).where == "= done"


# -- approvals --------------------------------------------------------------------------------


def test_an_approval_that_came_before_where_a_request_stands_is_named_and_not_made_up_for() -> None:
    steps = row()
    new = draw(
        {
            "first": approval(ok="legal", no=NO, _inputs=["amount"]),
            "legal": approval(ok="second", no=NO),
            "second": steps["second"],
            "third": steps["third"],
            **DONE,
        }
    )
    found = planned(at(draw(row()), "first/ok"), new)
    assert (found.passes, found.skips) == (("legal",), ())
    assert planned(at(draw(row())), new).passes == ()


def test_an_approval_that_the_mapping_leaps_over_is_one_that_is_gone_past() -> None:
    found = planned(at(draw(row())), changed(), first="third")
    assert (found.verdict.value, found.skips) == ("moves", ("first",))


def test_an_approval_that_is_asked_again_is_asked_again_on_the_new_map_too() -> None:
    steps = row() | {
        "first": approval(ok="second", no=NO, _inputs=["amount"]),
        "second": task(ok="third", no=NO, _outputs=["amount"]),
    }
    run = at(draw(steps), "first/ok")
    run.decide("second", "ok", writes={"amount": "7.00"})
    assert [(token.step, token.again) for token in run.marking.tokens] == [("first", True)]
    after = going_on(run, draw(steps | {"third": approval(ok="done", no=NO, _name="Last")}))
    assert after.decide("first", "ok", by="bob").open == ["third"]
    gone = {key: step for key, step in steps.items() if key != "third"}
    gone["second"] = task(ok="done", no=NO, _outputs=["amount"])
    assert outcome(run, draw(gone)) == ("needs_person", "approval_owed")


def test_a_rule_that_failed_is_tried_again_by_the_new_map() -> None:
    old = {"sort": decision("second", third="urgent"), "second": task(ok="done", no=NO),
           "third": task(ok="done", no=NO), **DONE}  # fmt: skip
    run = Run(draw(old), {"amount": "1.00"}).start()
    assert run.marking.tokens[0].stuck == "rule_failed"
    after = going_on(run, draw(old | {"sort": decision("second")}))
    after.apply(fx.Retry(after.marking.tokens[0].id))
    assert after.open == ["second"]
