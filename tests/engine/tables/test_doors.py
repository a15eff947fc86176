"""Tables where maps are compared, drawn, edited, rehearsed and set beside a log."""

from copy import deepcopy
from typing import Any

from tests.engine.driving import draw, end, task
from tests.engine.rehearsal.planted import MONDAY
from tests.engine.tables.test_routing import TABLE_FIELDS, drawn, table
from tests.engine.test_conformance import START, judge, left, row
from workflows.engine.bpmn.reading import read_bpmn
from workflows.engine.bpmn.writing import write_bpmn
from workflows.engine.editing.adding import OnWay, add_step
from workflows.engine.editing.new_steps import NewStep
from workflows.engine.editing.removing import remove_step
from workflows.engine.format.definition import Definition
from workflows.engine.rehearsal.conditions import Conditions
from workflows.engine.rehearsal.table_conditions import ROW
from workflows.engine.versions.comparison import compare_definitions
from workflows.engine.versions.renaming import rename_steps
from workflows.engine.versions.step_mapping import StepMapping
from workflows.engine.versions.step_matching import propose_steps

SAID: dict[str, Any] = {"exceptions": ["rush"], "hit": "first", "defaults": {"level": "board"}}


def test_bpmn_gives_the_table_back_as_it_was() -> None:
    for said in ({}, SAID, {"rows": [{"set": {"level": "lead"}}], "to": "lead", "otherwise": None}):
        definition = drawn(**said).definition
        draft = read_bpmn(write_bpmn(definition).encode(), name="map.bpmn")
        assert draft.definition.dump() == definition.dump()
        assert not draft.unsupported
        assert "<bpmn:businessRuleTask" in write_bpmn(definition)


def test_rows_of_a_drawing_follow_their_arrow() -> None:
    written = write_bpmn(drawn(**SAID).definition)
    moved = written.replace(
        'sourceRef="outcomes.who" targetRef="step.rush"',
        'sourceRef="outcomes.who" targetRef="step.lead"',
    )
    step = read_bpmn(moved.encode(), name="map.bpmn").definition.dump()["steps"]["who"]
    assert (step["otherwise"], step["exceptions"]) == ("lead", ["lead"])


def test_versions_are_compared_row_by_row() -> None:
    old = drawn().definition
    after = deepcopy(old.dump())
    rows = after["steps"]["who"]["rows"]
    rows[0]["when"]["amount"] = "< 6000"
    rows.append({"when": {"amount": "[5000..6000)", "urgent": True}, "to": "board"})
    new = Definition.model_validate(after)
    found = compare_definitions(old, new, propose_steps(old, new))
    assert [(d.subject, d.kind, d.title, d.before, d.after) for d in found] == [
        (
            *("row", "changed", "1", "amount < 5000 · level = lead · → lead"),
            "amount < 6000 · level = lead · → lead",
        ),
        ("row", "added", "3", "", "amount [5000..6000) · urgent true · → board"),
    ]


def test_a_renamed_step_is_no_other_row() -> None:
    old = drawn(**SAID).definition
    written = old.dump()
    written["steps"]["hurry"] = written["steps"].pop("rush")
    written["steps"]["who"] |= {"otherwise": "hurry", "exceptions": ["hurry"]}
    new = Definition.model_validate(written)
    steps = StepMapping({key: ("hurry" if key == "rush" else key,) for key in old.steps})
    assert rename_steps(old, steps).dump()["steps"]["who"] == new.dump()["steps"]["who"]
    kinds = {(d.subject, d.kind) for d in compare_definitions(old, new, steps)}
    assert kinds <= {("step", "renamed")}


def test_a_step_is_put_on_the_way_of_a_row_and_taken_out_again() -> None:
    form = drawn().definition.dump()
    new = NewStep(kind="task", name="In between", role="crew")
    added = add_step(form, OnWay(step="who", kind="row", name="2"), new)
    rows = added.form["steps"]["who"]["rows"]
    assert [line["to"] for line in rows] == ["lead", added.key]
    assert remove_step(added.form, added.key).form["steps"]["who"] == form["steps"]["who"]


def test_a_step_that_rows_lead_to_is_taken_out_and_they_go_on() -> None:
    form = drawn(**SAID).definition.dump()
    left_over = remove_step(form, "rush").form["steps"]["who"]
    assert (left_over["otherwise"], left_over["exceptions"]) == ("done", ["done"])
    assert Definition.model_validate(remove_step(form, "lead").form)


def test_a_new_table_says_where_it_leads_until_it_has_rows() -> None:
    form = drawn().definition.dump()
    added = add_step(
        form, OnWay(step="ask", kind="outcome", name="send"), NewStep(kind="table", name="Limits")
    )
    assert added.form["steps"][added.key] == {
        "kind": "table",
        "name": "Limits",
        "otherwise": "who",
    }


def test_each_row_has_values_under_which_it_is_the_one() -> None:
    conditions = Conditions(drawn(hit="first"), MONDAY.date())
    (group,) = conditions.tables
    witnesses = conditions.judgement.witnesses
    for number in ("1", "2"):
        assert (("who", ROW, number)) in group.holding(witnesses["who", ROW, number])
    assert group.table.decide(witnesses["who", "otherwise", "otherwise"]).way == "otherwise"


def test_a_log_is_held_to_the_rows_whose_values_it_knows() -> None:
    graph = draw(
        {
            "ask": task(send="who"),
            "who": table(),
            "lead": task(ok="done"),
            "board": task(ok="done"),
            "rush": task(ok="done"),
            "done": end(),
        },
        fields=TABLE_FIELDS,
    )
    values = {"amount": "10.00", "urgent": "no"}
    told = row(START, **values)
    assert judge(graph, told, "ask/send", "lead/ok").fits
    assert left(judge(graph, told, "ask/send", "board/ok"))[2] == "against_rule"
    for step in ("lead", "board", "rush"):  # nothing is known: each way is possible
        assert judge(graph, START, "ask/send", f"{step}/ok").fits
