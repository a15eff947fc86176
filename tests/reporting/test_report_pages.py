"""The report pages: the right people, the right words, the same few statements at any size."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reporting.rollups.services import refresh_roll_ups
from tests.factories import NOW, make_user, map_data, publish_map, start_request
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import work_items as tasks

pytestmark = pytest.mark.django_db


def decided_purchase() -> WorkflowInstance:
    """A request whose first step is done."""
    request = start_request(publish_map())
    item = request.work_items.get()
    tasks.decide(
        item.pk,
        actor=make_user("mia"),
        outcome="approve",
        now=NOW + timedelta(days=3),
        opened_at=NOW + timedelta(days=2),
    )
    return request


def test_the_report_says_where_work_waits_without_naming_people(client: Client) -> None:
    request = decided_purchase()
    client.force_login(make_user("olivia", first_name="Olivia"))
    page = client.get(f"/reports/workflow/{request.template.key}/").content.decode()
    main = page[page.index("<main") :]
    assert "Steps, most time lost first" in main
    assert "2 d" in main.replace("2.0 d", "2 d") or "48 h" in main
    words = set(re.findall(r"\w+", main))
    assert not words & {"mia", "sam"}


def test_steps_are_measured_against_what_the_map_expects(client: Client) -> None:
    request = decided_purchase()
    client.force_login(make_user("olivia"))
    page = client.get(f"/reports/workflow/{request.template.key}/").content.decode()
    assert 'data-label="Expected">4.0 h<' in page
    assert 'class="number late" data-label="Gap">+' in page
    assert 'data-label="Open now">1<' in page
    assert "style=" not in page


def test_reports_are_listed_by_name_with_what_is_open(client: Client) -> None:
    decided_purchase()
    publish_map(map_data() | {"key": "a-second", "name": "A second"})
    client.force_login(make_user("olivia"))
    page = client.get("/reports/").content.decode()
    assert page.index("A second") < page.index("Purchase")
    assert 'class="number" data-label="Open now">1<' in page


def test_who_may_read_a_report_is_shown_the_way_to_it(client: Client) -> None:
    publish_map()
    shown = {}
    for name in ("olivia", "mia"):
        client.force_login(make_user(name))
        page = client.get("/start/").content.decode()
        shown[name] = 'href="/reports/"' in page
    assert shown == {"olivia": True, "mia": False}


def test_only_those_who_may_audit_read_a_report(client: Client) -> None:
    key = publish_map().template.key
    for name, status in (("olivia", 200), ("omar", 200), ("mia", 404)):
        client.force_login(make_user(name))
        assert client.get(f"/reports/workflow/{key}/").status_code == status, name
    assert client.get("/reports/workflow/none/").status_code == 404


def test_an_empty_report_says_what_to_do_next(client: Client) -> None:
    key = publish_map().template.key
    client.force_login(make_user("olivia"))
    page = client.get(f"/reports/workflow/{key}/").content.decode()
    assert "Nothing was done in this period" in page


def test_who_may_read_no_report_is_told_whom_to_ask(client: Client) -> None:
    client.force_login(make_user("nosy"))
    page = client.get("/reports/").content.decode()
    assert "ask them" in page
    assert "audit.csv" not in page


def test_a_bad_date_is_named_and_the_page_still_shows(client: Client) -> None:
    key = publish_map().template.key
    client.force_login(make_user("olivia"))
    answer = client.get(f"/reports/workflow/{key}/?since=soon")
    assert answer.status_code == 400
    assert "&#x27;soon&#x27; is not a day" in answer.content.decode()


def test_the_pages_change_nothing_and_take_only_get(client: Client) -> None:
    key = publish_map().template.key
    client.force_login(make_user("olivia"))
    for path in ("/reports/", f"/reports/workflow/{key}/", "/reports/audit.csv"):
        assert client.post(path).status_code == 405


def test_the_statements_of_a_report_do_not_grow_with_its_rows(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    request = decided_purchase()
    client.force_login(make_user("olivia"))
    client.get(f"/reports/workflow/{request.template.key}/")
    for _ in range(5):
        decided_purchase()
    refresh_roll_ups(now=NOW + timedelta(days=4))
    with django_assert_max_num_queries(18):
        client.get(f"/reports/workflow/{request.template.key}/")
    with django_assert_max_num_queries(5):
        client.get("/reports/")


@pytest.mark.parametrize("key", ["costs", "health", "trail", "reviews", "workflow", "audit"])
def test_a_workflow_may_have_the_key_of_another_report(client: Client, key: str) -> None:
    publish_map(map_data() | {"key": key, "name": "Mine"})
    client.force_login(make_user("olivia"))
    address = reverse("reporting:report", args=[key])
    assert "Mine: where work waits" in client.get(address).content.decode()
    assert client.get(f"{address}log/csv/").status_code == 200
    listed = client.get("/reports/").content.decode()
    assert f'href="{address}"' in listed


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/reports/purchase/?since=2026-01-01", "/reports/workflow/purchase/?since=2026-01-01"),
        ("/reports/purchase/log/xes/", "/reports/workflow/purchase/log/xes/"),
        ("/reports/purchase/people/", "/reports/workflow/purchase/people/"),
        ("/reports/purchase/steps.csv", "/reports/workflow/purchase/steps.csv"),
    ],
)
def test_an_old_address_leads_to_where_the_report_is_now(
    client: Client, old: str, new: str
) -> None:
    answer = client.get(old)
    assert (answer.status_code, answer.headers["Location"]) == (301, new)
    assert client.post(old).status_code == 405
