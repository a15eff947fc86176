"""From the log to the map, pure: frequent ways, blocks that nest, decisions, and a sound draft."""

from collections import Counter
from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from workflows.engine.audit import AnyPeople, audit_definition
from workflows.engine.discovery.concurrency import Trace, find_concurrency
from workflows.engine.discovery.discover import Discovery, discover
from workflows.engine.discovery.draft import DraftNames
from workflows.engine.discovery.log_shape import shape_of_log
from workflows.engine.discovery.roles import propose_roles
from workflows.engine.discovery.split_rules import kind_of_values, learn_split_rule
from workflows.engine.discovery.survey import LogSurvey
from workflows.engine.format.definition import Definition

NAMES = DraftNames("from-log", "From a log", "To learn from.", "olga", "dan")
TO_COMPLETE = {
    *("exceptions_too_few", "expected_missing", "due_missing", "step_role_missing"),
    *("start_role_missing",),
}
"""What no log says, and the audit asks of every draft."""


def log(*courses: str, each: int = 10) -> Counter[Trace]:
    """A log of these courses, each so many times."""
    found: Counter[Trace] = Counter()
    for course in courses:
        found[tuple(course.split())] += each
    return found


def found_in(traces: Counter[Trace], share: float = 1.0, **more: Any) -> Discovery:
    return discover(LogSurvey(traces, **more), NAMES, share=share)


def errors_of(definition: Definition) -> set[str]:
    found = audit_definition(definition, AnyPeople())
    return {f"{f.code} {f.step}" for f in found if f.severity == "error"} - {
        f"{f.code} {f.step}" for f in found if f.code in TO_COMPLETE
    }


def blocks_of(found: Discovery) -> list[list[set[str]]]:
    return [sorted(map(set, join.branches), key=sorted) for join in found.joins]


# -- blocks ------------------------------------------------------------------------------------


def test_what_comes_in_either_order_is_beside_each_other_and_makes_a_block() -> None:
    found = found_in(log("a b c d", "a c b d"))
    assert blocks_of(found) == [[{"b"}, {"c"}]]
    (join,) = found.joins
    assert (join.cases, join.whole) == (20, 1.0)
    assert join.sure > 0.9
    assert found.fit == found.cases
    assert errors_of(found.definition) == set()


def test_what_comes_in_one_order_only_is_before_and_after() -> None:
    assert find_concurrency(log("a b c", each=100)) == []
    assert find_concurrency(log("a b c", each=100) + log("a c b", each=5)) == []


def test_a_loop_of_two_is_not_beside_each_other() -> None:
    assert find_concurrency(log("a b a b a", "a b a", "a")) == []


def test_a_block_in_a_loop_is_still_a_block() -> None:
    found = found_in(log("a b c d e", "a c b d x b c d e", "a b c d x c b d e"))
    assert blocks_of(found) == [[{"b"}, {"c"}]]
    assert found.fit == found.cases


def test_branches_may_have_several_steps() -> None:
    found = found_in(log("s a1 a2 b e", "s a1 b a2 e", "s b a1 a2 e"))
    assert blocks_of(found) == [[{"a1", "a2"}, {"b"}]]
    assert found.fit == found.cases


def test_blocks_lie_within_blocks() -> None:
    inner = [("s", "c", "d"), ("s", "d", "c")]
    courses = []
    for branch in inner:
        for place in range(4):
            courses.append(" ".join(["x", *branch[:place], "b", *branch[place:], "y"]))
    found = found_in(log(*courses))
    assert blocks_of(found) == [[{"b"}, {"c", "d", "s"}], [{"c"}, {"d"}]]
    assert found.fit == found.cases
    assert errors_of(found.definition) == set()


def test_what_does_not_nest_is_named_and_not_proposed() -> None:
    # a and b, b and c, c and d in either order, but a before c, a before d, b before d: they cross
    courses = ["a b c d", "b a c d", "a c b d", "a b d c", "b a d c"]
    found = found_in(log(*courses))
    named = {pair.activities for pair in found.not_nested}
    assert ("b", "c") in named or ("a", "b") in named or ("c", "d") in named
    assert errors_of(found.definition) == set()


def test_a_block_that_cases_do_not_go_through_as_a_whole_is_none() -> None:
    found = found_in(log("b y c y", "c y b y"))
    assert blocks_of(found) == []
    assert [left.activities for left in found.not_nested] == [("b", "c")]
    assert errors_of(found.definition) == set()


def test_blocks_may_be_turned_off() -> None:
    survey = LogSurvey(log("a b c d", "a c b d"))
    assert discover(survey, NAMES, share=1.0, finds_blocks=False).joins == ()


def test_different_ways_behind_a_block_are_chosen_by_a_field_that_its_last_steps_fill_in() -> None:
    found = found_in(log("a b c d", "a c b d", "a b c e", "a c b e"))
    steps = found.definition.steps
    (decision,) = [step for step in steps.values() if step.kind == "decision"]
    assert {rule.to for rule in decision.rules or []} | {decision.otherwise} == {"d", "e"}  # type: ignore[union-attr]
    assert found.fit == found.cases
    assert errors_of(found.definition) == set()


def test_different_beginnings_are_chosen_on_the_start_form() -> None:
    found = found_in(log("a c", "b c"))
    start = found.definition.start
    assert start is not None
    (chosen,) = start.fields or []
    assert found.definition.fields[chosen].choices == ["a", "b"]
    assert found.fit == found.cases
    assert errors_of(found.definition) == set()


# -- frequent ways -----------------------------------------------------------------------------


def test_the_rarest_ways_are_hidden_while_enough_cases_are_kept() -> None:
    traces = log("a b", each=80) + log("a c b", each=15) + log("a d b", each=5)
    for share, kept, steps in ((0.5, 80, 3), (0.8, 80, 3), (0.81, 95, 4), (0.96, 100, 5)):
        found = found_in(traces, share)
        assert (found.ways.kept, len(found.definition.steps)) == (kept, steps)
        assert found.fit == kept


def test_the_splits_are_told_with_their_shares_and_how_sure_they_are() -> None:
    found = found_in(log("a b", each=75) + log("a c", each=25))
    (decision,) = found.decisions
    assert decision.after == ("a",)
    assert [(way.to, way.count, way.share) for way in decision.ways] == [
        (("b",), 75, 0.75),
        (("c",), 25, 0.25),
    ]
    assert decision.ways[0].sure == 75 / 76


# -- rules -------------------------------------------------------------------------------------


def test_a_value_that_tells_ways_apart_makes_a_rule_with_its_accuracy() -> None:
    cases = [({"amount": str(n * 10)}, "board" if n > 50 else "pay") for n in range(100)]
    Random(1).shuffle(cases)
    rule = learn_split_rule(cases, {"amount": "number"})
    assert rule is not None
    ((condition, way),) = rule.conditions
    assert rule.accuracy > 0.9
    assert {way, rule.otherwise} == {"board", "pay"}
    assert condition.startswith("amount ")


@pytest.mark.parametrize(
    ("value", "kind"), [("EU", "choice"), ("true", "boolean"), ("7", "number")]
)
def test_rules_ask_for_values_of_each_kind(value: str, kind: Any) -> None:
    other = {"EU": "US", "true": "false", "7": "9"}[value]
    cases = [({"f": value if n % 3 else other}, "x" if n % 3 else "y") for n in range(60)]
    rule = learn_split_rule(cases, {"f": kind})
    assert rule is not None
    assert rule.accuracy == 1.0


def test_where_values_tell_nothing_there_is_no_rule() -> None:
    random = Random(3)
    cases = [({"f": random.choice("abc")}, random.choice("xy")) for _ in range(400)]
    assert learn_split_rule(cases, {"f": "choice"}) is None
    assert learn_split_rule(cases[:10], {"f": "choice"}) is None


def test_a_column_is_of_the_kind_that_all_its_values_are_of() -> None:
    assert kind_of_values(["1", "2.50"]) == "number"
    assert kind_of_values(["true", "false"]) == "boolean"
    assert kind_of_values(["EU", "1"]) == "choice"
    assert kind_of_values([f"text {n}" for n in range(50)]) == "long_text"


def test_a_learnt_rule_becomes_a_decision_and_its_field_is_asked_for_at_the_start() -> None:
    cases = [({"amount": str(n)}, "b" if n > 50 else "c") for n in range(100)]
    rule = learn_split_rule(cases, {"amount": "number"})
    assert rule is not None
    found = found_in(log("a b", "a c", each=50), fields={"amount": "number"}, rules={"a": rule})
    assert found.definition.steps["after_a"].kind == "decision"
    assert found.definition.start is not None
    assert found.definition.start.fields == ["amount"]
    assert found.decisions[0].uses_rule
    assert found.fit == found.cases
    assert errors_of(found.definition) == set()


# -- roles -------------------------------------------------------------------------------------


def test_activities_that_the_same_people_do_have_one_role() -> None:
    roles = propose_roles(
        {"a": {"Clerk-1": 3, "Clerk-2": 2}, "b": {"Clerk-1": 9}, "c": {"Mia": 4}, "d": {"": 3}}
    )
    assert [(role.key, role.activities) for role in roles] == [
        ("clerk", ("a", "b")),
        ("team_2", ("c",)),
    ]


# -- over all logs -----------------------------------------------------------------------------

names = st.sampled_from(["a", "b", "c", "d", "Check it", "é", "done", "both 1", "after a"])
courses = st.lists(names, min_size=1, max_size=7).map(tuple)
logs = st.dictionaries(courses, st.integers(1, 40), min_size=1, max_size=12)
shares = st.sampled_from([0.05, 0.3, 0.5, 0.8, 0.95, 1.0])
many = settings(max_examples=100, deadline=None)


@given(logs, shares)
@many
def test_every_log_gives_a_draft_with_a_structure_that_the_audit_accepts(
    traces: dict[Trace, int], share: float
) -> None:
    found = found_in(Counter(traces), share)
    event(f"{len(found.joins)} joins")
    assert errors_of(found.definition) == set()


@given(logs, shares)
@many
def test_every_case_that_is_kept_fits_the_draft(traces: dict[Trace, int], share: float) -> None:
    found = found_in(Counter(traces), share)
    assert found.ways.kept <= found.fit <= found.cases


@given(logs)
@many
def test_the_more_is_wanted_the_more_is_kept(traces: dict[Trace, int]) -> None:
    kept = [found_in(Counter(traces), share).ways.kept for share in (0.1, 0.4, 0.7, 1.0)]
    assert kept == sorted(kept)


@st.composite
def block_logs(draw: st.DrawFn) -> tuple[Counter[Trace], list[tuple[str, ...]]]:
    """A log of one block: its branches in every way that they can be mixed."""
    sizes = draw(st.lists(st.integers(1, 2), min_size=2, max_size=3))
    branches = [tuple(f"{'xyz'[n]}{i}" for i in range(size)) for n, size in enumerate(sizes)]
    everything = [name for branch in branches for name in branch]
    courses = [
        ("start", *order, "stop")
        for order in permutations(everything)
        if all(order.index(b[0]) < order.index(b[-1]) or len(b) == 1 for b in branches)
    ]
    return Counter(dict.fromkeys(courses, draw(st.integers(3, 9)))), branches


@given(block_logs())
@settings(max_examples=40, deadline=None)
def test_a_block_whose_branches_mix_is_found_as_it_was(
    drawn: tuple[Counter[Trace], list[tuple[str, ...]]],
) -> None:
    traces, branches = drawn
    shape = shape_of_log(traces)
    (block,) = shape.blocks
    assert {frozenset(shape.activities[region]) for region in block.branches} == {
        frozenset(branch) for branch in branches
    }
