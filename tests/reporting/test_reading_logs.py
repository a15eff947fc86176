"""Logs in: good ones are read as they are, bad ones get one clear sentence."""

import gzip
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reporting.eventlogs.readers.read import LogRow, read_log
from workflows.engine.errors import InvalidInput

HEAD = "case_id,activity,resource,enabled,start,end\n"
GOOD = HEAD + "1,ask,ann,2026-03-02T09:00:00Z,2026-03-02T09:10:00Z,2026-03-02T09:30:00Z\n"
XES = """<?xml version="1.0" encoding="UTF-8"?>
<log xmlns="http://www.xes-standard.org/"><trace><string key="concept:name" value="7"/>
{events}
</trace></log>"""


def event(name: str, time: str, transition: str = "complete", resource: str = "ann") -> str:
    return (
        f'<event><string key="concept:name" value="{name}"/>'
        f'<string key="org:resource" value="{resource}"/>'
        f'<date key="time:timestamp" value="{time}"/>'
        f'<string key="lifecycle:transition" value="{transition}"/></event>'
    )


def written(tmp_path: Path, content: str | bytes, name: str = "log.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(tmp_path: Path, content: str | bytes, name: str = "log.csv") -> list[LogRow]:
    return list(read_log(written(tmp_path, content, name)))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_csv_row_keeps_its_three_moments(tmp_path: Path) -> None:
    (row,) = read(tmp_path, GOOD)
    assert (row.case_id, row.activity, row.resource) == ("1", "ask", "ann")
    assert row.enabled == moment("2026-03-02T09:00:00")
    assert row.start == moment("2026-03-02T09:10:00")
    assert row.end == moment("2026-03-02T09:30:00")


def test_times_of_another_zone_become_utc_and_naive_ones_are_utc(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        "case_id,activity,end\n1,a,2026-03-02T10:00:00+01:00\n1,b,2026-03-02 09:00:00.123456\n",
    )
    assert rows[0].end == moment("2026-03-02T09:00:00")
    assert rows[1].end == moment("2026-03-02T09:00:00.123456")


def test_data_columns_come_with_the_row_and_other_columns_do_not(tmp_path: Path) -> None:
    (row,) = read(tmp_path, "case_id,activity,end,data.amount,colour\n1,a,2026-03-02,12,red\n")
    assert dict(row.data) == {"amount": "12"}


def test_a_zipped_log_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    content = gzip.compress(b"\xef\xbb\xbf" + GOOD.encode())
    assert len(read(tmp_path, content, "log.csv.gz")) == 1


def test_xes_pairs_schedule_start_and_complete_in_their_order(tmp_path: Path) -> None:
    events = "".join(
        [
            event("a", "2026-03-02T09:00:00Z", "schedule"),
            event("a", "2026-03-02T09:05:00Z", "start"),
            event("a", "2026-03-02T09:06:00Z", "start"),
            event("a", "2026-03-02T09:10:00Z"),
            event("a", "2026-03-02T09:20:00Z"),
        ]
    )
    first, second = read(tmp_path, XES.format(events=events), "log.xes")
    assert first.enabled == moment("2026-03-02T09:00:00")
    assert first.start == moment("2026-03-02T09:05:00")
    assert (second.enabled, second.start) == (None, moment("2026-03-02T09:06:00"))
    assert first.case_id == second.case_id == "7"


def test_a_complete_does_not_take_a_schedule_that_came_after_its_start(tmp_path: Path) -> None:
    events = "".join(
        [
            event("a", "2026-03-02T09:00:00Z", "start"),
            event("a", "2026-03-02T09:30:00Z", "schedule"),
            event("a", "2026-03-02T10:00:00Z"),
            event("a", "2026-03-02T11:00:00Z"),
        ]
    )
    first, second = read(tmp_path, XES.format(events=events), "log.xes")
    assert (first.enabled, first.start) == (None, moment("2026-03-02T09:00:00"))
    assert (second.enabled, second.start) == (moment("2026-03-02T09:30:00"), None)


def test_xes_takes_the_role_where_it_hides_the_person_and_fields_by_their_prefix(
    tmp_path: Path,
) -> None:
    only_role = (
        '<event><string key="concept:name" value="a"/><string key="org:role" value="clerk"/>'
        '<date key="time:timestamp" value="2026-03-02T10:00:00+01:00"/>'
        '<string key="data.amount" value="12"/><string key="colour" value="red"/></event>'
    )
    (row,) = read(tmp_path, XES.format(events=only_role), "log.xes")
    assert (row.resource, row.end) == ("clerk", moment("2026-03-02T09:00:00"))
    assert dict(row.data) == {"amount": "12"}


def test_a_row_knows_its_line_and_in_xes_which_event_it_is(tmp_path: Path) -> None:
    quoted = 'case_id,activity,end\n1,"a\nb",2026-03-02\n1,c,2026-03-02\n'
    assert [row.line for row in read(tmp_path, quoted)] == [3, 4]
    trace = "<trace><string key='concept:name' value='{}'/>{}</trace>"
    events = event("a", "2026-03-02", "start") + event("a", "2026-03-02")
    log = f"<log>{trace.format(1, events)}{trace.format(2, events)}</log>"
    assert [row.line for row in read(tmp_path, log, "log.xes")] == [2, 4]


def test_other_logs_names_for_the_columns_are_known(tmp_path: Path) -> None:
    content = "case_id,Activity,start_time,end_time,Resource\n1,a,2026-03-02,2026-03-03,ann\n"
    (row,) = read(tmp_path, content)
    assert (row.start, row.end, row.resource) == (
        moment("2026-03-02"),
        moment("2026-03-03"),
        "ann",
    )
    exported = ",concept:name,org:resource,time:timestamp,Activity,case:concept:name\n"
    (row,) = read(tmp_path, exported + "0,a,ann,2026-03-02,a,7\n")
    assert (row.case_id, row.activity, row.resource) == ("7", "a", "ann")


BOMB = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">
<!ENTITY lol1 "&lol;&lol;&lol;&lol;&lol;&lol;">]><log><trace>&lol1;</trace></log>"""

BAD_CSV = {
    "empty": ("", "is empty"),
    "no header of ours": ("a,b,c\n1,2,3\n", "no column case_id, activity, end"),
    "no end": ("case_id,activity,start\n1,a,2026-03-02\n", "no column end"),
    "a column twice": ("case_id,activity,end,end\n1,a,2026-03-02,2026-03-02\n", "twice"),
    "bad date": (HEAD + "1,a,ann,,,31/13/2026\n", "'31/13/2026' is not a time"),
    "bad date of start": (HEAD + "1,a,ann,,x,2026-03-02\n", "the start 'x' is not a time"),
    "no date": (HEAD + "1,a,ann,,,\n", "the end is empty"),
    "impossible day": (HEAD + "1,a,ann,,,2026-02-30\n", "is not a time"),
    "starts late": (HEAD + "1,a,ann,,2026-03-03,2026-03-02\n", "starts after it ends"),
    "enabled late": (HEAD + "1,a,ann,2026-03-03,,2026-03-02\n", "enabled after it starts"),
    "no case": (HEAD + ",a,ann,,,2026-03-02\n", "the case_id is empty"),
    "no activity": (HEAD + "1,,ann,,,2026-03-02\n", "the activity is empty"),
    "too few cells": (HEAD + "1,a,ann\n", "3 cells under a header of 6"),
    "too many cells": (HEAD + "1,a,ann,,,2026-03-02,x\n", "7 cells under a header of 6"),
    "NUL": (HEAD + "1,a\x00,ann,,,2026-03-02\n", "NUL byte"),
    "open quote": (HEAD + '1,"a,ann,,,2026-03-02\n', "not valid CSV"),
    "stray quote": (HEAD + '1,"a"b,ann,,,2026-03-02\n', "not valid CSV"),
    "10 MB in one line": (HEAD + "1," + "a" * 10_000_000 + ",ann,,,2026-03-02\n", "longer than"),
    "long name": (HEAD + "1," + "a" * 300 + ",ann,,,2026-03-02\n", "longer than 200"),
    "year 0": (HEAD + "1,a,ann,,,0000-03-02\n", "is not a time"),
    "out of range in UTC": (HEAD + "1,a,ann,,,0001-01-01T00:00:00+10:00\n", "is not a time"),
}


@pytest.mark.parametrize("name", BAD_CSV)
def test_a_bad_csv_log_gets_one_sentence(name: str, tmp_path: Path) -> None:
    content, words = BAD_CSV[name]
    with pytest.raises(InvalidInput) as refused:
        read(tmp_path, content)
    assert words in str(refused.value)
    assert "log.csv" in str(refused.value)


BAD_XES = {
    "not XML": ("hello", "not whole XML"),
    "cut off": (XES.format(events=event("a", "2026-03-02"))[:-20], "not whole XML"),
    "another root": ("<bpmn/>", "not XES"),
    "no trace": ("<log/>", "no trace"),
    "bomb": (BOMB, "entities or a DTD"),
    "no time": (XES.format(events=event("a", "")), "is not a time"),
    "no name": (XES.format(events=event("", "2026-03-02")), "no concept:name"),
    "no case": ("<log><trace></trace></log>", "no concept:name"),
    "long name": (XES.format(events=event("a" * 300, "2026-03-02")), "longer than 200"),
    "unknown encoding": (XES.replace("UTF-8", "klingon").format(events=""), "unknown encoding"),
    "odd encoding": (XES.replace("UTF-8", "utf-7").format(events=""), "cannot be read as XML"),
    "outer entity": (
        '<!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/passwd">]><log>&x;</log>',
        "entities or a DTD",
    ),
}


@pytest.mark.parametrize("name", BAD_XES)
def test_a_bad_xes_log_gets_one_sentence(name: str, tmp_path: Path) -> None:
    content, words = BAD_XES[name]
    with pytest.raises(InvalidInput) as refused:
        read(tmp_path, content, "log.xes")
    assert words in str(refused.value)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    for path, words in (
        (tmp_path / "none.csv", "no such file"),
        (tmp_path, "is a folder"),
        (tmp_path / "pipe.csv", "no regular file"),
        (tmp_path / ("a" * 300), "cannot be read"),
        ("nul\0.csv", "cannot be read"),
        (written(tmp_path, gzip.compress(GOOD.encode())[:-12], "cut.csv.gz"), "cut off"),
        (written(tmp_path, b"not zipped", "plain.csv.gz"), "damaged"),
        (
            written(tmp_path, GOOD.encode().replace(b"ann", b"\x81\x8d"), "odd.csv"),
            "line 2: this is neither UTF-8 nor Windows-1252",
        ),
    ):
        with pytest.raises(InvalidInput) as refused:
            list(read_log(path))
        assert words in str(refused.value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.binary(max_size=300) | st.text(max_size=200).map(lambda t: (HEAD + t).encode()),
    st.sampled_from(["log.csv", "log.xes", "log.csv.gz"]),
)
def test_any_bytes_are_read_or_refused_in_words(tmp_path: Path, content: bytes, name: str) -> None:
    try:
        rows = read(tmp_path, content, name)
    except InvalidInput:
        return
    assert all(row.case_id and row.activity for row in rows)


WHOLE = {
    "log.csv": GOOD.encode(),
    "log.csv.gz": gzip.compress(GOOD.encode()),
    "log.xes": XES.format(
        events=event("a", "2026-03-02", "start") + event("a", "2026-03-02")
    ).encode(),
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(sorted(WHOLE)), st.floats(0, 1), st.integers(0, 40), st.binary(max_size=8))
def test_a_log_that_was_damaged_somewhere_is_read_or_refused_in_words(
    tmp_path: Path, name: str, place: float, gone: int, instead: bytes
) -> None:
    whole = WHOLE[name]
    at = int(place * len(whole))
    try:
        rows = read(tmp_path, whole[:at] + instead + whole[at + gone :], name)
    except InvalidInput as problem:
        refused = str(problem)
    else:
        assert all(row.case_id and row.activity for row in rows)
        return
    assert name in refused
