"""Definition files: what is read, what is written, and that the two agree."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.engine.errors import DefinitionProblem
from workflows.engine.format.definition import Definition, HumanStep
from workflows.engine.format.files import json_schema, read_definition, write_definition

EQUIPMENT = Path(__file__).parent / "maps" / "equipment.yaml"


def equipment_text() -> str:
    return EQUIPMENT.read_text(encoding="utf-8")


def test_a_file_that_is_written_again_says_the_same() -> None:
    source = equipment_text()
    definition = read_definition(source, name="equipment.yaml")
    written = write_definition(definition)
    assert read_definition(written, name="written") == definition
    assert yaml.safe_load(written) == yaml.safe_load(source)
    assert write_definition(read_definition(written, name="written")) == written


def test_the_sample_uses_every_kind_of_step_and_field() -> None:
    definition = read_definition(equipment_text(), name="equipment.yaml")
    kinds = {step.kind for step in definition.steps.values()}
    assert len(kinds) == 9
    assert len({field.type for field in definition.fields.values()}) == 11


def test_json_is_read_as_well() -> None:
    definition = read_definition(equipment_text(), name="equipment.yaml")
    assert read_definition(json.dumps(definition.dump()), name="equipment.json") == definition
    spaced = json.dumps(definition.dump(), indent=2, ensure_ascii=False).encode()
    assert read_definition(spaced, name="equipment.json") == definition


def test_keys_are_written_in_the_order_of_the_file() -> None:
    definition = read_definition(equipment_text(), name="equipment.yaml")
    written = yaml.safe_load(write_definition(definition))
    assert list(written)[:4] == ["format", "key", "name", "purpose"]
    assert list(written["steps"]) == list(definition.steps)
    assert list(written["steps"]["lead_review"]["outcomes"]) == ["yes", "back", "no"]


def test_small_parts_are_written_on_one_line_and_steps_on_several() -> None:
    written = write_definition(read_definition(equipment_text(), name="equipment.yaml"))
    assert "  everybody: {groups: [company]}\n" in written
    assert "  lead_review:\n    kind: approval\n    name: Review by the team lead\n" in written
    assert "    instructions: |\n      Compare the offer with the plan.\n" in written
    assert "      - {when: hazardous" not in written.split("rules:")[0]


SMALL = """
format: 1
key: small
name: Small
steps:
  ask:
    kind: approval
    outcomes: {%s: done, no: done}
  done: {kind: end, result: done}
"""


@pytest.mark.parametrize("word", ["yes", "on", "off", "y", "Yes"[1:], "true", "null"])
def test_words_that_old_yaml_takes_for_booleans_stay_names_of_outcomes(word: str) -> None:
    definition = read_definition(SMALL % word, name="small.yaml")
    ask = definition.steps["ask"]
    assert isinstance(ask, HumanStep)
    assert list(ask.outcomes) == [word, "no"]
    assert read_definition(write_definition(definition), name="again") == definition


@pytest.mark.parametrize("text", ["2026-01-31", "12:30", "1_000", "0x1f", "1e3", "007", "yes"])
def test_dates_times_and_odd_numbers_stay_text(text: str) -> None:
    source = f"{SMALL % 'yes'}purpose: {text}\n"
    definition = read_definition(source, name="small.yaml")
    assert definition.purpose == text
    assert read_definition(write_definition(definition), name="again").purpose == text


def holds_control_characters(text: str) -> bool:
    return any(c not in "\t\n\r" and (c < " " or c in "\x7f\ufffe\uffff") for c in text)


@given(st.text(max_size=300))
def test_any_text_survives_being_written_and_read(text: str) -> None:
    base = read_definition(SMALL % "yes", name="small.yaml").dump()
    source = json.dumps({**base, "purpose": text})
    if holds_control_characters(text):
        with pytest.raises(DefinitionProblem, match="character"):
            read_definition(source, name="x.json")
        return
    definition = read_definition(source, name="x.json")
    assert definition.purpose == text
    assert read_definition(write_definition(definition), name="again") == definition


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufffe\uffff"),
        max_size=20,
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcyes01_- .", max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abcxyz_:#-' ", max_size=8), PLAIN, max_size=4))
@settings(max_examples=200)
def test_whatever_an_automation_is_given_survives_being_written_and_read(given_with: dict) -> None:
    automation = {"kind": "automation", "action": "http", "with": given_with, "to": "done"}
    base = read_definition(SMALL % "yes", name="small.yaml").dump()
    base["steps"]["send"] = automation
    definition = Definition.model_validate(base)
    assert read_definition(write_definition(definition), name="again") == definition


def test_the_schema_knows_every_key_of_the_format() -> None:
    schema = json_schema()
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert set(schema["properties"]) >= {"format", "key", "roles", "fields", "start", "steps"}
    assert set(schema["required"]) == {"format", "key", "name", "steps"}
    steps = schema["properties"]["steps"]["patternProperties"]
    (step,) = steps.values()
    assert set(step["discriminator"]["mapping"]) == {
        "approval",
        "task",
        "decision",
        "table",
        "parallel",
        "join",
        "automation",
        "wait",
        "subworkflow",
        "end",
    }
    short, full = schema["$defs"]["RouteDef"]["anyOf"]
    assert short["type"] == "string"
    assert full["additionalProperties"] is False
    assert "with" in schema["$defs"]["AutomationStep"]["properties"]


def test_reading_takes_bytes_with_a_byte_order_mark() -> None:
    assert read_definition(b"\xef\xbb\xbf" + (SMALL % "yes").encode(), name="small.yaml")


# -- fuzzing ----------------------------------------------------------------------------------


def reads_or_explains(text: str | bytes) -> None:
    try:
        definition = read_definition(text, name="fuzz.yaml")
    except DefinitionProblem as problem:
        message = str(problem)
        assert message.startswith("fuzz.yaml")
        assert "\n" not in message
        assert len(message) < 1000
    else:
        assert read_definition(write_definition(definition), name="again") == definition


@given(st.binary(max_size=400))
@settings(max_examples=300)
def test_random_bytes_are_read_or_explained(junk: bytes) -> None:
    reads_or_explains(junk)


@given(st.text("{}[]:,-&*!|>'\"#%@`\n\t ab01?~.", max_size=120))
@settings(max_examples=300)
def test_random_punctuation_is_read_or_explained(junk: str) -> None:
    reads_or_explains(junk)


TOKENS = [
    "",
    ":",
    " ",
    "\n",
    "-",
    "{",
    "}",
    "[",
    "]",
    "'",
    '"',
    "#",
    "&a",
    "*a",
    "!x",
    "|",
    ">",
    "?",
    "null",
    "1",
    "-1",
    "1.5",
    "true",
    "kind",
    "to",
    "steps",
    "\t",
    "\x00",
    "é",
    "9" * 40,
    "%",
    "@",
]


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_a_good_file_with_random_damage_is_read_or_explained(data: st.DataObject) -> None:
    text = equipment_text()
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(st.sampled_from(TOKENS)) + text[end:]
    reads_or_explains(text)


def _places(value: object, path: tuple = ()) -> list[tuple]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)  # type: ignore[call-overload]
    found = []
    for key, part in inner:
        found.append((*path, key))
        if isinstance(part, dict | list):
            found += _places(part, (*path, key))
    return found


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_good_data_with_a_random_part_replaced_is_read_or_explained(data: st.DataObject) -> None:
    whole = read_definition(equipment_text(), name="equipment.yaml").dump()
    *way, last = data.draw(st.sampled_from(_places(whole)))
    holder = whole
    for key in way:
        holder = holder[key]
    action = data.draw(st.sampled_from(["drop", "replace", "rename"]))
    if action == "replace":
        holder[last] = data.draw(PLAIN)
    elif action == "rename" and isinstance(holder, dict):
        holder[data.draw(st.text(max_size=8))] = holder.pop(last)
    else:
        del holder[last]
    reads_or_explains(json.dumps(whole))


@pytest.mark.parametrize("name", ["baseline", "start", "roles", "fields"])
def test_a_part_that_is_there_and_empty_reads_back_the_same(name: str) -> None:
    data = {"format": 1, "key": "k", "name": "K", "steps": {"e": {"kind": "end", "result": "r"}}}
    definition = Definition.model_validate(data | {name: {}})
    assert read_definition(write_definition(definition), name="k.yaml") == definition
