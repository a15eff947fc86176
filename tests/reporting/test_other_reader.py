"""An independent reader finds in our XES what we find in our rows.

`PM4PY_PYTHON` names the Python of an environment with pm4py, which is never one of ours.
"""

import json
import os
import subprocess
from collections import defaultdict
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.reporting.other_reader import __file__ as reader
from tests.shared import QUICK, shared
from workflows.execution.models import WorkItem

PYTHON = os.environ.get("PM4PY_PYTHON", "")

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not PYTHON, reason="set PM4PY_PYTHON to a Python that has pm4py"),
]


def read_by_another(key: str, tmp_path: Path) -> dict[str, object]:
    where = tmp_path / "log.xes"
    call_command("export_log", key, "--out", str(where), stdout=StringIO())
    ran = subprocess.run(
        [PYTHON, reader, str(where)], capture_output=True, text=True, check=True, timeout=300
    )
    found: dict[str, object] = json.loads(ran.stdout.splitlines()[-1])
    return found


def our_traces(key: str) -> dict[str, list[str]]:
    traces: dict[str, list[str]] = defaultdict(list)
    done = WorkItem.objects.filter(request__template__key=key, state="done")
    for item in done.select_related("request", "step").order_by("completed_at", "id"):
        traces[item.request.reference].append(str(item.step))
    return traces


@pytest.mark.parametrize("name", QUICK)
def test_another_reader_finds_the_same_in_a_real_log(name: str, tmp_path: Path) -> None:
    out = StringIO()
    call_command("import_log", "brought", str(shared("logs", f"{name}.csv.gz")), stdout=out)
    figures = StringIO()
    call_command("report_bottlenecks", "brought", "--json", stdout=figures)
    ours = json.loads(figures.getvalue())
    found = read_by_another("brought", tmp_path)
    assert {k: found[k] for k in ("cases", "events", "variants")} == {
        k: ours[k] for k in ("cases", "events", "variants")
    }
    assert found["traces"] == our_traces("brought")


def test_another_reader_finds_the_same_in_the_demo(tmp_path: Path) -> None:
    call_command("load_demo", "--volume", "0.3", stdout=StringIO())
    for key in sorted(set(WorkItem.objects.values_list("request__template__key", flat=True))):
        found = read_by_another(key, tmp_path)
        traces = our_traces(key)
        assert found["traces"] == traces
        assert found["variants"] == len({tuple(names) for names in traces.values()})
