"""Starting a request: who sees which workflows, and what the form takes and refuses."""

from typing import Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.approvals.office import KEY, PURCHASE, everything, signed_in
from tests.factories import make_user, publish_map
from workflows.execution.models import WorkflowInstance
from workflows.people.models import User

pytestmark = pytest.mark.django_db

FORM = f"/start/{KEY}/"
GOOD = {"title": "Two laptops", "f-amount": "1200", "f-region": "EU", "f-manager": "mia"}


def test_the_list_has_the_workflows_that_one_may_start(people: dict[str, User]) -> None:
    assert "Purchase approval" in signed_in(people["sam"]).get("/start/").content.decode()
    text = signed_in(people["mia"]).get("/start/").content.decode()
    assert "There is no workflow that you may start" in text


def test_the_list_costs_the_same_however_many_workflows(people: dict[str, User]) -> None:
    client = signed_in(people["sam"])
    with CaptureQueriesContext(connection) as one:
        client.get("/start/")
    for number in range(3):
        publish_map(yaml.safe_load(PURCHASE) | {"key": f"more-{number}", "name": f"M{number}"})
    with CaptureQueriesContext(connection) as many:
        client.get("/start/")
    assert len(one) == len(many) == 5  # one for the person's drafts, one for owners who are away


def test_the_form_has_a_fitting_box_for_each_declared_field(people: dict[str, User]) -> None:
    text = signed_in(people["sam"]).get(FORM).content.decode()
    for said in (
        'type="date"',
        'type="file"',
        '<option value="APAC">',
        '<option value="mia">Mia Lopez (mia)</option>',
        "<textarea",
        'inputmode="decimal"',
        "In EUR, such as 1250.50.",
        "The supplier&#x27;s offer.",
        '<option value="yes">Yes</option>',
    ):
        assert said in text
    assert text.count(">required<") == 3


def test_a_sent_form_starts_a_request_and_says_what_is_next(people: dict[str, User]) -> None:
    client = signed_in(people["sam"])
    file = SimpleUploadedFile("offer.pdf", b"offer")
    answer = client.post(FORM, {**GOOD, "f-urgent": "no", "f-quote": file})
    request = WorkflowInstance.objects.get()
    assert answer.status_code == 302
    assert answer.url == f"/requests/{request.reference}/"
    assert request.title == "Two laptops"
    assert request.data["amount"] == "1200.00"
    assert request.data["urgent"] is False
    assert request.data["quote"]["name"] == "offer.pdf"
    text = client.get(answer.url).content.decode()
    assert f"{request.reference} started. It is at “Manager review”. Mia Lopez has it" in text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("f-amount", "", "Fill this in."),
        ("f-amount", "12,50", "Write an amount in EUR"),
        ("f-region", "MARS", "Choose one of EU, US, APAC."),
        ("f-region", "", "Choose one."),
        ("f-manager", "", "Choose one."),
        ("f-needed_by", "2026-02-31", "There is no 2026-02-31 in the calendar"),
        ("f-urgent", "perhaps", "Write yes or no."),
        ("title", "x" * 201, "at most 200 characters"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field_and_the_rest_kept(
    people: dict[str, User], field: str, value: str, said: str
) -> None:
    before = everything()
    answer = signed_in(people["sam"]).post(FORM, {**GOOD, "f-cost_centre": "x", field: value})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert said.lower() in text.lower()
    assert "Nothing was sent yet" in text
    if field != "title":
        assert 'value="Two laptops"' in text
    assert everything() == before


def test_an_inactive_manager_is_refused_by_the_service_in_words(people: dict[str, User]) -> None:
    people["mia"].is_active = False
    people["mia"].save()
    before = everything()
    answer = signed_in(people["sam"]).post(FORM, GOOD)
    assert answer.status_code == 422
    assert "there is no active person" in answer.content.decode()
    assert everything() == before


def test_an_empty_file_is_refused(people: dict[str, User]) -> None:
    answer = signed_in(people["sam"]).post(
        FORM, {**GOOD, "f-quote": SimpleUploadedFile("empty.pdf", b"")}
    )
    assert answer.status_code == 422
    assert "&#x27;empty.pdf&#x27; is empty; choose another one" in answer.content.decode()
    assert WorkflowInstance.objects.count() == 0


def test_who_knows_it_and_may_not_start_it_gets_a_403_that_says_why(
    people: dict[str, User],
) -> None:
    before = everything()
    client = signed_in(people["olivia"])
    for answer in (client.get(FORM), client.post(FORM, GOOD)):
        assert answer.status_code == 403
        assert "you are not in the role that starts it" in answer.content.decode()
    assert everything() == before


def test_a_workflow_of_others_is_not_there_as_one_that_does_not_exist(
    people: dict[str, User],
) -> None:
    before = everything()
    for name in ("sam", "mia"):
        client = signed_in(people[name])
        assert client.get("/start/no-such-thing/").status_code == 404
    for answer in (client.get(FORM), client.post(FORM, GOOD)):
        assert answer.status_code == 404
        assert "Purchase approval" not in answer.content.decode()
    assert everything() == before


def test_a_get_starts_nothing(people: dict[str, User]) -> None:
    before = everything()
    signed_in(people["sam"]).get(FORM, GOOD)
    assert everything() == before


def test_a_request_without_a_title_takes_the_workflows_name(people: dict[str, User]) -> None:
    signed_in(people["sam"]).post(FORM, {**GOOD, "title": " "})
    assert WorkflowInstance.objects.get().title == "Purchase approval"


def test_a_date_and_time_means_the_sites_zone(people: dict[str, User], settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    data = yaml.safe_load(PURCHASE)
    data["key"] = "meeting"
    data["fields"]["at"] = {"type": "datetime", "label": "When"}
    data["start"]["fields"].append("at")
    publish_map(data)
    make_user("sam")
    answer = signed_in(people["sam"]).post("/start/meeting/", {**GOOD, "f-at": "2026-01-05T10:00"})
    assert answer.status_code == 302
    request = WorkflowInstance.objects.get()
    assert request.data["at"] == "2026-01-05T09:00:00Z"
    text = signed_in(people["sam"]).get(answer.url).content.decode()
    assert "5 Jan 2026, 10:00" in text
