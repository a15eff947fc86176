"""Several documents of a field in logs: their names as JSON, and each an object that was seen."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from tests.factories import NOW, make_user, publish_map
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks

pytestmark = pytest.mark.django_db

ENDINGS = {"csv": "csv", "xes": "xes", "ocel": "json"}
MAP = """
format: 1
key: claim
name: Claim
owner: olga
deputy: dan
roles: {staff: {groups: [staff]}}
fields:
  bills: {type: documents}
  sum: {type: money, currency: EUR, required: true}
start: {role: staff, fields: [bills, sum], first: check}
steps:
  check:
    kind: task
    role: staff
    expected: 4h
    due: 2d
    outcomes:
      done: over
      give_up: {to: gone, exception: true}
      refuse: {to: gone, exception: true}
  over: {kind: end, result: over}
  gone: {kind: end, result: gone}
"""


@pytest.fixture
def done() -> WorkflowInstance:
    for name in ("olga", "dan"):
        make_user(name)
    sam = make_user("sam", groups=["staff"])
    publish_map(yaml.safe_load(MAP))
    files = {"bills": [ContentFile(b"a", name="a, b.txt"), ContentFile(b"c", name="c.txt")]}
    requests.start("claim", actor=sam, now=NOW, data={"sum": "5.00"}, files=files)
    tasks.decide(WorkItem.objects.get().pk, actor=sam, outcome="done", now=NOW)
    return WorkflowInstance.objects.get()


def written(kind: str, *more: str) -> str:
    out = StringIO()
    call_command("export_log", "claim", "--format", kind, *more, stdout=out)
    return out.getvalue()


def test_a_table_has_their_names_as_json_and_only_for_whom_people_are_named(
    done: WorkflowInstance,
) -> None:
    row = list(csv.DictReader(StringIO(written("csv", "--people"))))[-1]
    assert json.loads(row["data.bills"]) == ["a, b.txt", "c.txt"]
    assert "c.txt" not in written("csv")


def test_each_is_an_object_that_the_decision_had_in_view(done: WorkflowInstance) -> None:
    log = json.loads(written("ocel", "--people"))
    papers = {one["id"] for one in log["objects"] if one["type"] == "document"}
    assert len(papers) == 2
    [event] = [one for one in log["events"] if one["type"] == "Check"]
    seen = {one["objectId"] for one in event["relationships"]}
    assert papers <= seen


@pytest.mark.parametrize("kind", ENDINGS)
def test_a_log_brings_no_files_in_as_with_one_document(
    done: WorkflowInstance, kind: str, tmp_path: Path
) -> None:
    log, map_file = tmp_path / f"log.{ENDINGS[kind]}", tmp_path / "again.yaml"
    log.write_text(written(kind, "--people"), encoding="utf-8")
    map_file.write_text(MAP.replace("key: claim", "key: again"), encoding="utf-8")
    with pytest.raises(CommandError, match="upload"):
        call_command("import_log", str(map_file), str(log), stdout=StringIO())
    assert WorkflowInstance.objects.get() == done
