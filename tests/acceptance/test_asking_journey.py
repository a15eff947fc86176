"""An opinion, a question to the requester and its answer, in a real browser: on a desk with
JavaScript, on a phone without."""

from collections.abc import Iterator

import pytest

from tests.acceptance.browsing import ON_DESK_AND_PHONE, fits, serve_site, sign_in, title_link

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Browser, expect

FILL = """
import django
django.setup()
from tests.approvals.office import ask, open_office
people = open_office()
for title in ("Lamps for a desk", "Lamps for a phone"):
    ask(people["sam"], title=title)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site with two requests that wait for Mia."""
    with serve_site(tmp_path_factory.mktemp("var"), ["-c", FILL]) as address:
        yield address


@ON_DESK_AND_PHONE
def test_an_opinion_is_asked_then_the_requester_and_the_answer_brings_it_back(
    browser: Browser, site: str, title: str, size: dict[str, int], script: bool
) -> None:
    mia, nora, sam = (
        sign_in(browser, site, name, java_script_enabled=script)
        for name in ("mia", "stranger", "sam")
    )
    people = (mia, nora, sam)
    for page in people:
        page.set_viewport_size(size)  # type: ignore[arg-type]
    mia.get_by_role("link", name=title_link(title)).click()
    mia.get_by_role("link", name="Ask for an opinion").click()
    expect(mia.get_by_text("may see the whole request")).to_be_visible()
    mia.get_by_label("Whom").first.select_option("stranger")
    mia.get_by_label("Question").fill("Is the price fair?")
    mia.get_by_role("button", name="Ask for an opinion").click()
    expect(mia.get_by_text("Nora Quist has not answered yet.")).to_be_visible()

    nora.goto("/")
    nora.get_by_role("link", name=title_link(title)).click()
    nora.get_by_label("Answer").fill("It is fair.")
    nora.get_by_role("button", name="Answer").click()
    expect(nora.locator(".messages")).to_contain_text("Mia Lopez sees your opinion")

    mia.reload()
    expect(mia.get_by_text("It is fair.")).to_be_visible()
    mia.get_by_role("link", name="Ask the requester").click()
    mia.get_by_label("Question").fill("Which lamps?")
    mia.get_by_role("button", name="Ask the requester").click()
    expect(mia.get_by_text("waits for the requester's answer")).to_be_visible()
    expect(mia.get_by_role("button", name="Approve")).to_have_count(0)

    sam.goto("/")
    expect(sam.get_by_text("Your request waits for your answer")).to_be_visible()
    sam.get_by_role("link", name=title_link(title)).click()
    sam.get_by_label("Answer").fill("Those with a long arm.")
    sam.get_by_role("button", name="Answer").click()
    expect(sam.locator(".messages")).to_contain_text("Mia Lopez sees your answer")

    mia.reload()
    expect(mia.get_by_text("Those with a long arm.")).to_be_visible()
    if script:
        assert all(fits(page) for page in people)
    mia.get_by_role("button", name="Approve").click()
    expect(mia.locator(".messages")).to_contain_text("Approve")
