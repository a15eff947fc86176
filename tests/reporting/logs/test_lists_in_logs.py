"""Lists and several values in logs: written as JSON, and read back as the same rows."""

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command

from tests.factories import NOW, make_user, publish_map
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks

pytestmark = pytest.mark.django_db

ENDINGS = {"csv": "csv", "xes": "xes", "ocel": "json"}
MAP = """
format: 1
key: order
name: Order
owner: olga
deputy: dan
roles: {staff: {groups: [staff]}}
fields:
  lines:
    type: list
    columns:
      item: {type: text, required: true}
      pieces: {type: integer}
      price: {type: money, currency: EUR}
      urgent: {type: boolean}
      net: {type: money, currency: EUR, value: "pieces * price"}
  who: {type: users}
  tags: {type: choices, choices: [small, "large, very"]}
  total: {type: money, currency: EUR, value: "sum(lines.net)"}
start: {role: staff, fields: [lines, who, tags], first: check}
steps:
  check:
    kind: task
    role: staff
    expected: 4h
    due: 2d
    outputs: [lines]
    outcomes:
      done: over
      give_up: {to: gone, exception: true}
      refuse: {to: gone, exception: true}
  over: {kind: end, result: over}
  gone: {kind: end, result: gone}
"""
ROWS: list[dict[str, Any]] = [
    {"item": 'A "chair", red; =1+1', "pieces": 3, "price": "12.50", "urgent": False},
    {"item": "Größe\u00a0'L'"},
]


@pytest.fixture
def done() -> WorkflowInstance:
    """A request that is over, whose list was changed on its way."""
    for name in ("olga", "dan", "zoe"):
        make_user(name)
    sam = make_user("sam", groups=["staff"])
    publish_map(yaml.safe_load(MAP))
    data = {"lines": ROWS[:1], "who": ["zoe", "sam"], "tags": ["large, very"]}
    requests.start("order", actor=sam, now=NOW, data=data)
    task = WorkItem.objects.get()
    tasks.decide(task.pk, actor=sam, outcome="done", now=NOW, data={"lines": ROWS})
    return WorkflowInstance.objects.get()


def written(kind: str) -> str:
    out = StringIO()
    call_command("export_log", "order", "--format", kind, "--people", stdout=out)
    return out.getvalue()


def test_a_table_has_lists_as_json(done: WorkflowInstance) -> None:
    row = list(csv.DictReader(StringIO(written("csv"))))[-1]
    assert json.loads(row["data.lines"]) == done.data["lines"]
    assert json.loads(row["data.who"]) == ["zoe", "sam"]
    assert row["data.total"] == "37.50"


@pytest.mark.parametrize("kind", ENDINGS)
def test_a_log_comes_in_again_with_the_same_rows(
    done: WorkflowInstance, kind: str, tmp_path: Path
) -> None:
    log, map_file = tmp_path / f"log.{ENDINGS[kind]}", tmp_path / "again.yaml"
    log.write_text(written(kind), encoding="utf-8")
    map_file.write_text(MAP.replace("key: order", "key: again"), encoding="utf-8")
    call_command("import_log", str(map_file), str(log), stdout=StringIO())
    came = WorkflowInstance.objects.get(template__key="again")
    assert came.data["lines"] == done.data["lines"]
    assert came.data["tags"] == done.data["tags"]
    assert came.data["total"] == "37.50"
