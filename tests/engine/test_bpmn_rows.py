"""Branches for each row in BPMN: multi-instance activities, out and in."""

from typing import Any

import pytest
from bpmn_io import check
from hypothesis import given, settings
from lxml import etree

from tests.engine.driving import approval, task
from tests.engine.random_maps import row_maps
from tests.engine.test_bpmn import SPACES, arrow, drawing, read_back, read_steps, schema
from tests.engine.test_random_maps import MAPS as MAPS_TRIED
from tests.engine.test_random_maps import many
from tests.workflows.drawn import NO
from tests.workflows.test_each_branches import SIGNING, each
from workflows.engine.bpmn.loops import read_completion, write_completion
from workflows.engine.bpmn.reading import read_bpmn
from workflows.engine.bpmn.writing import write_bpmn
from workflows.engine.format.definition import Definition

IN_TURN = {"each": "lines", "to": "check", "one_at_a_time": True, "stop_on": "refusal"}


def with_rows(*branches: dict[str, Any], wait_for: Any = None, **steps: Any) -> Definition:
    data = each(*branches, **steps)
    if wait_for is not None:
        data["steps"]["j"]["wait_for"] = wait_for
    return Definition.model_validate(data)


def marks_of(written: str) -> dict[str, Any]:
    """The marks of multi-instance activities, by the ids of these."""
    root = etree.fromstring(written.encode())
    found = root.iterfind(".//b:multiInstanceLoopCharacteristics", SPACES)
    return {mark.getparent().get("id"): mark for mark in found}


def text_of(mark: Any, name: str) -> str | None:
    text: str | None = mark.findtext(f"b:{name}", namespaces=SPACES)
    return text


# -- out ------------------------------------------------------------------------------------------


@settings(many, max_examples=max(1, MAPS_TRIED // 4))
@given(row_maps)
def test_any_map_with_branches_for_rows_is_valid_bpmn_and_comes_back_equal(
    data: dict[str, Any],
) -> None:
    definition = Definition.model_validate(data)
    written = write_bpmn(definition)
    schema().assertValid(etree.fromstring(written.encode()))
    draft = read_bpmn(written.encode(), name="map.bpmn")
    assert draft.definition.dump() == definition.dump()
    assert list(draft.unsupported) == []


def test_a_branch_for_each_row_is_a_multi_instance_activity_over_the_list() -> None:
    written = write_bpmn(with_rows(IN_TURN, wait_for="60%"))
    mark = marks_of(written)["step.check"]
    assert mark.get("isSequential") == "true"
    assert text_of(mark, "loopDataInputRef") == "data.lines"
    assert mark.find("b:inputDataItem", SPACES).get("name") == "row"
    assert text_of(mark, "completionCondition") == (
        "numberOfCompletedInstances / numberOfInstances >= 0.6"
    )
    (data,) = etree.fromstring(written.encode()).iterfind(".//b:dataObject", SPACES)
    assert (data.get("id"), data.get("name"), data.get("isCollection")) == (
        "data.lines", "Lines", "true"
    )  # fmt: skip
    report = check(written)
    assert report.ok, report.errors
    assert not report.warnings


def test_each_activity_of_a_branch_bears_the_mark_and_where_more_is_awaited_no_condition() -> None:
    steps = {"check": task(ok="look"), "look": approval(ok="j", no=NO)}
    marks = marks_of(write_bpmn(with_rows({"each": "lines", "to": "check"}, SIGNING, **steps)))
    assert set(marks) == {"step.check", "step.look", "step.sign"}
    assert {mark.get("isSequential") for mark in marks.values()} == {"false"}
    assert text_of(marks["step.sign"], "loopDataInputRef") == "data.people"
    assert all(text_of(mark, "completionCondition") is None for mark in marks.values())


@pytest.mark.parametrize("wait_for", ["any", 3, "60%", "33.3%", "1%"])
def test_what_a_join_waits_for_is_read_as_it_was_written(wait_for: int | str) -> None:
    assert read_completion(write_completion(wait_for) or "") == wait_for


# -- changed in another tool ----------------------------------------------------------------------


def changed(definition: Definition, *edits: tuple[str, str]) -> dict[str, Any]:
    """The steps after another tool has changed a file that we wrote."""
    written = write_bpmn(definition)
    for old, new in edits:
        assert old in written, old
        written = written.replace(old, new)
    steps: dict[str, Any] = read_bpmn(written.encode(), name="map.bpmn").definition.dump()["steps"]
    return steps


def test_another_tool_may_let_the_rows_go_at_once_or_in_turn() -> None:
    at_once = changed(with_rows(IN_TURN), ('isSequential="true"', 'isSequential="false"'))
    assert at_once["p"]["branches"] == [{"each": "lines", "to": "check", "stop_on": "refusal"}]
    in_turn = changed(with_rows(), ('isSequential="false"', 'isSequential="true"'))
    assert in_turn["p"]["branches"] == [{"each": "lines", "to": "check", "one_at_a_time": True}]


def test_another_tool_may_say_how_many_are_awaited() -> None:
    edit = ("numberOfCompletedInstances &gt;= 2", "numberOfCompletedInstances &gt;= 3")
    assert changed(with_rows(wait_for=2), edit)["j"]["wait_for"] == 3


def test_where_another_tool_took_the_mark_away_the_branch_is_there_once() -> None:
    plain = task(ok="j")
    written = write_bpmn(with_rows(check=plain))
    start, end = "<bpmn:multiInstanceLoop", "</bpmn:multiInstanceLoopCharacteristics>"
    inside = start + written.partition(start)[2].partition(end)[0] + end
    steps = changed(with_rows(check=plain), (inside, ""))
    assert steps["p"]["branches"] == [{"to": "check"}]


# -- other vendors' files -------------------------------------------------------------------------


def repeated(inner: str = "", more: str = "", task_more: str = "") -> bytes:
    """A drawing with one task that there is for each item of something."""
    mark = f"<multiInstanceLoopCharacteristics {more}>{inner}</multiInstanceLoopCharacteristics>"
    return drawing(
        f'<startEvent id="s"/><userTask id="t" name="Check line">{mark}</userTask>{task_more}'
        f'<userTask id="n" name="Book"/><endEvent id="e"/>{arrow("s", "t")}{arrow("t", "n")}'
        f"{arrow('n', 'e')}"
    )


def test_a_multi_instance_task_becomes_a_branch_for_each_row_of_a_list_to_be_described() -> None:
    data = '<dataObject id="d" name="Order lines" isCollection="true"/>'
    marks = (
        '<loopDataInputRef>d</loopDataInputRef><inputDataItem id="i" name="line"/>'
        "<completionCondition>${nrOfCompletedInstances/nrOfInstances &gt;= 0.6}"
        "</completionCondition>"
    )
    written = repeated(marks, 'isSequential="true"', data)
    definition = read_bpmn(written, name="theirs.bpmn").definition.dump()
    branch = {"each": "order_lines", "as": "line", "to": "check_line", "one_at_a_time": True}
    steps = definition["steps"]
    assert steps["for_each"] == {"kind": "parallel", "branches": [branch], "join": "join"}
    assert steps["check_line"] == {"kind": "task", "outcomes": {"done": "join"}}
    assert steps["join"] == {"kind": "join", "wait_for": "60%", "to": "book"}
    assert definition["start"] == {"fields": ["order_lines"], "first": "for_each"}
    assert definition["fields"]["order_lines"] == {
        "type": "list",
        "label": "Order lines",
        "columns": {"item": {"type": "text", "required": True}},
    }
    assert read_steps(written)[1] == [
        "multiInstanceLoopCharacteristics: there is one for each row of the list 'order_lines':"
        " say its columns"
    ]
    again = read_back(Definition.model_validate(definition))
    assert again.definition.dump() == definition


def test_what_a_map_cannot_say_of_a_repeated_task_is_listed() -> None:
    marks = "<loopCardinality>5</loopCardinality><completionCondition>x = 1</completionCondition>"
    steps, listed = read_steps(repeated(marks))
    assert steps["for_each"]["branches"] == [{"each": "check_line", "to": "check_line"}]
    assert [line.partition(": ")[2] for line in listed] == [
        "there is one for each row of the list 'check_line': say its columns",
        "the rows of the list say how many there are, and hold it",
        "when it goes on without all was not taken over; say it at its join",
    ]


def test_another_vendor_s_words_for_a_collection_and_a_repeated_sub_process_are_read() -> None:
    steps, _ = read_steps(
        drawing(
            '<startEvent id="s"/><subProcess id="u"><multiInstanceLoopCharacteristics'
            ' v:collection="${order.reviewers}" v:elementVariable="reviewer"/>'
            '<startEvent id="us"/><userTask id="a" name="Read"/><userTask id="b" name="Sign"/>'
            f"{arrow('us', 'a')}{arrow('a', 'b')}</subProcess>"
            '<callActivity id="c" name="Ship" calledElement="ship">'
            '<multiInstanceLoopCharacteristics v:collection="${order.reviewers}"/></callActivity>'
            f"{arrow('s', 'u')}{arrow('u', 'c')}"
        )
    )
    row = {"each": "reviewers", "as": "reviewer"}
    assert steps["for_each"]["branches"] == [row | {"to": "read"}]
    assert steps["read"]["outcomes"] == {"done": "sign"}
    assert steps["sign"]["outcomes"] == {"done": "join"}
    assert steps["join"]["to"] == "for_each_2"
    assert steps["for_each_2"]["branches"] == [row | {"to": "ship"}]
    assert (steps["ship"]["kind"], steps["ship"]["to"]) == ("subworkflow", "join_2")


def test_a_mark_that_another_tool_gave_a_step_of_ours_is_listed() -> None:
    written = write_bpmn(with_rows())
    place = '<bpmn:userTask id="step.after"'
    head, _, rest = written.partition(place)
    mark = "<bpmn:multiInstanceLoopCharacteristics/></bpmn:userTask>"
    draft = read_bpmn(
        (head + place + rest.replace("</bpmn:userTask>", mark, 1)).encode(), name="map.bpmn"
    )
    assert [str(row.why) for row in draft.unsupported] == [
        "lead it through a parallel step with `each` instead"
    ]
