"""The real log of a university's domestic travel declarations, driven through the real services.

The first few hundred cases run each time; the whole log (10,357 cases) is for the night.
"""

import csv
import gzip
import itertools
from collections import Counter
from pathlib import Path

import pytest

from reporting.replay.log_replay import ReplayResult, replay_log
from tests.factories import NOW
from tests.shared import ROOT, shared
from workflows.execution.models import Incident, WorkflowInstance, WorkItem

pytestmark = pytest.mark.django_db

DEMO = ROOT / "workflows" / "demo"
MAP = DEMO / "maps" / "travel_declaration.yaml"
MAPPING = DEMO / "mappings" / "bpic2020_domestic.yaml"
FIRST = 300


def read_cases(log: Path) -> dict[str, list[str]]:
    """Each case's activities, read without any of the code under test."""
    cases: dict[str, list[str]] = {}
    with gzip.open(log, "rt", encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            cases.setdefault(row["case_id"], []).append(row["activity"])
    return cases


def first_cases(log: Path, folder: Path, number: int) -> Path:
    """The first cases of the log as a log of its own."""
    wanted = set(itertools.islice(read_cases(log), number))
    part = folder / "part.csv"
    with gzip.open(log, "rt", encoding="utf-8") as stream, part.open("w") as out:
        for line in stream:
            if line.startswith("case_id,") or line.split(",", 1)[0] in wanted:
                out.write(line)
    return part


def how_it_ends(activities: list[str]) -> str:
    """The result that a case of the log has; '' for one that the log leaves open."""
    if activities[-1] == "Payment Handled":
        return "paid"
    return "withdrawn" if activities[-1] == "Declaration REJECTED by EMPLOYEE" else ""


def check(outcome: ReplayResult, expected: dict[str, list[str]], refused_at_most: float) -> None:
    """Nearly all cases replay, each ends as the log ends, and every row is a decision."""
    refused = {refusal.case_id for refusal in outcome.refused}
    assert outcome.cases == len(expected)
    assert len(refused) <= refused_at_most * len(expected), outcome.refused[:5]
    assert all(refusal.reason and refusal.row for refusal in outcome.refused)
    results = dict(WorkflowInstance.objects.values_list("case_ref", "result"))
    told = {case: how_it_ends(rows) for case, rows in expected.items() if case not in refused}
    assert results == told
    assert outcome.ended == Counter(result for result in told.values() if result)
    assert outcome.open == sum(not result for result in told.values())
    starts = sum(
        rows.count("Declaration SAVED by EMPLOYEE")
        for case, rows in expected.items()
        if case not in refused
    )
    rows = sum(len(rows) for case, rows in expected.items() if case not in refused)
    assert outcome.decisions == rows - starts == WorkItem.objects.filter(state="done").count()
    assert not Incident.objects.filter(state=Incident.OPEN).exists()


def test_the_first_cases_of_the_real_log_replay_and_end_as_they_did(tmp_path: Path) -> None:
    log = shared("logs", "bpic2020_domestic.csv.gz")
    part = first_cases(log, tmp_path, FIRST)
    expected = dict(itertools.islice(read_cases(log).items(), FIRST))

    outcome = replay_log(str(MAP), part, mapping=MAPPING, now=NOW)
    check(outcome, expected, refused_at_most=0)


@pytest.mark.slow
def test_the_whole_real_log_replays_and_ends_as_it_did() -> None:
    log = shared("logs", "bpic2020_domestic.csv.gz")

    outcome = replay_log(str(MAP), log, mapping=MAPPING, now=NOW)
    check(outcome, read_cases(log), refused_at_most=0.03)
