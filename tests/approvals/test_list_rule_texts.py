"""Rules over lists in words."""

import pytest

from approvals.forms.rule_texts import rule_text
from tests.engine.test_lists import FILE
from workflows.engine.format.files import read_definition


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("sum(lines.net) > 1000", "the sum of “Net” in “Lines” is more than 1,000.00 EUR"),
        ("count(lines) >= 3", "the number of rows of “Lines” is at least 3"),
        (
            "sum(lines.net, item == 'Chair') > 1000",
            "the sum of “Net” in “Lines” (only where “Item” is Chair) is more than 1,000.00 EUR",
        ),
        (
            "not count(lines, item == 'Chair' or net > 5) > 2",
            "the number of rows of “Lines” (only where “Item” is Chair or “Net” is more than"
            " 5.00 EUR) is at most 2",
        ),
        ("any(lines, net > 5)", "(in a row of “Lines”: “Net” is more than 5.00 EUR)"),
        (
            "not any(lines, item == 'Chair')",
            "(in every row of “Lines”: “Item” is not Chair)",
        ),
        ("sum(lines.net) * 2 > 5", "“sum(lines.net) * 2 > 5” holds"),
        ("lines == null", "“Lines” is empty"),
    ],
)
def test_what_is_asked_of_a_list_has_words(rule: str, words: str) -> None:
    said = rule_text(read_definition(FILE, name="order"), rule)
    assert said.replace("\u202f", " ").replace("\u00a0", " ") == words
