"""The inbox: whose tasks it lists, in which order, how many, and at what cost."""

from datetime import timedelta

import pytest
import yaml
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.approvals.office import ask, ask_approved, decide, everything, many_more, signed_in
from tests.factories import NOW, make_user, open_task, publish_map
from workflows.execution.models import WorkItem
from workflows.execution.queries.closed_tasks import find_last_decisions
from workflows.execution.queries.inbox import InboxCount, count_inbox_tasks, inbox_page
from workflows.execution.queries.inbox_narrowing import InboxCursor
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.execution.services.messages.incoming import receive_message
from workflows.people.models import User

pytestmark = pytest.mark.django_db


def to_finance(people: dict[str, User], count: int, by: str = "sam") -> list[WorkItem]:
    """So many tasks in finance's queue, due in the order in which they were made."""
    found = []
    for number in range(count):
        request = ask(people[by], title=f"Chair {number}", amount="900")
        decide(request, "manager_review", people["mia"], "approve", now=NOW + timedelta(0, number))
        found.append(open_task(request, "budget_check"))
    return found


def steps_seen(user: User) -> list[str]:
    return [row.step for row in inbox_page(user).rows]


def test_it_lists_what_is_mine_and_what_my_groups_can_take(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    assert [(r.step, r.mine) for r in inbox_page(people["mia"]).rows] == [("Manager review", True)]
    decide(request, "manager_review", people["mia"], "approve")
    assert [(r.step, r.mine) for r in inbox_page(people["fred"]).rows] == [("Budget check", False)]
    assert steps_seen(people["lena"]) == ["Legal review"]
    assert steps_seen(people["mia"]) == steps_seen(people["stranger"]) == []


def test_a_task_that_another_has_taken_is_only_theirs(people: dict[str, User]) -> None:
    (task,) = to_finance(people, 1)
    tasks.claim(task.pk, actor=people["fred"], now=NOW)
    assert steps_seen(people["fay"]) == []
    assert [row.mine for row in inbox_page(people["fred"]).rows] == [True]


def test_the_oldest_due_comes_first_and_no_due_date_last(people: dict[str, User]) -> None:
    late, undated, early = (task.pk for task in to_finance(people, 3))
    WorkItem.objects.filter(pk=late).update(due_at=NOW + timedelta(days=3))
    WorkItem.objects.filter(pk=undated).update(due_at=None)
    WorkItem.objects.filter(pk=early).update(due_at=NOW - timedelta(days=3))
    assert [row.id for row in inbox_page(people["fred"]).rows] == [early, late, undated]


def test_pages_follow_each_other_without_gap_or_repeat(people: dict[str, User]) -> None:
    made = [task.pk for task in to_finance(people, 7)]
    WorkItem.objects.filter(pk__in=made[4:]).update(due_at=None)
    tasks.claim(made[2], actor=people["fred"], now=NOW)
    seen: list[int] = []
    after: InboxCursor | None = None
    for _ in range(10):
        page = inbox_page(people["fred"], limit=2, after=after)
        seen += [row.id for row in page.rows]
        after = page.after
        if after is None:
            break
    assert seen == made


def test_who_has_agreed_already_is_not_asked_again(people: dict[str, User]) -> None:
    request = ask_approved(people, amount="20000")
    assert steps_seen(people["fred"]) == ["Finance review"]
    decide(request, "finance_review", people["fred"], "approve")
    assert steps_seen(people["fred"]) == []
    assert count_inbox_tasks(people["fred"]) == InboxCount(0)
    row = inbox_page(people["fay"]).rows[0]
    assert (row.agreed, row.needed) == (1, 2)


def test_my_own_request_does_not_wait_for_my_approval(people: dict[str, User]) -> None:
    people["lena"].groups.add(*people["sam"].groups.all())
    mine = ask(people["lena"])
    decide(mine, "manager_review", people["mia"], "approve")
    assert steps_seen(people["lena"]) == []
    assert count_inbox_tasks(people["lena"]) == InboxCount(0)
    assert steps_seen(people["leo"]) == ["Legal review"]


def test_a_page_is_full_though_some_tasks_are_left_out(people: dict[str, User]) -> None:
    people["lena"].groups.add(*people["sam"].groups.all())
    for number in range(6):
        by = people["lena"] if number % 2 == 0 else people["sam"]
        decide(ask(by, title=f"T{number}"), "manager_review", people["mia"], "approve")
    page = inbox_page(people["lena"], limit=2)
    assert [row.title for row in page.rows] == ["T1", "T3"]
    assert page.after is not None
    rest = inbox_page(people["lena"], limit=2, after=page.after)
    assert [row.title for row in rest.rows] == ["T5"]
    assert rest.after is None
    assert count_inbox_tasks(people["lena"]) == InboxCount(3)


def test_the_count_stops_at_its_cap_and_says_so(people: dict[str, User]) -> None:
    to_finance(people, 4)
    assert str(count_inbox_tasks(people["fred"])) == "4"
    assert str(count_inbox_tasks(people["fred"], cap=3)) == "3+"


def test_a_suspended_request_says_so_and_offers_nothing_to_take(people: dict[str, User]) -> None:
    (task,) = to_finance(people, 1)
    requests.suspend(task.request_id, actor=people["olivia"], reason="Freeze", now=NOW)
    text = signed_in(people["fred"]).get("/").content.decode()
    assert "suspended" in text
    assert "Take it" not in text


def test_the_page_shows_who_asked_how_long_ago_and_that_it_is_overdue(
    people: dict[str, User],
) -> None:
    to_finance(people, 1)
    text = signed_in(people["fred"]).get("/").content.decode()
    for said in ("Chair 0", "Budget check", "Sam Okafor", "Purchase approval", "Overdue by"):
        assert said in text
    assert "Waiting for you" in text


def test_an_empty_inbox_says_what_to_do_next(people: dict[str, User]) -> None:
    text = signed_in(people["stranger"]).get("/").content.decode()
    assert "Nothing waits for you" in text
    assert "Start a request" in text


def test_taking_a_task_from_the_list_is_a_post(people: dict[str, User]) -> None:
    (task,) = to_finance(people, 1)
    client = signed_in(people["fred"])
    before = everything()
    assert client.get(f"/tasks/{task.pk}/claim/").url == f"/tasks/{task.pk}/"
    assert everything() == before
    assert client.post(f"/tasks/{task.pk}/claim/").status_code == 302
    task.refresh_from_db()
    assert task.assignee == people["fred"]


def test_a_made_up_place_in_the_list_is_its_beginning(people: dict[str, User]) -> None:
    to_finance(people, 1)
    assert "Chair 0" in signed_in(people["fred"]).get("/?after=nonsense").content.decode()


def test_the_link_to_the_next_page_works(
    people: dict[str, User],
) -> None:
    to_finance(people, 55)
    client = signed_in(people["fred"])
    first = client.get("/")
    assert first.context["page"].count == InboxCount(55)
    rest = client.get(f"/{first.context['page'].next}")
    assert len(first.context["page"].sections[0].rows) == 50
    assert len(rest.context["page"].sections[0].rows) == 5
    assert rest.context["page"].count == InboxCount(55)


@pytest.mark.parametrize(("open_tasks", "statements"), [(1, 0), (40, 0), (52, 3)])
def test_the_number_of_statements_does_not_grow_with_the_rows(
    people: dict[str, User], open_tasks: int, statements: int
) -> None:
    """Session, person, steps, what can be chosen from, what the person was asked, the page, and
    what was decided before. Where there is a second page the count costs three more: the count,
    what the steps are, and the tasks on which several people agree."""
    to_finance(people, open_tasks)
    client = signed_in(people["fred"])
    client.get("/")
    with CaptureQueriesContext(connection) as said:
        client.get("/")
    assert len(said) == 7 + statements


@pytest.mark.skipif(connection.vendor != "postgresql", reason="plans are PostgreSQL's")
def test_page_and_count_walk_the_queues_index(people: dict[str, User]) -> None:
    (task,) = to_finance(people, 1)
    many_more(task, open_ones=1_500, finished=60_000)
    with CaptureQueriesContext(connection) as said:
        inbox_page(people["fred"])
        count_inbox_tasks(people["fred"])
    asked = [query["sql"] for query in said.captured_queries if "in_queue" in query["sql"]]
    assert len(asked) == 2
    with connection.cursor() as cursor:
        for sql in asked:
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "queue_by_" in plan
            assert "own_by_due" in plan
            assert "Seq Scan on workflows_workitem" not in plan


AFTER_A_WAIT = """
format: 1
key: papers
name: Papers
owner: olga
deputy: dan
roles: {staff: {groups: [staff]}, desk: {users: [dana]}}
start: {role: staff, fields: [], first: signed}
steps:
  signed: {kind: wait, message: signed, to: look, expected: 1d}
  look:
    kind: task
    role: desk
    expected: 1d
    outcomes:
      fine: over
      stop: {to: gone, exception: true}
      withdraw: {to: gone, exception: true}
  over: {kind: end, result: over}
  gone: {kind: end, result: gone}
"""


def test_work_behind_a_message_that_somebody_sent_is_in_the_inbox() -> None:
    """Who sent it decided nothing: there is no outcome to tell of."""
    make_user("olga")
    dana, sam = make_user("dana"), make_user("sam", groups=["staff"])
    make_user("dan")
    version = publish_map(yaml.safe_load(AFTER_A_WAIT))
    request = requests.start_on_version(version, actor=sam, now=NOW, data={})
    receive_message(request.reference, "signed", actor=make_user("olga"), now=NOW, data={})
    assert find_last_decisions([request.pk]) == {}
    answer = signed_in(dana).get("/")
    assert answer.status_code == 200
    assert request.reference in answer.content.decode()
