"""A table's rows as CSV, and what is said of a file that is wrong."""

from typing import Any

import pytest

from tests.engine.tables.test_dmn import map_with
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import Definition, TableStep
from workflows.engine.tables.csv_file import read_table_csv, write_table_csv

SAID: dict[str, Any] = {
    "inputs": ["income", "category"],
    "outputs": ["routing", "discount"],
    "rows": [
        {
            "when": {"income": "< 1000", "category": ["Gold", "Smith, Jones"]},
            "set": {"routing": "REFER", "discount": 0.5},
            "to": "no",
        },
        {"when": {"income": "[1000..2000)", "category": None}, "to": "yes", "note": "=danger()"},
        {"when": {"income": "-5"}, "set": {"discount": -1}, "to": "yes"},
    ],
}


def step_of(definition: Definition) -> TableStep:
    step = definition.steps["t"]
    assert isinstance(step, TableStep)
    return step


def read(text: str | bytes, **said: Any) -> list[dict[str, Any]]:
    definition = map_with(**(SAID | said))
    content = text.encode() if isinstance(text, str) else text
    return read_table_csv(content, step_of(definition), definition.fields, definition.steps)


def test_a_table_comes_back_as_it_was() -> None:
    written = write_table_csv(step_of(map_with(**SAID)))
    assert written.splitlines()[0] == "when income,when category,set routing,set discount,to,note"
    assert read(written) == SAID["rows"]
    assert read("\ufeff" + written) == SAID["rows"]


def test_no_cell_is_run_by_a_spreadsheet() -> None:
    written = write_table_csv(step_of(map_with(**SAID)))
    assert "'=danger()" in written
    assert ",'-1," in written
    assert "\n'-5," in written


def test_semicolons_and_tabs_part_cells_too() -> None:
    head = "when income;when category;set routing;set discount;to\r\n"
    (row,) = read(head + "< 5;EU,Gold;REFER;;yes\r\n".replace("EU,Gold", "Gold") + ";;;;\r\n")
    assert row == {
        "when": {"income": "< 5", "category": "Gold"},
        "set": {"routing": "REFER"},
        "to": "yes",
    }
    assert read(head.replace(";", "\t") + "< 5\tGold\tREFER\t\tyes") == [row]


HEAD = "when income,when category,set routing,set discount,to,note\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "The file is empty"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (HEAD, "at least one row"),
        ("when income,to\n< 5,yes\n", "lacks the column 'when category'"),
        ("when colour," + HEAD + ",< 5,,,,yes\n", "a column 'when colour'"),
        (HEAD + "lots,,,,yes\n", "line 2, 'when income': write an amount"),
        (HEAD + "< 5,Silver,,,yes\n", "line 2, 'when category': choose one of"),
        (HEAD + "< 5,,MAYBE,,yes\n", "line 2, 'set routing': choose one of"),
        (HEAD + "< 5,,,much,yes\n", "line 2, 'set discount': write a number"),
        (HEAD + "< 5,,,,nowhere\n", "line 2, 'to': there is no step 'nowhere'"),
        (HEAD + "< 5,,,,\n", "line 2, 'to': it leads nowhere"),
        (HEAD + "[5..1],,,,yes\n", "line 2, 'when income': the interval ends before"),
        (HEAD + "< 5,,,,yes,note,more\n", "Line 2 has more cells"),
        (HEAD + '"< 5,,,,yes\n', "not readable as CSV"),
        (HEAD + "< 5,,,,yes\n\n< x,,,,yes\n", "line 4, 'when income'"),
    ],
)
def test_what_is_wrong_is_said_by_line_and_column(text: str | bytes, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(text)
    assert said in str(refused.value)


def test_several_mistakes_are_said_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        read(HEAD + "lots,,,,yes\n< 5,Silver,,,yes\n")
    assert "line 2" in str(refused.value)
    assert "line 3" in str(refused.value)
    assert "Nothing was changed." in str(refused.value)
