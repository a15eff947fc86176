"""From the log to the map: the command, and what it reads of a log."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from reporting.conformance.checks import check_log
from reporting.replay.activity_mapping import read_mapping
from tests.shared import QUICK, shared
from workflows.definitions.queries.sources import read_definition_file
from workflows.engine.format.definition import HumanStep

Proposed = Callable[..., dict[str, Any]]


def lines_of(*courses: str, each: int = 5) -> list[str]:
    """A log of these courses: case, activity, resource, end."""
    rows = []
    for number in range(each):
        for course_number, course in enumerate(courses):
            case = f"c{number}x{course_number}"
            for hour, name in enumerate(course.split(), start=9):
                rows.append(f"{case},{name},Clerk-{number % 2},2026-03-02T{hour:02}:00:00Z")
    return rows


@pytest.fixture
def propose(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Proposed:
    """Runs the command on lines of CSV; its JSON. The draft is in draft.yaml."""

    def run(*lines: str, more: tuple[str, ...] = (), header: str = "") -> dict[str, Any]:
        log = tmp_path / "log.csv"
        log.write_text("\n".join([header or "case_id,activity,resource,end", *lines]) + "\n")
        out = str(tmp_path / "draft.yaml")
        call_command("map_from_log", str(log), "--json", "--out", out, *more)
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    return run


def test_a_log_becomes_a_draft_with_its_block_roles_and_times(
    propose: Proposed, tmp_path: Path
) -> None:
    found = propose(*lines_of("a b c d", "a c b d"), more=("--key", "new-map"))
    assert (found["cases"], found["kept"], found["fit"]) == (10, 10, 10)
    assert found["joins"][0]["branches"] == [["b"], ["c"]]
    assert {"from": "both_1", "to": "b", "count": 10} in found["routes"]

    draft = read_definition_file(str(tmp_path / "draft.yaml"))
    step = draft.steps["b"]
    assert isinstance(step, HumanStep)
    assert (draft.key, step.role, step.expected) == ("new-map", "clerk", "1h")


def test_rare_ways_are_hidden_and_what_is_kept_is_said(propose: Proposed) -> None:
    rare = ["z1,a,x,2026-03-02T09:00:00Z", "z1,c,x,2026-03-02T10:00:00Z"]
    lines = [*lines_of("a b", each=9), *rare]
    assert propose(*lines, more=("--keep", "80"))["kept"] == 9
    assert propose(*lines, more=("--keep", "100"))["kept"] == 10


def test_columns_with_values_make_a_rule_that_the_draft_has(
    propose: Proposed, tmp_path: Path
) -> None:
    lines = []
    for number in range(120):
        way = "board" if number > 60 else "pay"
        lines += [
            f"k{number},ask,x,2026-03-02T09:00:00Z,{number}",
            f"k{number},{way},x,2026-03-02T10:00:00Z,",
        ]
    found = propose(*lines, header="case_id,activity,resource,end,data.amount")
    (decision,) = found["decisions"]
    assert decision["rule"]["used"]
    assert decision["rule"]["accuracy"] == 1.0
    draft = read_definition_file(str(tmp_path / "draft.yaml"))
    activities = read_mapping(None, draft, infers_outcomes=True)
    result = check_log(activities, tmp_path / "log.csv")
    assert (result.fit, result.cases) == (120, 120)


@pytest.mark.parametrize(
    "arguments",
    [["{log}", "--keep", "0"], ["{log}", "--keep", "101"], ["{log}", "--key", "No Key"], ["none"]],
)
def test_bad_input_is_one_line(arguments: list[str], tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("\n".join(["case_id,activity,resource,end", *lines_of("a b")]))
    with pytest.raises(CommandError) as refused:
        call_command("map_from_log", *(part.format(log=log) for part in arguments))
    assert refused.value.returncode == 2


def test_a_log_of_too_many_activities_is_refused(propose: Proposed) -> None:
    lines = [f"c1,a{number},x,2026-03-02T09:00:00Z" for number in range(201)]
    with pytest.raises(CommandError, match="200"):
        propose(*lines)


def test_the_running_example_shows_its_block(capsys: pytest.CaptureFixture[str]) -> None:
    """As in the field's books: the ticket is checked beside an examination of either kind."""
    log = shared("cases", "running-example.csv")
    call_command("map_from_log", str(log), "--json", "--keep", "100")
    found = json.loads(capsys.readouterr().out)
    (join,) = found["joins"]
    assert sorted(map(sorted, join["branches"])) == [
        ["check ticket"],
        ["examine casually", "examine thoroughly"],
    ]
    assert (found["cases"], found["fit"]) == (6, 6)


@pytest.mark.parametrize("name", QUICK)
def test_the_measure_of_a_draft_is_what_conformance_says_of_it(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, out = shared("logs", f"{name}.csv.gz"), tmp_path / "draft.yaml"
    call_command("map_from_log", str(log), "--json", "--out", str(out))
    found = json.loads(capsys.readouterr().out)
    activities = read_mapping(None, read_definition_file(str(out)), infers_outcomes=True)
    result = check_log(activities, log)
    assert (result.cases, result.fit) == (found["cases"], found["fit"])
    assert found["kept"] >= 0.8 * found["cases"]


def test_the_log_of_a_citys_receipts_shows_its_known_block(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Published models of this log have the check and the stop advice beside each other."""
    call_command("map_from_log", str(shared("logs", "receipt.csv.gz")), "--json")
    (join,) = json.loads(capsys.readouterr().out)["joins"]
    assert sorted(branch[0][:3] for branch in join["branches"]) == ["T02", "T06"]
    assert join["sure"] > 0.7
