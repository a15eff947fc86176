"""A report page is registered once: address, files, navigation and permission come from that."""

from collections.abc import Callable, Iterator
from importlib import reload
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import clear_url_caches

import config.urls
import reporting.urls
from reporting.ui.site_reports import SITE_REPORTS, SiteReport, site_report_urls
from tests.factories import make_staff, make_user, publish_map
from workflows.engine.registries import RegistryProblem

pytestmark = pytest.mark.django_db


def shown_view(request: HttpRequest) -> HttpResponse:
    """The page of a report from outside."""
    return HttpResponse("What it says.")


Register = Callable[[str, SiteReport], None]


def read_addresses_anew() -> None:
    clear_url_caches()
    reload(reporting.urls)
    reload(config.urls)


@pytest.fixture
def register() -> Iterator[Register]:
    """Registers pages for one test, as a start with them would."""
    keys = []

    def add(key: str, report: SiteReport) -> None:
        keys.append(key)
        SITE_REPORTS.register(key, report)
        read_addresses_anew()

    yield add
    for key in keys:
        SITE_REPORTS.unregister(key)
    read_addresses_anew()


def own_report(**changes: Any) -> SiteReport:
    view = f"{__name__}.shown_view"
    return SiteReport(**{"label": "Our own", "view": view, "files": {"csv": view}, **changes})


def test_a_page_that_is_registered_has_an_address_a_file_and_its_place_in_the_menus(
    client: Client, register: Register
) -> None:
    publish_map()
    register("ours", own_report())
    client.force_login(make_user("olivia"))
    for path in ("/reports/ours/", "/reports/ours.csv"):
        assert client.get(path).content == b"What it says."
        assert client.post(path).status_code == 405
    assert '<a class="button quiet" href="/reports/ours/">Our own</a>' in _page(client, "/reports/")
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    assert 'href="/reports/ours/"' in _page(client, "/admin/")


def test_no_menu_shows_a_page_to_who_may_not_open_it(client: Client, register: Register) -> None:
    publish_map()
    register("ours", own_report(permission=lambda user: user.username == "trea"))
    shown = {}
    for name in ("trea", "nosy"):
        client.force_login(make_user(name, is_staff=True))
        may_open = client.get("/reports/ours/").status_code == 200
        menus = [_page(client, path) for path in ("/reports/", "/admin/")]
        shown[name] = (may_open, *('href="/reports/ours/"' in page for page in menus))
    assert shown == {"trea": (True, True, True), "nosy": (False, False, False)}


def test_the_menus_and_the_pages_agree_for_everybody(client: Client) -> None:
    publish_map()
    auditor = make_staff("adam", "audit_site")
    for user in (make_user("olivia"), make_user("nosy", is_staff=True), auditor):
        client.force_login(user)
        menus = _page(client, "/reports/") + (_page(client, "/admin/") if user.is_staff else "")
        for key in SITE_REPORTS:
            may_open = client.get(f"/reports/{key}/").status_code == 200
            assert (f'href="/reports/{key}/"' in menus) is may_open, (user, key)


def _page(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def test_a_page_is_refused_to_who_may_not_open_it_with_its_own_sentence(
    client: Client, register: Register
) -> None:
    publish_map()
    register("ours", own_report(refusal="Ask the treasurer."))
    for path in ("/reports/ours/", "/reports/ours.csv"):
        assert client.get(path).status_code == 302
        client.force_login(make_user("nosy"))
        answer = client.get(path)
        assert (answer.status_code, "Ask the treasurer." in answer.content.decode()) == (403, True)
        client.logout()


def test_a_page_that_is_taken_out_leaves_nothing_behind(client: Client) -> None:
    publish_map()
    client.force_login(make_user("olivia"))
    assert client.get("/reports/ours/").status_code == 301  # a workflow's report was there once
    assert client.get("/reports/ours/", follow=True).status_code == 404
    assert "Our own" not in _page(client, "/reports/")


@pytest.mark.parametrize("key", ["workflow", "audit", "Ours", "a/b", "9to5"])
def test_a_key_that_cannot_be_an_address_is_refused(key: str) -> None:
    SITE_REPORTS.register(key, own_report())
    try:
        with pytest.raises(RegistryProblem, match="cannot be called"):
            site_report_urls()
    finally:
        SITE_REPORTS.unregister(key)
