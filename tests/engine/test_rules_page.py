"""The page about rules tells the truth: what it allows is read, what it refuses is refused."""

import re
from contextlib import suppress
from pathlib import Path

import pytest

from tests.engine.field_specs import Spec
from workflows.engine.rules.evaluation import RuleProblem, compile_rule

FIELDS = {
    "amount": Spec("money"),
    "amount_eur": Spec("money", currency="EUR"),
    "amount_usd": Spec("money", currency="USD"),
    "advance": Spec("money"),
    "count": Spec("integer"),
    "rate": Spec("number"),
    "region": Spec("choice", choices=["EU", "US", "APAC"]),
    "note": Spec("text"),
    "urgent": Spec("boolean"),
    "needed_by": Spec("date"),
    "seen_at": Spec("datetime"),
    "closed_at": Spec("datetime"),
    "manager": Spec("user"),
    "deputy": Spec("user"),
    "quote": Spec("document"),
    "receipts": Spec("documents"),
}
PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
ALLOWED, REFUSED = PAGE.read_text(encoding="utf-8").split("## What is refused")


def in_column(text: str, column: int) -> list[str]:
    """Everything between backquotes in a column of a page's tables."""
    rows = (re.split(r"(?<!\\)\|", line) for line in text.splitlines() if line.startswith("| "))
    found = (re.findall(r"`([^`]+)`", row[column]) for row in rows)
    return [code.replace("\\|", "|") for codes in found for code in codes]


@pytest.mark.parametrize("text", in_column(ALLOWED, 2))
def test_what_the_page_allows_is_read(text: str) -> None:
    assert compile_rule(text, FIELDS).fields


@pytest.mark.parametrize("text", in_column(REFUSED, 1))
def test_what_the_page_refuses_is_refused(text: str) -> None:
    with suppress(RuleProblem):
        compile_rule(text, FIELDS)
        pytest.fail(f"{text} is read")
