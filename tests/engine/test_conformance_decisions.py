"""Conformance where rules ask what was decided: the log itself knows."""

import pytest

from tests.engine.driving import approval, decision, draw, end, task
from tests.engine.test_conformance import judge, left, row

RETURNS = draw(
    {
        "ask": task(send="look"),
        "look": approval(agree="size", back="again", refuse="dropped"),
        "again": decision("ask", board="count_of.look.back > 1"),
        "board": approval(agree="size", refuse="dropped"),
        "size": decision("file", sign="outcome_of.board == 'agree'"),
        "sign": task(ok="file"),
        "file": task(filed="done"),
        "done": end(),
        "dropped": end("dropped"),
    }
)
ROUND = ("ask/send", "look/back")


def test_how_often_something_was_decided_is_counted_in_the_log() -> None:
    assert judge(RETURNS, *ROUND, *ROUND, "board/agree", "sign", "file").has_ended
    assert left(judge(RETURNS, *ROUND, "board/agree")) == (2, "ask", "against_rule")
    assert left(judge(RETURNS, *ROUND, *ROUND, "ask/send")) == (4, "board", "against_rule")


def test_the_last_outcome_of_a_step_is_read_from_the_log() -> None:
    assert judge(RETURNS, "ask/send", "look/agree", "file").has_ended
    assert left(judge(RETURNS, "ask/send", "look/agree", "sign")) == (2, "file", "against_rule")
    left_at = left(judge(RETURNS, *ROUND, *ROUND, "board/agree", "file"))
    assert left_at == (5, "sign", "against_rule")


def test_an_outcome_that_the_log_does_not_say_may_be_any_by_which_the_rules_lead_on() -> None:
    assert judge(RETURNS, "ask", "look", "ask", "look", "board", "sign", "file").has_ended
    assert judge(RETURNS, "ask", "look", "file").has_ended
    assert not judge(RETURNS, "ask", "look", "board").fits


MIXED = draw(
    {
        "ask": task(send="look"),
        "look": approval(agree="size", refuse="dropped"),
        "size": decision("file", sign="count_of.look.agree > 1 and amount > 5"),
        "sign": task(ok="file", again={"to": "look", "when": "count_of.look.agree < 2"}),
        "file": task(filed="done", more={"to": "look", "when": "count_of.look.agree < 2"}),
        "done": end(),
        "dropped": end("dropped"),
    }
)


def test_a_rule_that_asks_values_besides_is_open() -> None:
    assert judge(MIXED, row("ask/send", amount="2"), "look/agree", "sign").fits


def test_an_outcome_under_a_condition_on_what_was_decided_is_followed() -> None:
    more = ("ask/send", "look/agree", "file/more", "look/agree")
    assert judge(MIXED, *more, "file/filed").has_ended
    assert left(judge(MIXED, *more, "file/more"))[2] == "against_rule"


@pytest.mark.parametrize(("to", "fits"), [("board", True), ("file", False)])
def test_a_table_that_asks_what_was_decided_is_followed(to: str, fits: bool) -> None:
    table = {
        "kind": "table",
        "inputs": ["outcome_of.look"],
        "hit": "first",
        "rows": [{"when": {"outcome_of.look": "back"}, "to": "board"}],
        "otherwise": "file",
    }
    graph = draw(
        {
            "look": approval(agree="choose", back="choose"),
            "choose": table,
            "board": task(ok="done"),
            "file": task(ok="done"),
            "done": end(),
        }
    )
    assert judge(graph, "look/back", to).fits == fits


def test_what_was_decided_in_rows_is_open() -> None:
    graph = draw(
        {
            "fork": {
                "kind": "parallel",
                "join": "met",
                "branches": [{"each": "lines", "to": "check"}],
            },
            "check": task(ok="more", no="more"),
            "more": decision("met", look="outcome_of.check == 'no'"),
            "look": task(ok="met"),
            "met": {"kind": "join", "to": "done"},
            "done": end(),
        },
        fields={
            "amount": {"type": "number"},
            "urgent": {"type": "boolean"},
            "lines": {"type": "list", "columns": {"item": {"type": "text"}}},
        },
    )
    assert judge(graph, "check/ok", "check/no", "look").fits


def test_an_approval_may_be_asked_again_when_a_table_has_changed_what_it_showed() -> None:
    row_of_urgent = {"when": {"urgent": True}, "set": {"amount": 5}}
    table = {"kind": "table", "inputs": ["urgent"], "outputs": ["amount"], "hit": "first"}
    table |= {"rows": [row_of_urgent], "to": "file"}
    graph = draw(
        {
            "look": approval(agree="rate", refuse="done"),
            "rate": {**table, "defaults": {"amount": 1}},
            "file": task(ok="done"),
            "done": end(),
        }
    )
    assert judge(graph, "look/agree", "look/agree", "file").has_ended
