"""Events of a life cycle become the rows that they tell of; what becomes none is counted."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.eventlogs.messages import account_sentences
from reporting.eventlogs.services.importing import import_log
from tests.factories import NOW
from tests.reporting.logs.writing import clock, event, file, read, xes
from workflows.engine.errors import InvalidInput
from workflows.execution.models import WorkItem


def rows_of(tmp_path: Path, *events: str) -> tuple[list[tuple[str, str, str]], dict[str, int]]:
    rows, account = read(file(tmp_path, xes(events), "log.xes"))
    return [clock(row) for row in rows], dict(account.passed)


def test_instances_are_kept_apart_where_the_log_names_them(tmp_path: Path) -> None:
    found, passed = rows_of(
        tmp_path,
        event("Review", "09:00:00", "start", instance="one"),
        event("Review", "10:00:00", "start", instance="two"),
        event("Review", "11:00:00", instance="two"),
        event("Review", "17:00:00", instance="one"),
    )
    assert found == [("", "10:00", "11:00"), ("", "09:00", "17:00")]
    assert not passed


def test_an_instance_that_is_new_with_every_event_does_not_keep_them_apart(tmp_path: Path) -> None:
    found, passed = rows_of(
        tmp_path,
        event("Review", "09:00:00", "schedule", instance="1"),
        event("Review", "09:30:00", "start", instance="2"),
        event("Review", "10:00:00", instance="3"),
    )
    assert found == [("09:00", "09:30", "10:00")]
    assert not passed


def test_events_are_paired_by_their_time_whatever_their_order_in_the_file(tmp_path: Path) -> None:
    found, _ = rows_of(
        tmp_path,
        event("B", "12:00:00"),
        event("A", "10:00:00"),
        event("A", "09:00:00", "start"),
    )
    assert sorted(found) == [("", "", "12:00"), ("", "09:00", "10:00")]


def test_a_start_a_second_after_its_end_is_another_clock_and_is_said(tmp_path: Path) -> None:
    rows, account = read(
        file(
            tmp_path,
            xes([event("A", "10:00:01", "start"), event("A", "10:00:00"), event("B", "12:00:00")]),
            "log.xes",
        )
    )
    assert [clock(row) for row in rows] == [("", "10:00", "10:00"), ("", "", "12:00")]
    assert (account.noted, account.passed) == ({"skew": 1}, {})


def test_suspended_time_is_left_out_of_the_work(tmp_path: Path) -> None:
    events = [
        event("A", "09:00:00", "start"),
        event("A", "10:00:00", "suspend"),
        event("A", "12:00:00", "resume"),
        event("A", "12:30:00", "suspend"),
        event("A", "13:00:00"),
    ]
    rows, account = read(file(tmp_path, xes(events), "log.xes"))
    assert [b - a for a, b in rows[0].rests] == [timedelta(hours=2), timedelta(minutes=30)]
    assert (account.events, account.rows, account.passed) == (5, 1, {})


@pytest.mark.django_db
def test_what_rested_is_a_pause_of_the_task(tmp_path: Path) -> None:
    events = [
        event("A", "09:00:00", "start"),
        event("A", "10:00:00", "suspend"),
        event("A", "12:00:00", "resume"),
        event("A", "13:00:00"),
    ]
    import_log("rests", file(tmp_path, xes(events), "log.xes"), actor=None, now=NOW)
    item = WorkItem.objects.get()
    assert (item.paused_seconds, item.working_seconds) == (7200, 7200)
    assert item.paused_business_seconds == 7200


@pytest.mark.parametrize("word", ["ate_abort", "pi_abort", "withdraw", "Cancelled"])
def test_what_is_called_off_is_no_work_and_its_events_are_counted(
    word: str, tmp_path: Path
) -> None:
    found, passed = rows_of(
        tmp_path,
        event("A", "09:00:00", "schedule"),
        event("A", "09:30:00", "start"),
        event("A", "10:00:00", word),
        event("A", "11:00:00", "start"),
        event("A", "12:00:00"),
    )
    assert found == [("", "11:00", "12:00")]
    assert passed == {"aborted": 3}


def test_nothing_is_dropped_unsaid(tmp_path: Path) -> None:
    _, passed = rows_of(
        tmp_path,
        event("A", "09:00:00"),
        event("A", "09:10:00", "assign"),
        event("A", "09:20:00", "start"),
        event("B", "09:30:00", "suspend"),
        event("C", "09:40:00", "schedule"),
        event("C", "09:50:00", "autoskip"),
        event("D", "09:55:00", "contemplated"),
    )
    assert passed == {"assigned": 1, "not_completed": 1, "no_work": 1, "skipped": 2, "other": 1}


def test_statuses_written_as_transitions_are_rows_and_are_named(tmp_path: Path) -> None:
    events = [
        event("Accepted", "09:00:00", "In Progress"),
        event("Queued", "10:00:00", "Awaiting Assignment"),
        event("Completed", "11:00:00", "Closed"),
    ]
    rows, account = read(file(tmp_path, xes(events), "log.xes"))
    assert [row.activity for row in rows] == ["Accepted", "Queued", "Completed"]
    assert account.noted == {"status": 3}
    assert set(account.words["status"]) == {"In Progress", "Awaiting Assignment", "Closed"}
    assert "'Closed' 1" in " ".join(account_sentences(account))


@pytest.mark.parametrize("word", ["COMPLETE", "Completed", "complete ", "finished", "END"])
def test_words_for_the_end_of_work_are_understood(word: str, tmp_path: Path) -> None:
    found, passed = rows_of(
        tmp_path, event("A", "09:00:00", "Started"), event("A", "10:00:00", word)
    )
    assert (found, passed) == ([("", "09:00", "10:00")], {})


def test_a_log_of_starts_alone_is_no_empty_log(tmp_path: Path) -> None:
    found, _ = rows_of(tmp_path, event("A", "09:00:00", "start"), event("B", "10:00:00", "start"))
    assert found == [("", "", "09:00"), ("", "", "10:00")]


def test_a_table_with_a_life_cycle_column_is_a_table_of_events(tmp_path: Path) -> None:
    text = (
        "case:concept:name,concept:name,org:resource,time:timestamp,lifecycle:transition\n"
        "1,A,x,2026-03-02T09:00:00Z,schedule\n"
        "2,A,z,2026-03-02T09:30:00Z,start\n"
        "1,A,x,2026-03-02T10:00:00Z,start\n"
        "1,A,x,2026-03-02T11:00:00Z,complete\n"
        "2,A,z,2026-03-02T12:00:00Z,complete\n"
    )
    rows, account = read(file(tmp_path, text))
    assert [(row.case_id, *clock(row)) for row in rows] == [
        ("1", "09:00", "10:00", "11:00"),
        ("2", "", "09:30", "12:00"),
    ]
    assert (account.events, account.rows) == (5, 2)


@pytest.mark.django_db
def test_a_log_without_finished_work_is_refused_with_what_there_is(tmp_path: Path) -> None:
    events = [event("A", "09:00:00", "schedule"), event("A", "10:00:00", "withdraw")]
    other = [event("B", "09:00:00", "start"), event("B", "10:00:00", "ate_abort")]
    path = file(tmp_path, xes([*events, event("C", "11:00:00", "complete")], other), "log.xes")
    import_log("one-done", path, actor=None, now=NOW)
    text = "case_id,activity,end,lifecycle\n1,A,2026-03-02,start\n1,A,2026-03-03,suspend\n"
    gone = text + "1,B,2026-03-04,complete\n"
    bad = gone.replace("2026-03-04", "someday")
    with pytest.raises(InvalidInput, match=r"'someday' is not a time"):
        import_log("none-done", file(tmp_path, bad, "bad.csv"), actor=None, now=NOW)


TRANSITIONS = st.sampled_from(
    ["schedule", "start", "suspend", "resume", "complete", "ate_abort", "withdraw", "assign", "odd"]
)
EVENTS = st.lists(
    st.tuples(st.sampled_from("AB"), st.integers(0, 59), TRANSITIONS, st.sampled_from(["", "i"])),
    min_size=1,
    max_size=14,
)


@given(EVENTS)
def test_every_event_is_in_a_row_or_counted(events: list[tuple[str, int, str, str]]) -> None:
    from reporting.eventlogs.account import Account
    from reporting.eventlogs.readers.lifecycle import (
        Event,
        EventPairer,
        is_lifecycle,
        normalize_transition,
    )
    from reporting.eventlogs.readers.rows import LogRow

    account = Account("log")
    made = [
        Event(
            LogRow("1", name, "", None, None, NOW + timedelta(minutes=minute), line=place),
            transition,
            instance,
            place,
            place,
        )
        for place, (name, minute, transition, instance) in enumerate(events)
    ]
    words = {normalize_transition(one.transition) for one in made}
    rows = EventPairer(account, completes=is_lifecycle(words)).rows(made)
    if not is_lifecycle(words):
        assert len(rows) == len(events)
        return
    for row in rows:
        assert row.end is not None
        moments = [one for one in (row.enabled, row.start, row.end) if one]
        assert moments == sorted(moments)
        assert all(row.start <= a < b <= row.end for a, b in row.rests)  # type: ignore[operator]
    completes = sum(one.transition == "complete" for one in made)
    assert len(rows) == completes
    in_rows = sum(1 + (row.enabled is not None) + (row.start is not None) for row in rows)
    rests = sum(one.transition in ("suspend", "resume") for one in made)
    assert 0 <= len(events) - in_rows - account.passed.total() <= rests
