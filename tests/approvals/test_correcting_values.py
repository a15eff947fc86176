"""Whoever answers for a workflow puts values of a running request right, on a page and by API."""

from typing import Any

import pytest

from tests.approvals.api.calls import Api, problem, unchanged
from tests.approvals.office import everything, signed_in
from tests.approvals.test_field_sight import hire as hire
from tests.approvals.test_field_sight import people as hiring_people
from tests.factories import make_user
from tests.workflows.support import begin, make_people, person
from tests.workflows.test_more_time import FEBRUARY, MONTH, dsar
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

WHY = {"reason": "The letter lay in another tray."}


@pytest.fixture
def late_letter() -> WorkflowInstance:
    """A request of rita's whose day of receipt is wrong; olga answers for it, ann works on it."""
    make_people()
    return begin(dsar({"due": MONTH}, due=MONTH), received_on="2027-02-28", amount="7.00").request


def address(request: WorkflowInstance) -> str:
    return f"/requests/{request.reference}/correct/"


def test_the_owner_corrects_a_value_and_everybody_reads_who_did_what_and_why(
    late_letter: WorkflowInstance,
) -> None:
    owner = signed_in(person("olga"))
    page = f"/requests/{late_letter.reference}/"
    assert address(late_letter) in owner.get(page).content.decode()
    shown = owner.get(address(late_letter)).content.decode()
    assert 'value="2027-02-28"' in shown
    told = owner.post(address(late_letter), {"f-received_on": "2027-01-31", **WHY}, follow=True)
    assert "“Received on” corrected" in told.content.decode()
    late_letter.refresh_from_db()
    assert late_letter.data["received_on"] == "2027-01-31"
    assert late_letter.deadline_at == FEBRUARY
    row = TrailEvent.objects.filter(request=late_letter).latest("pk")
    assert (row.command, row.capacity, row.channel) == ("set_values", "owner", "page")
    read = signed_in(person("rita")).get(page).content.decode()
    for words in (
        *("corrected “Received on”", WHY["reason"]),
        *("“Answer” is due 28 Feb 2027", "As a whole it is due 28 Feb 2027"),
    ):
        assert words in read


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"f-received_on": "2027-01-31", "reason": ""}, "Give a reason"),
        ({"f-received_on": "2027-02-28", **WHY}, "Nothing would change"),
        ({"f-received_on": "the 31st", **WHY}, "Write a date as year-month-day"),
    ],
)
def test_what_is_refused_says_why_keeps_what_was_typed_and_writes_nothing(
    late_letter: WorkflowInstance, typed: dict[str, str], said: str
) -> None:
    before = everything()
    answer = signed_in(person("olga")).post(address(late_letter), typed)
    text = answer.content.decode()
    assert said in text
    assert f'value="{typed["f-received_on"]}"' in text
    assert everything() == before


@pytest.mark.parametrize(("name", "status"), [("rita", 403), ("ann", 403), ("mona", 404)])
def test_nobody_else_corrects_and_nobody_else_is_led_there(
    late_letter: WorkflowInstance, name: str, status: int
) -> None:
    client, before = signed_in(person(name)), everything()
    assert (
        address(late_letter)
        not in client.get(f"/requests/{late_letter.reference}/").content.decode()
    )
    assert client.get(address(late_letter)).status_code == status
    answer = client.post(address(late_letter), {"f-received_on": "2027-01-31", **WHY})
    assert answer.status_code == status
    body = {"data": {"received_on": "2027-01-31"}, **WHY}
    with unchanged():
        problem(Api(person(name)).post(api(late_letter), body), status)
    assert everything() == before


def api(request: WorkflowInstance) -> str:
    return f"/instances/{request.reference}/correct"


def test_the_api_corrects_and_says_how_the_request_stands_then(
    late_letter: WorkflowInstance,
) -> None:
    body = {"data": {"received_on": "2027-01-31"}, **WHY}
    answer = Api(person("olga")).post(api(late_letter), body).json()
    late_letter.refresh_from_db()
    assert late_letter.data["received_on"] == "2027-01-31"
    assert answer["deadline"] == "2027-02-28T23:59:00Z"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"received_on": "2027-02-28"}, "Nothing would change"),
        ({"received_on": "31.1."}, "received_on"),
        ({"nothing": 1}, "nothing"),
        ({"paper": "x"}, "is not put right by hand"),
        ({"twice": "9"}, "is not put right by hand"),
    ],
)
def test_the_api_refuses_what_a_person_cannot_put_right(data: dict[str, Any], said: str) -> None:
    make_people()
    made = dsar(due=MONTH)
    made["fields"] |= {
        "paper": {"type": "document"},
        "twice": {"type": "number", "value": "amount * 2"},
    }
    flow = begin(made, received_on="2027-02-28", amount="7.00")
    with unchanged():
        answer = Api(person("olga")).post(api(flow.request), {"data": data, **WHY})
        problem(answer, 422, said)
        problem(Api(person("olga")).post(api(flow.request), {"data": {}, **WHY}), 422)


def test_what_is_over_is_not_corrected(late_letter: WorkflowInstance) -> None:
    owner = signed_in(person("olga"))
    requests.cancel(late_letter.pk, actor=person("olga"), reason="So.", now=late_letter.started_at)
    assert (
        address(late_letter)
        not in owner.get(f"/requests/{late_letter.reference}/").content.decode()
    )
    before = everything()
    answer = owner.post(address(late_letter), {"f-received_on": "2027-01-31", **WHY})
    assert "cancelled already" in answer.content.decode()
    assert everything() == before


people = hiring_people


def test_what_is_not_shown_to_the_owner_is_not_theirs_to_correct(
    people: dict[str, User], hire: WorkflowInstance
) -> None:
    shown = signed_in(people["olivia"]).get(address(hire)).content.decode()
    assert "f-salary" not in shown
    with unchanged():
        body = {"data": {"salary": "1.00"}, **WHY}
        problem(Api(people["olivia"]).post(api(hire), body), 403, "not shown to you")


def test_an_owner_who_is_kept_from_what_is_open_does_not_correct_it_either() -> None:
    people = make_people()
    make_user("olga", groups=["staff"])
    made = dsar({"not_by": ["requester"]}, due=MONTH)
    request = begin(made, by="olga", received_on="2027-02-28").request
    owner, before = signed_in(people["olga"]), everything()
    assert address(request) not in owner.get(f"/requests/{request.reference}/").content.decode()
    assert owner.get(address(request)).status_code == 403
    answer = owner.post(address(request), {"f-received_on": "2027-01-31", **WHY})
    assert answer.status_code == 403
    with unchanged():
        body = {"data": {"received_on": "2027-01-31"}, **WHY}
        problem(Api(people["olga"]).post(api(request), body), 403)
    assert everything() == before
