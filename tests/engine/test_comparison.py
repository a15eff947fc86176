"""What is different in a newer version of a map."""

from copy import deepcopy
from typing import Any

import pytest

from tests.engine.driving import approval, decision, draw, end, parallel, task
from workflows.engine.versions.comparison import compare_definitions
from workflows.engine.versions.renaming import rename_steps
from workflows.engine.versions.step_matching import propose_steps

ROW = {
    "first": approval(ok="second", no={"to": "gone", "exception": True}),
    "second": task(ok="third"),
    "third": task(ok="done", _name="The last"),
    "done": end(),
    "gone": end("gone"),
}


def differences(after: dict[str, Any], **head: Any) -> list[str]:
    """What is different, each in a few words."""
    old, new = draw(ROW).definition, draw(after, **head).definition
    found = compare_definitions(old, new, propose_steps(old, new))
    return [
        " ".join(
            str(part)
            for part in (
                *(d.subject, d.kind, d.key, d.part),
                *(f"{value}" for value in (d.before, d.after) if value is not None),
            )
            if part
        )
        for d in found
    ]


def changed(**steps: Any) -> dict[str, Any]:
    return {**deepcopy(ROW), **steps}


def test_equal_maps_differ_in_nothing() -> None:
    assert differences(deepcopy(ROW)) == []


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ({"second": task(ok="third", _due="3d")}, ["step changed second due 1d 3d"]),
        ({"second": task(ok="third", _role="staff")}, ["step changed second role crew staff"]),
        ({"second": task(ok="done")}, ["way changed second to The last Done"]),
        (
            {"second": task(ok="third", back={"to": "first", "comment": "required"})},
            ["way added second First"],
        ),
        ({"third": task(ok="done")}, ["step changed third name The last"]),
    ],
)
def test_what_a_step_says_and_where_it_leads(steps: dict[str, Any], said: list[str]) -> None:
    assert differences(changed(**steps)) == said


def test_a_new_step_and_one_that_is_gone() -> None:
    after = changed(second=decision("third", done="urgent"))
    assert "step changed second kind task decision" in differences(after)
    added = changed(extra=task(ok="third"), second=task(ok="extra"))
    assert "step added extra task" in differences(added)
    gone = {key: step for key, step in ROW.items() if key != "second"}
    gone["first"] = approval(ok="third", no={"to": "gone", "exception": True})
    assert "step removed second task" in differences(gone)


def test_a_renamed_step_is_one_difference_and_ways_to_it_are_none() -> None:
    after = {key: step for key, step in ROW.items() if key != "second"}
    after |= {
        "first": approval(ok="checking", no={"to": "gone", "exception": True}),
        "checking": task(ok="third", _name="Second"),
    }
    assert differences(after) == ["step renamed checking Second Second"]


def test_the_order_of_rules_says_something() -> None:
    rules = {"second": decision("third", done="urgent", gone="amount > 5")}
    turned = {"second": decision("third", gone="amount > 5", done="urgent")}
    old, new = draw(changed(**rules)).definition, draw(changed(**turned)).definition
    (found,) = compare_definitions(old, new, propose_steps(old, new))
    assert (found.part, found.before) == ("order", ["urgent", "amount > 5"])


def test_fields_roles_start_and_the_workflow_itself() -> None:
    definition = draw(ROW).definition
    written = definition.dump()
    said = differences(
        deepcopy(ROW),
        fields={**written["fields"], "code": {"type": "text"}},
        roles={**written["roles"], "crew": {"groups": ["crew", "extra"]}},
        start=written["start"] | {"fields": ["amount"]},
        owner="otto",
    )
    assert said == [
        "field added code",
        "role changed crew groups ['crew'] ['crew', 'extra']",
        "start changed start fields ['amount', 'urgent'] ['amount']",
        "workflow changed drawn owner olga otto",
    ]


def test_an_older_map_is_drawn_under_the_newer_names() -> None:
    old = draw(
        {
            "split": parallel("a", "b"),
            "a": task(ok="j", _not_by=["split"]),
            "b": approval(ok="j", no={"to": "gone", "exception": True}),
            "j": {"kind": "join", "to": "done"},
            "done": end(reopen="b"),
            "gone": end("gone"),
        }
    ).definition
    new = draw(
        {
            "split": parallel("a", "look"),
            "a": task(ok="j"),
            "look": approval(ok="j", no={"to": "gone", "exception": True}, _name="B"),
            "j": {"kind": "join", "to": "done"},
            "done": end(reopen="look"),
            "gone": end("gone"),
        }
    ).definition
    renamed = rename_steps(old, propose_steps(old, new))
    assert [*renamed.steps] == ["split", "a", "look", "j", "done", "gone"]
    assert {link.to for link in renamed.links()} <= {*renamed.steps}


def test_a_first_step_of_another_key_is_the_same_start() -> None:
    after = {"begin": deepcopy(ROW["first"]) | {"name": "First"}, **deepcopy(ROW)}
    del after["first"]
    assert differences(after) == ["step renamed begin First First"]


def test_a_rule_is_told_by_its_condition() -> None:
    rules = {"second": decision("third", done="urgent")}
    old = draw(changed(**rules)).definition
    new = draw(changed(second=decision("third", gone="urgent"))).definition
    (way,) = compare_definitions(old, new, propose_steps(old, new))
    assert (way.title, way.when, way.before, way.after) == ("rule", "urgent", "Done", "Gone")


def of_columns(**columns: Any) -> dict[str, Any]:
    return {"fields": {"lines": {"type": "list", "label": "Items", "columns": columns}}}


def test_what_columns_ask_for_is_told() -> None:
    net = {"type": "money", "required": {"when": "good"}}
    before = draw(ROW, **of_columns(net=net)).definition
    net = {"type": "money", "required": {"when": "not good"}, "when": "good", "default": 1}
    after = draw(ROW, **of_columns(net=net)).definition
    found = compare_definitions(before, after, propose_steps(before, after))
    assert {(d.key, d.part, str(d.before), str(d.after)) for d in found} == {
        ("lines.net", "default", "None", "1"),
        ("lines.net", "required", "{'when': 'good'}", "{'when': 'not good'}"),
        ("lines.net", "when", "None", "good"),
    }


def test_the_columns_of_a_list_are_told_one_by_one() -> None:
    net = {"type": "money", "currency": "EUR"}
    before = draw(ROW, **of_columns(item={"type": "text"}, net=net, old={"type": "date"}))
    after = draw(ROW, **of_columns(item={"type": "long_text"}, net=net, new={"type": "date"}))
    steps = propose_steps(before.definition, after.definition)
    found = compare_definitions(before.definition, after.definition, steps)
    assert [(d.kind.value, d.key, d.title, d.part, d.before, d.after) for d in found] == [
        ("changed", "lines.item", "Items: Item", "type", "text", "long_text"),
        ("added", "lines.new", "Items: New", "", None, None),
        ("removed", "lines.old", "Items: Old", "", None, None),
    ]


DAY = {"type": "date", "label": "First day"}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"day": DAY}, {"first": DAY}, ["renamed first day first"]),
        (
            {"day": DAY},
            {"first": DAY | {"required": True}},
            ["renamed first day first", "changed first required True"],
        ),
        ({"day": DAY}, {"first": DAY | {"type": "text"}}, ["added first", "removed day"]),
        ({"day": DAY}, {"first": DAY | {"label": "Day"}}, ["added first", "removed day"]),
        ({"day": {"type": "date"}}, {"first": {"type": "date"}}, ["added first", "removed day"]),
        ({"day": DAY}, {"a": DAY, "b": DAY}, ["added a", "added b", "removed day"]),
        ({"a": DAY, "b": DAY}, {"day": DAY}, ["added day", "removed a", "removed b"]),
        ({"a": DAY, "b": DAY}, {"a": DAY, "c": DAY}, ["renamed c b c"]),
        ({"a": DAY}, {"a": DAY, "b": DAY}, ["added b"]),
    ],
)
def test_a_field_with_another_key_is_told_where_only_one_can_be_meant(
    before: dict[str, Any], after: dict[str, Any], said: list[str]
) -> None:
    for wrap, prefix in ((lambda fields: {"fields": fields}, ""), (of_fields, "lines.")):
        old, new = (draw(ROW, **wrap(fields)).definition for fields in (before, after))
        found = compare_definitions(old, new, propose_steps(old, new))
        told = [
            " ".join(
                str(part)
                for part in (d.kind.value, d.key.removeprefix(prefix), d.part, d.before, d.after)
                if part not in ("", None)
            )
            for d in found
        ]
        assert told == said


def of_fields(fields: dict[str, Any]) -> dict[str, Any]:
    return of_columns(**fields)
