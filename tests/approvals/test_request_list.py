"""The list of requests: its orders, what it says of each, its columns, and the same as CSV."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.approvals.office import ask, decide, signed_in
from tests.factories import NOW, open_task
from tests.workflows.support import only_on_postgres
from workflows.execution.models import NEVER, WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.people.models import User

pytestmark = pytest.mark.django_db


def titles(client: Client, query: str) -> list[str]:
    """The titles that the list has, over all its pages."""
    found, link = [], query
    while link:
        page = client.get(f"/requests/{link}").context["current_page"]
        found += [row.request.title for row in page.rows]
        link = page.next
    return found


def file_rows(client: Client, query: str = "") -> list[dict[str, str]]:
    """The CSV, a row each."""
    answer = client.get(f"/requests.csv{query}")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    content = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(content)))


def three_requests(people: dict[str, User]) -> list[WorkflowInstance]:
    """The first moved last, and is due last; the second is over; the third is due first."""
    first, over, third = (ask(people["sam"], title=title) for title in ("A", "B", "C"))
    decide(over, "manager_review", people["mia"], "reject", comment="No", now=NOW + HOUR)
    decide(first, "manager_review", people["mia"], "return", comment="Why?", now=NOW + 2 * HOUR)
    return [first, over, third]


HOUR = timedelta(hours=1)


def test_the_list_is_sorted_by_due_date_last_move_and_age(people: dict[str, User]) -> None:
    three_requests(people)
    client = signed_in(people["sam"])
    orders = {"": "CBA", "newest": "CBA", "oldest": "ABC", "x": "CBA"}
    orders |= {"due": "CAB", "moved": "ABC", "still": "CBA"}
    for whose in ("mine", "all"):
        for order, expected in orders.items():
            query = f"?whose={whose}&state=any&sort={order}"
            assert "".join(titles(client, query)) == expected, query


def test_every_order_goes_on_where_the_page_ended(
    people: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    three_requests(people)
    ask(people["sam"], title="D")  # beside C in every moment
    client = signed_in(people["sam"])
    monkeypatch.setattr("approvals.pages.request_list.PAGE", 1)
    for order in ("newest", "oldest", "due", "moved", "still"):
        page_by_page = titles(client, f"?state=any&sort={order}")
        assert sorted(page_by_page) == ["A", "B", "C", "D"], order
        monkeypatch.setattr("approvals.pages.request_list.PIECE", 1)
        in_file = [row["title"] for row in file_rows(client, f"?state=any&sort={order}")]
        assert in_file == page_by_page, order
    for place in ("1-99999999999999999", "x", "-1", "1-", "²"):
        assert client.get(f"/requests/?sort=due&after={place}").status_code == 200


def test_when_it_is_due_and_moved_follows_every_command(people: dict[str, User]) -> None:
    request = ask(people["sam"])

    def stands(step: str, *, moved: timedelta) -> None:
        request.refresh_from_db()
        assert request.due_at == (open_task(request, step).due_at if step else NEVER)
        assert request.moved_at == NOW + moved

    stands("manager_review", moved=0 * HOUR)
    task = open_task(request, "manager_review")
    tasks.start_work(task.pk, actor=people["mia"], now=NOW + HOUR)
    stands("manager_review", moved=0 * HOUR)  # to take it up moves nothing
    decide(request, "manager_review", people["mia"], "approve", now=NOW + 2 * HOUR)
    stands("budget_check", moved=2 * HOUR)  # the first of two branches
    requests.suspend(request.pk, actor=people["olivia"], reason="Wait", now=NOW + 3 * HOUR)
    stands("budget_check", moved=3 * HOUR)
    requests.cancel(request.pk, actor=people["olivia"], reason="No", now=NOW + 4 * HOUR)
    stands("", moved=4 * HOUR)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM workflows_historicalworkflowinstance")
        assert cursor.fetchone() == (3,)  # neither is history: begun, suspended, cancelled


def test_the_list_says_what_was_done_last_and_what_is_late(people: dict[str, User]) -> None:
    three_requests(people)
    text = signed_in(people["sam"]).get("/requests/?state=any").content.decode()
    for said in (
        "“Manager review”: Send back, by Mia Lopez",
        "“Manager review”: Reject, by Mia Lopez",
        "Asked for, by Sam Okafor",
        "Overdue by",
        "Mia Lopez",
    ):
        assert said in text
    assert 'aria-sort="descending"' in text


def test_the_columns_are_kept_for_each_person_and_hold_for_the_file(
    people: dict[str, User],
) -> None:
    three_requests(people)
    client = signed_in(people["sam"])
    sent = {"column": ["moved", "over", "nonsense"], "list": "state=any&sort=due&whose=//x"}
    answer = client.post("/requests/columns/", sent)
    assert answer.headers["Location"] == "/requests/?whose=mine&state=any&sort=due"
    page = client.get(answer.headers["Location"])
    heads = [head.heading for head in page.context["current_page"].heads]
    assert heads == ["Request", "Last move", "Over"]
    rows = file_rows(client, "?state=any&sort=due")
    assert list(rows[0]) == ["title", "reference", "moved", "last_move", "over"]
    assert [row["title"] for row in rows] == ["C", "A", "B"]
    assert rows[2]["moved"] == rows[2]["over"] == "2026-03-02T10:00:00.000000Z"
    others = signed_in(people["sue"]).get("/requests/").context["current_page"]
    assert len(others.table.columns) == 8
    client.post("/requests/columns/", {"column": "moved", "usual": "1"})
    assert len(client.get("/requests/").context["current_page"].table.columns) == 8
    assert client.get("/requests/columns/").headers["Location"] == "/requests/"


def test_the_file_has_what_the_filter_leaves_and_runs_nothing(
    people: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(people["sam"], title="=HYPERLINK(1)")
    ask(people["sue"], title="Hers")
    client = signed_in(people["sam"])
    assert [row["title"] for row in file_rows(client, "?whose=all")] == ["'=HYPERLINK(1)"]
    assert file_rows(client, "?q=hers") == []
    assert {row["who"] for row in file_rows(client)} == {"Mia Lopez"}
    assert file_rows(client)[0]["late"] == "yes"
    monkeypatch.setattr("approvals.pages.request_list.FILE_ROWS", 1)
    olivia = signed_in(people["olivia"])
    assert [row["title"] for row in file_rows(olivia, "?whose=all")] == ["Hers"]


def test_a_reference_is_found_whatever_else_is_chosen(people: dict[str, User]) -> None:
    done = ask(people["sue"], title="Done")
    requests.cancel(done.pk, actor=people["sue"], reason="x", now=NOW)
    query = f"?q={done.reference.lower()}&whose=mine&state=open&workflow=other&sort=due"
    assert titles(signed_in(people["olivia"]), query) == ["Done"]
    assert [row["title"] for row in file_rows(signed_in(people["olivia"]), query)] == ["Done"]
    assert titles(signed_in(people["sam"]), query) == []  # not theirs to see


@only_on_postgres
def test_no_order_reads_all_requests_through(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    many_requests(request, people["sue"])
    for name, whose in (("sam", "mine"), ("sam", "all"), ("olivia", "all")):
        for order in ("newest", "oldest", "due", "moved", "still"):
            client = signed_in(people[name])
            with CaptureQueriesContext(connection) as captured:
                client.get(f"/requests/?whose={whose}&sort={order}")
            for query in captured.captured_queries:
                plan = explain(str(query["sql"]))
                for table in ("workflows_workflowinstance", "workflows_trailevent"):
                    assert f"Seq Scan on {table}" not in plan, f"{query['sql']}\n{plan}"


def explain(sql: str) -> str:
    """What PostgreSQL would do."""
    if not sql.startswith(("SELECT", "WITH")):
        return ""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + sql.replace("%", "%%"), [])
        return "\n".join(row[0] for row in cursor.fetchall())


def many_requests(request: WorkflowInstance, by: User) -> None:
    """As many others of somebody else's as make the choice of a plan one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO workflows_workflowinstance (template_id, version_id, prefix, title,"
            " source, state, result, data, marking, requester_id, requester_name, started_at,"
            " due_at, moved_at) SELECT template_id, version_id, prefix, title, source, state,"
            " result, data, marking, %s, requester_name, started_at,"
            " due_at + n * interval '1 minute', moved_at + n * interval '1 minute'"
            " FROM workflows_workflowinstance,"
            " generate_series(1, 20000) AS n WHERE id = %s",
            [by.pk, request.pk],
        )
        cursor.execute(
            "INSERT INTO workflows_trailevent (recorded_at, request_id, template_id, workflow,"
            " reference, step, command, actor_id, actor_name, acted_for, role, from_state,"
            " to_state, outcome, comment, changes, changes_version, document_versions, channel,"
            " capacity, seen, votes, token, token_by) SELECT e.recorded_at, r.id, e.template_id,"
            " e.workflow, e.reference, e.step, e.command, %s, e.actor_name, e.acted_for,"
            " e.role, e.from_state, e.to_state, e.outcome, e.comment, e.changes, e.changes_version,"
            " e.document_versions, e.channel, e.capacity, e.seen, e.votes, e.token, e.token_by"
            " FROM workflows_trailevent e, workflows_workflowinstance r"
            " WHERE e.request_id = %s AND r.id <> e.request_id",
            [by.pk, request.pk],
        )
        cursor.execute("ANALYZE")
