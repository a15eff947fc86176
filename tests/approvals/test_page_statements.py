"""How many SQL statements each everyday page makes, session and person included. A number that
changes is a change to explain; it may fall, and must not grow with what there is."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from approvals.forms.form_drafts import DraftContent
from approvals.pages.request_page import REQUEST_FACETS
from approvals.pages.request_steering import COURSE_SENTENCES
from approvals.pages.task import TASK_FACETS
from reporting.rollups.services import refresh_roll_ups
from tests.approvals.office import (
    KEY,
    PURCHASE,
    ask,
    ask_approved,
    decide,
    open_office,
    page_text,
    signed_in,
)
from tests.factories import NOW, make_user, open_task
from workflows.conversation.services.comments import write_comment
from workflows.conversation.services.following import follow_request, follow_workflow
from workflows.execution.models import AddedPerson, RequestForecast, WorkflowInstance, WorkItem
from workflows.execution.queries.facets import RowsFacet, read_facets
from workflows.execution.queries.instance_record import COURSE_COMMANDS, INCIDENTS
from workflows.execution.services.form_drafts import save_form_draft
from workflows.execution.services.instances import resume, suspend
from workflows.execution.services.questions import ask_opinions
from workflows.execution.services.work_items import claim
from workflows.links.services.status_links import make_status_link
from workflows.people.models import User
from workflows.people.services.absences import AbsencePlan, set_absence

pytestmark = pytest.mark.django_db

CONTROL = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")


@dataclass(frozen=True)
class Office:
    """The people, and two requests: one that waits for the manager, one further on."""

    people: dict[str, User]
    waiting: WorkflowInstance
    further: WorkflowInstance


@pytest.fixture
def office() -> Office:
    """With figures rolled up, as the clock does."""
    people = open_office()
    waiting, further = (ask(people["sam"], title=title) for title in ("Chairs", "Desks"))
    decide(further, "manager_review", people["mia"], "approve")
    refresh_roll_ups(now=NOW + timedelta(days=4))
    return Office(people, waiting, further)


def count_statements(act: Callable[[], object]) -> int:
    """What something costs, transaction control apart."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return sum(not str(query["sql"]).startswith(CONTROL) for query in captured.captured_queries)


def count_for_page(client: Client, address: str) -> int:
    """What a page costs when what is kept in the process is there."""
    assert client.get(address).status_code == 200
    return count_statements(lambda: client.get(address))


# The pages of a task and of a request read what is beside it in one statement, plain or rich. Who
# follows, the estimate, and who started whom are a statement each where there is any of it.
PAGES = [
    ("mia", "/", 7),
    ("sam", f"/start/{KEY}/", 7),
    ("sam", "/requests/", 5),
    ("olivia", "/requests/?whose=all", 5),
    ("mia", "/tasks/{task}/", 4),
    ("sam", "/requests/{reference}/", 4),
    ("olivia", f"/reports/workflow/{KEY}/", 16),
    ("root", "/admin/workflows/workitem/", 7),
    ("root", "/admin/workflows/workflowinstance/", 10),
]


@pytest.mark.parametrize(("name", "address", "pinned"), PAGES, ids=[page[1] for page in PAGES])
def test_a_page_makes_so_many_statements(
    office: Office, name: str, address: str, pinned: int
) -> None:
    person = office.people.get(name) or make_user(name, is_staff=True, is_superuser=True)
    task = open_task(office.waiting, "manager_review")
    places = {"task": task.pk, "reference": office.further.reference}
    assert count_for_page(signed_in(person), address.format(**places)) == pinned


# -- where there is everything --------------------------------------------------------------------

RICH_PAGES = [
    ("lena", "/", 8),  # until when who asked is away
    ("sam", "/requests/", 6),
    ("lena", "/tasks/{task}/", 4),
    ("sam", "/requests/{reference}/", 5),
]


@pytest.fixture
def rich_office() -> Office:
    """One request, and all that may be beside it: a decision, documents of fields and of comments,
    comments, a question, followers, a link, and people away for whom others stand in."""
    people = open_office()
    further = ask_approved(people, files={"quote": quote()})
    for name, deputy in (("leo", "lena"), ("sam", "sue"), ("fred", "fay")):
        send_away(people[name], people[deputy])
    budget_check = open_task(further, "budget_check")
    claim(budget_check.pk, actor=people["fred"], now=NOW)
    for name in ("olivia", "omar"):
        follow_request(further.pk, actor=people[name], now=NOW)
    make_status_link(further, by=people["sam"], now=timezone.now())
    say_and_ask(further, people, others="lena mia")
    keep_draft(open_task(further, "legal_review"), people["lena"])
    add_to_task(budget_check, people["fay"])
    suspend(further.pk, actor=people["olivia"], reason="Wait.", now=NOW)
    resume(further.pk, actor=people["olivia"], reason="Go on.", now=NOW)
    return Office(people, further, further)


def keep_draft(task: WorkItem, writer: User) -> None:
    content = DraftContent(fields=[("comment", "Not yet.")]).encrypted()
    save_form_draft(writer.pk, task, content, now=NOW)


def add_to_task(task: WorkItem, person: User) -> None:
    AddedPerson.objects.create(work_item=task, user=person, stand_in=True, added_at=NOW)


def send_away(person: User, deputy: User) -> None:
    today = timezone.localdate()
    plan = AbsencePlan(deputy=deputy, first_day=today, last_day=today + timedelta(days=9))
    set_absence(person, plan, by=person, now=timezone.now())


def quote() -> SimpleUploadedFile:
    return SimpleUploadedFile("quote.txt", b"Two laptops: 1,200.00", content_type="text/plain")


def say_and_ask(request: WorkflowInstance, people: dict[str, User], *, others: str) -> None:
    """A comment with a file, and on each open task a question to one of two others."""
    write_comment(request.pk, actor=people["sam"], text="See.", now=NOW, files=[quote()])
    asking = {"budget_check": "fred", "legal_review": "lena"}
    for (step, actor), other in zip(asking.items(), others.split(), strict=True):
        task, asked = open_task(request, step), [people[other]]
        ask_opinions(task.pk, actor=people[actor], people=asked, question="Well?", now=NOW)


@pytest.mark.parametrize(("name", "address", "pinned"), RICH_PAGES, ids=str)
def test_a_page_with_everything_makes_so_many_statements_however_much_there_is(
    rich_office: Office, name: str, address: str, pinned: int
) -> None:
    request, client = rich_office.further, signed_in(rich_office.people[name])
    task = open_task(request, "legal_review")
    address = address.format(task=task.pk, reference=request.reference)
    assert count_for_page(client, address) == pinned
    for actor in ("mia", "omar"):
        write_comment(request.pk, actor=rich_office.people[actor], text="More.", now=NOW)
    say_and_ask(request, rich_office.people, others="leo omar")
    send_away(rich_office.people["olivia"], rich_office.people["lena"])
    for title in ("Chairs", "Desks"):
        other = ask(rich_office.people["sam"], title=title)
        decide(other, "manager_review", rich_office.people["mia"], "approve")
    follow_workflow(KEY, actor=rich_office.people["sue"], now=NOW)
    make_status_link(request, by=rich_office.people["sam"], now=timezone.now())
    assert count_for_page(client, address) == pinned


def columns_of(row: Model) -> dict[str, object]:
    """Everything that was read with a row, of the rows joined to it too."""
    own = {name: value for name, value in vars(row).items() if name not in ("_state", "away_now")}
    joined = row._state.fields_cache.items()
    return own | {name: columns_of(other) for name, other in joined if isinstance(other, Model)}


def test_what_came_with_a_request_is_what_its_querysets_give(rich_office: Office) -> None:
    reader, now = rich_office.people["lena"], timezone.now()
    facets = [facet for facet in {*TASK_FACETS, *REQUEST_FACETS} if isinstance(facet, RowsFacet)]
    request = WorkflowInstance.objects.get(pk=rich_office.further.pk)
    RequestForecast.objects.create(
        request=request, is_first=False, made_at=now, half_at=now, most_at=now
    )
    read_facets(request, facets, reader, now)
    empty = set()
    for facet in facets:
        with CaptureQueriesContext(connection) as captured:
            came = facet.rows_of(request, reader, now)
        assert not captured.captured_queries
        asked = facet.rows_of(rich_office.further, reader, now)
        came, asked = (sorted(rows, key=lambda row: row.pk) for rows in (came, asked))
        assert [columns_of(row) for row in came] == [columns_of(row) for row in asked]
        empty |= set() if came else {facet}
    assert empty == {INCIDENTS}


def test_every_change_of_course_has_its_sentence() -> None:
    assert set(COURSE_SENTENCES) == set(COURSE_COMMANDS)


# -- deciding -------------------------------------------------------------------------------------


def decision_cost(task: WorkItem, by: User) -> int:
    """What the whole POST costs: session, person, task, the decision with its record, and where
    the request is now."""
    client = signed_in(by)
    hidden = dict(re.findall(r'name="(once|opened)" value="([^"]+)"', page_text(client, task)))
    assert set(hidden) == {"once", "opened"}
    values = {"outcome": "approve", "comment": "Agreed.", **hidden}
    cost = count_statements(lambda: client.post(f"/tasks/{task.pk}/", values))
    task.refresh_from_db()
    assert task.outcome == "approve"
    return cost


def test_a_decision_that_opens_two_branches_makes_so_many_statements(office: Office) -> None:
    task = open_task(office.waiting, "manager_review")
    assert decision_cost(task, office.people["mia"]) == 15


def test_a_decision_beside_a_branch_of_a_machine_makes_so_many_statements() -> None:
    """The dearest that stays in its block: a merge record, and what the other branch waits for."""
    steps = yaml.safe_load(PURCHASE)["steps"]
    steps["budget_check"] = {"kind": "wait", "for": "1w", "to": "checks_done"}
    people = open_office(steps=steps)
    request = ask_approved(people)
    assert decision_cost(open_task(request, "legal_review"), people["lena"]) == 15
