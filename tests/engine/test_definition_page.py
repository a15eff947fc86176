"""The page on the definition format says what the code does."""

import re
from pathlib import Path

from pydantic import BaseModel

from workflows.engine.audit import AnyPeople, audit_definition
from workflows.engine.format.definition import (
    Definition,
    FieldDef,
    OverdueDef,
    RetryDef,
    TriggerDef,
)
from workflows.engine.format.explanations import STEP_MODELS
from workflows.engine.format.files import json_schema, read_definition
from workflows.engine.format.key_table import format_key_table
from workflows.engine.values.field_types.base import FIELD_TYPES

PAGE = (Path(__file__).parents[2] / "docs" / "definition.md").read_text(encoding="utf-8")


def test_the_example_on_the_page_is_sound() -> None:
    example = PAGE.split("```yaml\n")[1].split("```")[0]
    assert audit_definition(read_definition(example, name="page"), AnyPeople()) == ()


def test_the_page_names_every_key_of_the_format() -> None:
    parts: list[type[BaseModel]] = [Definition, FieldDef, OverdueDef, RetryDef, TriggerDef]
    for model in (*parts, *STEP_MODELS.values()):
        for name, field in model.model_fields.items():
            key = field.alias or name
            assert re.search(rf"[`{{ ]{key}[`: ]", PAGE), f"{model.__name__}: {key}"


def test_the_page_names_every_kind_and_type() -> None:
    for word in (*STEP_MODELS, *FIELD_TYPES):
        assert re.search(rf"(`|kind: |### .*\b){word}\b", PAGE), word


def test_the_page_holds_the_table_of_every_key_as_the_code_makes_it() -> None:
    table = format_key_table(json_schema())
    assert table in PAGE, "put in what manage.py definition_schema --keys prints"
