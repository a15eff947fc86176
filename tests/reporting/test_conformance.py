"""Conformance of logs and of our own history: what is read, said and answered."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from reporting.conformance.checks import check_history, check_log
from reporting.metrics.native_rows import RequestPeriod
from reporting.replay.activity_mapping import read_mapping
from tests.reporting.replaying import SMALL, Replay, day, whole_case
from tests.shared import shared
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.sources import read_definition_file
from workflows.engine.format.definition import Definition
from workflows.execution.models import WorkflowInstance
from workflows.trail.models import TrailEvent

Checked = Callable[..., tuple[int, dict[str, Any]]]
HEADER = "case_id,activity,resource,end"


@pytest.fixture
def small_map(tmp_path: Path) -> Path:
    path = tmp_path / "leave.json"
    path.write_text(json.dumps(SMALL))
    return path


@pytest.fixture
def check(tmp_path: Path, small_map: Path, capsys: pytest.CaptureFixture[str]) -> Checked:
    """Runs the command on lines of CSV and the small map; its exit code and JSON."""

    def run(*lines: str, header: str = HEADER, mapping: str = "") -> tuple[int, dict[str, Any]]:
        log = tmp_path / "log.csv"
        log.write_text("\n".join([header, *lines]) + "\n")
        arguments = [str(small_map), str(log), "--json"]
        if mapping:
            (tmp_path / "mapping.yaml").write_text(mapping)
            arguments += ["--mapping", str(tmp_path / "mapping.yaml")]
        return run_command(capsys, *arguments)

    return run


def run_command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = 0
    try:
        call_command("conformance", *arguments)
    except SystemExit as found:
        code = int(found.code or 0)
    return code, json.loads(capsys.readouterr().out)


def test_a_log_that_fits_is_all_well(check: Checked) -> None:
    assert check(*whole_case("c1"), *whole_case("c2")) == (
        0,
        {"cases": 2, "fit": 2, "deviations": []},
    )


def test_a_case_that_leaves_the_map_is_found_with_its_step_and_an_example(check: Checked) -> None:
    skipped = [line for line in whole_case("c2") if "check" not in line]
    again = [line for line in whole_case("c3") if "check" not in line]
    code, result = check(*whole_case("c1"), *skipped, *again)

    assert code == 1
    (deviation,) = result.pop("deviations")
    assert result == {"cases": 3, "fit": 1}
    assert deviation == {
        "step": "check",
        "activity": "look",
        "count": 2,
        "example": "c2",
        "message": "Stood at “Check”; “look” cannot be reached from there.",
    }


def test_outcomes_that_the_log_does_not_say_are_inferred_from_what_comes_next(
    check: Checked,
) -> None:
    lines = [line.replace("/send", "").replace("/agree", "") for line in whole_case()]
    assert check(*lines)[0] == 0


def test_a_step_may_be_called_by_its_name_with_an_outcome_or_without(check: Checked) -> None:
    lines = [f"c1,Ask/send,sam,{day(2)}", f"c1,Check,berta,{day(3)}", f"c1,Look,lea,{day(4)}"]
    assert check(*lines)[0] == 0


def test_a_mapping_says_what_activities_mean_and_may_leave_the_outcome_open(check: Checked) -> None:
    mapping = "\n".join(
        [
            "Sent: start",
            "Asked: {step: ask}",
            "Agreed: {step: check, outcome: agree}",
            "Noise: ignore",
        ]
    )
    lines = [
        f"c1,{name},x,{day(2, hour)}"
        for hour, name in enumerate(["Sent", "Noise", "Asked", "Agreed", "look"], start=9)
    ]
    assert check(*lines, mapping=mapping)[0] == 0
    code, result = check(*lines, f"c1,Lunch,x,{day(3)}", mapping=mapping)
    assert code == 1
    assert "nothing on the map" in result["deviations"][0]["message"]


def test_an_activity_that_nobody_performs_is_still_an_activity(check: Checked) -> None:
    assert check(f"c1,ask/send,,{day(2)}")[0] == 0


def test_a_log_of_ours_with_outcomes_in_a_column_has_one_row_for_a_steps_work(
    check: Checked,
) -> None:
    lines = [f"c1,Ask,sam,{day(2)},drop", f"c1,Check,berta,{day(3)},agree"]
    code, result = check(*lines, header=f"{HEADER},outcome")
    assert code == 1
    assert [entry["step"] for entry in result["deviations"]] == ["dropped"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["{map}"],
        ["{map}", "{log}", "--history"],
        ["{map}", "--history", "--mapping", "{log}"],
        ["{map}", "{log}", "--since", "2026-01-01"],
        ["{map}", "nowhere.csv"],
        ["nowhere", "{log}"],
        ["{map}", "{map}"],
        ["{map}", "--history"],
    ],
)
@pytest.mark.django_db
def test_bad_input_is_one_line(arguments: list[str], small_map: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("\n".join([HEADER, *whole_case()]))
    with pytest.raises(CommandError) as refused:
        call_command("conformance", *(part.format(map=small_map, log=log) for part in arguments))
    assert refused.value.returncode == 2
    assert "\n" not in str(refused.value)


@pytest.mark.django_db
def test_our_own_history_is_replayed_without_being_touched(
    replay: Replay, capsys: pytest.CaptureFixture[str], small_map: Path
) -> None:
    replay(*whole_case("c1"), f"c2,ask/send,sam,{day(3)}")
    before = (WorkflowInstance.objects.count(), TrailEvent.objects.count())

    code, result = run_command(capsys, "leave", "--history", "--json")
    assert (code, result) == (0, {"cases": 2, "fit": 2, "deviations": []})
    later = run_command(capsys, "leave", "--history", "--since", "2026-03-03", "--json")
    assert later[1]["cases"] == 1
    assert before == (WorkflowInstance.objects.count(), TrailEvent.objects.count())


@pytest.mark.django_db
def test_a_changed_map_is_held_against_the_history_of_the_old_one(
    replay: Replay, capsys: pytest.CaptureFixture[str], small_map: Path
) -> None:
    replay(*whole_case("c1"))
    changed = json.loads(json.dumps(SMALL))
    changed["steps"]["ask"]["outcomes"]["send"] = "look"
    small_map.write_text(json.dumps(changed))

    code, result = run_command(capsys, str(small_map), "--history", "--json")
    assert code == 1
    assert result["deviations"][0]["step"] == "look"
    assert result["deviations"][0]["activity"] == "check/agree"


@pytest.mark.django_db
def test_history_costs_two_statements_however_many_requests_there_are(
    replay: Replay, django_assert_max_num_queries: Any
) -> None:
    replay(*(line for number in range(5) for line in whole_case(f"c{number}")))
    template = WorkflowTemplate.objects.get(key="leave")
    definition = Definition.model_validate(SMALL)

    with django_assert_max_num_queries(2):
        found = check_history(definition, template, RequestPeriod())
    assert (found.cases, found.fit, found.open) == (5, 5, 0)


# -- other people's logs -----------------------------------------------------------------------

RUNNING = {
    "format": 1,
    "key": "compensation",
    "name": "Compensation",
    "roles": {"desk": {"groups": ["desk"]}},
    "start": {"role": "desk", "first": "register"},
    "steps": {
        "register": {"kind": "task", "role": "desk", "outcomes": {"done": "checks"}},
        "checks": {
            "kind": "parallel",
            "branches": [{"to": "examine"}, {"to": "ticket"}],
            "join": "checked",
        },
        "examine": {"kind": "task", "role": "desk", "outcomes": {"done": "checked"}},
        "ticket": {"kind": "task", "role": "desk", "outcomes": {"done": "checked"}},
        "checked": {"kind": "join", "to": "decide"},
        "decide": {
            "kind": "task",
            "role": "desk",
            "outcomes": {"pay": "pay", "reject": "reject", "again": "reinitiate"},
        },
        "reinitiate": {"kind": "task", "role": "desk", "outcomes": {"done": "checks"}},
        "pay": {"kind": "task", "role": "desk", "outcomes": {"done": "over"}},
        "reject": {"kind": "task", "role": "desk", "outcomes": {"done": "over"}},
        "over": {"kind": "end", "result": "over"},
    },
}
RUNNING_MAPPING = """
register request: {step: register}
examine thoroughly: {step: examine}
examine casually: {step: examine}
check ticket: {step: ticket}
decide: {step: decide}
reinitiate request: {step: reinitiate}
pay compensation: {step: pay}
reject request: {step: reject}
"""


def test_the_running_example_of_the_field_fits_its_map(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "map.json").write_text(json.dumps(RUNNING))
    (tmp_path / "mapping.yaml").write_text(RUNNING_MAPPING)
    log = shared("cases", "running-example.csv")
    arguments = [str(tmp_path / "map.json"), str(log), "--mapping", str(tmp_path / "mapping.yaml")]

    code, result = run_command(capsys, *arguments, "--json")
    assert (code, result) == (0, {"cases": 6, "fit": 6, "deviations": []})


def test_without_its_parallel_step_the_running_example_leaves_the_map(tmp_path: Path) -> None:
    straight = json.loads(json.dumps(RUNNING))
    straight["steps"]["register"]["outcomes"]["done"] = "examine"
    straight["steps"]["reinitiate"]["outcomes"]["done"] = "examine"
    straight["steps"]["examine"]["outcomes"]["done"] = "ticket"
    straight["steps"]["ticket"]["outcomes"]["done"] = "decide"
    del straight["steps"]["checks"], straight["steps"]["checked"]
    (tmp_path / "map.json").write_text(json.dumps(straight))
    (tmp_path / "mapping.yaml").write_text(RUNNING_MAPPING)
    definition = read_definition_file(str(tmp_path / "map.json"))
    log = shared("cases", "running-example.csv")

    activities = read_mapping(tmp_path / "mapping.yaml", definition, infers_outcomes=True)
    result = check_log(activities, log)
    ticket_first = {
        case
        for case, names in _cases(log).items()
        if any(
            names[place - 1].startswith(("register", "reinitiate")) and name == "check ticket"
            for place, name in enumerate(names)
        )
    }
    assert ticket_first
    assert result.cases - result.fit == len(ticket_first)
    assert {entry.step for entry in result.deviations} == {"examine"}
    assert {entry.kind.activity for entry in result.deviations} == {"check ticket"}


def _cases(log: Path) -> dict[str, list[str]]:
    with log.open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows.sort(key=lambda row: row["time:timestamp"])
    cases: dict[str, list[str]] = {}
    for row in rows:
        cases.setdefault(row["case:concept:name"], []).append(row["concept:name"])
    return cases


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("prosimos_p2p_a", 500),
        pytest.param("purchasing_example", 608, marks=pytest.mark.slow),
        pytest.param("academic_credentials", 954, marks=pytest.mark.slow),
    ],
)
def test_a_log_on_the_map_that_it_shows_itself(
    name: str, most: int, capsys: pytest.CaptureFixture[str]
) -> None:
    log = str(shared("logs", f"{name}.csv.gz"))
    call_command("import_log", "shown", log)
    capsys.readouterr()
    assert TemplateVersion.objects.get().state == TemplateVersion.OBSERVED

    _, result = run_command(capsys, "shown", log, "--json")
    _, history = run_command(capsys, "shown", "--history", "--json")
    assert result["cases"] == history["cases"] == most
    left = sum(entry["count"] for entry in result["deviations"])
    assert result["fit"] == most - left
    assert history["fit"] == result["fit"]
