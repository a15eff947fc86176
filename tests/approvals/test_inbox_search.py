"""What an inbox finds, and what it is narrowed and sorted by."""

from datetime import timedelta
from typing import Any

import pytest
import yaml
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from tests.approvals.office import PURCHASE, ask, decide, open_office, signed_in
from tests.factories import NOW, open_task
from workflows.execution.models import SearchValue, WorkItem
from workflows.execution.queries import inbox_narrowing, request_search
from workflows.execution.services import work_items as tasks
from workflows.language.typed_numbers import read_typed_number
from workflows.people.models import User

pytestmark = pytest.mark.django_db


def searchable_fields() -> dict[str, Any]:
    fields: dict[str, Any] = yaml.safe_load(PURCHASE)["fields"]
    for key in ("amount", "region", "cost_centre", "reason"):
        fields[key]["searchable"] = True
    return fields


@pytest.fixture
def people() -> dict[str, User]:
    return open_office(fields=searchable_fields())


def to_finance(people: dict[str, User], title: str, by: str = "sam", **data: Any) -> WorkItem:
    request = ask(people[by], title=title, **data)
    decide(request, "manager_review", people["mia"], "approve")
    return open_task(request, "budget_check")


def titles(user: User, query: str) -> list[str]:
    """What the page lists, in its order, whatever the section."""
    page = signed_in(user).get(f"/?{query}").context["page"]
    return [row.title for section in page.sections for row in section.rows]


@pytest.fixture
def chairs(people: dict[str, User]) -> dict[str, WorkItem]:
    return {
        "chair": to_finance(people, "Green chair", amount="900", reason="Straßenlärm hurts"),
        "table": to_finance(people, "A table", by="sue", amount="1250.50"),
        "lamp": to_finance(people, "Lamp (green)", amount="20.00", region="US"),
    }


TYPED = {
    "chair": ["Green chair"],
    "gre": ["Green chair", "Lamp (green)"],
    "GREEN lamp": ["Lamp (green)"],
    "hair": [],
    "lindqvist": ["A table"],
    "sue": ["A table"],
    "us": ["Lamp (green)"],
    "strassenlärm": ["Green chair"],
    "900": ["Green chair"],
    "1250.5": ["A table"],
    "1,250.50": ["A table"],
    "1250": [],
    "green 20": ["Lamp (green)"],
    "%": ["Green chair", "A table", "Lamp (green)"],
    "100%_'\"--": [],
}


@pytest.fixture(params=[(0, 0), (0, 1000), (1000, 1000)])
def _few_and_many(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All ways: few requests are read first, many are listed, and each task is asked where there
    are more."""
    few, many = request.param
    monkeypatch.setattr(inbox_narrowing, "FEW", few)
    monkeypatch.setattr(request_search, "MANY", many)


@pytest.mark.usefixtures("chairs", "_few_and_many")
def test_words_and_numbers_find_tasks(people: dict[str, User]) -> None:
    fred = signed_in(people["fred"])
    pages = {typed: fred.get("/", {"q": typed}).context["page"] for typed in TYPED}
    listed = {
        typed: sorted(row.title for section in page.sections for row in section.rows)
        for typed, page in pages.items()
    }
    assert listed == {typed: sorted(expected) for typed, expected in TYPED.items()}
    counted = {typed: page.count.value for typed, page in pages.items()}
    assert counted == {typed: len(expected) for typed, expected in TYPED.items()}


@pytest.mark.parametrize("typed", ["s_lind", "S_Lindqvist-2", "s.lind@example.com"])
@pytest.mark.parametrize("box", ["requester", "q"])
def test_who_asked_is_found_by_a_login_and_an_address_in_one_piece(
    people: dict[str, User], chairs: dict[str, WorkItem], typed: str, box: str
) -> None:
    people["sue"].username, people["sue"].email = "s_lindqvist-2", "S.Lind@Example.com"
    people["sue"].save()
    assert titles(people["fred"], f"{box}={typed}") == ["A table"]
    assert titles(people["fred"], f"{box}=x{typed}") == []


def test_a_reference_finds_its_task_with_or_without_its_prefix(
    people: dict[str, User], chairs: dict[str, WorkItem]
) -> None:
    request = chairs["table"].request
    for typed in (request.reference, request.reference.lower(), str(request.pk)):
        assert titles(people["fred"], f"q={typed}") == ["A table"]
    assert titles(people["fred"], f"q=XX-{request.pk}") == []


def test_a_reader_finds_an_amount_as_their_language_writes_it() -> None:
    with translation.override("de"):
        assert str(read_typed_number("1.250,50")) == "1250.50"
        assert str(read_typed_number("1250,5")) == "1250.5"
        assert read_typed_number("1,250.50") is None
    assert str(read_typed_number("1,250.50")) == "1250.50"
    assert str(read_typed_number("−12")) == "-12"
    for typed in ("", "1,2,3", "12a", "1e5", "9" * 16, "٣"):
        assert read_typed_number(typed) is None


def test_what_nobody_can_do_is_not_found(
    people: dict[str, User], chairs: dict[str, WorkItem]
) -> None:
    assert titles(people["lena"], "q=chair") == ["Green chair"]
    assert titles(people["stranger"], "q=chair") == []
    assert titles(people["mia"], "q=chair") == []


FILTERS = {
    "workflow=purchase-approval": ["A table", "Green chair", "Lamp (green)"],
    "workflow=other": [],
    "workflow=purchase-approval&step=budget_check&q=chair": ["Green chair"],
    "workflow=purchase-approval&step=legal_review": [],
    "requester=lindq": ["A table"],
    "requester=Sam+Oka": ["Green chair", "Lamp (green)"],
    "amount_from=900": ["A table", "Green chair"],
    "amount_from=21&amount_to=1,000": ["Green chair"],
    "amount_to=20": ["Lamp (green)"],
    "team=0": [],
    "team=x": [],
    "due=none": [],
    "due=nonsense": ["A table", "Green chair", "Lamp (green)"],
}


@pytest.mark.usefixtures("chairs", "_few_and_many")
def test_filters_narrow_the_inbox(people: dict[str, User]) -> None:
    assert {query: sorted(titles(people["fred"], query)) for query in FILTERS} == FILTERS


def test_a_team_is_who_does_the_step(people: dict[str, User], chairs: dict[str, WorkItem]) -> None:
    legal, finance = people["lena"].groups.get(), people["fred"].groups.get()
    people["fred"].groups.add(legal)
    assert len(titles(people["fred"], "")) == 6
    assert len(titles(people["fred"], f"team={legal.pk}")) == 3
    assert len(titles(people["fred"], f"team={finance.pk}&q=chair")) == 1


def test_due_dates_and_orders(people: dict[str, User], chairs: dict[str, WorkItem]) -> None:
    now, all_tasks = timezone.now(), WorkItem.objects
    all_tasks.filter(pk=chairs["chair"].pk).update(due_at=now + timedelta(days=3))
    all_tasks.filter(pk=chairs["table"].pk).update(due_at=now - timedelta(days=1))
    all_tasks.filter(pk=chairs["lamp"].pk).update(due_at=None)
    fred = people["fred"]
    assert titles(fred, "due=late") == ["A table"]
    assert titles(fred, "due=week") == ["A table", "Green chair"]
    assert titles(fred, "due=none") == ["Lamp (green)"]
    assert titles(fred, "sort=due") == ["A table", "Green chair", "Lamp (green)"]
    assert titles(fred, "sort=oldest") == ["Green chair", "A table", "Lamp (green)"]
    assert titles(fred, "sort=newest") == ["Lamp (green)", "A table", "Green chair"]


@pytest.mark.parametrize("query", ["sort=oldest", "sort=newest", "sort=due", "q=thing", "due=late"])
def test_pages_of_a_narrowed_list_follow_each_other(people: dict[str, User], query: str) -> None:
    made = [to_finance(people, f"Thing {number}") for number in range(53)]
    WorkItem.objects.filter(pk__in=[task.pk for task in made[::7]]).update(
        due_at=None if query != "due=late" else NOW
    )
    client = signed_in(people["fred"])
    first = client.get(f"/?{query}").context["page"]
    rest = client.get(f"/{first.next}").context["page"]
    seen = [row.id for page in (first, rest) for part in page.sections for row in part.rows]
    assert sorted(seen) == sorted(task.pk for task in made)
    assert first.count == rest.count
    assert first.count.value == 53


def test_an_amount_that_is_none_is_shown_and_narrows_nothing(
    people: dict[str, User], chairs: dict[str, WorkItem]
) -> None:
    answer = signed_in(people["fred"]).get("/?amount_from=<b>lots")
    assert "“&lt;b&gt;lots” is no amount" in answer.content.decode()
    assert answer.context["page"].count.value == 3
    answer = signed_in(people["fred"]).get("/?amount_from=9&amount_to=2")
    assert "wrong way round" in answer.content.decode()


def test_a_narrowed_inbox_that_is_empty_says_where_to_look(
    people: dict[str, User], chairs: dict[str, WorkItem]
) -> None:
    text = signed_in(people["fred"]).get("/?q=nowhere").content.decode()
    assert "No task of yours fits" in text
    assert "Search all requests" in text


def test_what_is_found_follows_what_the_request_says(people: dict[str, User]) -> None:
    task = to_finance(people, "Desk")
    assert titles(people["fred"], "q=cc77") == []
    tasks.decide(
        open_task(task.request, "legal_review").pk,
        actor=people["lena"],
        outcome="approve",
        now=NOW,
        data={"cost_centre": "CC77 north"},
    )
    assert titles(people["fred"], "q=cc77") == ["Desk"]
    assert titles(people["fred"], "q=north") == ["Desk"]


def test_a_field_that_the_map_does_not_mark_is_kept_in_no_index() -> None:
    people = open_office()
    ask(people["sam"], title="Desk", reason="secret")
    assert set(SearchValue.objects.values_list("word", flat=True)) == {"desk"}


def test_a_narrowed_list_costs_a_few_statements_whatever_it_finds(people: dict[str, User]) -> None:
    for number in range(12):
        to_finance(people, f"Thing {number}")
    client = signed_in(people["fred"])
    client.get("/")
    costs = set()
    for query in ("q=thing", "q=nothing", "q=thing+5&amount_from=3&requester=sam&due=late"):
        with CaptureQueriesContext(connection) as made:
            client.get(f"/?{query}")
        costs.add(len(made))
    assert max(costs) == 7


def test_a_row_says_what_was_decided_last_and_that_it_came_back(people: dict[str, User]) -> None:
    request = ask(people["sam"], title="Desk")
    decide(request, "manager_review", people["mia"], "return", comment="Too <b>dear</b>.")
    text = signed_in(people["sam"]).get("/").content.decode()
    assert "Mia Lopez, “Send back”" in text
    assert "Too &lt;b&gt;dear&lt;/b&gt;." in text
    decide(request, "revise", people["sam"], "resubmit", data={"amount": "5"})
    assert "sent back, round 2" in signed_in(people["mia"]).get("/").content.decode()


def test_the_list_of_requests_finds_the_same_and_a_reference_whatever_is_chosen(
    people: dict[str, User], chairs: dict[str, WorkItem]
) -> None:
    def listed(user: User, query: str) -> list[str]:
        page = signed_in(user).get(f"/requests/?{query}").context["current_page"]
        return [row.request.title for row in page.rows]

    fred, reference = people["fred"], chairs["table"].request.reference
    assert listed(fred, "whose=all&q=1,250.50") == ["A table"]
    assert listed(fred, "whose=all&q=green") == ["Lamp (green)", "Green chair"]
    assert listed(fred, "q=green") == []
    assert listed(fred, f"whose=mine&state=finished&workflow=other&q={reference}") == ["A table"]
    assert listed(people["stranger"], f"whose=all&state=any&q={reference}") == []
    assert listed(people["stranger"], "whose=all&state=any&q=green") == []
