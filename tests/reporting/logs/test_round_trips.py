"""What is written out comes in again as it was, in every format, and names nobody unasked."""

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema_rs
import pytest
from django.core.management import call_command
from django.test import Client

from reporting.eventlogs.services.importing import import_log
from tests.factories import NOW, make_user
from tests.reporting.logs.writing import file
from tests.workflows import drawn
from tests.workflows.support import Flow, begin, paper, person
from tests.workflows.support import again as start_another
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import work_items as tasks

pytestmark = pytest.mark.django_db

ENDINGS = {"csv": "csv", "xes": "xes", "ocel": "json"}
AWKWARD = (
    "case_id,activity,resource,start,end\n"
    "1,Review,x,2026-03-02T09:00:00Z,2026-03-02T17:00:00Z\n"
    "1,Review,y,2026-03-02T10:00:00Z,2026-03-02T11:00:00Z\n"
    "1,- none -,y,2026-03-02T18:00:00Z,2026-03-02T18:10:00Z\n"
    "1,=SUM(A1),=cmd,2026-03-02T19:00:00Z,2026-03-02T19:10:00Z\n"
    "1,'quoted',y,2026-03-02T20:00:00Z,2026-03-02T20:10:00Z\n"
    "1,''twice,y,2026-03-02T20:30:00Z,2026-03-02T20:40:00Z\n"
    '@2,"a ""b"" & <c>, d",Jörg,2026-03-02T20:00:00Z,2026-03-02T20:10:00.123456Z\n'
)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def figures(key: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("report_bottlenecks", key, "--json"))
    for own in ("workflow", "expected", "gap"):  # the map's, not the log's
        del found[own]
    for now in found["queue_now"].values():
        del now["oldest_s"]
    return found


def rows_of(key: str) -> list[dict[str, str]]:
    text = run("export_log", key, "--format", "csv", "--people")
    return list(csv.DictReader(StringIO(text)))


def again(key: str, kind: str, tmp_path: Path) -> str:
    """The key under which the log of a workflow has come in again."""
    path = tmp_path / f"log.{ENDINGS[kind]}"
    run("export_log", key, "--format", kind, "--people", "--out", str(path))
    run("import_log", f"{key}-{kind}", str(path))
    return f"{key}-{kind}"


def company() -> None:
    """Requests that are done, running with and without anything done, suspended, called off."""
    done = begin(drawn.sequential(), paper=paper(name="cv.txt"), helper="bob")
    done.decide("review", "back", comment="Not yet.")
    done.decide("fix", "again", "rita")
    done.decide("review", "ok")
    done.decide("pay", "paid", "mona", data={"code": "C1"})
    another("b.txt")
    half = another("c.txt")
    half.decide("review", "back", comment="Not yet.")
    for name in ("suspend", "cancel"):
        other = another(f"{name}.txt")
        other.decide("review", "back", comment="Not yet.")
        other.command(name)
    item = half.refresh().work_items.get(is_open=True)
    tasks.claim(item.pk, actor=person("rita"), now=half.later())


def another(name: str) -> Flow:
    """Another request, with a paper of this name."""
    return start_another("sequential", paper=paper(name=name), helper="bob")


@pytest.mark.parametrize("kind", ENDINGS)
def test_requests_in_every_state_come_in_again_as_they_were(kind: str, tmp_path: Path) -> None:
    company()
    states = sorted(WorkflowInstance.objects.values_list("state", flat=True))
    assert {"running", "suspended", "completed", "cancelled"} == set(states)
    key = again("sequential", kind, tmp_path)
    came = WorkflowInstance.objects.filter(template__key=key)
    assert sorted(came.values_list("state", flat=True)) == states
    assert figures(key) == figures("sequential")
    mine, theirs = rows_of("sequential"), rows_of(key)
    assert [{**row, **own} for row, own in zip(mine, theirs, strict=True)] == mine


@pytest.mark.parametrize("kind", ENDINGS)
def test_awkward_names_and_overlapping_instances_come_in_again(kind: str, tmp_path: Path) -> None:
    import_log("first", file(tmp_path, AWKWARD), actor=None, now=NOW)
    key = again("first", kind, tmp_path)
    assert figures(key) == figures("first")
    assert rows_of(key) == rows_of("first")
    assert {row["case_id"] for row in rows_of(key)} == {"1", "'@2"}


def test_a_quote_of_somebody_elses_table_stays(tmp_path: Path) -> None:
    text = "case_id,activity,end\n1,'-x,2026-03-02\n"
    import_log("other", file(tmp_path, text), actor=None, now=NOW)
    assert figures("other")["top5_variants"][0]["trace"] == ["'-x"]


def test_a_workflows_own_log_is_not_taken_into_it(tmp_path: Path) -> None:
    from workflows.engine.errors import InvalidInput

    company()
    path = tmp_path / "log.csv"
    run("export_log", "sequential", "--format", "csv", "--out", str(path))
    with pytest.raises(InvalidInput, match="is in 'sequential' already"):
        import_log("sequential", path, actor=None, now=NOW)


def test_what_still_runs_in_a_log_is_no_work_for_anybody_here(
    client: Client, tmp_path: Path
) -> None:
    company()
    key = again("sequential", "csv", tmp_path)
    client.force_login(make_user("root", is_superuser=True, is_staff=True))
    came = WorkflowInstance.objects.filter(template__key=key, state="running")
    for request in came:
        assert client.get(f"/requests/{request.reference}/").status_code == 200
        assert not request.work_items.filter(is_open=True).exists()
        for item in request.work_items.all():
            assert client.get(f"/tasks/{item.pk}/").status_code < 500
    assert client.get(f"/reports/workflow/{key}/").status_code == 200


# -- who is named -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ENDINGS)
def test_nobody_is_named_unasked_in_titles_texts_and_papers(kind: str) -> None:
    flow = begin(drawn.sequential(), paper=paper(name="cv of Emeka Obi.txt"), helper="bob")
    flow.decide("review", "back", comment="Emeka Obi must sign.")
    WorkflowInstance.objects.filter(pk=flow.request.pk).update(title="Emeka Obi, tester")
    plain = run("export_log", "sequential", "--format", kind)
    named = run("export_log", "sequential", "--format", kind, "--people")
    for words in ("Emeka", "Obi", "bob", "ann"):
        assert words not in plain
    assert "Emeka Obi, tester" in named


# -- the standards ----------------------------------------------------------------------------

TEXT = {"type": "string", "minLength": 1}
ATTRIBUTE_TYPES = {"enum": ["string", "time", "integer", "float", "boolean"]}


def lists(**properties: Any) -> dict[str, Any]:
    needed = list(properties)
    item = {
        "type": "object",
        "properties": properties,
        "required": needed,
        "additionalProperties": False,
    }
    return {"type": "array", "items": item}


TYPES = lists(name=TEXT, attributes=lists(name=TEXT, type=ATTRIBUTE_TYPES))
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}
RELATED = lists(objectId=TEXT, qualifier={"type": "string"})
OCEL = {
    "type": "object",
    "required": ["eventTypes", "objectTypes", "events", "objects"],
    "additionalProperties": False,
    "properties": {
        "eventTypes": TYPES,
        "objectTypes": TYPES,
        "events": lists(
            id=TEXT,
            type=TEXT,
            time=TIME,
            attributes=lists(name=TEXT, value={}),
            relationships=RELATED,
        ),
        "objects": lists(
            id=TEXT,
            type=TEXT,
            attributes=lists(name=TEXT, time=TIME, value={}),
            relationships=RELATED,
        ),
    },
}
"""The structure that OCEL 2.0 asks of a JSON file, in our words."""
PYTHON = {"string": str, "integer": int, "float": float, "boolean": bool, "time": str}


@pytest.mark.parametrize("people", [True, False])
def test_ocel_is_as_its_standard_asks(people: bool) -> None:
    company()
    text = run("export_log", "sequential", "--format", "ocel", *(["--people"] if people else []))
    log = json.loads(text)
    jsonschema_rs.validate(OCEL, log)
    for things, types in (("events", "eventTypes"), ("objects", "objectTypes")):
        declared = {
            one["name"]: {a["name"]: a["type"] for a in one["attributes"]} for one in log[types]
        }
        ids = [one["id"] for one in log[things]]
        assert len(ids) == len(set(ids))
        for one in log[things]:
            for attribute in one["attributes"]:
                kind = declared[one["type"]][attribute["name"]]
                assert isinstance(attribute["value"], PYTHON[kind])
    objects = {one["id"] for one in log["objects"]}
    assert all(r["objectId"] in objects for e in log["events"] for r in e["relationships"])


def test_a_foreign_ocel_log_needs_one_type_of_cases(tmp_path: Path) -> None:
    from tests.reporting.logs.writing import read
    from workflows.engine.errors import InvalidInput

    def thing(name: str, kind: str) -> dict[str, Any]:
        return {"id": name, "type": kind, "attributes": [], "relationships": []}

    def happened(number: int, *objects: str) -> dict[str, Any]:
        related = [{"objectId": one, "qualifier": ""} for one in objects]
        return {
            "id": f"e{number}",
            "type": "Pay",
            "time": f"2026-03-0{number}T09:00:00Z",
            "attributes": [],
            "relationships": related,
        }

    log = {
        "eventTypes": [{"name": "Pay", "attributes": []}],
        "objectTypes": [{"name": "order", "attributes": []}, {"name": "item", "attributes": []}],
        "objects": [thing("o1", "order"), thing("o2", "order"), thing("i1", "item")],
        "events": [happened(1, "o1", "i1"), happened(2, "o1", "o2"), happened(3, "i1")],
    }
    path = file(tmp_path, json.dumps(log), "log.json")
    with pytest.raises(InvalidInput, match="types order, item"):
        read(path)
    rows, account = read(path, object_type="order")
    assert [(row.case_id, f"{row.end:%d}") for row in rows] == [
        ("o1", "01"),
        ("o1", "02"),
        ("o2", "02"),
    ]
    assert account.passed == {"of_no_case": 1}


def test_xes_has_the_structure_of_its_standard() -> None:
    company()
    space = "{http://www.xes-standard.org/}"
    log = ElementTree.fromstring(run("export_log", "sequential", "--people").encode())
    assert log.tag == f"{space}log"
    assert log.get("xes.version")
    kinds = {"string", "date", "int", "float", "boolean"}
    for trace in log.findall(f"{space}trace"):
        tags = [child.tag.removeprefix(space) for child in trace]
        first_event = tags.index("event")
        assert set(tags[:first_event]) <= kinds
        assert set(tags[first_event:]) == {"event"}
        for event in trace.findall(f"{space}event"):
            keys = [child.get("key") for child in event]
            assert len(keys) == len(set(keys))
            assert {"concept:name", "time:timestamp", "lifecycle:transition"} <= set(keys)
            assert all(child.tag.removeprefix(space) in kinds for child in event)
            assert all(child.get("value") is not None for child in event)
