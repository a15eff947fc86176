"""The inbox with a keyboard, and told that it has changed, in a real browser with the server's
policy on scripts."""

from collections.abc import Iterator

import pytest

from tests.acceptance.browsing import DESK, HEARD, serve_site, sign_in, title_link

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Browser, Page, expect

FILL = """
import django
django.setup()
from tests.approvals.office import ask, open_office
people = open_office()
for title in ("Lamps", "Chairs", "Desks"):
    ask(people["sam"], title=title)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site with three requests that wait for Mia."""
    with serve_site(tmp_path_factory.mktemp("var"), ["-c", FILL]) as address:
        yield address


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim()"))


def look(page: Page) -> None:
    """What happens when somebody comes back to the page, instead of waiting for its clock."""
    with page.expect_response("**/inbox/news/**"):
        page.evaluate("window.htmx.trigger('#news', 'look')")


@pytest.fixture
def mia(browser: Browser, site: str) -> Page:
    page = sign_in(browser, site, "mia")
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    return page


def test_the_keys_are_listed_and_what_is_typed_is_no_key(mia: Page) -> None:
    mia.keyboard.press("?")
    expect(mia.get_by_role("dialog", name="Keys of the inbox")).to_be_visible()
    mia.keyboard.press("j")
    expect(mia.get_by_role("button", name="Close")).to_be_focused()
    mia.keyboard.press("Escape")
    expect(mia.get_by_role("dialog")).to_have_count(0)
    mia.keyboard.press("/")
    mia.keyboard.type("jox?")
    expect(mia.get_by_role("searchbox")).to_have_value("jox?")
    expect(mia.get_by_role("dialog")).to_have_count(0)


def switch_keys(page: Page, *, on: bool) -> None:
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Use these keys in this browser").set_checked(on)
    page.get_by_role("button", name="Close").click()
    page.evaluate("document.activeElement.blur()")


def test_keys_are_switched_off_in_a_browser_and_on_again(mia: Page) -> None:
    switch_keys(mia, on=False)
    mia.keyboard.press("j")
    assert focused(mia) != "Lamps"
    switch_keys(mia, on=True)
    mia.keyboard.press("j")
    assert focused(mia) == "Lamps"


def test_a_task_is_decided_or_opened_by_a_key(mia: Page) -> None:
    mia.keyboard.press("j")
    mia.keyboard.press("r")
    expect(mia.get_by_role("heading", name="Decide 1 task")).to_be_visible()
    names = mia.locator(".brief dt")  # the name of a short value is not broken
    heights = names.evaluate_all("all => all.map(one => one.offsetHeight)")
    assert max(heights) < 2 * min(heights), names.all_inner_texts()
    mia.go_back()
    mia.keyboard.press("j")
    mia.keyboard.press("o")
    expect(mia.get_by_role("heading", name="Lamps").first).to_be_visible()


def choose_chairs_and_desks(page: Page) -> None:
    """By keys alone, and on to the page that decides them."""
    for key, title in (("j", "Lamps"), ("j", "Chairs"), ("j", "Desks"), ("j", "Desks")):
        page.keyboard.press(key)
        assert focused(page) == title
    for key in "xkx":
        page.keyboard.press(key)
    expect(page.locator("#chosen-count")).to_have_text("Chosen: 2")
    page.keyboard.press("a")
    expect(page.get_by_role("heading", name="Decide 2 tasks")).to_be_visible()
    expect(page.get_by_role("radio", name="Approve")).to_be_checked()


def test_tasks_are_chosen_by_keys_and_the_inbox_elsewhere_says_that_it_has_changed(
    browser: Browser, site: str, mia: Page
) -> None:
    elsewhere = sign_in(browser, site, "mia")
    choose_chairs_and_desks(mia)
    elsewhere.mouse.move(640, 450)
    top = elsewhere.get_by_role("link", name=title_link("Lamps")).bounding_box()
    look(elsewhere)
    expect(elsewhere.locator("#news")).to_be_empty()
    mia.get_by_role("button", name="Decide them").click()
    expect(mia.get_by_text("2 tasks were decided")).to_be_visible()
    look(elsewhere)
    expect(elsewhere.locator("#news")).to_contain_text("changed since you looked")
    assert elsewhere.get_by_role("link", name=title_link("Lamps")).bounding_box() == top
    expect(elsewhere.get_by_role("link", name=title_link("Chairs"))).to_be_visible()
    elsewhere.get_by_role("link", name="Show it").click()
    expect(elsewhere.get_by_role("link", name=title_link("Chairs"))).to_have_count(0)
    assert not [line for line in HEARD if "Security" in line]
