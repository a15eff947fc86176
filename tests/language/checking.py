"""What is unmarked in answers, and the failure that names it."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.language.locating import SourceIndex
from tests.language.pseudo import unmarked_in_answer, unmarked_in_page


def sentences_of(answer: Any) -> Iterator[str]:
    """The unmarked sentences of an answer, whatever it is."""
    kind = answer.headers.get("Content-Type", "")
    if answer.streaming or answer.headers.get("Content-Disposition", "").startswith("attach"):
        return
    if kind.startswith("text/html"):
        yield from unmarked_in_page(answer.content.decode())
    elif "json" in kind:
        yield from unmarked_in_answer(answer.json())


def check(found: Iterable[tuple[str, str]]) -> None:
    """Fail with a report where a sentence is not marked."""
    places: dict[str, str] = {}
    for place, sentence in found:
        places.setdefault(sentence, place)
    if places:
        pytest.fail(SourceIndex().report(places), pytrace=False)
