"""The table that says a map in words says how many must agree at a step."""

from typing import Any

import pytest
from django.utils.translation import override

from workflows.definitions.diagrams.labels import quorum_words

SAID: list[tuple[Any, str]] = [
    (None, ""),
    (1, ""),
    (2, "2 must agree"),
    ("all", "everybody in the role must agree"),
    ("60%", "60% of the role must agree"),
    ({"finance": 1, "legal_desk": 2}, "must agree: 1 of Finance, 2 of Legal desk"),
    ({"field": "how_many"}, "as many must agree as “How many” says"),
    ("many", ""),
]


@pytest.mark.parametrize(("quorum", "words"), SAID, ids=str)
def test_each_form_of_a_quorum_is_a_sentence(quorum: Any, words: str) -> None:
    assert quorum_words(quorum) == words


def test_it_is_said_in_the_readers_language() -> None:
    with override("de"):
        assert quorum_words("60%") == "60 % der Rolle müssen zustimmen"
