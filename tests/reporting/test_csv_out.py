"""Tables as CSV: whole, in the page's order, harmless, and only for those who may read the page."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from approvals.ui.csv_download import csv_file_response, stream_file
from tests.factories import make_user, map_data, publish_map, start_request


def table(answer: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8"), newline="")))


def test_a_table_is_utf8_with_a_header_and_crlf_and_no_cell_that_is_run() -> None:
    moment = datetime(2026, 3, 2, 9, tzinfo=UTC)
    rows: list[list[Any]] = [["=1+1", 'é, "x"\ny', None], [-5, Decimal("1.50"), moment]]
    answer = csv_file_response("some", ["a", "b", "c"], rows)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="some.csv"'
    assert answer.content.endswith(b"\r\n")
    assert table(answer) == [
        ["a", "b", "c"],
        ["'=1+1", 'é, "x"\ny', ""],
        ["-5", "1.50", "2026-03-02T09:00:00.000000Z"],
    ]


def test_lines_are_sent_as_they_are_made() -> None:
    made: list[int] = []

    def lines() -> Iterator[str]:
        for number in range(100_000):
            made.append(number)
            yield f"{number}\r\n"

    content: Any = stream_file("lines.csv", lines()).streaming_content
    first = next(iter(content))
    assert first.startswith(b"0\r\n1\r\n")
    assert len(made) < 100_000


@pytest.mark.django_db
def test_the_list_of_reports_is_a_file_too(client: Client) -> None:
    start_request(publish_map())
    publish_map(map_data() | {"key": "a-second", "name": "=A second"})
    publish_map(map_data() | {"key": "not-yours", "owner": "omar", "deputy": "mia"})
    client.force_login(make_user("olivia"))
    assert 'href="/reports/reports.csv"' in client.get("/reports/").content.decode()
    header, *rows = table(client.get("/reports/reports.csv"))
    assert header == ["workflow", "name", "open_now", "requests", "last_one_finished"]
    assert [row[1:4] for row in rows] == [["'=A second", "0", "0"], ["Purchase approval", "1", "1"]]


@pytest.mark.django_db
def test_the_health_page_is_a_file_with_the_same_steps_as_its_json(client: Client) -> None:
    start_request(publish_map())
    client.force_login(make_user("nosy"))
    assert client.get("/reports/health.csv").status_code == 403
    client.force_login(make_user("olivia"))
    assert 'href="/reports/health.csv"' in client.get("/reports/health/").content.decode()
    (workflow,) = client.get("/reports/health.json").json()["workflows"]
    header, *rows = table(client.get("/reports/health.csv"))
    found = [dict(zip(header, row, strict=True)) for row in rows]
    assert [(one["workflow"], one["step"], one["state"]) for one in found] == [
        (workflow["key"], step["key"], step["state"]) for step in workflow["steps"]
    ]
    assert [one["to_do"] for one in found] == ["; ".join(s["to_do"]) for s in workflow["steps"]]
    assert client.post("/reports/health.csv").status_code == 405
