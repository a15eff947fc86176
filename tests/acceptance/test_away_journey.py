"""Ruth is away and Theo stands in, in a real browser: from saying so to 'Theo for Ruth' on the
record; on a desk with JavaScript, on a phone without."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.acceptance.browsing import ON_DESK_AND_PHONE, fits, serve_site, sign_in

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Browser, expect

FILL = """
import django
django.setup()
from tests.approvals.office import ask, open_office
from tests.factories import make_user
people = open_office()
make_user("ruth", first_name="Ruth", last_name="Roe")
make_user("theo", first_name="Theo", last_name="Tal")
for title in ("Lamps for a desk", "Lamps for a phone"):
    ask(people["sue"], title=title, manager="ruth")
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site with two requests that wait for Ruth."""
    with serve_site(tmp_path_factory.mktemp("var"), ["-c", FILL]) as address:
        yield address


@ON_DESK_AND_PHONE
def test_ruth_is_away_and_the_record_says_theo_for_ruth(
    browser: Browser, site: str, title: str, size: dict[str, int], script: bool
) -> None:
    ruth, theo, sue = (
        sign_in(browser, site, name, java_script_enabled=script) for name in ("ruth", "theo", "sue")
    )
    for page in (ruth, theo, sue):
        page.set_viewport_size(size)  # type: ignore[arg-type]
    today = timezone.localdate()
    ruth.goto("/accounts/")
    ruth.get_by_role("link", name="Away: who stands in").click()
    ruth.get_by_label("First day away").fill(today.isoformat())
    ruth.get_by_label("Last day away").fill((today + timedelta(days=5)).isoformat())
    ruth.get_by_label("Who stands in").select_option("theo")
    ruth.get_by_role("button", name="Save").click()
    expect(ruth.locator(".messages")).to_contain_text("Theo Tal is to stand in for you")
    if script:
        assert fits(ruth)

    theo.goto("/")
    expect(theo.get_by_role("heading", name="For Ruth Roe")).to_be_visible()
    if script:
        assert fits(theo)
    theo.get_by_role("link", name="For Ruth Roe").click()
    sue.goto("/requests/")
    expect(sue.get_by_text("Theo Tal stands in").first).to_be_visible()
    theo.get_by_role("link", name=title).click()
    expect(theo.get_by_text("You stand in for Ruth Roe")).to_be_visible()
    theo.get_by_label("Comment").fill("Fine.")
    theo.get_by_role("button", name="Approve").click()
    expect(theo.locator(".messages")).to_contain_text("Approve")

    sue.get_by_role("link", name=title).click()
    expect(sue.get_by_text("Theo Tal for Ruth Roe").first).to_be_visible()
    ruth.get_by_role("button", name="I am back").click()
    expect(ruth.locator(".messages")).to_contain_text("You are back")
    theo.goto("/")
    expect(theo.get_by_text("Nothing waits for you.")).to_be_visible()
