"""Conformance, pure: what a case may do on a map, and where it leaves it."""

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from tests.engine.driving import Run, approval, decision, draw, end, join, parallel, task
from tests.engine.random_maps import sound_maps, written
from tests.engine.test_random_maps import Company, many, seeds, started
from workflows.engine.conformance.case_check import (
    IGNORE,
    START,
    CaseChecker,
    CaseVerdict,
    LoggedRow,
)
from workflows.engine.conformance.map_walker import LoggedDecision
from workflows.engine.format.definition import Definition
from workflows.engine.routing import effects as fx
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.step_troubles import StepFailed


def row(activity: str, **values: str) -> LoggedRow:
    """A row as a log writes it: `step`, `step/outcome`, `start`, `?` for nothing on the map."""
    meaning: Any = activity
    if activity not in (START, IGNORE):
        step, _, outcome = activity.partition("/")
        meaning = None if step == "?" else (LoggedDecision(step, outcome),)
    return LoggedRow(activity, meaning, values=values)


def judge(graph: Graph, *parts: str | LoggedRow, reopens: bool = False) -> CaseVerdict:
    rows = [row(part) if isinstance(part, str) else part for part in parts]
    return CaseChecker(graph, reopens=reopens).judge(rows)


def left(verdict: CaseVerdict) -> tuple[int, str, str]:
    """At which row a case leaves, where it stood, and why."""
    assert verdict.leave is not None
    return verdict.leave.row, " ".join(verdict.leave.steps), verdict.leave.cause.value


LINE = draw(
    {
        "ask": task(send="check", drop="dropped"),
        "check": approval(agree="file", refuse="dropped", back="ask"),
        "file": task(filed="done"),
        "done": end(reopen="check"),
        "dropped": end("dropped"),
    }
)


def test_a_case_that_goes_the_maps_way_fits_and_has_ended() -> None:
    verdict = judge(LINE, START, "ask/send", "check/agree", "file")
    assert verdict == CaseVerdict(None, has_ended=True)


def test_a_case_that_stops_on_its_way_fits_and_is_open() -> None:
    assert judge(LINE, "ask/send", "check/back", "ask") == CaseVerdict(None, has_ended=True)
    assert judge(LINE, "ask/send", "check/agree") == CaseVerdict(None, has_ended=False)


def test_a_case_leaves_at_the_first_row_that_cannot_be_reached() -> None:
    assert left(judge(LINE, "ask/send", "file", "check/agree")) == (1, "check", "not_reached")


def test_an_outcome_that_the_log_does_not_say_may_be_any_that_leads_to_the_next_row() -> None:
    assert judge(LINE, "ask", "check", "ask", "check", "file").fits
    assert left(judge(LINE, "ask", "check", "check"))[0] == 2


def test_where_it_could_stand_at_several_steps_all_are_named() -> None:
    assert left(judge(LINE, "ask", "check", "check"))[1] == "ask file"


def test_after_its_end_nothing_comes_unless_it_may_be_reopened() -> None:
    rows = ("ask/send", "check/agree", "file", "check/agree")
    assert left(judge(LINE, *rows)) == (3, "done", "not_reached")
    assert judge(LINE, *rows, reopens=True).fits


def test_what_is_nothing_on_the_map_leaves_it_and_what_is_to_be_ignored_does_not() -> None:
    assert left(judge(LINE, "ask/send", "?")) == (1, "check", "no_step")
    assert judge(LINE, IGNORE, "ask/send", IGNORE).fits


def test_a_case_is_started_once_and_before_everything_else() -> None:
    assert left(judge(LINE, "ask/send", START)) == (0, "start", "before_start")
    assert left(judge(LINE, START, START)) == (1, "ask", "started_already")


BLOCK = draw(
    {
        "p": parallel("a", "b", ("c", "urgent")),
        "a": task(ok="j"),
        "b": task(ok="b2"),
        "b2": task(ok="j"),
        "c": task(ok="j"),
        "j": join("after"),
        "after": task(ok="done"),
        "done": end(),
    }
)


@pytest.mark.parametrize("order", ["a b b2", "b a b2", "b b2 a", "c b a b2", "b b2 c a"])
def test_the_order_of_branches_does_not_matter_and_joins_are_silent(order: str) -> None:
    assert judge(BLOCK, *order.split(), "after").has_ended


def test_what_comes_after_a_join_waits_for_every_branch() -> None:
    assert left(judge(BLOCK, "a", "b", "after")) == (2, "b2 c", "not_reached")
    assert left(judge(BLOCK, "a", "b2", "b")) == (1, "b c", "not_reached")


OUTSIDE = draw(
    {
        "first": task(ok="send"),
        "send": {
            "kind": "automation",
            "action": "http",
            "to": "rest",
            "on_error": {"to": "mend", "exception": True},
        },
        "rest": {"kind": "wait", "for": "2h", "to": "last"},
        "mend": task(ok="send"),
        "last": task(ok="done"),
        "done": end(),
    }
)


def test_work_outside_is_silent_and_may_go_wrong() -> None:
    assert judge(OUTSIDE, "first", "last").has_ended
    assert judge(OUTSIDE, "first", "mend", "mend", "last").has_ended


def test_a_log_may_have_rows_of_work_outside() -> None:
    assert judge(OUTSIDE, "first", "send", "rest", "last").has_ended
    assert left(judge(OUTSIDE, "first", "send/done", "mend")) == (2, "last", "not_reached")


RULES = draw(
    {
        "ask": task(ok="size", _outputs=["amount"]),
        "size": decision("small", big="amount > 500"),
        "big": task(ok="done", more={"to": "small", "when": "urgent"}),
        "small": task(ok="done"),
        "done": end(),
    }
)


@pytest.mark.parametrize("step", ["big", "small"])
def test_where_no_value_is_known_every_way_of_a_rule_is_possible(step: str) -> None:
    assert judge(RULES, "ask", step).fits


def test_where_the_values_are_known_a_rule_is_followed() -> None:
    assert judge(RULES, row("ask", amount="600"), "big").fits
    assert judge(RULES, row(START, amount="600"), row("ask", amount="4"), "small").fits


def test_a_way_against_a_rule_is_a_deviation_of_its_own() -> None:
    assert left(judge(RULES, row("ask", amount="4"), "big")) == (1, "small", "against_rule")
    assert left(judge(RULES, row("ask", amount="600"), "?")) == (1, "big", "no_step")
    assert left(judge(RULES, row("ask", amount="600"), "ask")) == (1, "big", "not_reached")


def test_an_outcome_under_a_condition_that_does_not_hold_is_against_a_rule() -> None:
    asked = row("ask", amount="600", urgent="false")
    assert left(judge(RULES, asked, "big/more", "small")) == (1, "big", "against_rule")
    assert judge(RULES, asked, row("big/more", urgent="true"), "small").fits


def test_a_value_that_cannot_be_read_is_not_known() -> None:
    assert judge(RULES, row("ask", amount="a lot"), "big").fits


QUORUM = draw(
    {
        "vote": approval(yes="done", no={"to": "gone", "exception": True}, _quorum=2),
        "done": end(),
        "gone": end("gone"),
    }
)


def test_a_row_is_one_vote_unless_it_is_all_of_the_steps_work() -> None:
    assert judge(QUORUM, "vote/yes") == CaseVerdict(None, has_ended=False)
    assert judge(QUORUM, "vote/yes", "vote/yes").has_ended
    whole = LoggedRow("vote", (LoggedDecision("vote", "yes"),), is_whole=True)
    assert judge(QUORUM, whole).has_ended


AGAIN = draw(
    {
        "look": approval(yes="more", no={"to": "gone", "exception": True}, _inputs=["note"]),
        "more": task(ok="other", _outputs=["note"]),
        "other": task(ok="done", _outputs=["amount"]),
        "done": end(),
        "gone": end("gone"),
    }
)


def test_an_approval_may_be_asked_again_only_when_what_it_showed_may_have_changed() -> None:
    assert judge(AGAIN, "look/yes", "more", "look/yes", "other").has_ended
    assert judge(AGAIN, "look/yes", "more", "look/no").has_ended
    assert left(judge(AGAIN, "look/yes", "look/yes", "more"))[0] == 1
    same = [row("look/yes", note="a"), row("more", note="a"), row("look/yes"), row("other")]
    assert left(judge(AGAIN, *same))[0] == 2


def test_many_optional_branches_are_still_worked_out() -> None:
    steps: dict[str, Any] = {
        "p": parallel(*((f"b{n}", "urgent") for n in range(8)), join="j"),
        **{f"b{n}": task(ok="j") for n in range(8)},
        "j": join("done"),
        "done": end(),
    }
    assert judge(draw(steps), *(f"b{n}" for n in reversed(range(8)))).has_ended


EXPIRING = draw(
    {
        "answer": task(ok="done", _expires={"after": "2d", "to": "tidy"}),
        "tidy": task(ok="done"),
        "done": end(),
    }
)


def test_a_task_whose_time_was_up_fits_where_its_map_lets_it_expire() -> None:
    assert judge(EXPIRING, START, "answer/expired", "tidy/ok").has_ended
    assert judge(EXPIRING, START, "answer", "tidy/ok").has_ended
    assert left(judge(EXPIRING, START, "answer/ok", "tidy/ok"))[0] == 2
    assert not judge(EXPIRING, START, "answer/ok", "tidy/expired").fits
    assert not judge(EXPIRING, START, "answer/expired", "tidy/expired").fits


# -- what our own engine did --------------------------------------------------------------------


def played(definition: Definition, seed: int, *, says_values: bool) -> tuple[Run, list[LoggedRow]]:
    """A request driven at random by people and by what happens outside, and its log."""
    random = Random(seed)
    run, company = started(definition, random)
    rows = [_logged(START, run, says_values=says_values)]
    for _ in range(30):
        happening = _one_happening(run, company)
        if happening is None:
            break
        made, activity = happening
        run.apply(made)
        if activity:
            rows.append(_logged(activity, run, says_values=says_values))
    return run, rows


def _logged(activity: str, run: Run, *, says_values: bool) -> LoggedRow:
    values = {key: _told(value) for key, value in run.data.items() if value is not None}
    return row(activity, **(values if says_values else {}))


def _told(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _one_happening(run: Run, company: Company) -> tuple[fx.Event, str] | None:
    """Something that may happen now, and how a log writes it (not, of what is outside)."""
    moves: list[tuple[fx.Event, str]] = []
    for block in run.marking.blocks:
        if block.conflict:
            (fields,) = [e.fields for e in run.of(fx.MergeConflicted)[-1:]]
            values = {k: company.random.choice(list(v.values())) for k, v in fields.items()}
            moves.append((fx.ResolveMerge(block.id, values), ""))
    for token in run.marking.tokens:
        if token.stuck:
            continue
        if not run.graph.is_human(token.step):
            moves.append((fx.Finish(token.id), ""))
            if getattr(run.graph[token.step], "on_error", None):
                moves.append((fx.Fail(token.id, StepFailed("broken", "It broke.")), ""))
            continue
        for outcome, people in company.able(run, token).items():
            for person in sorted(people):
                writes = company.writes(run, run.graph.human(token.step))
                made = fx.Decide(token.id, person, outcome, writes)
                moves.append((made, f"{token.step}/{outcome}"))
        if getattr(run.graph[token.step], "expires", None):
            moves.append((fx.Expire(token.id), f"{token.step}/expired"))
    return company.random.choice(moves) if moves else None


@given(sound_maps, seeds, st.booleans())
@many
def test_what_our_own_engine_did_fits_its_map(
    data: dict[str, Any], seed: int, says_values: bool
) -> None:
    definition = Definition.model_validate(data)
    checker = CaseChecker(Graph(definition))
    for number in range(3):
        run, rows = played(definition, seed + number, says_values=says_values)
        verdict = checker.judge(rows)
        assert verdict.fits, verdict
        if run.marking.ended:
            assert verdict.has_ended


@given(sound_maps, seeds)
@many
def test_what_our_own_engine_did_fits_where_the_log_does_not_say_the_outcomes(
    data: dict[str, Any], seed: int
) -> None:
    definition = Definition.model_validate(data)
    _, rows = played(definition, seed, says_values=False)
    silent = [row(part.activity.partition("/")[0]) for part in rows]
    assert CaseChecker(Graph(definition)).judge(silent).fits


@st.composite
def spoiled(draw: st.DrawFn, rows: Sequence[LoggedRow]) -> tuple[list[LoggedRow], int]:
    """The log of a case with one row dropped, put in, or two changed for each other, and the first
    row that is not as it was."""
    place = draw(st.integers(1, len(rows) - 1))
    changed = list(rows)
    match draw(st.sampled_from(["drop", "put in", "swap"])):
        case "drop":
            del changed[place]
        case "put in":
            changed.insert(place, draw(st.sampled_from(rows[1:])))
        case _:
            other = draw(st.integers(1, len(rows) - 1))
            changed[place], changed[other] = changed[other], changed[place]
            place = min(place, other)
    return changed, place


plain_people = st.fixed_dictionaries(
    {
        "piece": st.just("human"),
        "kind": st.sampled_from(["task", "approval"]),
        "role": st.just("crew"),
        "quorum": st.sampled_from([None, None, 2]),
        "outputs": st.just(frozenset()),
        "exit": st.sampled_from([None, "refused", "redo", "outer"]),
        "not_by": st.none(),
    }
)


def _plain_pieces(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    branches = st.lists(st.tuples(st.none(), inner), min_size=1, max_size=3)
    waits = st.sampled_from(["all", "all", "any", 2])
    return st.one_of(
        st.fixed_dictionaries(
            {"piece": st.just("row"), "parts": st.lists(inner, min_size=1, max_size=3)}
        ),
        st.fixed_dictionaries({"piece": st.just("block"), "branches": branches, "wait_for": waits}),
        st.fixed_dictionaries({"piece": st.just("loop"), "body": inner}),
        st.fixed_dictionaries({"piece": st.just("machine"), "states": st.integers(2, 4)}),
    )


plain_maps = st.recursive(plain_people, _plain_pieces, max_leaves=8).map(written)
"""Maps on which the next position is always known: nothing outside, and no condition."""


def leaves_at(graph: Graph, rows: Iterable[LoggedRow]) -> int | None:
    """By the engine alone, row for row: the first that decides nothing that is open."""
    run = Run(graph).start()
    for number, part in enumerate(rows):
        if part.meaning == START:
            continue
        step, _, outcome = part.activity.partition("/")
        token = next((t for t in run.marking.tokens if t.step == step), None)
        if token is None or outcome not in graph.human(step).outcomes:
            return number
        run.apply(fx.Decide(token.id, f"voter {number}", outcome))
    return None


@given(plain_maps, seeds, st.data())
@many
def test_a_case_with_a_row_dropped_put_in_or_swapped_leaves_exactly_where_the_engine_would_refuse(
    data: dict[str, Any], seed: int, draws: st.DataObject
) -> None:
    graph = Graph(Definition.model_validate(data))
    _, rows = played(graph.definition, seed, says_values=False)
    assume(len(rows) > 2)
    changed, first = draws.draw(spoiled(rows))
    verdict = CaseChecker(graph).judge(changed)
    expected = leaves_at(graph, changed)
    event("fits still" if expected is None else "leaves")
    assert (verdict.leave.row if verdict.leave else None) == expected
    assert expected is None or expected >= first


@given(sound_maps, seeds, st.data())
@many
def test_a_spoiled_case_goes_on_up_to_the_row_at_which_it_is_said_to_leave(
    data: dict[str, Any], seed: int, draws: st.DataObject
) -> None:
    graph = Graph(Definition.model_validate(data))
    _, rows = played(graph.definition, seed, says_values=False)
    assume(len(rows) > 2)
    changed, first = draws.draw(spoiled(rows))
    leave = CaseChecker(graph).judge(changed).leave
    if leave is not None:
        assert leave.row >= first
        assert CaseChecker(graph).judge(changed[: leave.row]).fits
        assert not CaseChecker(graph).judge(changed[: leave.row + 1]).fits
