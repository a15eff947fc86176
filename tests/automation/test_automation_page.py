"""The page about automation names every error code that a call can end with, and no other."""

import re
from pathlib import Path

import yaml

from tests.factories import map_data
from workflows.automation.http import addresses
from workflows.engine.audit.automations import CALLED_WITH
from workflows.engine.format.definition import Definition
from workflows.engine.values.placeholders import placeholder_names

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/automation.md").read_text()
CALLER = (ROOT / "workflows/automation/http/client.py").read_text()


def documented() -> set[str]:
    """The codes of the table of error codes."""
    table = PAGE.partition("## Error codes")[2]
    firsts = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return {code for first in firsts for code in re.findall(r"`([a-z0-9_]+)`", first)}


def test_every_code_of_a_call_is_documented() -> None:
    raised = set(re.findall(r'"([a-z]+(?:_[a-z]+)+)",\s', CALLER))
    raised |= {"name_resolves_inside", "redirect_inside", *addresses.WHAT_IT_IS}
    assert len(raised) > 10
    assert raised <= documented()


def test_every_documented_code_exists() -> None:
    code = "".join(
        path.read_text()
        for path in (ROOT / "workflows").rglob("*.py")
        if "migrations" not in path.parts
    )
    assert {one for one in documented() if f'"{one}"' not in code} == set()


def test_the_example_is_a_map_that_can_be_read() -> None:
    example = yaml.safe_load(PAGE.partition("```yaml\n")[2].partition("```")[0])
    data = map_data()
    step = example["order"]
    data["steps"]["order"] = step
    assert Definition.model_validate(data).steps["order"].kind == "automation"
    assert placeholder_names(step["with"]) == {"request.reference", "region", "amount"}


def test_every_key_of_a_call_is_documented() -> None:
    table = PAGE.partition("| key |")[2].partition("## Placeholders")[0]
    keys = {line.split("`")[1] for line in table.splitlines() if line.startswith("| `")}
    assert keys == CALLED_WITH["http"]
