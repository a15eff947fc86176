"""Filters of the inbox that people save: own ones only, each with its count."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.approvals.office import (
    ask,
    ask_approved,
    decide,
    everything,
    open_office,
    signed_in,
)
from tests.approvals.test_inbox_search import searchable_fields
from tests.factories import NOW, open_task
from workflows.people.models import SavedFilter, User
from workflows.people.services import saved_filters

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> dict[str, User]:
    return open_office(fields=searchable_fields())


def save(client: Client, name: str, **chosen: str) -> Any:
    return client.post("/inbox/filters/", {"name": name, **chosen}, follow=True)


def all_rows() -> list[Any]:
    return [*everything(), *SavedFilter.objects.order_by("pk").values()]


def tabs(user: User) -> dict[str, str]:
    page = signed_in(user).get("/").context["page"]
    return {tab.name: str(tab.count) for tab in page.saved}


def listed(user: User, query: str) -> int:
    page = signed_in(user).get(f"/?{query}").context["page"]
    return sum(len(section.rows) for section in page.sections)


@pytest.fixture
def fred(people: dict[str, User]) -> Client:
    """Fred's inbox: four chairs, and one of two votes on a lamp, which he asked for himself."""
    people["fred"].groups.add(*people["sam"].groups.all())
    for number in range(4):
        ask_approved(people, title=f"Green chair {number}", amount=str(100 * number + 1))
    ask(people["fred"], title="Green desk", amount="20000")  # mia's to review
    own = ask(people["fred"], title="Green lamp", amount="20000")
    decide(own, "manager_review", people["mia"], "approve")  # two of finance, and not fred
    return signed_in(people["fred"])


CHOSEN: dict[str, dict[str, str]] = {
    "green": {"q": "green"},
    "dear": {"amount_from": "200"},
    "late": {"due": "late"},
    "sam's chairs": {"requester": "okafor", "q": "chair 3", "sort": "newest"},
    "budget": {"workflow": "purchase-approval", "step": "budget_check"},
    "nothing": {"q": "blue"},
    "mine": {"for": "mine"},
    "Mia's": {"for": "mia"},
}


def test_each_saved_filter_counts_what_it_lists(people: dict[str, User], fred: Client) -> None:
    for name, address in CHOSEN.items():
        assert "stands over your inbox now" in save(fred, name, **address).content.decode()
    counts = tabs(people["fred"])
    for row in SavedFilter.objects.all():
        query = "&".join(f"{name}={text}" for name, text in row.chosen.items())
        assert counts[row.name] == str(listed(people["fred"], query)), row.name
    assert (counts["green"], counts["dear"]) == ("4", "2")
    assert list(counts) == sorted(CHOSEN, key=str.casefold)


def test_what_is_saved_is_marked_and_not_offered_for_saving_again(fred: Client) -> None:
    save(fred, "green", q="green")
    page = fred.get("/?q=green").content.decode()
    assert 'aria-current="true">green' in page.replace("  ", "")
    assert "Save this filter as" not in page
    assert "Save this filter as" in fred.get("/?q=gree").content.decode()


def test_filters_cost_the_same_few_statements_however_many(people: dict[str, User]) -> None:
    request = ask(people["sam"], title="Green chair")
    open_task(request, "manager_review")
    client, costs = signed_in(people["mia"]), []
    client.get("/")
    for number in range(4):
        with CaptureQueriesContext(connection) as said:
            assert client.get("/").status_code == 200
        costs.append(len(said))
        saved_filters.save_filter(
            f"F{number}", {"q": f"green {number}"[: 5 + number]}, actor=people["mia"], now=NOW
        )
    assert costs[1] <= costs[0] + 4
    assert len(set(costs[1:])) == 1


def test_a_filter_is_its_owners_to_rename_and_delete(people: dict[str, User]) -> None:
    mia, fred = signed_in(people["mia"]), signed_in(people["fred"])
    save(mia, "Green", q="green")
    row = SavedFilter.objects.get()
    assert (row.person, row.chosen) == (people["mia"], {"q": "green"})
    before = all_rows()
    for action in ("", "delete/"):
        answer = fred.post(f"/inbox/filters/{row.pk}/{action}", {"name": "Mine"})
        assert answer.status_code == 404
        assert mia.get(f"/inbox/filters/{row.pk}/{action}").status_code == 302
    assert tabs(people["fred"]) == {}
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(people["mia"])
    assert strict.post(f"/inbox/filters/{row.pk}/delete/").status_code == 403
    assert all_rows() == before
    mia.post(f"/inbox/filters/{row.pk}/", {"name": " <b>Green</b>  things "})
    row.refresh_from_db()
    assert row.name == "<b>Green</b> things"
    assert "<b>Green" not in mia.get("/").content.decode()
    mia.post(f"/inbox/filters/{row.pk}/", {"name": row.name})
    mia.post(f"/inbox/filters/{row.pk}/delete/")
    assert not SavedFilter.objects.exists()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"name": "All"}, "This shows everything"),
        ({"name": " ", "q": "x"}, "Give the filter a name."),
        ({"name": "x" * 61, "q": "x"}, "The name is too long"),
        ({"name": "Taken", "q": "x"}, "already; choose another name"),
        ({"name": "Odd", "amount_from": "much"}, "is no amount"),
    ],
)
def test_what_cannot_be_saved_is_refused_with_a_reason(
    people: dict[str, User], given: dict[str, str], why: str
) -> None:
    mia = signed_in(people["mia"])
    save(mia, "Taken", q="green")
    before = all_rows()
    answer = mia.post("/inbox/filters/", given, follow=True)
    assert why in answer.content.decode()
    assert all_rows() == before
    for number in range(11):
        save(mia, f"F{number}", q="x")
    before = all_rows()
    assert "You have 12 saved filters" in save(mia, "One more", q="x").content.decode()
    assert all_rows() == before
