"""The audit CSV: each row of the trail, in one order, and nothing that a spreadsheet runs."""

import csv
import io
import json
from copy import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.base import ModelState
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from approvals.ui.csv_cells import csv_cell
from reporting.audit.queries.csv_lines import (
    COLUMNS,
    VALUES,
    encode_csv_lines,
    select_trail_rows,
    trail_csv_lines,
)
from reporting.audit.queries.postgres_copy import copy_csv_lines
from tests.factories import NOW, make_user, publish_map, start_request
from tests.workflows import drawn
from tests.workflows.support import begin, only_on_postgres
from workflows.execution.services import instances as requests
from workflows.trail.models import TrailEvent

CONTRACT = (
    "sequence,recorded_at,workflow,version,reference,step,round,work_item,command,actor,acted_for,"
    "role,from_state,to_state,outcome,comment,changes,document_versions,seal,"
    "channel,capacity,seen,votes,token,token_by,row"
)


def exported(*arguments: str) -> list[dict[str, str]]:
    out = io.StringIO()
    call_command("export_audit", *arguments, stdout=out)
    return list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))


def test_the_columns_are_the_contracts() -> None:
    assert ",".join(COLUMNS) == CONTRACT


@given(st.text())
def test_no_cell_is_run_and_no_character_is_lost(text: str) -> None:
    safe = csv_cell(text)
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert (safe[1:] if safe.startswith("'") else safe) == text


@pytest.mark.parametrize("text", ["=1+1", "+49 30", "-5", "@SUM(A1)", "\t=1", "'quoted", "\uff1d1"])
def test_what_looks_like_a_formula_gets_a_leading_quote(text: str) -> None:
    assert csv_cell(text) == f"'{text}"


def test_times_are_iso_in_utc_and_changes_are_json() -> None:
    assert csv_cell(datetime(2026, 3, 2, 9, tzinfo=UTC)) == "2026-03-02T09:00:00.000000Z"
    assert json.loads(csv_cell({"given": {"amount": "1"}})) == {"given": {"amount": "1"}}


@pytest.mark.django_db
def test_every_command_is_one_row_in_the_order_it_was_recorded() -> None:
    request = start_request(publish_map())
    requests.cancel(request.pk, actor=request.requester, reason='=HYPERLINK("x")\n2', now=NOW)
    found = exported("--workflow", request.template.key)
    assert [row["command"] for row in found] == ["load_definition", "publish", "start", "cancel"]
    assert [row["sequence"] for row in found] == sorted((r["sequence"] for r in found), key=int)
    assert found[-1]["comment"] == '\'=HYPERLINK("x")\n2'
    assert (found[-1]["reference"], found[-1]["actor"]) == (
        request.reference,
        request.requester_name,
    )


@pytest.mark.django_db
def test_the_export_is_stable_and_needs_one_statement(django_assert_num_queries: Any) -> None:
    start_request(publish_map())
    once = "".join(trail_csv_lines(select_trail_rows()))
    counted = 0 if connection.vendor == "postgresql" else 1  # a COPY is not counted
    with django_assert_num_queries(counted):
        again = "".join(trail_csv_lines(select_trail_rows()))
    assert once == again
    assert once.count("\r\n") >= TrailEvent.objects.count() + 1


@pytest.mark.django_db
def test_json_has_the_same_rows_with_no_character_added() -> None:
    request = start_request(publish_map())
    requests.cancel(request.pk, actor=request.requester, reason="=1+1", now=NOW)
    out = io.StringIO()
    call_command("export_audit", "--json", stdout=out)
    found = json.loads(out.getvalue())
    assert [str(row["sequence"]) for row in found] == [row["sequence"] for row in exported()]
    assert list(found[0]) == CONTRACT.split(",")
    assert found[-1]["comment"] == "=1+1"


@pytest.mark.django_db
def test_json_of_no_rows_is_an_empty_list() -> None:
    out = io.StringIO()
    call_command("export_audit", "--json", "--since", "2030-01-01", stdout=out)
    assert json.loads(out.getvalue()) == []


@pytest.mark.django_db
def test_the_period_and_the_workflow_choose_the_rows() -> None:
    start_request(publish_map())
    assert exported("--since", "2030-01-01") == []
    assert len(exported("--until", "2030-01-01")) == TrailEvent.objects.count()


@pytest.mark.django_db
def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    start_request(publish_map())
    out = tmp_path / "audit.csv"
    call_command("export_audit", "--out", str(out), stdout=io.StringIO())
    assert out.read_text(encoding="utf-8").startswith("sequence,")
    with pytest.raises(CommandError, match="cannot be written") as refused:
        call_command("export_audit", "--out", str(tmp_path / "none" / "x.csv"))
    assert refused.value.returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["audit.csv"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("--workflow", "none"), "no workflow 'none'"), (("--since", "x"), "'x' is not a day")],
)
def test_a_bad_choice_is_answered_in_one_line(arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        exported(*arguments)


@pytest.mark.django_db
def test_only_who_may_audit_gets_the_file(client: Client) -> None:
    request = start_request(publish_map())
    client.force_login(make_user("nosy"))
    assert client.get("/reports/audit.csv").status_code == 404
    assert client.get(f"/reports/audit.csv?workflow={request.template.key}").status_code == 404
    client.force_login(make_user("olivia"))
    answer = client.get(f"/reports/audit.csv?workflow={request.template.key}")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert b"start" in b"".join(answer.streaming_content)  # type: ignore[arg-type]


@pytest.mark.django_db
def test_the_page_gives_what_the_command_gives_for_the_same_choice(client: Client) -> None:
    request = start_request(publish_map())
    client.force_login(make_user("olivia"))
    answer = client.get(f"/reports/audit.csv?workflow={request.template.key}&until=2030-01-01")
    out = io.StringIO()
    call_command("export_audit", "--workflow", request.template.key, stdout=out)
    content = b"".join(answer.streaming_content)  # type: ignore[arg-type]
    assert content.decode() == out.getvalue()
    assert client.get("/reports/audit.csv?since=soon").status_code == 400


@pytest.mark.django_db
def test_an_owner_gets_only_the_own_workflows_rows(client: Client) -> None:
    start_request(publish_map())
    other = publish_map_of_another_owner()
    client.force_login(make_user("olivia"))
    content = b"".join(client.get("/reports/audit.csv").streaming_content).decode()  # type: ignore[arg-type]
    assert other not in content
    assert client.get(f"/reports/audit.csv?workflow={other}").status_code == 404


def publish_map_of_another_owner() -> str:
    from tests.factories import map_data

    make_user("oscar")
    make_user("otto")
    data = map_data() | {"key": "not-olivias", "owner": "oscar", "deputy": "otto"}
    return publish_map(data).template.key


ODD = [
    "",
    "plain",
    "=1+1",
    "+1",
    "-1",
    "@x",
    "\ttab",
    "'quoted",
    "\uff1dwide",
    'a "b", c',
    ",",
    '"',
    "two\nlines",
    "two\r\nlines",
    "ends\n",
    " lead",
    "\\.",
    "ünïcödé 日本 😀",
    "null",
    "NULL",
    "x" * 3000,
]


@only_on_postgres
@pytest.mark.django_db(transaction=True)
def test_the_servers_copy_gives_the_same_bytes_as_our_own_writer() -> None:
    flow = begin(drawn.sequential())
    base = flow.last()
    rows = []
    for number, odd in enumerate(ODD):
        row = copy(base)
        row.pk, row._state = None, ModelState()
        row.comment, row.outcome, row.actor_name = odd, odd[:80], odd[:150]
        row.round = number or None
        row.changes = {"z": odd, "ab": [1, True, None, {"y": 2, "xx": odd}], odd[:20] or "e": "é"}
        row.channel, row.capacity, row.token, row.token_by = (
            odd[:20],
            odd[:20],
            odd[:230],
            odd[:150],
        )
        row.seen, row.votes = {"values": {"a": odd}}, [{"by": odd, "comment": odd}]
        rows.append(row)
    TrailEvent.objects.bulk_create(rows)
    events = select_trail_rows()
    assert list(copy_csv_lines(events, VALUES)) == list(encode_csv_lines(events))
    some = select_trail_rows(
        templates=[flow.request.template], since=NOW, until=NOW + timedelta(days=1)
    )
    assert len(list(trail_csv_lines(some))) == some.count() + 1
    assert len(list(trail_csv_lines(select_trail_rows(templates=[])))) == 1
