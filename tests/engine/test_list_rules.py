"""Rules over lists: typed before they run, exact, with a stated answer for a list of nothing."""

import time
from datetime import UTC
from decimal import Decimal
from typing import Any

import pytest

from workflows.engine.format.files import read_definition
from workflows.engine.rules.evaluation import (
    RuleCannotBeEvaluated,
    RuleProblem,
    compile_expression,
    compile_rule,
    rule_syntax_of,
)
from workflows.engine.rules.explanations import render_rule_part

FIELDS = read_definition(
    """
format: 1
key: order
name: Order
fields:
  lines:
    type: list
    max_rows: 1000
    columns:
      item: {type: text}
      net: {type: money, currency: EUR}
      usd: {type: money, currency: USD}
      pieces: {type: integer}
      wanted: {type: date}
      urgent: {type: boolean}
      kind: {type: choice, choices: [new, used]}
  tags: {type: choices, choices: [a, b]}
  who: {type: users}
  vat: {type: number}
  limit: {type: money, currency: EUR}
  boss: {type: user}
steps: {over: {kind: end, result: over}}
""",
    name="order",
).fields
ROWS = [
    {"item": "Chair", "net": "10.10", "pieces": 2, "wanted": "2026-01-05", "urgent": True},
    {"item": "Desk", "net": "0.20", "pieces": 3, "wanted": "2026-03-01", "urgent": False},
    {"item": "Lamp"},
]
DATA: dict[str, Any] = {
    "lines": ROWS,
    "tags": ["a"],
    "who": ["ann", "bob"],
    "boss": "bob",
    "vat": "0.19",
    "limit": "10.00",
}


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("sum(lines.net) == 10.3", True),
        ("sum(lines.net) * (1 + vat) > 12.256 and sum(lines.net) * (1 + vat) < 12.258", True),
        ("sum(lines.net) + limit == 20.3", True),
        ("count(lines) == 3", True),
        ("count(tags) == 1 and count(who) == 2", True),
        ("min(lines.net) == 0.2 and max(lines.pieces) == 3", True),
        ("min(lines.wanted) == d'2026-01-05' and max(lines.wanted) > d'2026-02-01'", True),
        ("any(lines, net > limit)", True),
        ("any(lines, item == 'Lamp')", True),
        ("any(lines, item == 'Sofa')", False),
        ("all(lines, item != 'Sofa')", True),
        ("all(lines, net > 5)", False),
        ("all(lines, net == null or net > 0)", True),
        ("any(lines, wanted != null and wanted < d'2026-01-06')", True),
        ("not any(lines, item == 'Sofa') and count(lines) > 2", True),
        ("count(lines, kind == null) == 3", True),
        ("count(lines, net != null and net > limit) == 1", True),
        ("count(lines, item != 'Lamp') == count(lines) - 1", True),
        ("sum(lines.net, item == 'Desk') == 0.2 and sum(lines.net, item == 'Sofa') == 0", True),
        ("sum(lines.net, item == 'Lamp') == 0", True),
        ("min(lines.wanted, item == 'Desk') == d'2026-03-01'", True),
        ("max(lines.pieces, net != null and net > 5) == 2", True),
        ("sum(lines.net, item != 'Lamp') * 2 / count(lines, item != 'Lamp') == 10.3", True),
        ("lines != null", True),
        ("'a' in tags", True),
        ("'b' in tags", False),
        ("boss in who", True),
    ],
)
def test_rules_read_lists(rule: str, holds: bool) -> None:
    assert compile_rule(rule, FIELDS, zone=UTC).holds(DATA) is holds


@pytest.mark.parametrize("nothing", [{}, {"lines": None}, {"lines": []}])
def test_a_list_of_nothing_has_stated_answers(nothing: dict[str, Any]) -> None:
    for rule, holds in {
        "sum(lines.net) == 0": True,
        "count(lines) == 0": True,
        "any(lines, net > 0)": False,
        "all(lines, net > 0)": True,
        "count(lines) > 0 and min(lines.net) > 1": False,
        "sum(lines.net, net > 1) + count(lines, net > 1) == 0": True,
        "count(lines, net > 1) > 0 and min(lines.net, net > 1) > 1": False,
    }.items():
        assert compile_rule(rule, FIELDS).holds(nothing) is holds, rule
    for rule in ("min(lines.net) > 0", "max(lines.wanted) > d'2026-01-01'"):
        with pytest.raises(RuleCannotBeEvaluated, match="lines, which has no value under"):
            compile_rule(rule, FIELDS).holds(nothing)


def test_the_least_of_rows_of_which_there_is_none_is_not_there() -> None:
    said = "lines, which has no value under net in a row for which the condition holds"
    for function in ("min", "max"):
        with pytest.raises(RuleCannotBeEvaluated, match=said):
            compile_rule(f"{function}(lines.net, item == 'Sofa') > 0", FIELDS).holds(DATA)


@pytest.mark.parametrize("asked", ["count(lines, urgent)", "sum(lines.pieces, urgent)"])
def test_a_row_of_which_a_condition_cannot_be_told_is_not_left_out(asked: str) -> None:
    with pytest.raises(RuleCannotBeEvaluated, match="urgent, which is empty"):
        compile_rule(f"{asked} > 0", FIELDS).holds(DATA)
    assert compile_rule(f"{asked} > 0", FIELDS).holds({**DATA, "lines": ROWS[:2]})


def test_an_empty_cell_that_a_condition_needs_never_counts_as_false() -> None:
    with pytest.raises(RuleCannotBeEvaluated, match="net, which is empty"):
        compile_rule("all(lines, net > 0)", FIELDS).holds(DATA)
    assert not compile_rule("all(lines, net > 5)", FIELDS).holds(DATA)  # settled by a row before it


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"lines": "what"}, "holds a value of another type"),
        ({"lines": [{"net": "a lot"}]}, "cannot be worked out"),
        ({"lines": 5}, "holds a value of another type"),
    ],
)
def test_a_list_that_is_none_is_not_calculated_with(data: dict[str, Any], said: str) -> None:
    with pytest.raises(RuleCannotBeEvaluated):
        compile_rule("sum(lines.net) > 1", FIELDS).holds(data)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("lines", "is a list of rows, not a condition"),
        ("sum(lines) > 1", "name a column of the list"),
        ("sum(lines.item) > 1", "the column is a text"),
        ("sum(lines.wanted) > 1", "the column is a date"),
        ("max(lines.kind) == 'new'", "the column is a text"),
        ("sum(lines.net) > sum(lines.usd)", "amounts in EUR and in USD"),
        ("sum(lines.nett) > 1", "has no column `nett`"),
        ("sum(limit.net) > 1", "`limit` is no list"),
        ("sum(other.net) > 1", "There is no field `other`"),
        ("sum(lines&.net) > 1", "name a column of the list"),
        ("sum(lines.net, 1) > 1", "`1` is a number, not a condition"),
        ("sum(lines.net, net > 1, net > 2) > 1", "write sum(lines.net)"),
        ("count(tags, a == 1) > 1", "`tags` is no list"),
        ("count(lines, nett > 1) > 1", "There is no field `nett`"),
        ("count(lines, sum(lines.net) > 1) > 1", "what is asked of each row of a list"),
        ("len(lines) > 1", "calling a function is not allowed"),
        ("$sum(lines.net) > 1", "calling a function is not allowed"),
        ("lines.net > 1", "a dot and a name are not allowed"),
        ("any(lines)", "write sum(lines.net)"),
        ("any(lines, net)", "`net` is a number, not a condition"),
        ("any(tags, a == 1)", "`tags` is no list"),
        ("any(lines, kind == 'old')", "'old' is not one of its choices"),
        ("any(lines, count(lines) > 1)", "do not stand inside what is asked of each row"),
        ("any(lines, item =~ 'a.*')", "regular expressions are not allowed"),
        ("min(lines.wanted) > 5", "compares a date with a number"),
        ("lines == tags", "compares a list of rows with a list"),
        ("lines == lines", "a list is not compared"),
        ("'c' in tags", "'c' is not one of its choices"),
        ("tags in ['a']", "compares a list with a text"),
    ],
)
def test_what_lists_cannot_be_asked_is_refused_before_it_runs(rule: str, said: str) -> None:
    with pytest.raises(RuleProblem) as refused:
        compile_rule(rule, FIELDS)
    assert said in str(refused.value)


def test_a_rule_names_the_fields_that_it_reads_and_no_columns() -> None:
    rule = compile_rule("any(lines, net > limit) and sum(lines.pieces) > 1", FIELDS)
    assert rule.fields == {"lines", "limit"}
    expression = compile_expression("sum(lines.net) * (1 + vat)", FIELDS)
    assert expression.fields == {"lines", "vat"}
    assert (expression.kind, expression.currency) == ("number", None)
    assert compile_expression("sum(lines.net)", FIELDS).currency == "EUR"
    assert compile_expression("sum(lines.pieces) + count(lines)", FIELDS).whole


def test_a_sum_is_exact() -> None:
    rows = [{"net": "999999999999999.99"}] * 500 + [{"net": "-0.01"}] * 500
    assert compile_expression("sum(lines.net)", FIELDS).value({"lines": rows}) == (
        500 * Decimal("999999999999999.99") - Decimal("5.00")
    )


def test_a_thousand_rows_cost_a_thousand_times_one() -> None:
    rule = compile_rule("sum(lines.net) > 1 and all(lines, net < limit or pieces < 3)", FIELDS)
    data = {"lines": [{"net": "1.00", "pieces": 2}] * 1000, "limit": "10.00"}
    begun = time.perf_counter()
    assert rule.holds(data)
    assert time.perf_counter() - begun < 1


@pytest.mark.parametrize(
    "rule",
    [
        "limit * (vat + 1) > 2",
        "limit * vat + 1 > 2",
        "limit - (vat - 1) > 2",
        "limit - vat - 1 > 2",
        "limit / (vat * 2) > 2",
        "-(limit + vat) > 2",
        "limit > 2 and (vat > 1 or vat < 0)",
        "limit > 2 and vat > 1 or vat < 0",
        "not (limit > 2 or vat > 1)",
        "not (boss in who)",
        "count(lines, urgent and (net > 2 or net < 1)) > 2",
    ],
)
def test_a_part_of_a_rule_is_quoted_with_the_brackets_that_it_needs(rule: str) -> None:
    assert render_rule_part(rule_syntax_of(rule, FIELDS), 200) == rule
