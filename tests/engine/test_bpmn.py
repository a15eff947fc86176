"""BPMN: what we write is valid and comes back equal; what is read is said or listed."""

from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import SpiffWorkflow
from bpmn_io import check
from hypothesis import given, settings
from lxml import etree

from tests.engine.random_maps import sound_maps
from tests.engine.test_random_maps import MAPS as MAPS_TRIED
from tests.engine.test_random_maps import many
from tests.factories import MAPS
from tests.shared import shared
from workflows.engine.bpmn.reading import BpmnDraft, looks_like_bpmn, read_bpmn
from workflows.engine.bpmn.vocabulary import BPMN, BPMN_DI, DC, DI
from workflows.engine.bpmn.writing import write_bpmn
from workflows.engine.errors import DefinitionProblem
from workflows.engine.format.definition import Definition
from workflows.engine.format.files import read_definition

ROOT = Path(__file__).parents[2]
COMPANY_MAPS = sorted((ROOT / "workflows/demo/maps").glob("*.yaml"))
maps = sound_maps.map(Definition.model_validate)
SPACES = {"b": BPMN, "bdi": BPMN_DI, "dc": DC, "di": DI}


@cache
def schema() -> etree.XMLSchema:
    """The OMG's schema of BPMN 2.0, as another program brings it."""
    path = Path(SpiffWorkflow.__file__).parent / "bpmn/parser/schema/BPMN20.xsd"
    return etree.XMLSchema(etree.parse(str(path)))


def read_back(definition: Definition) -> BpmnDraft:
    return read_bpmn(write_bpmn(definition).encode(), name="map.bpmn")


def drawing(inner: str, *, process: str = 'id="p" name="Ask"', beside: str = "") -> bytes:
    """A file of another vendor around the elements of a process."""
    return (
        f'<?xml version="1.0"?>\n<definitions xmlns="{BPMN}" xmlns:v="urn:vendor"'
        f' targetNamespace="urn:x">\n{beside}<process {process}>\n{inner}\n</process>'
        "</definitions>"
    ).encode()


def arrow(source: str, target: str, more: str = "", inner: str = "") -> str:
    return (
        f'<sequenceFlow id="{source}-{target}" sourceRef="{source}" targetRef="{target}" {more}>'
        f"{inner}</sequenceFlow>\n"
    )


def read_steps(written: bytes) -> tuple[Mapping[str, Any], list[str]]:
    """The steps of a drawing, and what was not taken over as `element: why`."""
    draft = read_bpmn(written, name="theirs.bpmn")
    return draft.definition.dump()["steps"], [f"{u.element}: {u.why}" for u in draft.unsupported]


# -- what is written ------------------------------------------------------------------------------


@settings(many, max_examples=MAPS_TRIED // 4)
@given(maps)
def test_any_map_is_valid_bpmn_and_comes_back_equal(definition: Definition) -> None:
    written = write_bpmn(definition)
    schema().assertValid(etree.fromstring(written.encode()))
    draft = read_bpmn(written.encode(), name="map.bpmn")
    assert draft.definition.dump() == definition.dump()
    assert list(draft.definition.steps) == list(definition.steps)
    assert list(draft.unsupported) == []


@pytest.mark.parametrize("path", COMPANY_MAPS, ids=lambda path: path.stem)
def test_the_demo_company_s_maps_come_back_equal_and_open_elsewhere(path: Path) -> None:
    definition = read_definition(path.read_bytes(), name=path.name)
    draft = read_back(definition)
    assert draft.definition.dump() == definition.dump()
    assert not draft.unsupported
    report = check(write_bpmn(definition))
    assert report.ok, report.errors
    assert not report.warnings


def test_texts_of_any_kind_come_back_to_the_letter() -> None:
    plain = read_definition((MAPS / "purchase.yaml").read_bytes(), name="p").dump()
    plain["name"] = "R&D <buys> “things” – 買う"
    plain["purpose"] = "Lines\n\n  and spaces,\ttabs & <tags>"
    plain["steps"]["manager_review"]["instructions"] = "Look twice.\n  - <once>\n\n  - & again"
    plain["steps"]["manager_review"]["name"] = 'The "manager" looks'
    definition = Definition.model_validate(plain)
    assert read_back(definition).definition.dump() == plain


@settings(many, max_examples=MAPS_TRIED // 10)
@given(maps)
def test_no_node_lies_on_another_and_no_arrow_crosses_one(definition: Definition) -> None:
    root = etree.fromstring(write_bpmn(definition).encode())
    boxes = boxes_of(root)
    at_edges = ("error.", "expires.")
    on_their_own = {key: box for key, box in boxes.items() if not key.startswith(at_edges)}
    for key, box in on_their_own.items():
        for other, beside in on_their_own.items():
            assert key >= other or not overlap(box, beside), (key, other)
    for flow in root.iterfind(".//b:sequenceFlow", SPACES):
        course = course_of(root, flow.get("id"))
        assert touches(boxes[flow.get("sourceRef")], course[0])
        assert touches(boxes[flow.get("targetRef")], course[-1])
        for start, end in pairwise(course):
            for key, box in on_their_own.items():
                assert not passes_through(box, start, end), (flow.get("id"), key)


Box = tuple[float, float, float, float]
Spot = tuple[float, float]


def boxes_of(root: Any) -> dict[str, Box]:
    """Left, top, right and bottom of each node."""
    boxes = {}
    for shape in root.iterfind(".//bdi:BPMNShape", SPACES):
        key, bounds = shape.get("bpmnElement"), shape.find("dc:Bounds", SPACES)
        x, y, width, height = (float(bounds.get(n)) for n in ("x", "y", "width", "height"))
        if key.split(".")[0] in ("start", "step", "outcomes", "error", "expires"):
            boxes[key] = (x, y, x + width, y + height)
    return boxes


def course_of(root: Any, flow: str) -> list[Spot]:
    points = root.iterfind(f".//bdi:BPMNEdge[@bpmnElement='{flow}']/di:waypoint", SPACES)
    return [(float(point.get("x")), float(point.get("y"))) for point in points]


def overlap(one: Box, two: Box) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]


def touches(box: Box, spot: Spot) -> bool:
    return box[0] <= spot[0] <= box[2] and box[1] <= spot[1] <= box[3]


def passes_through(box: Box, start: Spot, end: Spot) -> bool:
    left, right = sorted((start[0], end[0]))
    top, bottom = sorted((start[1], end[1]))
    return (
        left < box[2]
        and box[0] < right
        and top < box[3]
        and box[1] < bottom
        and (
            overlap(box, (left, top - 0.01, right, bottom + 0.01))
            if left != right
            else overlap(box, (left - 0.01, top, right + 0.01, bottom))
        )
    )


# -- our own file, changed in another tool --------------------------------------------------------


def changed(*edits: tuple[str, str]) -> Mapping[str, Any]:
    """The steps of the purchase map after edits of its BPMN file."""
    written = write_bpmn(read_definition((MAPS / "purchase.yaml").read_bytes(), name="p"))
    for before, after in edits:
        assert before in written, before
        written = written.replace(before, after)
    return read_steps(written.encode())[0]


def test_what_another_tool_renamed_and_led_elsewhere_is_taken_from_the_drawing() -> None:
    steps = changed(
        ('name="Manager review"', 'name="Line manager looks"'),
        (
            'sourceRef="outcomes.order" targetRef="step.approved"',
            'sourceRef="outcomes.order" targetRef="step.finance_review"',
        ),
        (">amount &gt; 5000<", ">amount &gt; 7000<"),
    )
    assert steps["manager_review"]["name"] == "Line manager looks"
    assert steps["manager_review"]["due"] == "2d"
    assert steps["order"]["outcomes"]["ordered"] == "finance_review"
    assert {"to": "legal_review", "when": "amount > 7000"} in steps["checks"]["branches"]


def test_a_task_that_another_tool_moved_to_another_lane_has_that_role() -> None:
    node = "        <bpmn:flowNodeRef>step.legal_review</bpmn:flowNodeRef>\n"
    lane = "        <bpmn:flowNodeRef>step.finance_review</bpmn:flowNodeRef>\n"
    assert changed((node, ""), (lane, lane + node))["legal_review"]["role"] == "finance"


def test_a_step_that_another_tool_copied_is_a_step_of_its_own() -> None:
    written = write_bpmn(read_definition((MAPS / "purchase.yaml").read_bytes(), name="p"))
    at = written.index('    <bpmn:userTask id="step.legal_review"')
    end = written.index("</bpmn:userTask>", at) + len("</bpmn:userTask>\n")
    copy = written[at:end].replace('id="step.legal_review"', 'id="Activity_1"')
    steps, _ = read_steps((written[:end] + copy + written[end:]).encode())
    assert len(steps) == 14
    assert steps["legal_review_2"]["role"] == steps["legal_review"]["role"] == "legal"
    assert steps["legal_review_2"]["outcomes"] == {"done": "finished"}


def test_an_end_that_is_not_drawn_takes_no_step_s_key() -> None:
    steps, _ = read_steps(drawing('<task id="a" name="Finished"/><task id="b" name="Other"/>'))
    assert {key: step["kind"] for key, step in steps.items()} == {
        "finished": "task",
        "other": "task",
        "finished_2": "end",
    }


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"kind": "approval"', '"kind": ["approval"]'),
        ('{"kind": "decision"', '{"kin": "decision"'),
        ('"outcomes": {', '"outcomes": [], "other": {'),
        ('"rules": [{', '"rules": [7, {'),
        ('"branches": [{', '"branches": {"a": {'),
        ('"roles": {', '"roles": "none", "other": {'),
        ('"kind": "approval"', '"kind": "no such kind"'),
        ('"quorum": 2', '"quorum": "many"'),
    ],
)
def test_elements_of_ours_that_were_damaged_are_refused_in_one_sentence(
    before: str, after: str
) -> None:
    written = write_bpmn(read_definition((MAPS / "purchase.yaml").read_bytes(), name="p"))
    assert before in written
    with pytest.raises(DefinitionProblem) as refused:
        read_bpmn(written.replace(before, after, 1).encode(), name="ours.bpmn")
    assert "\n" not in str(refused.value)


def test_an_arrow_whose_mark_was_damaged_is_a_new_one() -> None:
    steps = changed(('kind="rule" name="1"', 'kind="rule" name="first"'))
    assert steps["size_check"]["rules"][0]["to"] == "finance_review"


# -- what other vendors draw ----------------------------------------------------------------------


def test_tasks_lanes_and_a_gateway_behind_a_task_become_steps_roles_and_outcomes() -> None:
    written = drawing(
        '<laneSet id="l"><lane id="a" name="Travel Desk"><flowNodeRef>s</flowNodeRef>'
        "<flowNodeRef>check</flowNodeRef><flowNodeRef>g</flowNodeRef></lane></laneSet>"
        '<startEvent id="s"/><userTask id="check" name="Check it"/><exclusiveGateway id="g"/>'
        '<scriptTask id="pay" name="Pay"/><endEvent id="e" name="Paid"/><endEvent id="n"/>'
        + arrow("s", "check")
        + arrow("check", "g")
        + arrow("g", "pay", 'name="Looks fine"')
        + arrow("g", "n", 'name="No"')
        + arrow("pay", "e")
    )
    draft = read_bpmn(written, name="theirs.bpmn")
    assert not draft.unsupported
    assert draft.definition.dump() == {
        "format": 1,
        "key": "ask",
        "name": "Ask",
        "roles": {"travel_desk": {"groups": ["travel-desk"]}},
        "start": {"role": "travel_desk", "first": "check_it"},
        "steps": {
            "check_it": {
                "kind": "task",
                "role": "travel_desk",
                "outcomes": {"looks_fine": "pay", "no": "end"},
            },
            "pay": {"kind": "automation", "action": "to_be_mapped", "to": "paid"},
            "paid": {"kind": "end", "result": "paid"},
            "end": {"kind": "end", "result": "done"},
        },
    }


def test_gateways_that_nest_become_blocks_with_their_joins() -> None:
    steps, left_out = read_steps(
        drawing(
            '<startEvent id="s"/><parallelGateway id="out"/>'
            '<inclusiveGateway id="in" default="in-j"/>'
            '<task id="a" name="A"/><task id="b" name="B"/><task id="c" name="C"/>'
            '<inclusiveGateway id="j" name="J"/><parallelGateway id="k" name="K"/>'
            '<endEvent id="e"/>'
            + arrow("s", "out")
            + arrow("out", "in")
            + arrow("out", "c")
            + arrow("in", "a", inner="<conditionExpression>${amount > 5}</conditionExpression>")
            + arrow("in", "b", inner="<conditionExpression>urgent</conditionExpression>")
            + arrow("in", "j")
            + "".join(arrow(*ends) for ends in ("aj", "bj", "jk", "ck", "ke"))
        )
    )
    assert steps["parallel"] == {
        "kind": "parallel",
        "branches": [{"to": "parallel_2"}, {"to": "c"}],
        "join": "k",
    }
    assert steps["parallel_2"] == {
        "kind": "parallel",
        "branches": [{"to": "a", "when": "amount > 5"}, {"to": "b", "when": "urgent"}],
        "join": "j",
    }
    assert steps["j"] == {"kind": "join", "to": "k"}
    assert left_out == ["sequenceFlow: its condition is to be written as a rule"] * 2


def test_a_subprocess_is_flattened_and_links_lead_on() -> None:
    link = '<linkEventDefinition name="L"/>'
    steps, left_out = read_steps(
        drawing(
            '<startEvent id="s"/><subProcess id="sub"><startEvent id="is"/><task id="a" name="A"/>'
            '<endEvent id="ie"/>' + arrow("is", "a") + arrow("a", "ie") + "</subProcess>"
            f'<intermediateThrowEvent id="t">{link}</intermediateThrowEvent>'
            f'<intermediateCatchEvent id="c">{link}</intermediateCatchEvent>'
            '<endEvent id="e" name="Over"/>'
            + arrow("c", "e")
            + arrow("s", "sub")
            + arrow("sub", "t")
        )
    )
    assert steps == {
        "a": {"kind": "task", "outcomes": {"done": "over"}},
        "over": {"kind": "end", "result": "over"},
    }
    assert left_out == []


def test_timers_messages_calls_and_failures_are_taken_over() -> None:
    timer = "<timerEventDefinition><timeDuration>P2DT4H</timeDuration></timerEventDefinition>"
    steps, left_out = read_steps(
        drawing(
            '<startEvent id="s"/><intermediateCatchEvent id="w" name="Rest">'
            + timer
            + '</intermediateCatchEvent><receiveTask id="r" name="Answer" messageRef="m"/>'
            '<callActivity id="c" name="Order" calledElement="Buy Things"/>'
            '<serviceTask id="a" name="Send"/><boundaryEvent id="f" attachedToRef="a">'
            '<errorEventDefinition/></boundaryEvent><endEvent id="e"/>'
            + "".join(arrow(*ends) for ends in ("sw", "wr", "rc", "ca", "ae", "fr")),
            beside='<message id="m" name="the answer"/>',
        )
    )
    assert left_out == []
    assert steps["rest"] == {"kind": "wait", "for": "2d4h", "to": "answer"}
    assert steps["answer"] == {"kind": "wait", "message": "the answer", "to": "order"}
    assert steps["order"] == {"kind": "subworkflow", "workflow": "buy-things", "to": "send"}
    assert steps["send"]["on_error"] == {"to": "answer", "exception": True}


@pytest.mark.parametrize(
    ("inner", "row"),
    [
        ('<task id="a"><standardLoopCharacteristics/></task>', "standardLoopCharacteristics"),
        ('<task id="a"/><dataObject id="d" name="Form"/>', "dataObject"),
        ('<task id="a"/><textAnnotation id="d"><text>x</text></textAnnotation>', "textAnnotation"),
        ('<task id="a" v:form="x"/>', "extensionElements"),
        ('<task id="a"/><boundaryEvent id="b" attachedToRef="a"/>', "boundaryEvent"),
        ('<task id="a"/><adHocSubProcess id="b" name="Some"/>', "adHocSubProcess"),
        ('<task id="a"/><subProcess id="b" triggeredByEvent="true"/>', "subProcess"),
        ('<task id="a"/><endEvent id="b"><signalEventDefinition/></endEvent>', "endEvent"),
        ('<task id="a"/>' + arrow("a", "gone"), "sequenceFlow"),
        ('<task id="a"/><startEvent id="s"/><startEvent id="t"/>', "startEvent"),
        (
            '<task id="a"/><startEvent id="s"><timerEventDefinition/></startEvent>'
            + arrow("s", "a"),
            "startEvent",
        ),
        (
            '<intermediateCatchEvent id="a"><timerEventDefinition><timeCycle>R3/PT1H</timeCycle>'
            "</timerEventDefinition></intermediateCatchEvent>",
            "intermediateCatchEvent",
        ),
    ],
)
def test_what_a_map_cannot_say_is_listed_by_element_and_line(inner: str, row: str) -> None:
    draft = read_bpmn(drawing(inner), name="theirs.bpmn")
    listed = [unsupported for unsupported in draft.unsupported if unsupported.element == row]
    assert listed
    assert all(unsupported.line == 4 for unsupported in listed)


def test_of_several_processes_the_largest_is_taken_or_the_one_that_is_named() -> None:
    other = '<process id="q" name="Other"><task id="x" name="X"/></process>'
    written = drawing('<task id="a" name="A"/><task id="b" name="B"/>', beside=other)
    assert read_bpmn(written, name="f").definition.key == "ask"
    assert read_bpmn(written, name="f", process_id="q").definition.key == "other"
    assert [row.id for row in read_bpmn(written, name="f").unsupported] == ["q"]
    with pytest.raises(DefinitionProblem, match="no process 'z'; it has q, p"):
        read_bpmn(written, name="f", process_id="z")


@pytest.mark.parametrize(
    "file",
    [
        *("A.1.0.bpmn", "A.2.0.bpmn", "A.2.1.bpmn", "A.3.0.bpmn", "A.4.0.bpmn", "A.4.1.bpmn"),
        *("B.1.0.bpmn", "camunda_VacationRequest.bpmn20.xml", "camunda_fox-invoice_en.bpmn"),
    ],
)
def test_other_vendors_files_give_drafts(file: str) -> None:
    draft = read_bpmn(shared("bpmn", file).read_bytes(), name=file)
    assert draft.definition.start
    assert len(draft.definition.steps) > 3
    assert all(row.line and row.element and str(row.why) for row in draft.unsupported)
    again = read_back(draft.definition)
    assert again.definition.dump() == draft.definition.dump()
    assert not again.unsupported


# -- what is no map -------------------------------------------------------------------------------

BOMB = (
    '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    f'<definitions xmlns="{BPMN}"><process id="&b;"/></definitions>'
)
OUTSIDE = (
    '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    f'<definitions xmlns="{BPMN}"><process id="p"><task id="a" name="&x;"/></process></definitions>'
)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (b"", "not readable as XML"),
        (b"<definitions", "not readable as XML"),
        (b"<html/>", "not BPMN 2.0: its root is <html>"),
        (f'<definitions xmlns="{BPMN}"/>'.encode(), "no process with steps"),
        (drawing(""), "no process with steps"),
        (BOMB.encode(), "DTD or entities"),
        (OUTSIDE.encode(), "DTD or entities"),
        (b'<?xml version="1.0" encoding="no-such"?><a/>', "encoding"),
        (b"<a>" * 200, "more elements than any map"),
        (drawing("<task/>" * 3000), "more steps than one map holds"),
        (drawing("<task/>" * 110_000), "more elements than any map"),
        (b"<a>" + b" " * 20_000_000, "larger than 5 MB"),
    ],
    ids=range(12),
)
def test_what_is_no_map_is_refused_in_one_sentence(written: bytes, says: str) -> None:
    with pytest.raises(DefinitionProblem) as refused:
        read_bpmn(written, name="theirs.bpmn")
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_is_told_from_a_definition_by_what_is_in_it() -> None:
    assert looks_like_bpmn(b"\xef\xbb\xbf \n<?xml version='1.0'?>")
    assert not looks_like_bpmn(b"format: 1\n")


def test_columns_and_what_is_worked_out_come_back_as_they_were() -> None:
    plain = read_definition((MAPS / "purchase.yaml").read_bytes(), name="p").dump()
    plain["fields"] |= {
        "lines": {
            "type": "list",
            "required": True,
            "columns": {
                "item": {"type": "text", "required": True, "label": "What & <how>"},
                "size": {"type": "choice", "choices": ["small", "large, very"]},
                "pieces": {"type": "integer", "min": 1, "max": "most"},
                "most": {"type": "integer"},
                "price": {"type": "money", "currency": "EUR"},
                "net": {"type": "money", "currency": "EUR", "value": "pieces * price"},
            },
            "min_rows": 1,
            "max_rows": 50,
        },
        "who": {"type": "users"},
        "bills": {"type": "documents", "accept": ["pdf"], "min_files": 2, "max_files": 20},
        "sum_of_lines": {
            "type": "number",
            "value": "sum(lines.net) * 1.19",
            "round": {"digits": 1, "mode": "down"},
        },
    }
    definition = Definition.model_validate(plain)
    draft = read_back(definition)
    assert draft.definition.dump() == definition.dump() == plain
    assert list(draft.definition.fields["lines"].columns or {}) == list(
        plain["fields"]["lines"]["columns"]
    )
    assert not draft.unsupported


QUORUMS: list[Any] = [3, "all", "60%", {"finance": 2, "legal": 1}, {"field": "how_many"}]
ROLES: dict[str, Any] = {
    "boss": {"manager_of": "requester"},
    "lead_s_boss": {"manager_of": "field:lead"},
    "decider_s_boss": {"manager_of": "look"},
    "regional": {"groups": "finance-{{ region }}"},
    "named": {"field": "reviewers"},
    "column": {"column": "lines.who"},
    "asker": {"requester": True},
}


def with_people(**step: Any) -> dict[str, Any]:
    """A map whose first step is decided by people of the newer forms."""
    way = {"ok": "done", "no": {"to": "refused", "exception": True}}
    look = {"kind": "approval", "role": "finance", "expected": "1d", "due": "2d", "outcomes": way}
    fields = {
        "region": {"type": "choice", "choices": ["EU", "US"], "required": True},
        "lead": {"type": "user"},
        "reviewers": {"type": "users"},
        "how_many": {"type": "integer"},
        "lines": {"type": "list", "columns": {"who": {"type": "user"}}},
    }
    return {
        "format": 1,
        "key": "people",
        "name": "People",
        "owner": "olga",
        "deputy": "dan",
        "roles": {"finance": {"groups": ["finance"]}, "legal": {"groups": ["legal"]}, **ROLES},
        "fields": fields,
        "start": {"role": "finance", "fields": sorted(fields), "first": "look"},
        "steps": {
            "look": look | step,
            "done": {"kind": "end", "result": "done"},
            "refused": {"kind": "end", "result": "refused"},
        },
    }


@pytest.mark.parametrize("quorum", QUORUMS, ids=str)
def test_every_form_of_a_quorum_comes_back_as_it_was(quorum: Any) -> None:
    definition = Definition.model_validate(with_people(quorum=quorum))
    draft = read_back(definition)
    assert (draft.definition.dump(), list(draft.unsupported)) == (definition.dump(), [])


@pytest.mark.parametrize("role", sorted(ROLES))
def test_every_form_of_a_role_comes_back_as_it_was(role: str) -> None:
    definition = Definition.model_validate(with_people(role=role, not_by=[]))
    draft = read_back(definition)
    assert (draft.definition.dump(), list(draft.unsupported)) == (definition.dump(), [])
