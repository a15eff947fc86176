"""One test a control-flow pattern, by van der Aalst's numbers: drawn, driven, and looked at.

`docs/patterns.md` says how each is drawn; here each drawing is run. A row is a pattern, its
map, what the request is about, and the moves with what is open after each.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.engine.driving import Run, approval, decision, draw, end, join, parallel, task
from workflows.engine.routing import effects as fx

PAGE = Path(__file__).parents[2] / "docs" / "patterns.md"

Moves = list[tuple[str, str]]
DONE = {"done": end()}
SMALL = {"amount": "100.00", "urgent": False}
URGENT = {"amount": "100.00", "urgent": True}

HUB = {
    "hub": task(
        one={"to": "one", "when": "note == null or note == 'two'"},
        two={"to": "two", "when": "note == null or note == 'one'"},
        both={"to": "done", "when": "note == 'both'"},
        leave={"to": "done", "exception": True},
    ),
    "one": task(ok="hub", _outputs=["note"]),
    "two": task(ok="hub", _outputs=["note"]),
}

CASES: list[tuple[int, str, dict[str, Any], dict[str, Any], str, Moves]] = [
    (
        1,
        "sequence",
        {"a": task(ok="b"), "b": task(ok="done")},
        SMALL,
        "a",
        [("a/ok", "b"), ("b/ok", "= done")],
    ),
    (
        2,
        "parallel split",
        {"p": parallel("a", "b"), "a": task(ok="j"), "b": task(ok="j"), "j": join("done")},
        SMALL,
        "a b",
        [],
    ),
    (
        3,
        "synchronization",
        {
            "p": parallel("a", "b"),
            "a": task(ok="j"),
            "b": task(ok="j"),
            "j": join("c"),
            "c": task(ok="done"),
        },
        SMALL,
        "a b",
        [("b/ok", "a"), ("a/ok", "c"), ("c/ok", "= done")],
    ),
    (
        4,
        "exclusive choice",
        {"d": decision("b", a="urgent"), "a": task(ok="done"), "b": task(ok="done")},
        URGENT,
        "a",
        [("a/ok", "= done")],
    ),
    (
        5,
        "simple merge",
        {
            "d": decision("b", a="urgent"),
            "a": task(ok="c"),
            "b": task(ok="c"),
            "c": task(ok="done"),
        },
        SMALL,
        "b",
        [("b/ok", "c"), ("c/ok", "= done")],
    ),
    (
        6,
        "multi-choice",
        {
            "p": parallel(("a", "urgent"), ("b", "amount > 50"), ("c", "amount > 500")),
            **{key: task(ok="j") for key in "abc"},
            "j": join("done"),
        },
        URGENT,
        "a b",
        [],
    ),
    (
        7,
        "structured synchronizing merge",
        {
            "p": parallel(("a", "urgent"), ("b", "amount > 50"), ("c", "amount > 500")),
            **{key: task(ok="j") for key in "abc"},
            "j": join("d"),
            "d": task(ok="done"),
        },
        URGENT,
        "a b",
        [("a/ok", "b"), ("b/ok", "d")],
    ),
    (
        8,
        "multi-merge",
        {
            "p": parallel("a", "b"),
            "a": task(ok="c"),
            "b": task(ok="c"),
            "c": task(ok="j"),
            "j": join("done"),
        },
        SMALL,
        "a b",
        [("a/ok", "b c"), ("b/ok", "c c"), ("c/ok", "c"), ("c/ok", "= done")],
    ),
    (
        9,
        "structured discriminator",
        {
            "p": parallel("a", "b", "c"),
            **{key: task(ok="j") for key in "abc"},
            "j": join("d", "any"),
            "d": task(again="p", ok="done"),
        },
        SMALL,
        "a b c",
        [("b/ok", "d"), ("d/again", "a b c"), ("a/ok", "d")],
    ),
    (
        10,
        "arbitrary cycles",
        {
            "a": task(ok="b", jump="c"),
            "b": task(ok="c", back="a"),
            "c": task(ok="done", back="b", first="a"),
        },
        SMALL,
        "a",
        [
            ("a/jump", "c"),
            ("c/back", "b"),
            ("b/back", "a"),
            ("a/ok", "b"),
            ("b/ok", "c"),
            ("c/first", "a"),
        ],
    ),
    (
        11,
        "implicit termination",
        {
            "p": parallel("a", "b"),
            "a": task(ok="j"),
            "b": task(ok="b2"),
            "b2": task(ok="j"),
            "j": join("done"),
        },
        SMALL,
        "a b",
        [("a/ok", "b"), ("b/ok", "b2"), ("b2/ok", "= done")],
    ),
    (
        12,
        "instances without synchronization",
        {
            "p": parallel("a", "send"),
            "a": task(ok="j"),
            "send": {"kind": "automation", "action": "start_workflow", "to": "j"},
            "j": join("done"),
        },
        SMALL,
        "a send",
        [("a/ok", "send")],
    ),
    (
        13,
        "instances with design-time knowledge",
        {"p": parallel("a", "a", "a"), "a": task(ok="j"), "j": join("b"), "b": task(ok="done")},
        SMALL,
        "a a a",
        [("a/ok", "a a"), ("a/ok", "a"), ("a/ok", "b")],
    ),
    (
        16,
        "deferred choice",
        {
            "wait": task(answer="a", give_up={"to": "b", "role": "staff"}),
            "a": task(ok="done"),
            "b": task(ok="done"),
        },
        SMALL,
        "wait",
        [("wait/give_up", "b")],
    ),
    (
        18,
        "milestone",
        {
            "p": parallel("a", "b"),
            "a": task(ok="j", _outputs=["note"]),
            "b": task(late={"to": "j", "when": "note == 'reached'"}, never="j"),
            "j": join("done"),
        },
        SMALL,
        "a b",
        [],
    ),
    (
        19,
        "cancel task",
        {
            "p": parallel("a", "call_off"),
            "a": task(ok="j"),
            "call_off": task(stop="j"),
            "j": join("b", "any"),
            "b": task(ok="done"),
        },
        SMALL,
        "a call_off",
        [("call_off/stop", "b")],
    ),
    (
        20,
        "cancel case",
        {
            "p": parallel("a", "b"),
            "a": task(ok="j", stop={"to": "gone", "exception": True}),
            "b": task(ok="j"),
            "j": join("done"),
            "gone": end("gone"),
        },
        SMALL,
        "a b",
        [("a/stop", "= gone")],
    ),
    (
        21,
        "structured loop",
        {"a": task(ok="d", _outputs=["urgent"]), "d": decision("done", a="urgent")},
        URGENT,
        "a",
        [("a/ok", "a"), ("a/ok", "a")],
    ),
    (
        25,
        "cancel region",
        {
            "p": parallel("a", "b"),
            "a": task(ok="a2", out="c"),
            "a2": task(ok="j"),
            "b": task(ok="j", out="c"),
            "j": join("done"),
            "c": task(ok="done"),
        },
        SMALL,
        "a b",
        [("a/ok", "a2 b"), ("b/out", "c")],
    ),
    (
        28,
        "blocking discriminator",
        {
            "p": parallel("a", "b"),
            "a": task(ok="j"),
            "b": task(ok="j"),
            "j": join("c", "any"),
            "c": task(ok="p"),
        },
        SMALL,
        "a b",
        [("a/ok", "c"), ("c/ok", "a b")],
    ),
    (
        29,
        "cancelling discriminator",
        {
            "p": parallel("a", "b", "c"),
            **{key: task(ok="j") for key in "abc"},
            "j": join("d", "any"),
            "d": task(ok="done"),
        },
        SMALL,
        "a b c",
        [("c/ok", "d")],
    ),
    (
        30,
        "structured partial join",
        {
            "p": parallel("a", "b", "c"),
            **{key: task(ok="j") for key in "abc"},
            "j": join("d", 2),
            "d": task(again="p"),
        },
        SMALL,
        "a b c",
        [("c/ok", "a b"), ("a/ok", "d"), ("d/again", "a b c")],
    ),
    (
        31,
        "blocking partial join",
        {"p": parallel("a", "b", "c"), **{key: task(ok="j") for key in "abc"}, "j": join("p", 2)},
        SMALL,
        "a b c",
        [("c/ok", "a b"), ("a/ok", "a b c")],
    ),
    (
        32,
        "cancelling partial join",
        {
            "p": parallel("a", "b", "c"),
            **{key: task(ok="j") for key in "abc"},
            "j": join("d", 2),
            "d": task(ok="done"),
        },
        SMALL,
        "a b c",
        [("a/ok", "b c"), ("b/ok", "d")],
    ),
    (
        37,
        "local synchronizing merge",
        {
            "p": parallel(("a", "urgent"), "b"),
            "a": task(ok="q"),
            "q": parallel(("c", "urgent"), "d", join="k"),
            "c": task(ok="k"),
            "d": task(ok="k"),
            "k": join("j"),
            "b": task(ok="j"),
            "j": join("done"),
        },
        SMALL,
        "b",
        [("b/ok", "= done")],
    ),
    (
        41,
        "thread merge",
        {"p": parallel("a", "a"), "a": task(ok="j"), "j": join("b"), "b": task(ok="done")},
        SMALL,
        "a a",
        [("a/ok", "a"), ("a/ok", "b")],
    ),
    (
        42,
        "thread split",
        {"first": task(ok="p"), "p": parallel("a", "a"), "a": task(ok="j"), "j": join("done")},
        SMALL,
        "first",
        [("first/ok", "a a")],
    ),
    (
        43,
        "explicit termination",
        {
            "p": parallel("a", "b"),
            "a": task(ok="j", stop="done"),
            "b": task(ok="j"),
            "j": join("done"),
        },
        SMALL,
        "a b",
        [("a/stop", "= done")],
    ),
]


@pytest.mark.parametrize(
    ("steps", "data", "at_first", "moves"),
    [case[2:] for case in CASES],
    ids=[f"{case[0]}-{case[1].replace(' ', '-')}" for case in CASES],
)
def test_pattern(steps: dict[str, Any], data: dict[str, Any], at_first: str, moves: Moves) -> None:
    run = Run(draw(steps | DONE), data).start()
    assert run.where == at_first
    for number, (move, where) in enumerate(moves):
        step, outcome = move.split("/")
        run.decide(step, outcome, by=f"person {number}")
        assert run.where == where, move
    assert all(times <= 1 for times in run.firings().values())


# -- patterns that need more than a row -----------------------------------------------------------


def quorum_map(quorum: int | str, members: int) -> Run:
    steps = {
        "a": approval(agree="b", enough={"to": "b"}, no={"to": "c"}, _quorum=quorum),
        "b": task(ok="done"),
        "c": task(ok="done"),
        **DONE,
    }
    crew = frozenset(f"person {number}" for number in range(members))
    return Run(draw(steps), electorate=lambda step: crew).start()


def agree(run: Run, people: int) -> Run:
    for number in range(people):
        run.decide("a", "agree", by=f"person {number}")
    return run


@pytest.mark.parametrize("members", [1, 3, 7])
def test_14_instances_with_run_time_knowledge(members: int) -> None:
    assert agree(quorum_map("all", members), members - 1).where == "a"
    assert agree(quorum_map("all", members), members).where == "b"


@pytest.mark.parametrize("number", [17, 40])
def test_17_and_40_one_at_a_time_in_any_order(number: int) -> None:
    run = Run(draw(HUB | DONE)).start()
    assert run.choices("hub") == ["one", "two", "leave"]
    run.decide("hub", "two").decide("two", "ok", writes={"note": "two"})
    assert run.choices("hub") == ["one", "leave"]
    run.decide("hub", "one").decide("one", "ok", writes={"note": "both"})
    assert run.choices("hub") == ["both", "leave"]
    assert run.decide("hub", "both").where == "= done"


def test_18_a_milestone_opens_an_outcome_when_it_is_reached() -> None:
    steps = next(case[2] for case in CASES if case[0] == 18)
    run = Run(draw(steps | DONE), {**SMALL, "note": "not yet"}).start()
    assert run.choices("b") == ["never"]
    run.decide("a", "ok", writes={"note": "reached"})
    assert run.choices("b") == ["late", "never"]


def test_26_one_person_s_other_outcome_cancels_all_instances() -> None:
    assert agree(quorum_map(3, 5), 2).decide("a", "no", by="person 4").where == "c"


def test_27_one_person_s_outcome_completes_all_instances() -> None:
    assert agree(quorum_map(3, 5), 1).decide("a", "enough", by="person 4").where == "b"


@pytest.mark.parametrize("number", [34, 35])
def test_34_and_35_so_many_of_the_instances_are_enough(number: int) -> None:
    run = agree(quorum_map(3, 5), 3)
    assert run.where == "b"
    assert len(run.of(fx.VoteCounted)) == 2


def test_28_and_31_a_late_branch_is_cancelled_and_not_waited_for() -> None:
    steps = next(case[2] for case in CASES if case[0] == 31)
    run = Run(draw(steps | DONE)).start().decide("a", "ok").decide("b", "ok", by="bob")
    assert run.of(fx.JoinFired)[0].cancelled == (2,)
    assert len(run.of(fx.ActivationCancelled)) == 1


# -- the page -------------------------------------------------------------------------------------


def rows_of_page() -> dict[int, str]:
    found = re.findall(r"^\| (\d+) \|(.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {int(number): text for number, text in found}


def test_the_page_lists_all_43_patterns_with_a_verdict() -> None:
    rows = rows_of_page()
    assert sorted(rows) == list(range(1, 44))
    verdicts = {number: text.split("|")[1].strip() for number, text in rows.items()}
    assert set(verdicts.values()) == {"yes", "in part", "no"}


def test_every_pattern_that_the_page_calls_supported_is_tried_here() -> None:
    tried = {case[0] for case in CASES} | {14, 17, 26, 27, 34, 35, 40}
    supported = {n for n, text in rows_of_page().items() if text.split("|")[1].strip() == "yes"}
    assert supported - tried == set()
    assert set(range(1, 15)) | set(range(16, 21)) | set(range(28, 33)) | {40, 41, 42, 43} <= tried
