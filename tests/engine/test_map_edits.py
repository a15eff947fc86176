"""Edits of a map: whatever is put in and taken out, it can be read and its blocks nest."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.audit_cases import SOUND
from tests.engine.random_maps import pieces, written
from workflows.engine.audit import AnyPeople, audit_definition
from workflows.engine.editing.adding import AtStart, Behind, Beside, OnWay, add_step
from workflows.engine.editing.new_steps import NewStep
from workflows.engine.editing.removing import remove_step
from workflows.engine.editing.sequences import Line, StepSequence, write_sequence
from workflows.engine.editing.ways import ways_of
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import Definition

NESTING = {
    *("join_missing", "join_unfit", "join_shared", "join_alone", "join_wants_too_many"),
    *("join_entered_from_outside", "branch_misses_join", "block_entered_from_side"),
    "blocks_cross",
}
KINDS = ("approval", "task", "decision", "parallel", "automation", "wait", "subworkflow", "end")


def ways_between(form: dict[str, Any]) -> set[tuple[str, str]]:
    return {(key, way.to) for key, step in form["steps"].items() for way in ways_of(step)}


def added(form: dict[str, Any], place: Any, kind: str = "task", **said: Any) -> dict[str, Any]:
    new = NewStep(**{"kind": kind, "name": "New one", "role": "crew", **said})
    return add_step(form, place, new).form


def structural(form: dict[str, Any]) -> set[str]:
    definition = Definition.model_validate(form)
    assert Definition.model_validate(definition.dump()).dump() == definition.dump()
    codes = {finding.code for finding in audit_definition(definition, AnyPeople())}
    return codes & NESTING


def random_edit(form: dict[str, Any], draw: Any) -> dict[str, Any]:
    key = draw(st.sampled_from(sorted(form["steps"])))
    if draw(st.integers(0, 2)) == 0:
        return remove_step(form, key).form
    ways = [way for way in ways_of(form["steps"][key]) if way.kind != "reopen"]
    places: list[Any] = [AtStart(), Behind(step=key), Beside(step=key)]
    places += [OnWay(step=key, kind=way.kind, name=way.name) for way in ways]
    kind = draw(st.sampled_from(KINDS))
    return added(form, draw(st.sampled_from(places)), kind, workflow="other")


@settings(max_examples=300)
@given(piece=pieces, many=st.integers(1, 12), draws=st.data())
def test_any_sequence_of_edits_keeps_a_map_that_loads_and_whose_blocks_nest(
    piece: Any, many: int, draws: st.DataObject
) -> None:
    form = written(piece)
    before = copy.deepcopy(form)
    for _ in range(many):
        try:
            edited = random_edit(form, draws.draw)
        except InvalidInput:
            continue  # refused: the map is as it was
        assert structural(edited) == set()
        form = edited
    assert written(piece) == before, "no map is changed in place"


def test_a_step_behind_another_takes_over_where_that_led() -> None:
    form = added(SOUND, Behind(step="lead_look"))
    ways = ways_between(form)
    assert {("lead_look", "new_one"), ("new_one", "pay")} <= ways
    assert ("lead_look", "pay") not in ways


def test_a_step_on_a_way_stands_between_two_and_what_the_way_says_stays() -> None:
    form = added(SOUND, OnWay(step="review", kind="outcome", name="no"), "approval")
    assert form["steps"]["review"]["outcomes"]["no"] == {"to": "new_one", "exception": True}
    assert form["steps"]["review"]["outcomes"]["ok"] == "size"
    assert ("new_one", "refused") in ways_between(form)


def test_a_step_behind_a_block_stands_behind_its_join() -> None:
    assert ("checked", "new_one") in ways_between(added(SOUND, Behind(step="checks")))


def test_a_step_beside_one_of_a_block_is_a_further_branch() -> None:
    form = added(SOUND, Beside(step="legal"))
    assert [branch["to"] for branch in form["steps"]["checks"]["branches"]][-1] == "new_one"
    assert ("new_one", "checked") in ways_between(form)


def test_a_step_beside_one_that_stands_alone_makes_the_block_and_its_join() -> None:
    form = added(SOUND, Beside(step="lead_look"))
    block = form["steps"]["lead_look_and_more"]
    assert [branch["to"] for branch in block["branches"]] == ["lead_look", "new_one"]
    assert form["steps"]["size"]["otherwise"] == "lead_look_and_more"
    assert form["steps"][block["join"]] == {"kind": "join", "wait_for": "all", "to": "pay"}


def test_a_step_in_front_of_all_is_where_requests_start() -> None:
    form = added(SOUND, AtStart())
    assert form["start"]["first"] == "new_one"
    assert ("new_one", "review") in ways_between(form)


def test_a_new_approval_comes_with_its_two_outcomes_and_an_end_for_the_second() -> None:
    form = added(SOUND, AtStart(), "approval", labels={"reject": "Ablehnen", "rejected": "Nein"})
    assert form["steps"]["new_one"]["outcomes"] == {
        "approve": {"to": "review"},
        "reject": {
            "to": "rejected",
            "label": "Ablehnen",
            "comment": "required",
            "exception": True,
        },
    }
    assert form["steps"]["rejected"] == {"kind": "end", "name": "Nein", "result": "rejected"}


def test_keys_are_made_from_names_in_any_script() -> None:
    keys = [
        add_step(SOUND, AtStart(), NewStep(kind="task", name=name)).key
        for name in ("Größe prüfen", "審査", "", "legal", "9 lives")
    ]
    assert keys == ["groe_prufen", "task", "task", "legal_2", "lives"]


def test_what_led_to_a_step_that_is_taken_out_leads_on() -> None:
    removed = remove_step(SOUND, "lead_look")
    assert removed.form["steps"]["size"]["otherwise"] == "pay"
    assert removed.led_to == "pay"


def test_a_way_that_would_lead_a_step_to_itself_goes_with_the_step_between() -> None:
    form = remove_step(SOUND, "revise").form
    assert set(form["steps"]["review"]["outcomes"]) == {"ok", "no"}


def test_a_block_of_one_branch_is_none() -> None:
    removed = remove_step(SOUND, "tech")
    assert removed.dissolved == ("checks",)
    assert {("size", "legal"), ("legal", "pay")} <= ways_between(removed.form)


def test_a_block_that_is_taken_out_leaves_its_steps_one_after_the_other() -> None:
    removed = remove_step(SOUND, "checks")
    assert {("size", "legal"), ("legal", "tech"), ("tech", "pay")} <= ways_between(removed.form)
    assert removed.conditions == ("urgent",)


@pytest.mark.parametrize("key", ["refused", "nowhere"])
def test_a_step_whose_ways_cannot_be_joined_up_stays(key: str) -> None:
    with pytest.raises(InvalidInput):
        remove_step(SOUND, key)


def test_a_sequence_is_a_map_with_its_ends() -> None:
    lines = [
        Line(step=NewStep(kind="approval", name="Manager review", role="crew")),
        Line(step=NewStep(kind="approval", name="Legal", role="crew")),
        Line(step=NewStep(kind="task", name="Security", role="crew"), beside=True),
        Line(step=NewStep(kind="task", name="Order", role="crew")),
    ]
    form = write_sequence(
        StepSequence(
            steps=lines,
            roles={"crew": {"groups": ["crew"]}},
            fields={"amount": {"type": "money"}},
            start_role="crew",
        )
    )
    head = {"format": 1, "key": "k", "name": "K"}
    assert structural(head | form) == set()
    assert form["start"] == {"role": "crew", "fields": ["amount"], "first": "manager_review"}
    assert {
        ("manager_review", "legal_and_more"),
        ("legal_and_more", "security"),
        ("legal_joined", "order"),
        ("order", "approved"),
    } <= ways_between(form)
