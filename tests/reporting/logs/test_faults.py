"""All faults of a file are told in one answer, or left out with a list; good rows do not suffer."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.reporting.logs.writing import event, file, read, xes
from workflows.engine.errors import InvalidInput
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.history_import.models import LogImport

HEAD = "case_id,activity,resource,start,end\n"
GOOD = "1,A,x,2026-03-02T09:00:00Z,2026-03-02T10:00:00Z\n"
BAD = {
    "no_time": "1,A,x,,yesterday\n",
    "no_end": "1,A,x,,\n",
    "empty": "1,,x,,2026-03-02T10:00:00Z\n",
    "starts_late": "1,A,x,2026-03-03T09:00:00Z,2026-03-02T10:00:00Z\n",
    "out_of_bounds": "1,A,x,,9999-12-31T23:59:59Z\n",
    "cells": "1,A\n",
    "too_long": f"1,{'a' * 201},x,,2026-03-02T10:00:00Z\n",
}


def run(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("import_log", *arguments, "--json", stdout=out, stderr=StringIO())
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def test_every_fault_is_in_one_answer_with_its_count_and_first_places(tmp_path: Path) -> None:
    lines = [GOOD, *BAD.values(), BAD["no_time"], BAD["no_time"], BAD["no_time"], BAD["no_time"]]
    with pytest.raises(InvalidInput) as refused:
        read(file(tmp_path, HEAD + "".join(lines)))
    said = str(refused.value)
    assert "line 3: the end 'yesterday' is not a time" in said
    assert "(and 2 more)" in said
    for words in (
        "the end is empty",
        "the activity is empty",
        "starts after it ends",
        "cannot be meant",
        "2 cells under a header of 5",
        "longer than 200",
    ):
        assert words in said
    assert "11 rows cannot be used" in said
    assert "--skip" in said


@pytest.mark.django_db
def test_what_is_skipped_is_listed_and_the_rest_comes_in(tmp_path: Path) -> None:
    path = file(tmp_path, HEAD + GOOD * 20 + "".join(BAD.values()))
    with pytest.raises(CommandError):
        run("with-faults", path)
    assert not WorkflowInstance.everything.exists()
    done = run("with-faults", path, "--skip")
    assert (done["rows"], done["events"]) == (20, 27)
    assert done["skipped"]["count"] == len(BAD)
    assert set(done["skipped"]["by_code"]) == set(BAD)
    assert {row["place"] for row in done["skipped"]["rows"]} == {f"line {n}" for n in range(22, 29)}
    assert WorkItem.objects.count() == 20
    assert LogImport.objects.get().summary["skipped"] == done["skipped"]["by_code"]


@pytest.mark.django_db
def test_the_text_names_what_was_left_out(tmp_path: Path) -> None:
    out = StringIO()
    path = file(tmp_path, HEAD + GOOD + BAD["no_time"])
    call_command("import_log", "told", path, "--skip", stdout=out)
    assert "1 rows were left out" in out.getvalue()
    assert "line 3: the end 'yesterday'" in out.getvalue()


def test_faults_of_xes_are_gathered_too(tmp_path: Path) -> None:
    good = [event("A", "09:00:00") for _ in range(50)]
    bad = [event("", "09:00:00"), event("B", "soon"), event("C", "0001-01-01T00:00:00Z")]
    text = xes(good, bad).replace("</log>", f"<trace>{good[0]}</trace></log>")
    path = file(tmp_path, text, "log.xes")
    with pytest.raises(InvalidInput) as refused:
        read(path)
    for words in ("trace 2, event 1: the event has no concept:name", "trace 3: the trace has no"):
        assert words in str(refused.value)
    rows, account = read(path, skip=True)
    assert len(rows) == 50
    assert account.counts == {"empty": 1, "no_time": 1, "out_of_bounds": 1, "no_case": 1}


@pytest.mark.parametrize("seconds", [1, 59])
def test_clocks_that_differ_a_little_are_no_fault(seconds: int, tmp_path: Path) -> None:
    line = f"1,A,x,2026-03-02T09:00:{seconds:02}Z,2026-03-02T09:00:00Z\n"
    (row,), account = read(file(tmp_path, HEAD + line))
    assert row.start == row.end
    assert account.noted == {"skew": 1}
