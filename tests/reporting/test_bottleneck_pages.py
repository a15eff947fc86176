"""Who may see what on the report page, how fresh it is, and what it refuses."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from reporting.bottlenecks.models import LookAtPeople
from reporting.metrics.timestamps import parse_day_range
from reporting.rollups.models import StepRollUp
from reporting.rollups.services import refresh_roll_ups
from tests.factories import NOW, make_user
from tests.reporting.test_report_pages import decided_purchase
from workflows.engine.errors import InvalidInput


@pytest.mark.django_db
def test_people_are_named_only_to_those_who_may_and_each_look_is_kept(client: Client) -> None:
    key = decided_purchase().template.key
    refresh_roll_ups(now=NOW + timedelta(days=4))
    owner = make_user("olivia")
    client.force_login(owner)
    assert client.get(f"/reports/workflow/{key}/people/").status_code == 403
    assert (
        f"/reports/workflow/{key}/people/"
        not in client.get(f"/reports/workflow/{key}/").content.decode()
    )
    assert not LookAtPeople.objects.exists()
    owner.user_permissions.add(Permission.objects.get(codename="name_people"))
    page = client.get(f"/reports/workflow/{key}/people/?since=2026-01-01").content.decode()
    assert ": mia<" in page
    look = LookAtPeople.objects.get()
    assert (look.user_name, look.template.key, look.asked) == ("olivia", key, "since=2026-01-01")


@pytest.mark.django_db
def test_who_may_not_audit_a_workflow_sees_nobody_even_with_the_permission(client: Client) -> None:
    key = decided_purchase().template.key
    user = make_user("nosy")
    user.user_permissions.add(Permission.objects.get(codename="name_people"))
    client.force_login(user)
    for path in ("people/", "steps.csv", ""):
        assert client.get(f"/reports/workflow/{key}/{path}").status_code == 404
    assert client.post(f"/reports/workflow/{key}/refresh/").status_code == 404
    assert not LookAtPeople.objects.exists()


@pytest.mark.django_db
def test_the_page_says_how_fresh_it_is_and_can_be_brought_up_to_date(client: Client) -> None:
    key = decided_purchase().template.key
    refresh_roll_ups(now=NOW)
    client.force_login(make_user("olivia"))
    page = client.get(f"/reports/workflow/{key}/").content.decode()
    assert (
        "Figures up to 2 Mar 2026, 09:00 (UTC): the clock that keeps them fresh stands still"
        in page
    )
    assert (
        client.get(f"/reports/workflow/{key}/refresh/").status_code == 302
    )  # nothing is done by a GET
    answer = client.post(f"/reports/workflow/{key}/refresh/", follow=True).content.decode()
    assert "The figures are up to date." in answer
    assert "stands still" not in answer


@pytest.mark.django_db
def test_a_cell_that_a_spreadsheet_would_run_gets_a_quote(client: Client) -> None:
    key = decided_purchase().template.key
    client.force_login(make_user("olivia"))
    client.get(f"/reports/workflow/{key}/")
    StepRollUp.objects.update(role="=cmd()")
    rows = client.get(f"/reports/workflow/{key}/roles.csv").content.decode()
    assert "\n=cmd" not in rows


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["version=x", "since=soon", "until=2026-13-01"])
def test_what_cannot_be_understood_is_named(client: Client, query: str) -> None:
    key = decided_purchase().template.key
    client.force_login(make_user("olivia"))
    assert client.get(f"/reports/workflow/{key}/?{query}").status_code == 400
    assert client.get(f"/reports/workflow/{key}/steps.csv?{query}").status_code == 400


def test_until_before_since_is_said_and_gives_no_zeros() -> None:
    with pytest.raises(InvalidInput, match="nothing lies between"):
        parse_day_range("2026-03-01", "2026-02-01")
    with pytest.raises(InvalidInput, match="nothing lies between"):
        parse_day_range("2026-03-01", "2026-03-01")
    assert parse_day_range("2026-02-01", "2026-03-01")[0] is not None
