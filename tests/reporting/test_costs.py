"""What runs cost, against arithmetic by hand: rates by role, by group, by day, and by call."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.test import Client

from reporting.costs.messages import describe_reckoning, format_amount
from reporting.costs.models import CallRate, RoleRate
from reporting.costs.queries import compute_month_costs, compute_request_cost
from reporting.reviews.queries.facts import gather_facts
from tests.factories import NOW, make_group, make_staff, make_user
from tests.reporting.reviewed import CLAIMS, DAY, HOUR, KEY, claims, office, one, publish, user
from workflows.connections.models import Connection
from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.services import instances as requests
from workflows.outbox.models import Attempt

pytestmark = pytest.mark.django_db

BEGINNING = date(2026, 1, 1)
SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def role_rate(
    role: str = "",
    *,
    per_hour: str,
    since: date = BEGINNING,
    group: str = "",
    currency: str = "EUR",
) -> RoleRate:
    """A rate of a role, or of a group."""
    its = make_group(group) if group else None
    return RoleRate.objects.create(
        role=role, group=its, per_hour=Decimal(per_hour), since=since, currency=currency
    )


def claim_with_calls(*attempts: str) -> WorkflowInstance:
    """A claim that waits at an automation which was tried so often."""
    office()
    erp = Connection.objects.create(
        key="erp", name="ERP", base_url="https://erp.example.com", owner=user("olga")
    )
    book = {
        "kind": "automation",
        "action": "http",
        "to": "done",
        "with": {"connection": "erp", "method": "POST", "path": "/book"},
        "on_error": {"to": "check", "exception": True},
    }
    check = {**CLAIMS["steps"]["check"]}
    check["outcomes"] = {**check["outcomes"], "approve": "book"}
    steps = {"check": check, "book": book}
    steps |= {key: CLAIMS["steps"][key] for key in ("done", "rejected")}
    roles = {key: CLAIMS["roles"][key] for key in ("staff", "crew")}
    publish(claims(steps=steps, roles=roles), NOW + HOUR)
    request = requests.start(KEY, actor=user("rita"), now=NOW + DAY, data={"amount": "5"})
    step = request.version.steps.get(key="book")
    for number, state in enumerate(attempts, start=1):
        Attempt.objects.create(
            request=request,
            step=step,
            activation=9,
            number=number,
            action="http",
            idempotency_key=f"k{number}",
            state=state,
            started_at=NOW + DAY,
        )
    CallRate.objects.create(connection=erp, per_call=Decimal("0.0125"), since=BEGINNING)
    return request


def total(request: WorkflowInstance) -> dict[str, Decimal]:
    return compute_request_cost(request).totals


# -- one request ------------------------------------------------------------------------------


def test_a_request_costs_its_working_minutes_at_the_rate_of_each_role() -> None:
    office()
    role_rate("crew", per_hour="60")
    cost = compute_request_cost(one(NOW + DAY))
    # 30 minutes of checking and 20 of paying, at 60 an hour; the waiting costs nothing
    assert cost.totals == {"EUR": Decimal(50)}
    assert cost.minutes == 50
    assert describe_reckoning(cost.lines[0]) == "30.0 min × 60.00 EUR an hour (crew)"
    assert [line.money for line in cost.lines] == [Decimal(30), Decimal(20)]


def test_a_role_without_a_rate_takes_that_of_its_group() -> None:
    office()
    role_rate(group="crew", per_hour="36.60")
    assert total(one(NOW + DAY)) == {"EUR": Decimal("30.50")}


def test_a_rate_holds_from_its_day_on() -> None:
    office()
    role_rate("crew", per_hour="60")
    role_rate("crew", per_hour="120", since=(NOW + 5 * DAY).date())
    assert total(one(NOW + DAY)) == {"EUR": Decimal(50)}
    assert total(one(NOW + 5 * DAY)) == {"EUR": Decimal(100)}


def test_work_without_a_rate_is_counted_and_not_priced() -> None:
    office()
    cost = compute_request_cost(one(NOW + DAY))
    assert (cost.totals, cost.minutes, cost.unpriced) == ({}, 50, 2)
    assert "no rate for the role 'crew'" in describe_reckoning(cost.lines[0])


def test_every_attempt_is_a_call_that_is_paid_for() -> None:
    cost = compute_request_cost(claim_with_calls("failed", "lost", "succeeded"))
    assert cost.totals == {"EUR": Decimal("0.0375")}
    assert cost.calls == 3
    assert describe_reckoning(cost.lines[0]) == "3 calls of erp × 0.0125 EUR"


def test_amounts_are_written_with_two_places_and_more_only_where_they_have_them() -> None:
    assert [format_amount(Decimal(text)) for text in ("3", "0.5", "0.0035", "120.100000")] == [
        "3.00",
        "0.50",
        "0.0035",
        "120.10",
    ]


# -- months -----------------------------------------------------------------------------------


def costs_by_hand(per_hour: float) -> dict[str, float]:
    """What the work that was done in each month cost."""
    by_hand: dict[str, float] = {}
    for task in WorkItem.objects.filter(state="done"):
        month = f"{task.completed_at:%Y-%m}"
        hours = (task.working_business_seconds or 0) / 3600
        by_hand[month] = by_hand.get(month, 0.0) + hours * per_hour
    return by_hand


def test_months_add_up_what_their_requests_cost() -> None:
    office()
    role_rate("crew", per_hour="45.50")
    made = [one(NOW + n * 7 * DAY, outcome="reject" if n == 2 else "approve") for n in range(9)]
    template = WorkflowTemplate.objects.get(key=KEY)
    months = compute_month_costs([template], since=SINCE, until=UNTIL)
    by_hand = costs_by_hand(45.50)
    assert {m.month: round(float(m.people["EUR"]), 2) for m in months} == {
        month: round(sum_, 2) for month, sum_ in by_hand.items()
    }
    assert [m.month for m in months] == sorted(by_hand, reverse=True)
    everything = sum((total(request)["EUR"] for request in made), Decimal())
    assert sum((m.total("EUR") for m in months), Decimal()).quantize(Decimal("0.000001")) == (
        everything.quantize(Decimal("0.000001"))
    )
    assert sum(m.finished for m in months) == 9


def test_different_currencies_are_never_added_up() -> None:
    office()
    role_rate("crew", per_hour="60")
    role_rate("crew", per_hour="30", since=(NOW + 5 * DAY).date(), currency="CHF")
    one(NOW + DAY)
    one(NOW + 6 * DAY)
    template = WorkflowTemplate.objects.get(key=KEY)
    (month,) = compute_month_costs([template], since=SINCE, until=UNTIL)
    assert dict(month.people) == {"EUR": Decimal(50), "CHF": Decimal(25)}


def test_calls_of_a_month_are_counted_with_what_has_no_rate() -> None:
    request = claim_with_calls("failed", "succeeded")
    CallRate.objects.update(since=date(2027, 1, 1))
    (month,) = compute_month_costs([request.template], since=SINCE, until=UNTIL)
    assert (month.calls, month.unpriced_calls, dict(month.outside)) == (2, 2, {})


def test_the_review_turns_saved_minutes_into_money_by_the_average_hour() -> None:
    version = office()
    role_rate("crew", per_hour="60")
    one(NOW + DAY)
    one(NOW + 2 * DAY)
    until = NOW + 9 * DAY
    saved = gather_facts(version.template, since=NOW, until=until, now=until).saved
    # 95 before, 50 now: 45 minutes each, twice, at 60 an hour
    assert saved.minutes == 90
    assert [(money.currency, money.amount) for money in saved.money] == [("EUR", 90.0)]


# -- pages ------------------------------------------------------------------------------------


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(make_user(name))
    return client


def test_a_requests_page_shows_its_costs_to_who_may_audit_it() -> None:
    office()
    role_rate("crew", per_hour="60")
    request = one(NOW + DAY)
    page = signed_in("olga").get(f"/requests/{request.reference}/").content.decode()
    assert "What it cost so far: 50.00 EUR" in page
    assert "30.0 min × 60.00 EUR an hour" in page
    page = signed_in("rita").get(f"/requests/{request.reference}/").content.decode()
    assert "What it cost" not in page


@pytest.mark.usefixtures("_today")
def test_the_page_of_costs_and_its_file_say_the_same() -> None:
    office()
    role_rate("crew", per_hour="60")
    one(NOW + DAY)
    client = signed_in("olga")
    page = client.get("/reports/costs/").content.decode()
    assert "2026-03 · Claims" in page
    assert 'data-label="Together">50.00 EUR<' in page
    assert "style=" not in page
    lines = client.get("/reports/costs.csv").content.decode().splitlines()
    assert lines[1] == "2026-03,claims,1,50.00,0.00,0,0,EUR,50.00,0.00,50.00,50.00"
    assert "Claims" not in signed_in("ann").get("/reports/costs/").content.decode()


@pytest.fixture
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ten days later."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + 10 * DAY)


def test_a_rate_is_entered_in_the_admin_and_is_of_a_role_or_a_group() -> None:
    clerk = make_staff("clerk")
    clerk.user_permissions.add(*Permission.objects.filter(content_type__app_label="reporting"))
    client = signed_in("clerk")
    said = {"role": "crew", "group": "", "per_hour": "60", "currency": "EUR", "since": "2026-01-01"}
    assert client.post("/admin/reporting/rolerate/add/", said).status_code == 302
    assert RoleRate.objects.get().per_hour == 60
    answer = client.post("/admin/reporting/rolerate/add/", said | {"role": ""})
    assert "one of the two" in answer.content.decode()
    assert (
        client.post("/admin/reporting/rolerate/add/", said | {"per_hour": "-1"}).status_code == 200
    )
    assert RoleRate.objects.count() == 1
    assert client.get("/admin/reporting/callrate/").status_code == 200


def test_a_currency_is_three_capitals() -> None:
    with pytest.raises(ValidationError):
        RoleRate(role="crew", per_hour=1, since=BEGINNING, currency="eu").full_clean()
