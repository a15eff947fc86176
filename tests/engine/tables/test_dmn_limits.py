"""What DMN and a map cannot say to each other, as docs/tables.md lists it: each is refused."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.engine.tables.test_dmn import COLLECT, OURS, dmn, map_with, read, table
from workflows.engine.dmn.writing import write_dmn
from workflows.engine.errors import DefinitionProblem

PAGE = Path(__file__).parents[3] / "docs" / "tables.md"


def of(
    *rule: str, asks: str = "age", sets: str = "routing", how: str = 'hitPolicy="UNIQUE"'
) -> str:
    return table([asks], [sets], *rule, attributes=how)


NOT_TAKEN: dict[str, list[str]] = {
    "PRIORITY, RULE ORDER and OUTPUT ORDER": [
        of('- || "ACCEPT"', how=f'hitPolicy="{policy}"')
        for policy in ("PRIORITY", "RULE ORDER", "OUTPUT ORDER")
    ],
    "COLLECT without an aggregator into a field for one value": [
        of("- || 1", sets="discount", how=COLLECT)
    ],
    "COLLECT with an aggregator that the map has not": [
        of("- || 1", sets="discount", how=f'{COLLECT} aggregation="AVG"'),
        of('- || "credit"', sets="checks", how=f'{COLLECT} aggregation="SUM"'),
    ],
    "collected rows that lead to several steps": [
        of('< 5 || "yes"', '- || "no"', sets="to", how=COLLECT)
    ],
    "rows of ANY that hold at once": [of('< 5 || "ACCEPT"', '- || "REFER"', how='hitPolicy="ANY"')],
    "names, functions, sums and durations": [
        of('> income || "ACCEPT"'),
        of('> 5 + 1 || "ACCEPT"'),
        of("- || upper(word)"),
        of('> duration("P1D") || "ACCEPT"', asks="joined"),
    ],
    "cells that their field does not take": [
        of('"5" || "ACCEPT"'),
        of('> "a" || "ACCEPT"', asks="word"),
        of('[9..5] || "ACCEPT"'),
    ],
    "inputs that are no field": [
        of('- || "ACCEPT"', asks="weight"),
        of('- || "ACCEPT"', asks="checks"),
    ],
    "outputs that are no field": [of("- || 1", sets="colour"), of('- || "MAYBE"')],
    "ways to steps that the map has not": [of('- || "nowhere"', sets="to")],
    "decisions that are no table": [
        "<literalExpression><text>1</text></literalExpression>",
        of('- || "ACCEPT"') + of('- || "ACCEPT"').join(('</decision><decision id="d2">', "")),
    ],
    "tables without a column or a row": [table([], ["routing"], ' || "ACCEPT"'), of()],
}
NOT_WRITTEN: dict[str, list[dict[str, Any]]] = {
    "a `collect` that puts its results together in several ways": [
        OURS[2] | {"outputs": ["discount", "age"], "collect": {"discount": "sum", "age": how}}
        for how in ("max", "count")
    ]
    + [OURS[3] | {"outputs": ["checks", "age"], "collect": {"checks": "list", "age": "max"}}]
}


def listed(opening: str) -> list[str]:
    """The points of the page's list that opens so."""
    after = PAGE.read_text(encoding="utf-8").split(f"{opening}\n\n")[1].split("\n\n")[0]
    return [" ".join(point.split()) for point in re.split(r"^- ", after, flags=re.MULTILINE)[1:]]


@pytest.mark.parametrize(
    ("opening", "limits"), [("Not taken are", NOT_TAKEN), ("Not written is", NOT_WRITTEN)]
)
def test_the_page_lists_what_is_tried_here(opening: str, limits: dict[str, Any]) -> None:
    points = listed(opening)
    assert len(points) == len(limits)
    for point, limit in zip(points, limits, strict=True):
        assert point.startswith(limit)


@pytest.mark.parametrize("written", [one for cases in NOT_TAKEN.values() for one in cases])
def test_what_is_not_taken_is_refused_with_its_line(written: str) -> None:
    with pytest.raises(DefinitionProblem, match="line "):
        read(dmn(written))


@pytest.mark.parametrize("said", [one for cases in NOT_WRITTEN.values() for one in cases])
def test_what_is_not_written_says_what_to_change(said: dict[str, Any]) -> None:
    with pytest.raises(DefinitionProblem) as refused:
        write_dmn(map_with(**said), "t")
    for key, how in said["collect"].items():
        assert f"{key}: {how}" in str(refused.value)
    assert "part it into tables one after another" in str(refused.value)
