"""Whatever is written as a rule, it is a rule or is refused; nothing else ever comes out."""

from contextlib import suppress
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from tests.engine.field_specs import Spec
from workflows.engine.rules.evaluation import Rule, RuleCannotBeEvaluated, RuleProblem, compile_rule

FIELDS = {
    "amount": Spec("money", currency="EUR"),
    "count": Spec("integer"),
    "region": Spec("choice", choices=["EU", "US"]),
    "note": Spec("text"),
    "urgent": Spec("boolean"),
    "needed_by": Spec("date"),
    "seen_at": Spec("datetime"),
    "quote": Spec("document"),
    "for": Spec("text"),
}
DATA: dict[str, Any] = {
    "amount": "10000.00",
    "count": 0,
    "region": "EU",
    "note": "x",
    "urgent": True,
    "needed_by": "2026-11-23",
    "seen_at": "2026-11-22T23:30:00Z",
    "quote": {"name": "q.pdf", "version": 1, "sha256": "0" * 64},
    "for": "x",
}
WORDS = (
    *FIELDS,
    "while",
    "x",
    "$now",
    "$re_groups",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "=~",
    "!~",
    "and",
    "or",
    "not",
    "in",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "?",
    "??",
    ".",
    "&.",
    "&",
    "|",
    "^",
    "<<",
    ">>",
    "**",
    "*",
    "/",
    "//",
    "%",
    "+",
    "-",
    "null",
    "true",
    "false",
    "inf",
    "nan",
    "0",
    "1",
    "10.5",
    "1e999",
    "0b1",
    "'EU'",
    "'x'",
    '"y"',
    "d'2026-11-23'",
    "d'x'",
    "t'P1D'",
    "t''",
    "b'x'",
    "r'x'",
    "s'x'",
    "if",
    "elif",
    "#",
    "=",
    "!",
    "'",
    '"',
    "\\",
    "\n",
)
VALUES = (
    *FIELDS,
    "0",
    "1",
    "2.5",
    "'EU'",
    "'x'",
    "true",
    "d'2026-11-23'",
    "t'P1D'",
    "null",
    "[1, 2]",
    "['EU']",
)
SIGNS = (
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "and",
    "or",
    "in",
    "not in",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "=~",
    "**",
    "&",
    "??",
)

expressions = st.recursive(
    st.sampled_from(VALUES),
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from(SIGNS), part).map(lambda parts: f"({' '.join(parts)})"),
        part.map(lambda one: f"not {one}"),
        part.map(lambda one: f"-{one}"),
    ),
    max_leaves=8,
)


def rule_or_none(text: str) -> Rule | None:
    with suppress(RuleProblem):
        return compile_rule(text, FIELDS)
    return None


def answers_or_says_why(text: str) -> None:
    compiled = rule_or_none(text)
    if compiled is None:
        return
    for data in (DATA, {}, dict.fromkeys(FIELDS)):
        with suppress(RuleCannotBeEvaluated):
            assert compiled.holds(data) in (True, False)


@given(st.text(max_size=60))
@example("d'" + "9" * 50 + "'")
@example("'\ud800' == note")
@example("d'0001-01-01T00:00+23:59' < needed_by")
@example("1 / 3 * 3 == 1")
@example(" * ".join(["999999999999999"] * 45) + " > 1")
@example("amount * amount * amount * amount > amount // 0.0000000001 % 7")
def test_any_text_is_a_rule_or_refused(text: str) -> None:
    answers_or_says_why(text)


@given(st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join))
def test_any_row_of_words_is_a_rule_or_refused(text: str) -> None:
    answers_or_says_why(text)


@given(expressions)
def test_any_expression_is_a_rule_or_refused(text: str) -> None:
    answers_or_says_why(text)


@given(expressions)
def test_with_every_field_filled_only_arithmetic_can_fail(text: str) -> None:
    compiled = rule_or_none(text)
    if compiled is None:
        return
    failure = ""
    try:
        compiled.holds(DATA)
    except RuleCannotBeEvaluated as problem:
        failure = str(problem)
    assert not failure or "divides by zero" in failure or "too large" in failure
