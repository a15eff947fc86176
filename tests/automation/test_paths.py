"""Paths into answers: exactly one value, or an error that says why there is none."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.engine.values.json_paths import PathProblem, check_path, find_single_value

ANSWER: Any = {
    "number": "PO-7",
    "total": "12.50",
    "ok": False,
    "none": None,
    "empty": "",
    "odd key": {"it's": 1},
    "lines": [{"sku": "a", "qty": 1}, {"sku": "b", "qty": 2}],
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.number", "PO-7"),
        ("$['number']", "PO-7"),
        ("$.ok", False),
        ("$.none", None),
        ("$.empty", ""),
        ("$.lines[0].sku", "a"),
        ("$.lines[-1].qty", 2),
        ("$.lines[?@.sku == 'b'].qty", 2),
        ("$.lines[?count(@.*) == 2 && @.qty > 1].sku", "b"),
        ("$['odd key']['it\\'s']", 1),
        ("$..total", "12.50"),
        ("$", ANSWER),
        ("$.lines", ANSWER["lines"]),
    ],
)
def test_one_value_is_given_as_it_is(path: str, value: Any) -> None:
    check_path(path)
    found = find_single_value(ANSWER, path)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("$.missing", "output_missing"),
        ("$.number.deeper", "output_missing"),
        ("$.lines[2]", "output_missing"),
        ("$.lines[?@.sku == 'z']", "output_missing"),
        ("$.lines[*].sku", "output_ambiguous"),
        ("$..sku", "output_ambiguous"),
        ("$.lines['0']", "output_missing"),
    ],
)
def test_no_value_is_told_from_several(path: str, code: str) -> None:
    with pytest.raises(PathProblem) as caught:
        find_single_value(ANSWER, path)
    assert caught.value.code == code
    assert path in str(caught.value)


@pytest.mark.parametrize(
    "path",
    [
        *("", "number", "$.", "$[", "$.a b", "$ .a ", "$[99999999999999999999]", "@.a", "$.a\x00"),
        *("$[?nosuch(@.a)]", "$[?match(@.a, '(a+)+b')]", "$[?search (@.a, 'x')]"),
        "$" + "[?" * 500,
        "$" + "['b']" * 5000,
    ],
)
def test_what_is_no_path_is_told_before_any_answer(path: str) -> None:
    for attempt in (lambda: check_path(path), lambda: find_single_value(ANSWER, path)):
        with pytest.raises(PathProblem) as caught:
            attempt()
        assert caught.value.code == "path_unreadable"
        assert len(str(caught.value)) < 600


def test_an_answer_nested_deep_is_refused_in_words() -> None:
    deep = json.loads('{"x":' * 400 + "1" + "}" * 400)
    with pytest.raises(PathProblem) as caught:
        find_single_value(deep, "$..number")
    assert caught.value.code == "output_missing"
    assert find_single_value(deep, "$" + ".x" * 5) is not None


@given(
    st.text(max_size=40),
    st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)),
)
def test_any_text_is_a_path_or_refused(path: str, answer: Any) -> None:
    for text in (path, f"$.{path}", f"$[?{path}]"):
        with suppress(PathProblem):
            find_single_value(answer, text)
