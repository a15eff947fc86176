"""How the databases go about the statements that would be dear where much is open. In these small
databases they may not read a table from end to end, so a plan that does has no index to use."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg.sql
import pytest
from django.db import connection
from django.utils import timezone

from approvals.pages.inbox_filters import InboxFilter
from tests.approvals.office import ask, decide, open_office
from tests.approvals.test_inbox_search import searchable_fields
from tests.approvals.test_request_list import many_requests
from tests.workflows.support import only_on_postgres
from workflows.conversation.queries.mentions import find_people_named, offered_people
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries import inbox_narrowing, request_search
from workflows.execution.queries.desk import read_desk
from workflows.execution.queries.ended_requests import find_last_tasks_of_ended
from workflows.execution.queries.inbox import InboxRow, inbox_page
from workflows.execution.queries.inbox_narrowing import read_task_conditions
from workflows.execution.queries.inbox_reach import find_work_reach
from workflows.execution.queries.instance_lists import InstanceFilter, ListOrder, find_instances
from workflows.execution.queries.request_search import find_requests, read_person_terms
from workflows.execution.queries.saved_filters import count_filters
from workflows.people.models import User
from workflows.people.queries.people_search import PeopleScope, list_people, search_people

pytestmark = pytest.mark.django_db

IS_POSTGRES = connection.vendor == "postgresql"


@pytest.fixture
def people() -> dict[str, User]:
    return open_office(fields=searchable_fields())


class Asked:
    """The statements that were asked, with what was bound to them."""

    def __init__(self) -> None:
        self.statements: list[tuple[str, Any]] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.statements.append((sql, params))
        return execute(sql, params, many, context)

    def plans(self, table: str) -> list[str]:
        """The plans of those that name this table."""
        return [explain(sql, params) for sql, params in self.statements if table in sql]


@contextmanager
def asked() -> Iterator[Asked]:
    """Everything that is asked in between."""
    found = Asked()
    with connection.execute_wrapper(found):
        yield found


def explain(sql: str, params: Any) -> str:
    with connection.cursor() as cursor:
        if IS_POSTGRES:
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"{'EXPLAIN' if IS_POSTGRES else 'EXPLAIN QUERY PLAN'} {sql}", params)
        return "\n".join(str(row[0 if IS_POSTGRES else 3]) for row in cursor.fetchall())


def explain_kept_plan(sql: str, params: Any) -> str:
    """The plan that PostgreSQL keeps for a statement that it is asked often: for any values."""
    places = iter(range(1, len(params) + 1))
    numbered = re.sub("%[s%]", lambda p: f"${next(places)}" if p[0] == "%s" else "%", sql)
    values = ", ".join(psycopg.sql.Literal(p).as_string(connection.connection) for p in params)
    with connection.connection.cursor() as cursor:
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute(f"PREPARE kept AS {numbered}".encode())
        cursor.execute(f"EXPLAIN EXECUTE kept({values})".encode())
        rows = cursor.fetchall()
        cursor.execute("DEALLOCATE kept")
    return "\n".join(row[0] for row in rows)


def reads_through(plan: str, table: str) -> bool:
    """Whether all rows of a table are read."""
    return bool(re.search(rf"Seq Scan on {table}\b|^SCAN {table}\b", plan, flags=re.MULTILINE))


@pytest.mark.parametrize(
    "address",
    [
        {"q": "chair"},
        {"workflow": "purchase-approval", "step": "budget_check"},
        {"due": "late"},
        {"amount_from": "200"},
    ],
)
@pytest.mark.parametrize(("few", "many"), [(0, 0), (0, 1000), (1000, 1000)])
def test_the_count_of_a_saved_filter_walks_indexes(
    people: dict[str, User],
    address: dict[str, str],
    few: int,
    many: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inbox_narrowing, "FEW", few)
    monkeypatch.setattr(request_search, "MANY", many)
    decide(ask(people["sam"], title="Chair"), "manager_review", people["mia"], "approve")
    now = timezone.now()
    reach = find_work_reach(people["fred"], now)
    with asked() as found:
        counts = count_filters(reach, {1: ("", InboxFilter(address).read_narrowing(now))})
    assert counts[1].value == 1
    plans = found.plans("workflows_workitem")
    assert plans
    for plan in plans:
        for table in ("workflows_workitem", "workflows_workflowinstance", "workflows_searchvalue"):
            assert not reads_through(plan, table), plan


def test_what_many_requests_meet_is_asked_in_the_order_of_the_list(
    people: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Queues are put in order first; each task is then asked, until there are enough."""
    monkeypatch.setattr(request_search, "MANY", 0)
    decide(ask(people["sam"], title="Chair"), "manager_review", people["mia"], "approve")
    with asked() as found:
        assert [row.title for row in narrowed_inbox(people["fred"], {"q": "chair"})] == ["Chair"]
    plan = found.plans("workflows_workitem")[-1]
    inner = plan[: plan.index("workflows_searchvalue" if IS_POSTGRES else "SEARCH v ")]
    # Which index it is on PostgreSQL hangs on what other tests left in its statistics.
    assert not reads_through(plan, "workflows_workitem") if IS_POSTGRES else "queue_by_due" in plan
    assert ("Sort Key" if IS_POSTGRES else "USE TEMP B-TREE FOR ORDER BY") in plan
    assert IS_POSTGRES or "USE TEMP B-TREE FOR ORDER BY" in inner, plan
    assert not reads_through(plan, "workflows_searchvalue"), plan


def test_an_amount_is_asked_between_two_bounds(people: dict[str, User]) -> None:
    """PostgreSQL takes one bound alone for a third of all values, and reads through them."""
    for address in ({"amount_from": "5"}, {"amount_to": "5"}):
        with asked() as found:
            narrowed_inbox(people["fred"], address)
        (searched,) = [sql for sql, _ in found.statements if "is_amount" in sql]
        assert "v.number >=" in searched
        assert "v.number <=" in searched


@only_on_postgres
@pytest.mark.parametrize("address", [{"q": "reference"}, {"workflow": "purchase-approval"}, None])
def test_what_is_asked_often_is_not_planned_anew(
    people: dict[str, User], address: dict[str, str] | None
) -> None:
    """Nor is a desk (no address). Planning took five times as long as answering."""
    request = ask(people["sam"])
    if address == {"q": "reference"}:
        address = {"q": request.reference}
    with asked() as found:
        for _ in range(12):
            narrowed_inbox(people["mia"], address) if address else read_desk(people["mia"])
    heads = {sql[:60] for sql, _ in found.statements if " AS place" in sql or "term" in sql}
    heads |= {sql[:60] for sql, _ in found.statements if "asked_of_me" in sql}
    assert heads
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(generic_plans) FROM pg_prepared_statements"
            " WHERE left(statement, 60) = ANY(%s) GROUP BY left(statement, 60)",
            [list(heads)],
        )
        kept = [times for (times,) in cursor.fetchall()]
    assert len(kept) == len(heads)
    assert min(kept) > 0


def narrowed_inbox(user: User, address: dict[str, str]) -> list[InboxRow]:
    """The rows of an inbox that is narrowed by its address."""
    now = timezone.now()
    conditions = read_task_conditions(InboxFilter(address).read_narrowing(now))
    return inbox_page(user, now=now, conditions=conditions).rows


def test_what_has_ended_lately_is_read_along_its_index(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    WorkflowInstance.objects.filter(pk=request.pk).update(
        state="completed", completed_at=timezone.now()
    )
    with asked() as found:
        find_last_tasks_of_ended(
            people["olivia"], [request.version_id], [request.template_id], timezone.now()
        )
    plan = found.plans("completed_at")[0]
    assert "ended_of_a_workflow" in plan


@only_on_postgres
def test_people_are_searched_and_listed_along_indexes(people: dict[str, User]) -> None:
    now, everybody = timezone.now(), PeopleScope()
    with asked() as found:
        assert [row.person.pk for row in search_people(everybody, "lopez m", 9, now)] == [
            people["mia"].pk
        ]
        offered_people(ask(people["sam"]), "lop")
        find_people_named(["MIA"], User.objects.all())
        find_requests(read_person_terms("lind"), is_open=True)
    plans = found.plans("workflows_personword")
    assert len(plans) == 4
    for plan in plans:
        assert "people_by_word" in plan, plan
        assert not reads_through(plan, User._meta.db_table), plan
    with asked() as found:
        list_people(everybody, 20, now)
    assert "people_by_name" in found.plans(User._meta.db_table)[0]


@only_on_postgres
@pytest.mark.parametrize("order", list(ListOrder))
def test_the_plan_that_is_kept_for_a_list_follows_its_order(
    people: dict[str, User], order: ListOrder
) -> None:
    many_requests(ask(people["sam"]), people["sue"])
    with asked() as found:
        find_instances(people["sam"], InstanceFilter(whose="all", order=order), 500)
    ((sql, params),) = found.statements
    plan = explain_kept_plan(sql, params)
    assert not reads_through(plan, "workflows_workflowinstance"), plan
