"""Conformance of cases that went through a branch for each row: counted, bounded, and honest."""

from time import process_time
from typing import Any

import pytest

from tests.engine.driving import approval, draw, end, join, task
from tests.engine.test_conformance import judge, left
from workflows.engine.conformance.case_check import START
from workflows.engine.conformance.row_counts import MOST_ROWS_FOLLOWED
from workflows.engine.routing.graph import Graph

LISTS = {
    "lines": {"type": "list", "columns": {"net": {"type": "money"}, "good": {"type": "boolean"}}},
    "people": {"type": "users"},
}
NO = {"to": "refused", "exception": True}


def block(wait_for: Any = None, *, back: str | None = None, **branch: Any) -> Graph:
    """A branch for each row: a check, a second look, and a join."""
    more = {} if back is None else {"again": {"to": back, "exception": True}}
    listed = [{"each": "lines", "to": "check", **branch}]
    return draw(
        {
            "p": {"kind": "parallel", "branches": listed, "join": "j"},
            "check": task(ok="look", **more),
            "look": approval(ok="j", no=NO),
            "j": join("after") if wait_for is None else join("after", wait_for),
            "after": task(ok="done"),
            "done": end("done"),
            "refused": end("refused"),
        },
        fields=LISTS,
    )


def course(count: int) -> list[str]:
    """All are checked, then looked at the other way round; then it goes on."""
    return [START, *["check/ok"] * count, *["look/ok"] * count, "after/ok"]


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_as_many_rows_as_the_log_has_fit(count: int) -> None:
    verdict = judge(block(), *course(count))
    assert verdict.fits
    assert verdict.has_ended


def test_rows_may_overtake_one_another_and_are_awaited_all() -> None:
    rows = ["check/ok", "look/ok", "check/ok", "check/ok", "look/ok", "look/ok"]
    assert judge(block(), START, *rows, "after/ok").fits
    verdict = judge(block(), START, *rows[:-1], "after/ok", "look/ok")
    assert left(verdict) == (6, "look", "not_reached")


def test_a_row_is_not_looked_at_twice_nor_before_it_was_checked() -> None:
    assert not judge(block(), START, "look/ok", "check/ok", "after/ok").fits
    assert not judge(block(), START, "check/ok", "look/ok", "look/ok", "after/ok").fits


def test_a_refusal_leaves_the_block_for_all_rows() -> None:
    assert judge(block(), START, "check", "check", "look/no").fits
    assert not judge(block(), START, "check", "check", "look/no", "look/ok").fits


@pytest.mark.parametrize(("wait_for", "done"), [("any", 1), (2, 2), ("60%", 3)])
def test_the_rows_that_were_called_off_need_not_be_in_the_log(wait_for: Any, done: int) -> None:
    rows = ["check/ok"] * done + ["look/ok"] * done
    verdict = judge(block(wait_for), START, *rows, "after/ok")
    assert verdict.fits, verdict


def test_one_at_a_time_the_next_begins_when_one_has_come() -> None:
    in_turn = block(one_at_a_time=True)
    assert judge(in_turn, START, *["check/ok", "look/ok"] * 3, "after/ok").fits
    assert left(judge(in_turn, START, "check/ok", "check/ok"))[0] == 2


def test_where_a_row_goes_round_its_steps_may_be_done_more_often_than_there_are_rows() -> None:
    rows = ["check/again", "check/ok", "check/ok", "look/ok", "look/ok", "after/ok"]
    assert judge(block(back="check"), START, *rows).fits


@pytest.mark.parametrize("outcome", ["/ok", ""])
def test_fifty_rows_take_no_longer_than_anybody_waits(outcome: str) -> None:
    rows = [*[f"check{outcome}"] * 50, *[f"look{outcome}"] * 50]
    begun = process_time()
    assert judge(block(), START, *rows, "after").fits
    assert process_time() - begun < 20


def test_of_more_rows_than_are_followed_it_says_that_there_were_too_many() -> None:
    verdict = judge(block(), *course(MOST_ROWS_FOLLOWED + 1))
    assert left(verdict)[2] == "too_many_ways"
