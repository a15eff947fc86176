"""The inbox with a keyboard, and told that it has changed, in a real browser with the server's
policy on scripts."""

from collections.abc import Iterator

import pytest

from tests.acceptance.browsing import DESK, HEARD, serve_site, sign_in

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


def test_the_inbox_is_worked_through_by_keys_and_says_when_it_has_changed(
    browser: Browser, site: str
) -> None:
    mia, again = sign_in(browser, site, "mia"), sign_in(browser, site, "mia")
    mia.set_viewport_size(DESK)  # type: ignore[arg-type]
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
    mia.get_by_role("searchbox").fill("")
    mia.evaluate("document.activeElement.blur()")
    for key, title in (("j", "Lamps"), ("j", "Chairs"), ("j", "Desks"), ("j", "Desks")):
        mia.keyboard.press(key)
        assert focused(mia) == title
    mia.keyboard.press("x")
    mia.keyboard.press("k")
    mia.keyboard.press("x")
    expect(mia.locator("#chosen-count")).to_have_text("Chosen: 2")
    mia.keyboard.press("a")
    expect(mia.get_by_role("heading", name="Decide 2 tasks")).to_be_visible()
    expect(mia.get_by_role("radio", name="Approve")).to_be_checked()

    again.mouse.move(640, 450)
    top = again.get_by_role("link", name="Lamps", exact=True).bounding_box()
    look(again)
    expect(again.locator("#news")).to_be_empty()
    mia.get_by_role("button", name="Decide them").click()
    expect(mia.get_by_text("2 tasks were decided")).to_be_visible()
    look(again)
    expect(again.locator("#news")).to_contain_text("changed since you looked")
    assert again.get_by_role("link", name="Lamps", exact=True).bounding_box() == top
    expect(again.get_by_role("link", name="Chairs", exact=True)).to_be_visible()
    again.get_by_role("link", name="Show it").click()
    expect(again.get_by_role("link", name="Chairs", exact=True)).to_have_count(0)

    again.get_by_role("button", name="Keys").click()
    again.get_by_label("Use these keys in this browser").uncheck()
    again.get_by_role("button", name="Close").click()
    again.evaluate("document.activeElement.blur()")
    again.keyboard.press("j")
    assert focused(again) != "Lamps"
    again.get_by_role("button", name="Keys").click()
    again.get_by_label("Use these keys in this browser").check()
    again.get_by_role("button", name="Close").click()
    again.keyboard.press("j")
    assert focused(again) == "Lamps"
    again.keyboard.press("r")
    expect(again.get_by_role("heading", name="Decide 1 task")).to_be_visible()
    again.go_back()
    again.keyboard.press("j")
    again.keyboard.press("o")
    expect(again.get_by_role("heading", name="Lamps").first).to_be_visible()
    assert not [line for line in HEARD if "Security" in line]
