"""The pages in a real browser against the real server: from signing in to done, on a desk and on
a phone, with JavaScript switched off."""

from collections.abc import Iterator

import pytest

from tests.acceptance.browsing import DESK, HEARD, PHONE, serve_site, sign_in

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Browser, expect

FILL = """
import django
django.setup()
from tests.approvals.office import ask, decide, open_office
people = open_office()
long_word = "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft"
first = ask(people["sue"], title=f"A very long title about {long_word} " + "and more " * 9)
decide(first, "manager_review", people["mia"], "approve", comment=long_word * 2)
decide(first, "legal_review", people["lena"], "approve", data={"cost_centre": "L-1"})
second = ask(people["sue"], title="Chairs", amount="20000")
decide(second, "manager_review", people["mia"], "return", comment="Which ones?")
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site with people, a map and two requests."""
    with serve_site(tmp_path_factory.mktemp("var"), ["-c", FILL]) as address:
        yield address


@pytest.fixture(autouse=True)
def _the_browser_has_nothing_to_complain_of() -> Iterator[None]:
    """Among others that the content security policy refused nothing."""
    HEARD.clear()
    yield
    assert HEARD == []


def test_from_start_to_done_without_javascript(browser: Browser, site: str) -> None:
    off = {"java_script_enabled": False}
    sam = sign_in(browser, site, "sam", **off)
    sam.get_by_role("link", name="Start a request").click()
    sam.get_by_role("link", name="Start Purchase approval").click()
    sam.get_by_label("Title").fill("Two laptops")
    sam.get_by_label("Amount").fill("1,200")
    sam.get_by_label("Region").select_option("EU")
    sam.get_by_label("Your manager").select_option("mia")
    sam.get_by_role("button", name="Start the request").click()
    expect(sam.get_by_text("This can be read as 1200.00 or as 1.20.")).to_be_visible()
    sam.get_by_label("Amount").fill("1200.50")
    sam.get_by_role("button", name="Start the request").click()
    expect(sam.locator(".messages")).to_contain_text("started. It is at “Manager review”")

    mia = sign_in(browser, site, "mia", **off)
    mia.get_by_role("link", name="Two laptops").click()
    expect(mia.get_by_text("1,200.50 EUR")).to_be_visible()
    mia.get_by_role("button", name="Reject").click()
    expect(mia.get_by_role("alert")).to_contain_text("needs a comment")
    mia.get_by_label("Comment").fill("Good price")
    mia.get_by_role("button", name="Approve").click()
    expect(mia.locator(".messages")).to_contain_text("It is at “Legal review” and “Budget check”")

    fred = sign_in(browser, site, "fred", **off)
    row = fred.get_by_role("listitem").filter(has_text="Two laptops")
    row.get_by_role("button", name="Take it").click()
    expect(fred.get_by_text("Good price")).to_be_visible()
    fred.get_by_label("Cost centre").fill("F-2")
    fred.get_by_role("button", name="Done").click()

    lena = sign_in(browser, site, "lena", **off)
    lena.get_by_role("link", name="Two laptops").click()
    lena.get_by_role("button", name="Approve").click()
    expect(lena.locator(".messages")).to_contain_text("It is complete: approved.")

    sam.get_by_role("link", name="Requests").click()
    sam.get_by_role("link", name="Finished").click()
    sam.get_by_role("link", name="Two laptops").click()
    expect(sam.get_by_text("It is complete: approved.")).to_be_visible()
    sam.get_by_role("button", name="Sign out").click()
    expect(sam.get_by_role("heading", name="Sign in")).to_be_visible()


def test_no_page_scrolls_sideways_on_a_desk_or_a_phone(browser: Browser, site: str) -> None:
    pages = {
        "fred": ["/", "/tasks/3/", "/requests/?whose=all&state=any", "/requests/PA-1/"],
        "sue": [
            "/",
            "/tasks/5/",
            "/requests/",
            "/requests/PA-1/",
            "/start/",
            "/start/purchase-approval/",
            "/requests/PA-1/cancel/",
            "/requests/",
        ],
        "olivia": ["/requests/PA-1/", "/tasks/3/reassign/", "/requests/PA-2/suspend/"],
    }
    for username, paths in pages.items():
        page = sign_in(browser, site, username)
        for size in (DESK, PHONE):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            for path in paths:
                answer = page.goto(path)
                assert answer is not None
                assert answer.status == 200, path
                wide = page.evaluate("document.documentElement.scrollWidth")
                assert wide <= size["width"], (path, size, wide)


def test_the_enter_key_in_a_box_decides_nothing(browser: Browser, site: str) -> None:
    page = sign_in(browser, site, "sue")
    page.get_by_role("link", name="Chairs").click()
    page.get_by_label("Amount").fill("19000")
    page.get_by_label("Amount").press("Enter")
    page.wait_for_timeout(300)
    expect(page.get_by_role("heading", name="Revise: Chairs")).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("link", name="Chairs")).to_be_visible()


def test_the_keyboard_reaches_the_content_at_once(browser: Browser, site: str) -> None:
    page = sign_in(browser, site, "sue")
    page.goto(f"{site}/", wait_until="load")  # a key pressed while a page comes is lost
    page.bring_to_front()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
