"""What people have: tables of every kind, and files that are something else altogether."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from reporting.eventlogs.messages import account_sentences
from tests.reporting.logs.writing import clock, event, file, read, xes
from workflows.engine.errors import InvalidInput

ROWS = [("1", "Prüfen", "Jörg", "2026-03-02T09:00:00"), ("1", "Buchen", "Ann", "2026-03-02T10:00")]
HEAD = ("case_id", "activity", "resource", "end")


def table(between: str = ",", head: tuple[str, ...] = HEAD, end: str = "\n") -> str:
    return "".join(between.join(row) + end for row in (head, *ROWS))


TABLES = {
    "semicolons and a byte order mark": ("\ufeff" + table(";")).encode(),
    "semicolons in Windows-1252": table(";").encode("cp1252"),
    "tabs in UTF-16": table("\t", end="\r\n").encode("utf-16"),
    "tabs in UTF-16 without a mark": table("\t").encode("utf-16-le"),
    "UTF-16, big end first": "\ufeff".encode("utf-16-be") + table().encode("utf-16-be"),
    "bars": table("|").encode(),
    "Excel's line that names the separator": b"sep=;\r\n" + table(";", end="\r\n").encode(),
    "empty rows at the end": table(end="\r\n").encode() + b",,,\r\n , ,,\r\n\r\n",
    "a comma too many at each end": table(end=",,\n").replace("end,,\n", "end\n").encode(),
    "blanks around the cells": table(" , ").encode(),
    "quotes": table('","', end='"\n"').strip('"\n').join('""').encode() + b"\n",
    "gzip without the ending": gzip.compress(table().encode()),
    "old Mac line ends": table(end="\r").encode(),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_every_kind_are_read_alike(name: str, tmp_path: Path) -> None:
    rows, account = read(file(tmp_path, TABLES[name]))
    assert [(row.case_id, row.activity, row.resource, clock(row)[2]) for row in rows] == [
        ("1", "Prüfen", "Jörg", "09:00"),
        ("1", "Buchen", "Ann", "10:00"),
    ]
    assert account.counts.total() == 0


def test_a_guessed_encoding_is_said_and_can_be_named(tmp_path: Path) -> None:
    path = file(tmp_path, table().encode("cp1252"))
    assert "Windows-1252" in " ".join(account_sentences(read(path)[1]))
    mac = file(tmp_path, table().encode("mac_roman"), "mac.csv")
    assert read(mac, encoding="mac_roman")[0][0].resource == "Jörg"
    with pytest.raises(InvalidInput, match="is no encoding"):
        read(mac, encoding="klingon")


HEADERS = {
    "pm4py": "case:concept:name,concept:name,org:resource,start_timestamp,time:timestamp",
    "Disco": "Case ID,Activity,Resource,Start Timestamp,Complete Timestamp",
    "blanks and capitals": " CASE ID , ACTIVITY ,User,Start Time,End Time",
    "underscores": "case_key,activity_name,performer,started_at,completed_at",
}


@pytest.mark.parametrize("tool", HEADERS)
def test_the_names_of_other_tools_are_known(tool: str, tmp_path: Path) -> None:
    text = f"{HEADERS[tool]}\n1,A,x,2026-03-02T10:00:00Z,2026-03-02T11:00:00Z\n"
    (row,), account = read(file(tmp_path, text))
    assert (row.case_id, row.activity, row.resource) == ("1", "A", "x")
    assert clock(row) == ("", "10:00", "11:00")
    assert account.columns_passed == []


def test_columns_that_are_passed_over_are_named(tmp_path: Path) -> None:
    _, account = read(file(tmp_path, "case_id,activity,end,colour\n1,A,2026-03-02,red\n"))
    assert "'colour'" in " ".join(account_sentences(account))


def test_somebody_can_say_which_column_is_which(tmp_path: Path) -> None:
    path = file(tmp_path, "Vorgang;Schritt;Erledigt;Wer\n7;Prüfen;02.03.2026 09:00;Jörg\n")
    with pytest.raises(InvalidInput, match="It has: Vorgang, Schritt, Erledigt, Wer"):
        read(path)
    said = ["case_id=Vorgang,activity=Schritt,end=Erledigt", "resource=Wer"]
    (row,), _ = read(path, columns=said)
    assert (row.case_id, row.activity, row.resource) == ("7", "Prüfen", "Jörg")
    with pytest.raises(InvalidInput, match="there is no column 'Fall'"):
        read(path, columns=["case_id=Fall"])
    with pytest.raises(InvalidInput, match="is not OURS=THEIRS"):
        read(path, columns=["Vorgang"])


# -- dates ------------------------------------------------------------------------------------


def dates(tmp_path: Path, *texts: str, **said: str) -> list[str]:
    text = "case_id,activity,end\n" + "".join(f'1,A,"{one}"\n' for one in texts)
    return [f"{row.end:%Y-%m-%d %H:%M}" for row in read(file(tmp_path, text), **said)[0]]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("04.03.2026 09:00:00", "2026-03-04 09:00"),
        ("4.3.26 9:05", "2026-03-04 09:05"),
        ("2026/03/04 09:00", "2026-03-04 09:00"),
        ("13/03/2026 09:00", "2026-03-13 09:00"),
        ("03/13/2026 9:00 PM", "2026-03-13 21:00"),
        ("03/13/2026 12:10 am", "2026-03-13 00:10"),
        ("04-Mar-2026 09:00", "2026-03-04 09:00"),
        ("2026-03-04T09:00:00+02:00", "2026-03-04 07:00"),
        ("04.03.2026 09:00 +02:00", "2026-03-04 07:00"),
        ("2026-03-04 09:00:00,123", "2026-03-04 09:00"),
    ],
)
def test_times_are_read_as_people_write_them(text: str, meant: str, tmp_path: Path) -> None:
    assert dates(tmp_path, text) == [meant]


def test_one_date_decides_for_the_whole_file(tmp_path: Path) -> None:
    assert dates(tmp_path, "04/03/2026", "13/03/2026")[0] == "2026-03-04 00:00"
    assert dates(tmp_path, "04/03/2026", "03/13/2026")[0] == "2026-04-03 00:00"


def test_a_date_that_can_be_read_in_two_ways_is_refused_with_both(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        dates(tmp_path, "04/03/2026", "05/03/2026")
    assert "4 March 2026" in str(refused.value)
    assert "3 April 2026" in str(refused.value)
    assert dates(tmp_path, "04/03/2026", dates="day-first") == ["2026-03-04 00:00"]
    assert dates(tmp_path, "04/03/2026", dates="month-first") == ["2026-04-03 00:00"]
    assert dates(tmp_path, "04/04/2026") == ["2026-04-04 00:00"]


def test_a_file_with_both_orders_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="one file has one order"):
        dates(tmp_path, "13/03/2026", "03/13/2026")


# -- other files ------------------------------------------------------------------------------


def zipped(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return content.getvalue()


OTHERS = {
    "a zip archive (log.xes); unpack it": zipped("log.xes"),
    "an Excel workbook": zipped("[Content_Types].xml", "xl/workbook.xml"),
    "an OpenDocument file": zipped("content.xml", "mimetype"),
    "a Parquet file": b"PAR1\x15\x04",
    "an old Excel workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00",
    "packed with bzip2": b"BZh91AY&SY",
    "packed with zstd": b"\x28\xb5\x2f\xfd\x00",
    "a web page": b"<!DOCTYPE html><html><body>Log in</body></html>",
    "a PDF": b"%PDF-1.7",
    "JSON, but not OCEL 2.0": b'{"events": []}',
    "is empty": b"",
}


@pytest.mark.parametrize("what", OTHERS)
@pytest.mark.parametrize("name", ["log.csv", "log"])
def test_what_is_no_log_is_said_by_name(what: str, name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(file(tmp_path, OTHERS[what], name))
    assert what in str(refused.value)


def test_xes_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    content = xes([event("A", "09:00:00")])
    for name, data in (("log.txt", content.encode()), ("log", gzip.compress(content.encode()))):
        (row,), account = read(file(tmp_path, data, name))
        assert (row.activity, account.format) == ("A", "XES")


def test_xes_in_utf_16_and_with_prefixed_tags_is_read(tmp_path: Path) -> None:
    content = '<?xml version="1.0" encoding="UTF-16"?>' + xes([event("Größe", "09:00:00")])
    assert read(file(tmp_path, content.encode("utf-16"), "a.xes"))[0][0].activity == "Größe"
    plain = xes([event("A", "09:00:00")])
    plain = plain.replace("<log xmlns=", "<log xmlns:x=")
    for tag in ("log", "trace", "event", "string", "date"):
        plain = plain.replace(f"<{tag}", f"<x:{tag}").replace(f"</{tag}", f"</x:{tag}")
    assert read(file(tmp_path, plain, "b.xes"))[0][0].activity == "A"
