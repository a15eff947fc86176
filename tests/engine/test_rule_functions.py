"""Functions that packages add to rules: typed before publication, and never a crash afterwards."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from workflows.engine.format.definition import FieldDef
from workflows.engine.registries import RegistryProblem
from workflows.engine.rules.evaluation import (
    RuleCannotBeEvaluated,
    RuleProblem,
    compile_expression,
    compile_rule,
)
from workflows.engine.rules.rule_functions import LONGEST_TEXT, RULE_FUNCTIONS, RuleFunction

FIELDS = {
    "account": FieldDef(type="text"),
    "day": FieldDef(type="date"),
    "amount": FieldDef(type="number"),
    "lines": FieldDef.model_validate(
        {"type": "list", "columns": {"net": {"type": "number"}, "note": {"type": "text"}}}
    ),
}
Add = Callable[..., None]


@pytest.fixture
def add() -> Iterator[Add]:
    """Adds functions for one test."""
    names = []

    def add_one(name: str, run: Any, *takes: Any, gives: Any = "boolean") -> None:
        RULE_FUNCTIONS.register(name, RuleFunction(takes=takes, gives=gives, run=run))
        names.append(name)

    yield add_one
    for name in names:
        RULE_FUNCTIONS.unregister(name)


def test_a_function_stands_wherever_its_kind_does(add: Add) -> None:
    add("t_german", lambda text: text.startswith("DE"), "text")
    add("t_fee", lambda amount, day: amount * day.month, "number", "date", gives="number")
    rule = compile_rule("t_german(account) and not t_fee(amount, day) > 30", FIELDS)
    assert rule.fields == {"account", "amount", "day"}
    assert rule.holds({"account": "DE", "amount": "10", "day": "2026-03-02"})
    assert not rule.holds({"account": "FR", "amount": "10", "day": "2026-03-02"})
    assert not rule.holds({"account": "DE", "amount": "11", "day": "2026-03-02"})
    value = compile_expression("t_fee(sum(lines.net) + 1, day) * 2", FIELDS)
    assert value.kind == "number"
    assert value.value({"lines": [{"net": "4"}], "day": "2026-02-02"}) == Decimal(20)


def test_what_a_function_is_given_is_what_python_has(add: Add) -> None:
    seen: list[Any] = []
    add("t_seen", lambda *given: bool(seen.extend(given) or True), "text", "number", "date")
    compile_rule("t_seen(account, amount, day)", FIELDS).holds(
        {"account": "x", "amount": "1.50", "day": "2026-03-02"}
    )
    assert seen[:2] == ["x", Decimal("1.5")]
    assert isinstance(seen[2], datetime)
    assert seen[2].tzinfo is not None


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("t_german(amount)", "takes a text"),
        ("t_german()", "takes 1 values"),
        ("t_german(account, account)", "takes 1 values"),
        ("t_german(nothing)", "no field"),
        ("t_german(account) > 1", "compares"),
        ("t_other(account)", "not allowed"),
        ("$t_german(account)", "not allowed"),
        ("account.t_german(account)", "not allowed"),
        ("any(lines, t_german(note))", "beside it"),
    ],
)
def test_a_call_that_does_not_fit_is_found_before_it_runs(add: Add, rule: str, words: str) -> None:
    add("t_german", lambda text: 1 / 0, "text")
    with pytest.raises(RuleProblem, match=words):
        compile_rule(rule, FIELDS)


@pytest.mark.parametrize(
    ("run", "gives"),
    [
        (lambda text: 1 / 0, "boolean"),
        (lambda text: None, "boolean"),
        (lambda text: 1, "boolean"),
        (lambda text: True, "number"),
        (lambda text: 0.5, "number"),
        (lambda text: Decimal("NaN"), "number"),
        (lambda text: "x" * (LONGEST_TEXT + 1), "text"),
        (lambda text: text.nothing, "text"),
    ],
)
def test_what_gives_nothing_sound_cannot_be_worked_out_and_is_no_crash(
    add: Add, run: Any, gives: str
) -> None:
    add("t_odd", run, "text", gives=gives)
    with pytest.raises(RuleCannotBeEvaluated, match="t_odd"):
        compile_expression("t_odd(account)", FIELDS).value({"account": "x"})


def test_an_empty_field_is_told_as_in_all_rules(add: Add) -> None:
    add("t_german", lambda text: True, "text")
    with pytest.raises(RuleCannotBeEvaluated, match="is empty"):
        compile_rule("t_german(account)", FIELDS).holds({})


@pytest.mark.parametrize("name", ["sum", "any", "Upper", "two words", "1st", ""])
def test_a_name_that_rules_cannot_use_is_refused(name: str) -> None:
    function = RuleFunction(takes=("text",), gives="boolean", run=bool)
    with pytest.raises(RegistryProblem):
        RULE_FUNCTIONS.register(name, function)
