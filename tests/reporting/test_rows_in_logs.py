"""Which row of an each-branch was decided: in event logs and in the audit CSV."""

import csv
import io
import json

import pytest
from django.core.management import call_command

from reporting.audit.queries.csv_lines import encode_csv_lines, select_trail_rows, trail_csv_lines
from reporting.audit.queries.postgres_copy import copy_csv_lines
from tests.workflows.support import Flow, begin, only_on_postgres, person
from tests.workflows.test_each_branches import each, rows
from workflows.execution.services import work_items as tasks

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def decided() -> Flow:
    """Three rows, of which the second has been checked; one of them begins as a formula does."""
    flow = begin(each(), lines=[*rows(2), {"item": "=Thing", "net": "9.00"}])
    second = flow.request.work_items.open().order_by("pk")[1]
    tasks.decide(second.pk, actor=person("ann"), outcome="ok", now=flow.later())
    return flow


def test_the_audit_csv_says_which_row_was_decided(decided: Flow) -> None:
    written = csv.DictReader(io.StringIO("".join(trail_csv_lines(select_trail_rows())), newline=""))
    rows_of = [(row["command"], row["row"]) for row in written]
    assert rows_of[-2:] == [("start", ""), ("decide", "2: Thing 2")]
    listed = json.loads(run("export_audit", "--json"))
    assert [(row["command"], row["row"]) for row in listed] == rows_of


@only_on_postgres
def test_postgres_writes_the_rows_to_the_same_bytes(decided: Flow) -> None:
    events = select_trail_rows()
    columns = ("id", "row_label")
    third = decided.request.work_items.open().order_by("pk")[1]
    tasks.decide(third.pk, actor=person("ann"), outcome="ok", now=decided.later())
    lines = [line.split(",")[-1] for line in encode_csv_lines(events)]
    copied = [line.split(",")[-1] for line in copy_csv_lines(events, columns)]
    assert copied == lines
    assert copied[-1] == "3: =Thing\r\n"


@pytest.mark.parametrize("people", [True, False])
def test_a_log_says_which_row_each_task_is_about(decided: Flow, people: bool) -> None:
    named = ["1: Thing 1", "2: Thing 2", "3: =Thing"] if people else ["1", "2", "3"]
    asked = ["--people"] if people else []
    table = csv.DictReader(io.StringIO(run("export_log", "each", "--format", "csv", *asked)))
    assert sorted(row["row"] for row in table) == named
    xes = run("export_log", "each", "--format", "xes", *asked)
    assert all(f'key="handoff:row" value="{label}"' in xes for label in named)
    ocel = json.loads(run("export_log", "each", "--format", "ocel", *asked))
    (event,) = ocel["events"]
    assert {"name": "row", "value": named[1]} in event["attributes"]
    (request,) = [item for item in ocel["objects"] if item["type"] == "request"]
    values = {part["name"]: part["value"] for part in request["attributes"]}
    assert [task["row"] for task in json.loads(values["open_tasks"])] == [named[0], named[2]]
