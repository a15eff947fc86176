"""Every example in YAML on the pages can be read, so that what is copied from there works."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from workflows.engine.errors import DefinitionProblem
from workflows.engine.format.files import read_definition, write_definition

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in sorted(DOCS.glob("*.md"))
    for number, block in enumerate(
        re.findall(r"^```yaml\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S), start=1
    )
]


def whole(example: dict[str, Any]) -> dict[str, Any]:
    """A part of a map with what it needs to stand alone: the steps that it leads to, its roles."""
    start = example.get("start")
    steps = {key: step for key, step in example.items() if key != "start"}
    text = str(example)
    named = set(re.findall(r"'(?:to|otherwise|first|join|reopen)': '([a-z_-]+)'", text))
    for step in steps.values():
        named |= {way for way in step.get("outcomes", {}).values() if isinstance(way, str)}
    ends = {key: {"kind": "end", "result": "done"} for key in sorted(named - set(steps))}
    joins = {step["join"] for step in steps.values() if "join" in step} - set(steps)
    ends |= {key: {"kind": "join", "to": "over"} for key in joins}
    ends |= {"over": {"kind": "end", "result": "over"}}
    roles = set(re.findall(r"'(?:role|escalate_to)': '([a-z_]+)'", text))
    return {
        "format": 1,
        "key": "example",
        "name": "Example",
        "roles": {role: {"groups": [role]} for role in sorted(roles)},
        **({"start": start} if start else {}),
        "steps": steps | ends,
    }


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 8


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_read_and_comes_back(example: str) -> None:
    said = yaml.safe_load(example)
    text = example if "format" in said else yaml.safe_dump(whole(said), sort_keys=False)
    definition = read_definition(text, name="example")
    assert read_definition(write_definition(definition), name="again") == definition


@pytest.mark.parametrize("kind", ["wait", "subworkflow", "automation", "task", "approval"])
def test_what_takes_time_may_say_how_much_is_expected(kind: str) -> None:
    own: dict[str, Any] = {
        "wait": {"for": "2d", "to": "over"},
        "subworkflow": {"workflow": "other", "to": "over"},
        "automation": {"action": "email", "to": "over"},
        "task": {"outcomes": {"ok": "over"}},
        "approval": {"outcomes": {"ok": "over"}},
    }[kind]
    step = {"kind": kind, "expected": "4h", **own}
    definition = read_definition(yaml.safe_dump(whole({"one": step})), name="example")
    assert definition.dump()["steps"]["one"]["expected"] == "4h"


@pytest.mark.parametrize("kind", ["decision", "join", "end"])
def test_what_takes_no_time_says_none(kind: str) -> None:
    own = {"decision": {"otherwise": "over"}, "join": {"to": "over"}, "end": {"result": "x"}}[kind]
    step = {"kind": kind, "expected": "4h", **own}
    with pytest.raises(DefinitionProblem, match="expected"):
        read_definition(yaml.safe_dump(whole({"one": step})), name="example")
