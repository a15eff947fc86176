"""Branches for each row of a list, or each person of several."""

import json
from typing import Any

import pytest

from tests.engine.driving import FIELDS, Run, approval, decision, draw, end, join, task
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import Definition
from workflows.engine.format.role_finders import describe_role_people
from workflows.engine.routing import effects as fx
from workflows.engine.routing.advance import no_electorate
from workflows.engine.routing.cancel_reasons import RowRefused
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Marking
from workflows.engine.routing.rows import (
    branch_index,
    branch_row,
    label_of_row,
    number_branch,
    slot_key,
    split_slot,
)
from workflows.engine.routing.separation import RowView, barred_people
from workflows.engine.routing.ways_ahead import find_steps_to_come
from workflows.engine.versions.move_planning import plan_move
from workflows.engine.versions.step_matching import propose_steps

COLUMNS = {
    "item": {"type": "text", "required": True},
    "net": {"type": "money", "currency": "EUR"},
    "day": {"type": "date"},
    "who": {"type": "user"},
    "checked": {"type": "boolean"},
}
ROWS = {**FIELDS, "lines": {"type": "list", "columns": COLUMNS}, "people": {"type": "users"}}
OUT = {"out": {"to": "redo", "exception": True}}
NO = {"no": {"to": "j", "exception": True}}


def lines(*amounts: int) -> list[dict[str, Any]]:
    return [{"item": f"item {n}", "net": f"{net}.00"} for n, net in enumerate(amounts)]


def each_map(*branches: dict[str, Any], wait_for: int | str = "all", **steps: Any) -> Graph:
    """A block of these branches, with a check of each row and a signature of each person."""
    listed = branches or ({"each": "lines", "to": "check"},)
    own = {
        "check": approval(ok="j", **NO, **OUT, _outputs=["row.checked"]),
        "sign": approval(ok="j", **NO, **OUT),
        **steps,
    }
    used = {key: step for key, step in own.items() if any(b["to"] == key for b in listed)}
    return draw(
        {
            "p": {"kind": "parallel", "branches": list(listed), "join": "j"},
            **used,
            **steps,
            "j": join("after", wait_for),
            "after": task(ok="done", more="p", _outputs=["lines"]),
            "redo": task(ok="p", stop="gone", _outputs=["lines", "people"]),
            "done": end(),
            "gone": end("gone"),
        },
        fields=ROWS,
    )


def started(graph: Graph, **data: Any) -> Run:
    return Run(graph, {"amount": "100.00", "urgent": False, **data}).start()


def rows_of(run: Run, step: str) -> list[tuple[int, ...]]:
    return [token.rows for token in run.marking.tokens if token.step == step]


def test_a_branch_is_opened_for_each_row_and_the_join_waits_for_all_of_them() -> None:
    run = started(each_map(), lines=lines(1, 2, 3))
    assert rows_of(run, "check") == [(0,), (1,), (2,)]
    assert [token.round for token in run.marking.tokens] == [1, 1, 1]
    for left in (2, 1, 0):
        run.decide("check", "ok")
        assert len(rows_of(run, "check")) == left
    assert run.where == "after"
    assert run.firings() == {1: 1}


@pytest.mark.parametrize("data", [{}, {"lines": None}, {"lines": []}])
def test_a_list_without_rows_passes_at_once(data: dict[str, Any]) -> None:
    run = started(each_map(), **data)
    assert run.where == "after"
    assert run.firings() == {1: 1}


def test_only_rows_for_which_the_condition_holds_have_a_branch() -> None:
    graph = each_map({"each": "lines", "to": "check", "when": "row.net > 5 and amount > 1"})
    assert rows_of(started(graph, lines=lines(1, 9, 3, 7)), "check") == [(1,), (3,)]
    stuck = started(graph, lines=[{"item": "a"}])
    assert stuck.of(fx.ActivationStuck)[0].step == "p"


def test_what_a_row_is_given_goes_into_the_row_and_is_no_conflict() -> None:
    run = started(each_map(), lines=lines(1, 2))
    run.decide("check", "ok", writes={"row.checked": True})
    run.decide("check", "ok", writes={"row.checked": False})
    assert run.where == "after"
    assert [row["checked"] for row in run.data["lines"]] == [True, False]
    assert not run.of(fx.MergeConflicted)


def test_rows_that_write_one_field_differently_are_a_conflict_as_in_any_block() -> None:
    graph = each_map(check=task(ok="j", _outputs=["note"]))
    run = started(graph, lines=lines(1, 2))
    run.decide("check", "ok", writes={"note": "one"}).decide("check", "ok", writes={"note": "two"})
    (conflict,) = run.of(fx.MergeConflicted)
    one, two = number_branch(0, 0), number_branch(0, 1)
    assert conflict.fields == {"note": {str(one): "one", str(two): "two"}}
    run.apply(fx.ResolveMerge(1, {"note": "two"}, "olga"))
    assert (run.where, run.data["note"]) == ("after", "two")


def test_a_list_is_not_changed_while_branches_go_through_it_by_whatever_door() -> None:
    graph = each_map(
        {"each": "lines", "to": "check"},
        {"to": "beside"},
        beside=task(ok="j", _outputs=["lines"]),
    )
    run = started(graph, lines=lines(1, 2))
    before = run.marking, run.data
    token = next(token for token in run.marking.tokens if token.step == "beside")
    for event in (
        fx.Decide(token.id, "ann", "ok", {"lines": lines(1)}),
        fx.CorrectValues({"lines": lines(1)}, "olga"),
        fx.Decide(token.id, "ann", "ok", {"lines": None}),
    ):
        with pytest.raises(InvalidInput, match="goes through its rows"):
            run.apply(event)
    assert (run.marking, run.data) == before
    run.decide("beside", "ok", writes={"lines": lines(1, 2)}).decide("check", "ok")
    run.decide("check", "ok").decide("after", "more", writes={"lines": lines(1, 2, 3)})
    assert rows_of(run, "check") == [(0,), (1,), (2,)]


def test_rows_have_rounds_of_their_own() -> None:
    run = started(each_map(), lines=lines(1, 2))
    run.decide("check", "ok").decide("check", "out").decide(
        "redo", "ok", writes={"lines": lines(1, 2, 3)}
    )
    assert [(token.rows, token.round) for token in run.marking.tokens] == [
        ((0,), 2),
        ((1,), 2),
        ((2,), 1),
    ]
    assert run.marking.rounds["check"] == 2


def test_going_back_inside_a_branch_is_about_its_row_alone() -> None:
    graph = each_map(
        check=task(ok="look"),
        look=approval(ok="j", back={"to": "check", "exception": True}, _not_by=["check"]),
    )
    run = started(graph, lines=lines(1, 2))
    run.decide("check", "ok").decide("check", "ok", by="bob")
    run.decide("look", "ok", by="cy").decide("look", "back", by="cy")
    (token,) = run.marking.tokens
    assert (token.step, token.rows, token.round) == ("check", (1,), 2)
    assert "look@0" in run.marking.approved


def test_separation_of_duties_within_a_branch_is_about_its_row() -> None:
    graph = each_map(check=task(ok="look"), look=approval(ok="j", _not_by=["check"]))
    run = started(graph, lines=lines(1, 2))
    run.decide("check", "ok", by="ann").decide("check", "ok", by="bob")
    look = graph.human("look")
    barred = [barred_people(look, run.marking, RowView(graph, "look", (row,))) for row in (0, 1)]
    assert barred == [{"ann"}, {"bob"}]
    assert barred_people(look, run.marking) == {"ann", "bob"}


def test_one_at_a_time_begins_the_next_when_one_has_arrived() -> None:
    graph = each_map({"each": "people", "to": "sign", "one_at_a_time": True})
    run = started(graph, people=["ann", "bob", "cy"])
    for turn in range(3):
        assert rows_of(run, "sign") == [(turn,)]
        run.decide("sign", "no" if turn == 1 else "ok")
    assert run.where == "after"


@pytest.mark.parametrize("in_turn", [True, False])
def test_a_refusal_stops_the_others_where_the_map_says_so(in_turn: bool) -> None:
    branch = {"each": "people", "to": "sign", "one_at_a_time": in_turn, "stop_on": "refusal"}
    graph = each_map(branch, {"to": "beside"}, beside=task(ok="j"))
    run = started(graph, people=["ann", "bob", "cy"])
    run.decide("sign", "no")
    assert run.open == ["beside"]
    assert all(isinstance(c.reason, RowRefused) for c in run.of(fx.ActivationCancelled))
    run.decide("beside", "ok")
    assert run.where == "after"
    assert run.of(fx.JoinFired)[0].cancelled == (number_branch(0, 1), number_branch(0, 2))


def test_a_refusal_out_of_a_block_within_a_branch_stops_the_others_too() -> None:
    graph = each_map(
        {"each": "lines", "to": "q", "stop_on": "refusal"},
        q={"kind": "parallel", "branches": [{"to": "a"}, {"to": "b"}], "join": "k"},
        a=task(ok="k", **NO),
        b=task(ok="k"),
        k=join("j"),
    )
    run = started(graph, lines=lines(1, 2, 3)).decide("a", "no")
    assert run.where == "after"


@pytest.mark.parametrize(
    ("wait_for", "rows", "needed"),
    [("60%", 5, 3), ("60%", 1, 1), ("1%", 50, 1), ("100%", 7, 7), ("50%", 3, 2), ("any", 9, 1)],
)
def test_a_join_waits_for_a_share_of_what_was_opened(wait_for: str, rows: int, needed: int) -> None:
    run = started(each_map(wait_for=wait_for), lines=lines(*range(rows)))
    for _ in range(needed):
        assert run.where != "after"
        run.decide("check", "ok")
    assert run.where == "after"
    assert len(run.of(fx.ActivationCancelled)) == rows - needed


def test_an_approval_of_a_row_holds_for_its_values_and_is_asked_again_alone() -> None:
    run = started(each_map(), lines=lines(1, 2))
    run.decide("check", "ok", writes={"row.checked": True}).decide("check", "ok")
    filled_in = [{**row, "checked": True} for row in run.data["lines"]]
    run.apply(fx.CorrectValues({"lines": filled_in}, "olga"))
    assert run.where == "after", "what was empty is filled in"
    changed = [filled_in[0], {**filled_in[1], "net": "5.00"}]
    run.apply(fx.CorrectValues({"lines": changed}, "olga"))
    (token,) = [token for token in run.marking.tokens if token.again]
    assert (token.step, token.rows, token.round) == ("check", (1,), 2)
    run.decide("check", "ok")
    assert run.where == "after"
    run.apply(fx.CorrectValues({"lines": [changed[0]]}, "olga"))
    assert run.where == "after", "of a row that was taken out nothing is owed"


def test_an_approval_of_the_list_does_not_fall_when_its_rows_are_filled_in() -> None:
    steps = {
        "look": approval(ok="p"),
        "p": {"kind": "parallel", "branches": [{"each": "lines", "to": "check"}], "join": "j"},
        "check": task(ok="j", _outputs=["row.checked", "row.net"]),
        "j": join("after"),
        "after": task(ok="done"),
        "done": end(),
    }
    run = started(draw(steps, fields=ROWS), lines=lines(1, 2)).decide("look", "ok")
    run.decide("check", "ok", writes={"row.checked": True})
    run.decide("check", "ok", writes={"row.checked": False})
    assert run.where == "after"
    run.apply(fx.CorrectValues({"lines": [*run.data["lines"], {"item": "new"}]}, "olga"))
    assert any(token.again and token.step == "look" for token in run.marking.tokens)


def test_an_each_branch_stands_in_another() -> None:
    graph = each_map(
        {"each": "lines", "to": "q"},
        q={
            "kind": "parallel",
            "branches": [{"each": "people", "as": "person", "to": "vote", "when": "row.net > 1"}],
            "join": "k",
        },
        vote=task(ok="k", _outputs=["row.checked"]),
        k=join("j", "any"),
    )
    run = started(graph, lines=lines(1, 2, 3), people=["ann", "bob"])
    assert rows_of(run, "vote") == [(1, 0), (1, 1), (2, 0), (2, 1)]
    run.decide("vote", "ok", writes={"row.checked": True})
    assert rows_of(run, "vote") == [(2, 0), (2, 1)]
    run.decide("vote", "ok", writes={"row.checked": False})
    assert run.where == "after"
    assert [row.get("checked") for row in run.data["lines"]] == [None, True, False]


def test_decisions_in_a_branch_are_about_its_row_and_a_block_in_it_compares_its_values() -> None:
    graph = each_map(
        {"each": "lines", "to": "size"},
        size=decision("small", two="row.net > 5"),
        small=task(ok="j"),
        two={"kind": "parallel", "branches": [{"to": "a"}, {"to": "b"}], "join": "k"},
        a=task(ok="k", _outputs=["row.checked"]),
        b=task(ok="k", _outputs=["row.checked"]),
        k=join("j"),
    )
    run = started(graph, lines=lines(1, 9))
    assert run.open == ["a", "b", "small"]
    run.decide("a", "ok", writes={"row.checked": True})
    run.decide("b", "ok", writes={"row.checked": False})
    (conflict,) = run.of(fx.MergeConflicted)
    assert list(conflict.fields) == ["row.checked"]
    run.apply(fx.ResolveMerge(conflict.block, {"row.checked": False}, "olga"))
    assert run.data["lines"][1]["checked"] is False
    run.decide("small", "ok")
    assert run.where == "after"


def test_a_thousand_rows_are_a_bound() -> None:
    run = started(each_map(), lines=lines(*[1] * 1001))
    assert run.of(fx.ActivationStuck)[0].step == "p"
    run = started(each_map(), lines=lines(*[1] * 1000))
    assert len(run.marking.tokens) == 1000


def test_where_a_request_stands_is_kept_and_led_to_again() -> None:
    graph = each_map({"each": "lines", "to": "check"}, {"each": "people", "as": "p2", "to": "sign"})
    run = started(graph, lines=lines(1, 2, 3), people=["ann", "bob"])
    run.decide("check", "ok", writes={"row.checked": True}).decide("sign", "ok")
    kept = json.loads(json.dumps(run.marking.to_json()))
    assert Marking.from_json(kept) == run.marking
    assert run.folded() == (run.marking, run.data)


def test_a_request_in_such_a_block_is_moved_by_a_person_and_behind_it_by_itself() -> None:
    graph = each_map()
    steps = propose_steps(graph.definition, graph.definition)
    run = started(graph, lines=lines(1, 2))
    inside = plan_move(graph, graph, steps, run.marking, run.data, no_electorate)
    assert inside.marking is None
    assert inside.reason.code == "block_changed"
    run.decide("check", "ok").decide("check", "ok")
    behind = plan_move(graph, graph, steps, run.marking, run.data, no_electorate)
    assert behind.marking == run.marking


def test_what_a_rule_says_of_a_list_is_open_while_branches_fill_in_its_rows() -> None:
    steps = {
        "p": {"kind": "parallel", "branches": [{"each": "lines", "to": "check"}], "join": "j"},
        "check": task(ok="j", _outputs=["row.net"]),
        "j": join("size"),
        "size": decision("low", high="sum(lines.net) > 10"),
        **{key: task(ok="done") for key in ("low", "high")},
        "done": end(),
    }
    graph = draw(steps, fields=ROWS)
    run = started(graph, lines=lines(1, 2))
    come = find_steps_to_come(graph, {"check"}, run.data)
    assert {step for step, only_by in come.items() if only_by} == {"low", "high"}


def test_work_is_not_sent_from_one_row_to_steps_of_another_branch() -> None:
    graph = each_map({"each": "lines", "to": "check"}, {"to": "beside"}, beside=task(ok="j"))
    assert "beside" not in graph.ways_out("check")
    assert {"j", "redo", "after"} <= {*graph.ways_out("check")}
    assert "check" not in graph.ways_out("beside")


def test_numbers_slots_and_labels_lead_back() -> None:
    for index, row in ((0, 0), (3, 999)):
        number = number_branch(index, row)
        assert (branch_index(number), branch_row(number)) == (index, row)
    assert branch_row(7) is None
    for slot in (("check", ()), ("check-it", (3,)), ("vote", (3, 0))):
        assert split_slot(slot_key(*slot)) == slot
    graph = each_map({"each": "lines", "to": "check"}, {"each": "people", "as": "p2", "to": "sign"})
    data = {"lines": lines(1, 2), "people": ["ann"]}
    labels = [
        label_of_row(graph.definition, graph.row_scopes[step], rows, data)
        for step, rows in (("check", (1,)), ("sign", (0,)), ("after", ()))
    ]
    assert labels == ["2: item 1", "ann", ""]


@pytest.mark.parametrize(
    ("branch", "message"),
    [
        ({"to": "check", "one_at_a_time": True}, "go with `each`"),
        ({"to": "check", "as": "line"}, "go with `each`"),
        ({"each": "lines", "as": "amount", "to": "check"}, "which is a field"),
        ({"each": "row.lines", "to": "check"}, "should match pattern"),
    ],
)
def test_a_branch_that_says_what_does_not_fit_is_refused(
    branch: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        each_map(branch)


def test_one_name_is_of_one_list() -> None:
    with pytest.raises(ValueError, match="another name with `as`"):
        each_map({"each": "lines", "to": "check"}, {"each": "people", "to": "sign"})


def test_a_map_with_each_branches_is_dumped_as_it_was_written() -> None:
    graph = each_map(
        {"each": "lines", "to": "check", "as": "line", "when": "line.net > 1"},
        {"each": "people", "to": "sign", "one_at_a_time": True, "stop_on": "refusal"},
        wait_for="60%",
        check=task(ok="j", _outputs=["line.checked"]),
    )
    written = graph.definition.dump()
    assert Definition.model_validate(written) == graph.definition
    assert written["steps"]["p"]["branches"][0]["as"] == "line"
    assert Definition.model_validate(written).dump() == written


@pytest.mark.parametrize(
    ("role", "people"),
    [
        ({"field": "row.second_reader"}, "the person in “Second reader”"),
        ({"manager_of": "field:row.reader"}, "the manager of the person in “Reader”"),
        ({"column": "lines.reader"}, "everybody in “Reader” of “Lines”"),
    ],
)
def test_a_column_of_a_row_is_called_as_people_know_it(role: dict[str, str], people: str) -> None:
    assert describe_role_people(role, {}) == people
