"""Replay: what is driven, and that a refused case leaves nothing."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from reporting.eventlogs.readers.rows import LogRow
from reporting.replay.log_replay import read_log_cases, replay_log
from tests.factories import NOW, map_data, publish_map
from tests.reporting.replaying import Replay, day, reason_of, whole_case
from workflows.engine.errors import InvalidInput, NotFound
from workflows.execution.models import Incident, WorkflowInstance, WorkItem

pytestmark = pytest.mark.django_db


# -- what is driven ---------------------------------------------------------------------------


def test_a_case_runs_from_start_to_end_with_the_logs_people_and_clock(replay: Replay) -> None:
    outcome = replay(*whole_case())

    request = WorkflowInstance.objects.get()
    assert outcome.refused == []
    assert (request.result, request.source, request.case_ref) == ("granted", "replay", "c1")
    assert request.requester_name == "sam"
    assert request.started_at == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert request.completed_at == datetime(2026, 3, 5, 9, tzinfo=UTC)
    done = request.work_items.values_list("step__key", "performer_name", "completed_at__day")
    assert list(done) == [
        ("ask", "sam", 2),
        ("check", "berta", 3),
        ("look", "lea", 4),
        ("file", "fred", 5),
    ]
    assert request.trail.filter(command="decide").count() == 4
    assert not Incident.objects.exists()


def test_the_result_has_the_keys_that_other_programs_read(replay: Replay) -> None:
    result = replay(*whole_case(), f"c2,ask/send,sam,{day(3)}", f"c3,file,fred,{day(3)}").as_json()

    assert list(result) == [
        "cases",
        "replayed",
        "refused",
        "open",
        "ended",
        "decisions",
        "seconds",
        "log",
    ]
    assert (result["cases"], result["replayed"], result["open"]) == (3, 2, 1)
    assert result["ended"] == {"granted": 1}
    assert result["decisions"] == 5
    assert [(r["case_id"], r["row"]) for r in result["refused"]] == [("c3", 8)]


def test_a_rows_three_moments_are_the_logs(replay: Replay) -> None:
    replay(
        f"c1,ask/send,sam,{day(2, 9)},{day(2, 10)},{day(2, 12)}",
        header="case_id,activity,resource,enabled,start,end",
    )

    item = WorkItem.objects.get(step__key="ask")
    assert item.request.started_at == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert (item.waiting_seconds, item.working_seconds) == (3600, 7200)


def test_work_that_a_log_shows_begun_early_never_waited_less_than_nothing(replay: Replay) -> None:
    replay(
        f"c1,ask/send,sam,{day(2)},{day(3)}",
        f"c1,check/agree,berta,{day(2, 12)},{day(4)}",
        header="case_id,activity,resource,start,end",
    )

    assert WorkItem.objects.get(step__key="check").waiting_seconds == 0


def test_without_start_times_waiting_stays_unknown(replay: Replay) -> None:
    replay(f"c1,ask/send,sam,{day(2)}")

    item = WorkItem.objects.get(step__key="ask")
    assert item.started_at is None
    assert item.waiting_seconds is None


def test_a_case_without_a_start_row_starts_at_its_first_row_by_its_resource(
    replay: Replay,
) -> None:
    outcome = replay(f"c1,ask/send,sam,{day(2)}")

    assert outcome.refused == []
    assert WorkflowInstance.objects.get().requester_name == "sam"


def test_rows_are_taken_by_their_time_and_equal_times_in_the_files_order(replay: Replay) -> None:
    lines = whole_case()
    lines[1], lines[2] = lines[2], lines[1]
    assert replay(*lines).refused == []

    same = [line.rsplit(",", 1)[0].replace("c1", "c2") + f",{day(9)}" for line in whole_case()]
    assert replay(*same).refused == []


def test_interleaved_cases_are_replayed_each_for_itself(replay: Replay) -> None:
    pairs = zip(whole_case("c1"), whole_case("c2"), strict=True)
    outcome = replay(*(line for pair in pairs for line in pair))

    assert outcome.ended == {"granted": 2}


def test_a_case_is_held_only_until_its_last_row(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("case_id,activity,end\n" + "".join(f"{case},a,{day(2)}\n" for case in "xyxzy"))
    counts: Any = {"x": 2, "y": 2, "z": 1}

    found: list[list[LogRow]] = list(read_log_cases(log, counts))
    assert [rows[0].case_id for rows in found] == ["x", "z", "y"]


def test_an_xes_log_is_replayed_too(tmp_path: Path, replay: Replay) -> None:
    events = "".join(
        f'<event><string key="concept:name" value="{activity}"/>'
        f'<string key="org:resource" value="{who}"/>'
        f'<date key="time:timestamp" value="{when}"/></event>'
        for _, activity, who, when in (line.split(",") for line in whole_case())
    )
    log = tmp_path / "log.xes"
    log.write_text(f'<log><trace><string key="concept:name" value="c1"/>{events}</trace></log>')

    outcome = replay_log(str(tmp_path / "leave.json"), log, mapping=None, now=NOW)
    assert outcome.ended == {"granted": 1}


# -- refusals ---------------------------------------------------------------------------------


def test_a_row_that_cannot_be_reached_names_the_open_steps(replay: Replay) -> None:
    reason = reason_of(replay(f"c1,ask/send,sam,{day(2)}", f"c1,file,fred,{day(3)}"))

    assert reason == "'file' cannot be reached; open steps: check."


def test_a_row_after_the_end_is_refused(replay: Replay) -> None:
    reason = reason_of(replay(*whole_case(), f"c1,file,fred,{day(6)}"))

    assert "has ended as granted" in reason


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"c1,dance,sam,{day(3)}", "'dance' is no step of the map"),
        (f"c1,check,berta,{day(3)}", "write one of: check/agree, check/refuse"),
        (f"c1,check/maybe,berta,{day(3)}", "'maybe' is no outcome of it"),
        (f"c1,start,sam,{day(3)}", "running already"),
        (f"c1,check/agree,,{day(3)}", "names no resource"),
        (f"c1,check/agree,sam,{day(3)}", "separation of duties"),
        (f"c1,ask/send,ann,{day(2)}", "'Ask' is with sam"),
    ],
)
def test_each_refusal_says_why_and_leaves_nothing(replay: Replay, line: str, said: str) -> None:
    first = [f"c1,start,sam,{day(1)}"] + ([] if "ask" in line else [f"c1,ask/send,sam,{day(2)}"])

    assert said in reason_of(replay(*first, line))


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00Z", "9999-12-31T23:00:00Z"])
def test_a_time_that_no_calendar_reaches_is_refused(replay: Replay, when: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be meant"):
        replay(f"c1,ask/send,sam,{when}")


def test_a_row_before_the_start_row_is_refused(replay: Replay) -> None:
    reason = reason_of(replay(f"c1,ask/send,sam,{day(2)}", f"c1,start,sam,{day(3)}"))

    assert "before the one that starts" in reason


def test_an_unknown_or_unfit_value_is_refused(replay: Replay) -> None:
    header = "case_id,activity,resource,data.days,end"
    assert "days" in reason_of(replay(f"c1,ask/send,sam,many,{day(2)}", header=header))

    header = "case_id,activity,resource,data.colour,end"
    assert "colour" in reason_of(replay(f"c1,ask/send,sam,red,{day(2)}", header=header))


def test_a_case_that_is_there_already_is_refused_and_stays_as_it_was(replay: Replay) -> None:
    replay(*whole_case())
    again = replay(f"c1,ask/send,sam,{day(9)}")

    assert "already" in again.refused[0].reason
    assert WorkflowInstance.objects.get().result == "granted"


def test_a_refused_case_does_not_touch_the_others(replay: Replay) -> None:
    outcome = replay(f"c0,file,fred,{day(2)}", *whole_case("c1"), f"c2,dance,sam,{day(2)}")

    assert (outcome.replayed, len(outcome.refused)) == (1, 2)
    assert WorkflowInstance.objects.get().case_ref == "c1"


def test_a_bad_row_is_found_before_the_first_case_is_written(replay: Replay) -> None:
    with pytest.raises(InvalidInput, match="line 7"):
        replay(*whole_case(), "c2,ask/send,sam,yesterday")
    assert not WorkflowInstance.objects.exists()


def test_an_unknown_key_is_refused(replay: Replay) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        replay(*whole_case(), source="nowhere")


# -- the command ------------------------------------------------------------------------------


def test_the_command_prints_json_and_exits_with_one_where_a_case_is_refused(
    tmp_path: Path, replay: Replay, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "two.csv"
    log.write_text(
        "\n".join(["case_id,activity,resource,end", *whole_case(), f"c2,file,fred,{day(2)}"])
    )

    with pytest.raises(SystemExit) as end:
        call_command("replay_log", str(tmp_path / "leave.json"), str(log), "--json")
    assert end.value.code == 1
    printed = json.loads(capsys.readouterr().out)
    assert (printed["replayed"], printed["refused"][0]["case_id"]) == (1, "c2")


def test_the_command_says_how_fast_it_was(
    tmp_path: Path, replay: Replay, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "one.csv"
    log.write_text("\n".join(["case_id,activity,resource,end", *whole_case()]))

    call_command("replay_log", str(tmp_path / "leave.json"), str(log))
    out = capsys.readouterr().out
    assert "1 cases: 1 replayed, 0 refused." in out
    assert "decisions a second" in out


FOREIGN = [
    "Vorgang;Taetigkeit;Wer;Erledigt",
    "c1;start;sämi;02/03/2026 09:00",
    "c1;ask/send;sämi;02/03/2026 10:00",
    "c1;check/agree;berta;",
    "c2;start;sämi;04/03/2026 09:00",
]
SAID = (
    *("--columns", "case_id=Vorgang,activity=Taetigkeit"),
    *("--columns", "resource=Wer,end=Erledigt", "--dates", "day-first", "--encoding", "cp1252"),
)


def test_a_log_is_replayed_as_somebody_says_it_is_to_be_read(
    tmp_path: Path, replay: Replay, capsys: pytest.CaptureFixture[str]
) -> None:
    log, leave = tmp_path / "foreign.csv", str(tmp_path / "leave.json")
    log.write_text("\n".join(FOREIGN), encoding="cp1252")

    with pytest.raises(CommandError, match="line 4"):
        call_command("replay_log", leave, str(log), *SAID)
    assert not WorkflowInstance.objects.exists()
    with pytest.raises(CommandError, match="--dates"):
        call_command("replay_log", leave, str(log), *SAID[:4], "--skip")
    assert not WorkflowInstance.objects.exists()

    call_command("replay_log", leave, str(log), *SAID, "--skip", "--json")
    printed = json.loads(capsys.readouterr().out)
    assert (printed["cases"], printed["replayed"], printed["open"]) == (2, 2, 2)
    assert printed["log"]["skipped"]["count"] == 1
    first = WorkflowInstance.objects.get(case_ref="c1")
    assert first.requester_name == "sämi"
    assert first.started_at == datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_the_text_of_a_replay_names_the_rows_that_were_left_out(
    tmp_path: Path, replay: Replay, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "gap.csv"
    log.write_text("\n".join(["case_id,activity,resource,end", *whole_case(), "c1,file,fred,"]))

    call_command("replay_log", str(tmp_path / "leave.json"), str(log), "--skip")
    out = capsys.readouterr().out
    assert "1 cases: 1 replayed" in out
    assert "1 rows were left out:\n  line 7: " in out


def test_the_command_refuses_a_missing_log_in_one_line(tmp_path: Path, replay: Replay) -> None:
    with pytest.raises(CommandError, match="no such file") as refused:
        call_command("replay_log", str(tmp_path / "leave.json"), str(tmp_path / "no.csv"))
    assert refused.value.returncode == 2


BOUGHT = [
    ("start", "sam"),
    ("manager_review/approve", "mia"),
    ("finance_review/approve", "fred"),
    ("finance_review/approve", "fay"),
    ("security_review/approve", "fred"),
    ("legal_review/approve", "lena"),
    ("order/ordered", "fay"),
]


def test_the_purchase_map_replays_a_parallel_block_and_a_quorum(tmp_path: Path) -> None:
    publish_map(map_data())
    log = tmp_path / "log.csv"
    log.write_text(
        "case_id,activity,resource,end,data.amount,data.region\n"
        + "".join(
            f"c1,{what},{who},{day(2 + n)},20000,EU\n" for n, (what, who) in enumerate(BOUGHT)
        )
    )

    outcome = replay_log("purchase-approval", log, mapping=None, now=NOW)
    assert [r.reason for r in outcome.refused] == []
    assert outcome.ended == {"approved": 1}
