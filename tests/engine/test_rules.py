"""A rule holds, does not, or says that it cannot be evaluated; a wrong one is refused early."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.field_specs import Spec
from workflows.engine.rules.evaluation import Rule, RuleCannotBeEvaluated, RuleProblem, compile_rule

FIELDS: Mapping[str, Spec] = {
    "amount": Spec("money", currency="EUR", label="Amount"),
    "advance": Spec("money", currency="EUR"),
    "dollars": Spec("money", currency="USD"),
    "count": Spec("integer"),
    "rate": Spec("number"),
    "region": Spec("choice", choices=["EU", "US", "APAC"]),
    "fallback": Spec("choice", choices=["EU", "LATAM"]),
    "colour": Spec("choice", choices=["red", "blue"]),
    "note": Spec("long_text"),
    "urgent": Spec("boolean"),
    "needed_by": Spec("date"),
    "seen_at": Spec("datetime"),
    "manager": Spec("user"),
    "deputy": Spec("user"),
    "quote": Spec("document"),
    "for": Spec("text"),
    "while": Spec("text"),
}
DATA: dict[str, Any] = {
    "amount": "10000.00",
    "advance": "0.10",
    "dollars": "5.00",
    "count": 12,
    "rate": "0.3",
    "region": "EU",
    "fallback": "LATAM",
    "colour": "red",
    "note": "urgent: café",
    "urgent": False,
    "needed_by": "2026-11-23",
    "seen_at": "2026-11-22T23:30:00Z",
    "manager": "omar",
    "deputy": "olivia",
    "quote": {"name": "q.pdf", "version": 2, "sha256": "0" * 64},
}


def rule(text: str) -> Rule:
    return compile_rule(text, FIELDS)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("amount > 10000 or region == 'APAC'", False),
        ("amount >= 10000 and region != 'APAC'", True),
        ('region == "EU"', True),
        ("region in ['US', 'EU']", True),
        ("region not in ['US', 'EU']", False),
        ("region == fallback", False),
        ("not urgent", True),
        ("urgent == false", True),
        ("urgent", False),
        ("(amount > 1) == urgent", False),
        ("not (amount > 1 and count < 20)", False),
        ("count * 2 + 1 == 25", True),
        ("count % 5 == 2", True),
        ("count // 5 == 2", True),
        ("-count < 0", True),
        ("amount - advance == 9999.90", True),
        ("amount / 4 == 2500", True),
        ("count in [10, 11, 12]", True),
        ("needed_by == d'2026-11-23'", True),
        ("needed_by < d'2026-11-23T00:01Z'", True),
        ("seen_at < d'2026-11-23'", True),
        ("seen_at < d'2026-11-23T00:30+01:00'", False),
        ("needed_by - seen_at < t'PT1H'", True),
        ("needed_by + t'P1W2D' > d'2026-12-01'", True),
        ("'café' in note", True),
        ("'missing' not in note", True),
        ("manager == 'omar'", True),
        ("manager == deputy", False),
        ("manager in [deputy, 'omar']", True),
        ("quote > 1", True),
        ("quote != null", True),
        ("amount\n> 1\n# only the dear ones", True),
        ("true", True),
        ("1 + 1 == 2", True),
    ],
)
def test_a_rule_holds_or_not(text: str, holds: bool) -> None:
    assert rule(text).holds(DATA) is holds


def test_decimals_are_exact() -> None:
    assert rule("rate == 0.1 + 0.2").holds({"rate": "0.3"})
    assert rule("amount - 0.01 == advance").holds(
        {"amount": "999999999999999.99", "advance": "999999999999999.98"}
    )
    assert rule("amount * rate - amount * 1000 == amount / 100000000").holds(
        {"amount": "999999999999999.00", "rate": "1000.00000001"}
    )


@given(
    st.decimals(-(10**14), 10**14, allow_nan=False, places=2),
    st.decimals(-(10**14), 10**14, allow_nan=False, places=10),
    st.integers(-(10**9), 10**9),
)
def test_rules_count_as_decimals_do(amount: Decimal, rate: Decimal, count: int) -> None:
    data = {"amount": str(amount), "rate": format(rate, "f"), "count": count}
    assert rule("amount > rate").holds(data) is (amount > rate)
    assert rule("rate + count <= amount").holds(data) is (rate + count <= amount)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "The rule is empty"),
        ("   \n", "The rule is empty"),
        ("amout > 1", "did you mean amount?"),
        ("Region == 'EU'", "did you mean region?"),
        ("weight > 1", "There is no field `weight`; declare it"),
        ("region == EU", "put quotes around a text"),
        ("amount == 'x'", "compares a number with a text"),
        ("amount > 'x'", "compares a number with a text"),
        ("'x' == amount", "compares a text with a number"),
        ("urgent == 1", "compares a yes or no with a number"),
        ("needed_by == '2026-11-23'", "compares a date with a text"),
        ("needed_by > 3", "compares a date with a number"),
        ("seen_at - needed_by > 3", "compares a period with a number"),
        ("count in ['1', '2']", "compares a number with a text"),
        ("region == 'APAK'", "'APAK' is not one of its choices; write one of EU, US, APAC"),
        ("'APAK' != region", "not one of its choices"),
        ("region in ['EU', 'LATAM']", "'LATAM' is not one of its choices"),
        ("region == colour", "not one of its choices"),
        ("region < 'US'", "a text has no order"),
        ("urgent > false", "a yes or no has no order"),
        ("'E' in region", "what follows in is a list"),
        ("'a' in manager + 'b'", "a text + a text cannot be worked out"),
        ("1 in count", "what follows in is a list"),
        ("count in []", "the list is empty"),
        ("[1] == [1]", "a list is not compared"),
        ("amount > dollars", "amounts in EUR and in USD"),
        ("amount + dollars > 1", "amounts in EUR and in USD"),
        ("amount", "not a condition"),
        ("amount + 1", "not a condition"),
        ("'EU'", "not a condition"),
        ("[urgent]", "not a condition"),
        ("not amount", "`amount` is a number, not a condition"),
        ("amount and urgent", "`amount` is a number, not a condition"),
        ("amount > 1 or 'EU'", "`'EU'` is a text, not a condition"),
        ("needed_by + 3 > needed_by", "a date + a number cannot be worked out"),
        ("needed_by + needed_by > needed_by", "cannot be worked out"),
        ("urgent * 2 > 1", "cannot be worked out"),
        ("-note == 'x'", "the minus stands before a text"),
        ("region =~ 'E.*'", "regular expressions are not allowed"),
        ("region =~~ 'E.*'", "regular expressions are not allowed"),
        ("region !~ '(a+)+$'", "regular expressions are not allowed"),
        ("'a' =~ '('", "regular expressions are not allowed"),
        ("amount ** 2 > 1", "** is not allowed"),
        ("9 ** 9 ** 9 > 1", "** is not allowed"),
        ("[x for x in [1]] == [1]", "comprehensions are not allowed"),
        ("note.length > 1", "a dot and a name are not allowed"),
        ("note&.length > 1", "a dot and a name are not allowed"),
        ("note[0] == 'x'", "square brackets after a value are not allowed"),
        ("note[0:2] == 'x'", "square brackets after a value are not allowed"),
        ("len(note) > 1", "calling a function is not allowed"),
        ("$abs(count) > 1", "calling a function is not allowed"),
        ("$random() > 0", "calling a function is not allowed"),
        ("$now > seen_at", "`$now` is not allowed"),
        ("$today == needed_by", "`$today` is not allowed"),
        ("$pi > 3", "`$pi` is not allowed"),
        ("count & 1 == 1", "&, | and ^ are not allowed"),
        ("count | 1 == 1", "&, | and ^ are not allowed"),
        ("count ^ 1 == 1", "&, | and ^ are not allowed"),
        ("1 << 99999999999 > 1", "<< and >> are not allowed"),
        ("count >> 1 == 1", "<< and >> are not allowed"),
        ("urgent ? true : false", "a ? b : c is not allowed"),
        ("(amount ?? 0) > 1", "?? is not allowed"),
        ("count in {1, 2}", "curly brackets are not allowed"),
        ("{'a': 1} == {'a': 1}", "curly brackets are not allowed"),
        ("b'x' == b'x'", "write the text without the b"),
        ("amount > inf", "`inf` is not a plain number"),
        ("amount == nan", "`nan` is not a plain number"),
        ("amount > 1e5", "`1e5` is not a plain number"),
        ("amount > 0x10", "`0x10` is not a plain number"),
        ("amount > 007", "`007` is not a plain number"),
        ("amount > 1" + "0" * 15, "is not a plain number"),
        ("amount / 0 > 1", "divides by zero"),
        ("count % 0.0 > 1", "divides by zero"),
        ("amount > 1 / (2 - 2)", "divides by zero"),
        ("needed_by > d'23.11.2026'", "is not a date; write it as d'2026-11-23'"),
        ("needed_by > d'2026-02-30'", "is not a date"),
        ("needed_by > d'9999-12-31T24:00'", "is not a date"),
        ("needed_by > d'2199-12-31'" + " + t'P99999W'" * 5, "becomes too large"),
        ("seen_at - needed_by > t'1D'", "is not a period; write days as t'P14D'"),
        ("seen_at - needed_by > t'P'", "is not a period"),
        ("amount > null", "stands only right beside a field"),
        ("null", "stands only right beside a field"),
        ("null == null", "only a field can be empty"),
        ("amount + 1 == null", "only a field can be empty"),
        ("weight == null", "There is no field `weight`"),
        ("amount in [1, null]", "stands only right beside a field"),
        ("amount = 1", "(character 8): write == to compare"),
        ("amount > 10,000", "without thousands separators"),
        ("1 < amount < 5", "join two comparisons with and"),
        ("amount > 1 AND urgent", "write and in small letters"),
        ("urgent && urgent", "write and"),
        ("!urgent", "write != or not"),
        ("region == ‘EU’", "straight quotes"),
        ("region == 'EU", "close the text with the quote"),
        ("amount >", "ends too early"),
        ("(amount > 1", "ends too early"),
        ("amount > 1)", "cannot be read at `)`"),
        ("else", "`else` is not allowed in a rule"),
        ("for == 'x'", "give the field another key"),
        ("while == 'x'", "give the field another key"),
        ("note == 'a\\d'", "backslash"),
        ("amount > 1\x00", "cannot be read"),
        ("amount > 1 or " * 80 + "urgent", "longer than 1000 characters"),
        (" or ".join(["urgent"] * 51), "more than 50 deep"),
        ("not " * 200 + "urgent", "more than 50 deep"),
        ("-" * 900 + "1 > 0", "more than 50 deep"),
        ("[" * 400 + "]" * 400, "more than 50 deep"),
    ],
)
def test_a_wrong_rule_is_refused_with_what_to_change(text: str, says: str) -> None:
    with pytest.raises(RuleProblem) as refused:
        rule(text)
    assert says in str(refused.value)
    assert str(refused.value).endswith((".", "?"))


def test_a_rule_of_fifty_conditions_is_read() -> None:
    assert not rule(" or ".join(["urgent"] * 50)).holds(DATA)
    assert rule("(" * 200 + "not urgent" + ")" * 200).holds(DATA)


@pytest.mark.parametrize(
    "data",
    [{}, {"amount": None}, {"amount": "NaN"}, {"amount": "Infinity"}, {"amount": Decimal("sNaN")}]
    + [{"amount": wrong} for wrong in ("much", True, 1.5, [1], {"version": 1})],
)
@pytest.mark.parametrize("text", ["amount > 1", "not (amount > 1)", "amount != 1", "amount in [1]"])
def test_a_value_that_is_missing_or_no_number_is_never_false(
    text: str, data: Mapping[str, Any]
) -> None:
    with pytest.raises(RuleCannotBeEvaluated, match="needs Amount, which") as refused:
        rule(text).holds(data)
    assert f"`{text}`" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("needed_by > d'2026-01-01'", "soon"),
        ("seen_at > d'2026-01-01'", "2026-11-23T09:00"),
        ("urgent", "yes"),
        ("region == 'EU'", 5),
        ("quote > 1", "q.pdf"),
        ("quote > 1", {}),
    ],
)
def test_a_value_of_another_type_is_never_false(text: str, value: object) -> None:
    with pytest.raises(RuleCannotBeEvaluated, match="another type"):
        rule(text).holds(dict.fromkeys(FIELDS, value))


@pytest.mark.parametrize(
    ("text", "data", "says"),
    [
        ("amount / count > 1", {"amount": "1.00", "count": 0}, "divides by zero"),
        ("needed_by + t'P9W' > seen_at", DATA | {"needed_by": "9999-12-01"}, "too large"),
    ],
)
def test_what_cannot_be_worked_out_is_never_false(
    text: str, data: Mapping[str, Any], says: str
) -> None:
    with pytest.raises(RuleCannotBeEvaluated, match=says):
        rule(text).holds(data)


def test_an_empty_field_does_no_harm_where_the_answer_is_known_before_it() -> None:
    either = rule("amount > 1 or count > 2")
    assert either.holds({"amount": "5.00"})
    with pytest.raises(RuleCannotBeEvaluated, match="needs count"):
        either.holds({"amount": "0.50"})
    with pytest.raises(RuleCannotBeEvaluated, match="needs Amount"):
        either.holds({"count": 5})
    both = rule("amount > 1 and count > 2")
    assert not both.holds({"amount": "0.50"})


def test_an_optional_field_can_be_tested_for_being_empty() -> None:
    empty, filled = {"needed_by": None}, {"needed_by": "2026-11-23"}
    for text in ("needed_by == null", "null == needed_by"):
        assert rule(text).holds(empty)
        assert rule(text).holds({})
        assert not rule(text).holds(filled)
    assert not rule("needed_by != null").holds(empty)
    assert rule("needed_by != null").holds(filled)
    guarded = rule("needed_by != null and needed_by < d'2027-01-01'")
    assert guarded.holds(filled)
    assert not guarded.holds(empty)


@pytest.mark.parametrize("key", [key for key in FIELDS if key not in ("for", "while")])
def test_every_type_can_be_tested_for_being_empty(key: str) -> None:
    assert rule(f"{key} == null").holds({key: None})
    assert rule(f"{key} != null").holds(DATA)


def test_a_rule_tells_which_fields_it_names() -> None:
    assert rule("amount > 1 or (needed_by == null and region in ['EU'])").fields == {
        "amount",
        "needed_by",
        "region",
    }
    assert rule("true").fields == frozenset()


def test_compiling_the_same_rule_again_gives_the_same_rule() -> None:
    assert rule("amount > 17") is rule("amount > 17")
    cheap = compile_rule("amount > 17", {"amount": Spec("number")})
    assert cheap is not rule("amount > 17")


def test_a_refused_rule_leaves_the_next_one_alone() -> None:
    for wrong in ("amount >", "amount = 1", "while", "(", "amount ** 2 > 1"):
        with pytest.raises(RuleProblem):
            rule(wrong)
        assert rule(f"amount > {len(wrong)}").holds(DATA)


def test_rules_can_be_compiled_and_asked_in_many_threads() -> None:
    def ask(number: int) -> bool:
        return rule(f"amount > {number} and count in [{number}, 12]").holds(
            DATA | {"amount": str(number + 1)}
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(200)))
