"""A request as it was: the rows of then, clearly the past, and nothing to press."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.approvals.office import ask, decide, everything, signed_in
from tests.factories import NOW, open_task
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.people.models import User

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def request_(people: dict[str, User]) -> WorkflowInstance:
    """Each hour one thing: asked, sent back, mended, approved, claimed, cancelled."""
    first = ContentFile(b"first", name="offer-1.pdf")
    request = ask(people["sam"], files={"quote": first}, reason="They are slow.")
    decide(request, "manager_review", people["mia"], "return", comment="Too dear.", now=NOW + HOUR)
    second = ContentFile(b"second", name="offer-2.pdf")
    decide(
        request,
        "revise",
        people["sam"],
        "resubmit",
        data={"amount": "900.00"},
        files={"quote": second},
        now=NOW + 2 * HOUR,
    )
    decide(request, "manager_review", people["mia"], "approve", now=NOW + 3 * HOUR)
    budget = open_task(request, "budget_check")
    tasks.claim(budget.pk, actor=people["fred"], now=NOW + 4 * HOUR)
    requests.cancel(request.pk, actor=people["sam"], reason="No need.", now=NOW + 5 * HOUR)
    return request


def page(user: User, request: WorkflowInstance, asof: str) -> Any:
    return signed_in(user).get(f"/requests/{request.reference}/", {"asof": asof})


def then(user: User, request: WorkflowInstance, hours: float) -> Any:
    answer = page(user, request, (NOW + hours * HOUR).isoformat())
    assert answer.status_code == 200
    return answer


@pytest.mark.parametrize(
    ("hours", "state", "where", "who", "amount", "offer"),
    [
        (0, "running", "It is at “Manager review”.", "Mia Lopez has it", "1,200.00", "offer-1.pdf"),
        (1.5, "running", "It is at “Revise”.", "Sam Okafor has it", "1,200.00", "offer-1.pdf"),
        (2, "running", "It is at “Manager review” (round 2).", "Mia", "900.00", "offer-2.pdf"),
        (3, "running", "“Legal review” and “Budget check”", "finance", "900.00", "offer-2.pdf"),
        (4, "running", "“Budget check”", "Fred Bauer has taken it", "900.00", "offer-2.pdf"),
        (5, "cancelled", "It was cancelled.", "Nobody; it is over.", "900.00", "offer-2.pdf"),
    ],
)
def test_state_data_tasks_holders_and_documents_are_those_of_then(
    people: dict[str, User],
    request_: WorkflowInstance,
    hours: float,
    state: str,
    where: str,
    who: str,
    amount: str,
    offer: str,
) -> None:
    answer = then(people["olivia"], request_, hours)
    text = answer.content.decode()
    assert answer.context["then"].request.state == state
    for said in (where, who, amount, offer):
        assert said in text
    assert ("offer-2.pdf" in text) == (hours >= 2)
    assert ("Too dear." in text) == (hours >= 1)
    assert ("No need." in text) == (hours >= 5)


def test_the_data_is_what_the_trail_says_that_it_was(
    people: dict[str, User], request_: WorkflowInstance
) -> None:
    shown = [then(people["olivia"], request_, hours).context["then"] for hours in (0, 1, 2, 5)]
    known: dict[str, Any] = {}
    for one, row in zip(shown, (0, 1, 2, 5), strict=True):
        for event in request_.trail.filter(recorded_at__lte=NOW + row * HOUR).order_by("pk"):
            known |= event.changes.get("given", {})
        assert {key: value for key, value in one.request.data.items() if value is not None} == {
            key: value for key, value in known.items() if value is not None
        }


def test_it_says_that_it_is_the_past_and_changes_nothing(
    people: dict[str, User], request_: WorkflowInstance
) -> None:
    before = everything()
    for name in ("olivia", "mia", "sam"):
        text = then(people[name], request_, 1).content.decode()
        body = text.partition("<main")[2]
        assert "The past." in body
        assert "was on 2 Mar 2026, 10:00" in body
        assert "<button" not in body
        assert "<form" not in body
        assert "/tasks/" not in body
        assert 'class="button' not in body
    assert everything() == before


def test_only_who_may_see_the_request_sees_its_past(
    people: dict[str, User], request_: WorkflowInstance
) -> None:
    answer = page(people["stranger"], request_, NOW.isoformat())
    assert answer.status_code == 404
    assert b"laptops" not in answer.content


def test_the_trail_of_then_is_for_who_may_audit(
    people: dict[str, User], request_: WorkflowInstance
) -> None:
    assert [e.command for e in then(people["olivia"], request_, 1).context["then"].trail] == [
        "decide",
        "start",
    ]
    answer = then(people["sam"], request_, 1)
    assert answer.context["then"].trail == []
    assert "Audit trail" not in answer.content.decode()


def test_one_can_step_from_command_to_command(
    people: dict[str, User], request_: WorkflowInstance
) -> None:
    at: Any = NOW
    seen = [at]
    while (at := page(people["sam"], request_, at.isoformat()).context["then"].after) is not None:
        seen.append(at)
    assert seen == [NOW + number * HOUR for number in range(6)]
    assert then(people["sam"], request_, 3).context["then"].before == NOW + 2 * HOUR


def test_a_day_means_its_end(people: dict[str, User], request_: WorkflowInstance) -> None:
    answer = page(people["sam"], request_, "2026-03-02")
    assert answer.context["then"].request.state == "cancelled"


@pytest.mark.parametrize(
    ("asof", "status", "words"),
    [
        ("2026-03-01", 404, "its record begins on 2 Mar 2026, 09:00"),
        ("yesterday", 422, "is not a moment"),
        ("2026-02-30", 422, "is not a moment"),
        ("<script>1</script>", 422, "is not a moment"),
        ("2999-01-01", 422, "has not come yet"),
        ("9999-12-31T23:59:59-23:59", 422, "is not a moment"),
    ],
)
def test_a_moment_that_cannot_be_shown_is_refused_in_words(
    people: dict[str, User], request_: WorkflowInstance, asof: str, status: int, words: str
) -> None:
    answer = page(people["sam"], request_, asof)
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert b"<script>1" not in answer.content


def test_an_incident_that_is_over_was_open_then(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    User.objects.filter(username__in=("lena", "leo")).update(is_active=False)
    decide(request, "manager_review", people["mia"], "approve", now=NOW + HOUR)
    User.objects.filter(username="lena").update(is_active=True)
    requests.cancel(request.pk, actor=people["sam"], reason="Enough.", now=NOW + 2 * HOUR)
    text = then(people["olivia"], request, 1).content.decode()
    assert "to resolve" in text


def test_each_row_of_the_trail_leads_to_the_request_as_it_was_then(
    people: dict[str, User], request_: WorkflowInstance
) -> None:
    answer = signed_in(people["olivia"]).get(f"/requests/{request_.reference}/")
    assert "?asof=2026-03-02T10:00:00.000000Z" in answer.content.decode()


def test_the_past_costs_as_many_statements_for_many_tasks(
    people: dict[str, User], request_: WorkflowInstance
) -> None:
    client = signed_in(people["olivia"])

    def cost(hours: float) -> int:
        address = f"/requests/{request_.reference}/?asof={(NOW + hours * HOUR):%Y-%m-%dT%H:%M:%S}Z"
        with CaptureQueriesContext(connection) as captured:
            client.get(address)
        return len(captured)

    cost(0)
    assert cost(4) <= cost(0) + 2
