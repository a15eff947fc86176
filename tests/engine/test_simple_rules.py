"""Rules from boxes: what is put together is an ordinary rule, and comes apart again."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import FieldDef
from workflows.engine.rules.evaluation import compile_rule
from workflows.engine.rules.simple_rules import SIGNS, Term, read_rule, write_rule

FIELDS = {
    "amount": FieldDef.model_validate({"type": "money", "currency": "EUR"}),
    "note": FieldDef.model_validate({"type": "text"}),
    "urgent": FieldDef.model_validate({"type": "boolean"}),
    "day": FieldDef.model_validate({"type": "date"}),
}
KINDS = {key: field.type for key, field in FIELDS.items()}
WORDS = st.text(st.characters(blacklist_characters="\\\"'", blacklist_categories=["C", "Z"]))
TERMS = st.one_of(
    st.builds(
        lambda sign, value: Term(field="amount", comparison=sign, value=str(value)),
        st.sampled_from(SIGNS),
        st.decimals(0, 10**9, places=2),
    ),
    st.builds(lambda value: Term(field="note", comparison="==", value=value), WORDS),
    st.builds(
        lambda value: Term(field="urgent", comparison="==", value=value),
        st.sampled_from(["yes", "no"]),
    ),
    st.builds(
        lambda value: Term(field="day", comparison="<", value=value.isoformat()),
        st.dates(min_value=date(1900, 1, 2)).filter(lambda d: d.year < 2199),
    ),
    st.builds(
        lambda key, word: Term(field=key, comparison=word),
        st.sampled_from(list(KINDS)),
        st.sampled_from(["empty", "filled"]),
    ),
)


@given(terms=st.lists(TERMS, min_size=1, max_size=4), joiner=st.sampled_from(["and", "or"]))
def test_a_rule_from_boxes_can_be_worked_out_and_comes_apart_again(
    terms: list[Term], joiner: str
) -> None:
    rule = write_rule(terms, "or" if joiner == "or" else "and", KINDS)
    compile_rule(rule, FIELDS)
    read = read_rule(rule)
    assert read is not None
    assert read[0] == terms
    assert read[1] == joiner or len(terms) == 1


@pytest.mark.parametrize(
    "rule", ["not urgent", "amount > 1 and (urgent or note == 'x')", "amount > other", "", "x y z"]
)
def test_a_rule_that_says_more_than_boxes_can_is_left_to_its_text(rule: str) -> None:
    assert read_rule(rule) is None


@pytest.mark.parametrize(
    "term",
    [
        Term(field="", comparison="==", value="1"),
        Term(field="amount", comparison="", value="1"),
        Term(field="amount", comparison=">", value=""),
        Term(field="urgent", comparison="==", value="perhaps"),
        Term(field="note", comparison="==", value="both ' and \""),
    ],
)
def test_what_is_no_comparison_yet_is_refused_in_words(term: Term) -> None:
    with pytest.raises(InvalidInput):
        write_rule([term], "and", KINDS)
