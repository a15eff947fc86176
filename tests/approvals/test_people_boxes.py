"""Choosing a person: a list of few, a search among many, with who is away, and only whom the map
allows."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote

import pytest
import yaml
from django.test import Client
from django.utils import timezone

from approvals.forms import people_boxes
from tests.approvals.office import (
    KEY,
    PURCHASE,
    ask_approved,
    everything,
    open_office,
    page_text,
    signed_in,
)
from tests.factories import make_user, open_task
from workflows.execution.models import WorkflowInstance
from workflows.people.models import User
from workflows.people.services.absences import AbsencePlan, set_absence

pytestmark = pytest.mark.django_db
FORM = f"/start/{KEY}/"
GOOD = {"f-amount": "5", "f-region": "EU", "title": "Desk", "f-reason": "To write on."}


SetMost = Callable[[int], None]


@pytest.fixture(autouse=True)
def most_in_a_list(monkeypatch: pytest.MonkeyPatch) -> SetMost:
    """How many people a list may have: one, so that the office is too large for lists."""

    def set_most(count: int) -> None:
        monkeypatch.setattr(people_boxes, "MOST_PEOPLE_IN_A_LIST", count)

    set_most(1)
    return set_most


def address_of(text: str) -> str:
    """Where the first box of a page asks for people."""
    found = re.search(r'data-people="([^"]+)"', text)
    assert found is not None
    return html.unescape(found[1])


def offered(client: Client, address: str, typed: str) -> list[dict[str, str]]:
    answer = client.get(f"{address}&q={typed}")
    assert answer.status_code == 200
    found: list[dict[str, str]] = answer.json()["people"]
    return found


def logins(client: Client, address: str, typed: str) -> list[str]:
    return [one["login"] for one in offered(client, address, typed)]


def be_away(person: User, deputy: User) -> None:
    now = timezone.now()
    today = now.date()
    plan = AbsencePlan(deputy=deputy, first_day=today, last_day=today + timedelta(days=9))
    set_absence(person, plan, by=person, now=now)


def test_people_are_found_by_name_login_department_and_team(people: dict[str, User]) -> None:
    people["mia"].department = "Procurement"
    people["mia"].save()
    make_user("gone", first_name="Mia", last_name="Former", is_active=False)
    be_away(people["mia"], people["omar"])
    client = signed_in(people["sam"])
    text = client.get(FORM).content.decode()
    assert "Mia Lopez" not in text  # no page carries everybody
    address = address_of(text)
    for typed in ("mi", "LOP", "lopez mia", "procure"):
        assert logins(client, address, typed) == ["mia"], typed
    assert logins(client, address, "fina") == ["fay", "fred"]
    assert logins(client, address, "zzz") == []
    (mia,) = offered(client, address, "mia")
    assert mia["name"] == "Mia Lopez (mia)"
    assert "away until" in mia["about"]
    assert "Omar Haddad stands in" in mia["about"]
    assert "finance" in offered(client, address, "fred")[0]["about"]


ANNA = {
    "first_name": "Anna Lena",
    "last_name": "Müller-Özdemir",
    "email": "A.Mueller+1@Example.com",
    "department": "Straßenbau Süd",
}
TYPED = (
    *("müller", "MÜLLER", "Mueller", "muller", "özd", "Ozdemir", "oez", "mu\u0308ller"),
    *("müller-öz", "lena özdemir", "Özdemir, Anna", "(a_mue", "a_mueller-2"),
    *("a.mueller+1@ex", "strassenbau", "süd", "sued"),
)


def test_people_are_found_by_every_part_of_a_name_and_as_others_type_it(
    people: dict[str, User],
) -> None:
    make_user("a_mueller-2", **ANNA)
    make_user("axmueller", first_name="Max", last_name="Moller")
    client = signed_in(people["sam"])
    address = address_of(client.get(FORM).content.decode())
    wrong = {typed: logins(client, address, quote(typed)) for typed in TYPED}
    assert {t: found for t, found in wrong.items() if found != ["a_mueller-2"]} == {}
    for typed in ("ueller", "_mueller", "m%r", "example", "demir"):
        assert "a_mueller-2" not in logins(client, address, quote(typed)), typed


def test_who_is_renamed_is_found_by_the_new_name_alone(people: dict[str, User]) -> None:
    anna = make_user("anna", **ANNA)
    anna.last_name = "Schmidt"
    anna.save(update_fields=["last_name"])
    client = signed_in(people["sam"])
    address = address_of(client.get(FORM).content.decode())
    assert logins(client, address, "schmi") == ["anna"]
    assert logins(client, address, quote("özdemir")) == []


def test_a_list_of_few_says_who_is_away(people: dict[str, User], most_in_a_list: SetMost) -> None:
    most_in_a_list(20)
    be_away(people["mia"], people["omar"])
    text = signed_in(people["sam"]).get(FORM).content.decode()
    assert re.search(r'<option value="mia">Mia Lopez \(mia\) \(away until .*stands in\)<', text)
    assert "data-people" not in text


def test_what_a_box_offers_is_for_whom_it_was_made(people: dict[str, User]) -> None:
    address = address_of(signed_in(people["sam"]).get(FORM).content.decode())
    for client, url in (
        (signed_in(people["sue"]), address),
        (signed_in(people["sam"]), "/people/?in=x"),
        (signed_in(people["sam"]), "/people/"),
    ):
        answer = client.get(f"{url}&q=mia")
        assert answer.status_code == 404
        assert "Mia" not in answer.content.decode()
    assert Client().get(address).status_code == 302


def test_without_a_script_the_page_comes_back_with_who_is_meant(
    people: dict[str, User],
) -> None:
    be_away(people["mia"], people["omar"])
    client = signed_in(people["sam"])
    before = everything()
    answer = client.post(FORM, {**GOOD, "f-manager": "mi"})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "Choose who is meant." in text
    assert '<input type="radio" name="f-manager-of" value="mia">' in text
    assert "away until" in text
    assert "To write on." in text  # all else that was typed
    assert everything() == before
    again = {**GOOD, "f-manager": "mi", "f-manager-of": "mia"}
    assert client.post(FORM, again).status_code == 302
    assert WorkflowInstance.objects.get().data["manager"] == "mia"


@pytest.mark.parametrize("written", ["mia", "Mia Lopez (mia)", " mia "])
def test_the_box_takes_a_login_and_what_it_offers(people: dict[str, User], written: str) -> None:
    client = signed_in(people["sam"])
    assert client.post(FORM, {**GOOD, "f-manager": written}).status_code == 302
    assert WorkflowInstance.objects.get().data["manager"] == "mia"


def test_only_the_people_of_the_fields_role_are_offered() -> None:
    fields = yaml.safe_load(PURCHASE)["fields"]
    fields["manager"]["role"] = "finance"
    people = open_office(fields=fields)
    client = signed_in(people["sam"])
    address = address_of(client.get(FORM).content.decode())
    assert logins(client, address, "") == ["fay", "fred"]
    assert logins(client, address, "mia") == []
    before = everything()
    assert client.post(FORM, {**GOOD, "f-manager": "mia"}).status_code == 422
    assert everything() == before


def test_a_task_is_passed_on_to_people_of_its_role_and_opinions_are_anybodys(
    people: dict[str, User],
) -> None:
    request = ask_approved(people)
    task = open_task(request, "legal_review")
    lena, olivia = signed_in(people["lena"]), signed_in(people["olivia"])
    address = f"/tasks/{task.pk}/reassign/"
    found = address_of(lena.get(address).content.decode())
    assert logins(lena, found, "") == ["lena", "leo"]
    anybody = address_of(olivia.get(address).content.decode())
    assert "nora" not in logins(olivia, anybody, "no")  # her login is another
    assert logins(olivia, anybody, "no") == ["lena", "stranger"]  # Novak, Nora
    assert "data-people" in lena.get(f"/tasks/{task.pk}/opinion/").content.decode()
    assert "data-people" in lena.get("/away/").content.decode()
    assert "Lena" in page_text(lena, task)
