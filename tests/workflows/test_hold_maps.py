"""A map that books and spends: written, kept as rows, compared, carried by BPMN."""

import copy
from typing import Any

import pytest

from tests.factories import load_map, make_user, map_data
from workflows.definitions.queries.definition_rows import definition_of
from workflows.engine.audit import AnyPeople, audit_definition
from workflows.engine.bpmn.reading import read_bpmn
from workflows.engine.bpmn.writing import write_bpmn
from workflows.engine.format.definition import Definition
from workflows.engine.versions.comparison import compare_definitions
from workflows.engine.versions.step_matching import propose_steps


def workshop() -> dict[str, Any]:
    return map_data("workshop")


def test_a_map_comes_back_as_it_was_written_and_is_warned_of_the_seats() -> None:
    definition = Definition.model_validate(workshop())
    assert definition.dump() == workshop()
    (found,) = audit_definition(definition, AnyPeople())
    assert found.code == "hold_field_may_be_empty"
    assert found.parameters["field"] == "seats"  # nobody has to say how many


@pytest.mark.django_db
def test_a_map_comes_back_from_its_rows() -> None:
    for login in ("rita", "rob"):
        make_user(login)
    assert definition_of(load_map(workshop())).dump() == workshop()


def test_a_map_comes_back_from_its_drawing() -> None:
    definition = Definition.model_validate(workshop())
    assert read_bpmn(write_bpmn(definition).encode(), name="x").definition.dump() == workshop()


@pytest.mark.parametrize("key", ["books", "spends"])
def test_what_a_step_takes_is_a_difference(key: str) -> None:
    old, changed = Definition.model_validate(workshop()), copy.deepcopy(workshop())
    del changed["steps"]["check"][key]
    new = Definition.model_validate(changed)
    found = compare_definitions(old, new, propose_steps(old, new))
    assert [difference.key for difference in found] == ["check"]
