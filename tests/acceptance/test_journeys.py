"""What people do from one end to the other, in a real browser, with the mails that go out between:
on a desk and on a phone, with JavaScript and without, on the database that the tests run on."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import pytest

from tests.acceptance.browsing import DESK, PHONE, serve_site, sign_in, title_link
from tests.notices.mail_server import Mailbox, running_mail_server

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Browser, Page, expect

FILL = """
import django
django.setup()
import yaml
from tests.approvals.office import PURCHASE, ask, open_office
from tests.factories import make_user, publish_map
people = open_office()
quoted = yaml.safe_load(PURCHASE) | {"key": "quoted-purchase", "name": "Purchase with a quote"}
steps = quoted["steps"]
back = steps["manager_review"]["outcomes"].pop("return")
steps["finance_review"]["outcomes"]["return"] = back | {"exception": True}
steps["revise"]["outcomes"]["resubmit"] = "size_check"
publish_map(quoted)
for width in (1280, 390):
    make_user(f"boss{width}")
    for number in range(30):
        ask(people["sue"], title=f"Chair {number} {width}", manager=f"boss{width}")
for person in people.values():
    person.email = f"{person.username}@office.example"
    person.save()
"""
MAIL_SECONDS = 60


@dataclass(frozen=True)
class Office:
    """A running site with its mail server, and a browser in which its people sit down in one
    way."""

    address: str
    mailbox: Mailbox
    browser: Browser
    options: dict[str, Any]

    @property
    def width(self) -> int:
        """How wide the window is."""
        return int(self.options["viewport"]["width"])

    def sit_down(self, username: str) -> Page:
        """Somebody's own browser, signed in."""
        return sign_in(self.browser, self.address, username, **self.options)

    def pass_by(self) -> Page:
        """The browser of somebody who is not signed in."""
        return self.browser.new_context(base_url=self.address, **self.options).new_page()

    def wait_for_mail(self, username: str, words: str, title: str, number: int = 1) -> str:
        """The text of the mail of this number to somebody about a request, with these words in
        its subject; it may take a while."""
        until = time.monotonic() + MAIL_SECONDS
        address = f"{username}@office.example"
        while time.monotonic() < until:
            mails = [mail for mail in list(self.mailbox.mails) if mail["To"] == address]
            found = [
                text_of(mail)
                for mail in mails
                if words in str(mail["Subject"]) and title in text_of(mail)
            ]
            if len(found) >= number:
                return found[number - 1]
            time.sleep(0.2)
        subjects = [str(mail["Subject"]) for mail in mails]
        pytest.fail(f"no mail to {username} about {words!r}, only {subjects}")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Mailbox]]:
    """A site with an office, its background and its mail server."""
    var = tmp_path_factory.mktemp("var")
    with running_mail_server() as (mailbox, port):
        mails = f"smtp://127.0.0.1:{port}"
        with serve_site(var, ["-c", FILL], with_background=True, email_url=mails) as address:
            yield address, mailbox


@pytest.fixture(
    params=[(DESK, True), (PHONE, False)], ids=["desk-with-script", "phone-without-script"]
)
def office(
    request: pytest.FixtureRequest, served: tuple[str, Mailbox], browser: Browser
) -> Iterator[Office]:
    """The office, once as a desk has it, and once as a phone that runs no script."""
    viewport, script = request.param
    yield Office(*served, browser, {"viewport": viewport, "java_script_enabled": script})
    for context in browser.contexts:
        context.close()


def text_of(mail: EmailMessage) -> str:
    """What a mail says as plain text."""
    body = mail.get_body(("plain",))
    assert isinstance(body, EmailMessage)
    return str(body.get_content())


def name_of_journey(office: Office, about: str) -> str:
    """A title that no other journey has."""
    return f"{about} {office.width} {time.monotonic_ns()}"


def fill_start_form(page: Page, title: str, key: str = "purchase-approval") -> None:
    """All that a purchase asks for."""
    page.goto(f"/start/{key}/")
    page.get_by_label("Title").fill(title)
    page.get_by_label("Amount").fill("12000.50")
    page.get_by_label("Region").select_option("EU")
    page.get_by_label("Your manager").select_option("mia")


def put_in_quote(page: Page, content: str) -> None:
    """A document, from the person's own disk."""
    file = {"name": "quote.txt", "mimeType": "text/plain", "buffer": content.encode()}
    page.get_by_label("Quote").set_input_files(file)  # type: ignore[arg-type]


def start_purchase(office: Office, title: str, key: str = "purchase-approval") -> Page:
    """Sam starts a purchase by the form; the page of the request."""
    page = office.sit_down("sam")
    fill_start_form(page, title, key)
    put_in_quote(page, "12000 for ten")
    page.get_by_role("button", name="Start the request").click()
    expect(page.locator(".messages")).to_contain_text("started. It is at “Manager review”")
    return page


def open_task(page: Page, title: str) -> None:
    """From the inbox to a task of a request."""
    page.goto("/")
    page.get_by_role("link", name=title_link(title)).first.click()


def decide_task(page: Page, title: str, button: str, leads_to: str, **typed: str) -> None:
    """Decide a task from the inbox; what is written into which field is told by its label."""
    open_task(page, title)
    for label, text in typed.items():
        page.get_by_label(label.replace("_", " ")).fill(text)
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.locator(".messages")).to_contain_text(leads_to)


# -- from start to done, by six people ----------------------------------------------------------


def test_from_start_to_done_by_six_people(office: Office) -> None:
    title = name_of_journey(office, "Laptops")
    sam = start_purchase(office, title, "quoted-purchase")
    approve_from_mail(office, title)

    fred = office.sit_down("fred")
    decide_task(fred, title, "Send back", "It is at “Revise”", Comment="Which ones?")
    assert "Which ones?" in office.wait_for_mail("sam", "Revise", title)
    open_task(sam, title)
    sam.get_by_label("Amount").fill("11000.00")
    put_in_quote(sam, "11000 for ten")
    sam.get_by_role("button", name="Resubmit").click()
    expect(sam.locator(".messages")).to_contain_text("It is at “Manager review”")

    office.wait_for_mail("mia", "Manager review", title, number=2)
    mia = office.sit_down("mia")
    open_task(mia, title)
    expect(mia.get_by_text("This was approved before.")).to_contain_text("Quote")
    mia.get_by_role("button", name="Approve", exact=True).click()
    expect(mia.locator(".messages")).to_contain_text("Finance review")

    fay = office.sit_down("fay")
    decide_task(fred, title, "Approve", "Finance review")
    decide_task(fay, title, "Approve", "“Legal review” and “Budget check”")
    lena = office.sit_down("lena")
    decide_task(lena, title, "Approve", "QP-", Cost_centre="L-1")
    decide_task(fay, title, "Done", "QP-", Cost_centre="F-2")

    settle_from_inbox(office, title)
    office.wait_for_mail("sam", "Finished", title)
    sam.goto("/requests/?state=any")
    sam.get_by_role("link", name=title).first.click()
    expect(sam.get_by_text("It is complete: approved.").first).to_be_visible()


def approve_from_mail(office: Office, title: str) -> None:
    """Mia approves from her mail without signing in; a scanner that came before decided nothing."""
    told = office.wait_for_mail("mia", "For you: Manager review", title)
    (link,) = set(re.findall(r"http://\S+/decide/\S+", told))
    page = office.pass_by()
    assert page.request.get(link).ok
    assert page.request.head(link).ok
    page.goto(link)
    expect(page.get_by_role("status")).to_contain_text("You decide here as Mia Lopez")
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_text("This link was used on")).to_be_visible()


def settle_from_inbox(office: Office, title: str) -> None:
    """The owner is told that branches disagree, finds it in her inbox, and chooses."""
    office.wait_for_mail("olivia", "Branches disagree", title)
    olivia = office.sit_down("olivia")
    expect(olivia.get_by_role("heading", name="Needs you as owner")).to_be_visible()
    olivia.get_by_role("link", name=re.compile(rf"^Choose\W+{title}")).click()
    olivia.get_by_label("F-2").check()
    olivia.get_by_label("Reason").fill("The budget is finance's.")
    olivia.locator("button.forward").click()
    expect(olivia.locator(".messages")).to_be_visible()


# -- a stranger with a status link --------------------------------------------------------------


def test_a_stranger_with_a_status_link_reads_and_can_do_nothing(office: Office) -> None:
    title = name_of_journey(office, "Desks")
    sam = start_purchase(office, title)
    links = sam.locator("#status-links")
    links.get_by_text("Status links").click()
    links.get_by_role("button", name="Make a status link").click()
    link = links.get_by_label("Address of the link").input_value()

    stranger = office.pass_by()
    answer = stranger.goto(link)
    assert answer is not None
    assert (answer.status, "noindex" in answer.headers["x-robots-tag"]) == (200, True)
    expect(stranger.get_by_text("It is at “Manager review”.")).to_be_visible()
    assert "noindex" in str(stranger.locator("meta[name=robots]").get_attribute("content"))
    assert title not in stranger.content()
    for what in ("form", "button", "input", "main a"):
        expect(stranger.locator(what)).to_have_count(0)

    links.get_by_role("button", name="Withdraw").click()
    expect(sam.locator(".messages")).to_contain_text("it shows nothing any more")
    name = link.rpartition("/")[2]
    seen = set()
    for text in (name, name[:-1], "0" * 32 + name[32:], "PA-1", "x.y"):
        answer = stranger.goto(f"/status/{text}")
        assert answer is not None
        seen.add((answer.status, stranger.content()))
    assert [status for status, _ in seen] == [404]


# -- thirty at once -----------------------------------------------------------------------------


@contextmanager
def in_another_tab(page: Page, title: str) -> Iterator[Page]:
    """The same person opens a task in a second tab."""
    other = page.context.new_page()
    open_task(other, title)
    yield other
    other.close()


def test_thirty_are_decided_at_once_and_four_refused_each_with_its_reason(office: Office) -> None:
    width = office.width
    boss = office.sit_down(f"boss{width}")
    for box in boss.locator("input[name=task]").all():
        box.check()
    boss.get_by_role("button", name="Decide the chosen ones").click()
    expect(boss.get_by_role("heading", name="Decide 30 tasks")).to_be_visible()

    olivia = office.sit_down("olivia")
    for number, course in ((0, "suspend"), (1, "cancel")):
        olivia.goto(f"/requests/?whose=all&state=any&q=Chair {number} {width}")
        olivia.get_by_role("link", name=title_link(f"Chair {number} {width}")).first.click()
        olivia.goto(f"{olivia.url.partition('?')[0]}{course}/")
        olivia.get_by_label("Reason").fill("A freeze.")
        olivia.locator("button.forward").click()
        expect(olivia.locator(".messages")).to_be_visible()
    with in_another_tab(boss, f"Chair 2 {width}") as tab:
        tab.get_by_role("button", name="Approve", exact=True).click()
        expect(tab.locator(".messages")).to_be_visible()
    with in_another_tab(boss, f"Chair 3 {width}") as tab:
        tab.get_by_role("link", name="Ask the requester").click()
        tab.get_by_label("Question").fill("Which chair?")
        tab.get_by_role("button", name="Ask the requester").click()
        expect(tab.get_by_text("waits for the requester's answer")).to_be_visible()

    boss.get_by_label("Approve").check()
    boss.get_by_role("textbox", name="Comment").fill("All fine.")
    boss.get_by_role("button", name="Decide them").click()
    expect(boss.get_by_text("26 tasks were decided.")).to_be_visible()
    expect(boss.get_by_text("4 tasks were refused; their lines say why.")).to_be_visible()
    expect(boss.locator(".results li")).to_have_count(30)
    reasons = ("suspended", "cancelled", "first|already|decided", "question|requester|answer")
    for number, reason in enumerate(reasons):
        line = boss.locator(".results li.refused").filter(has_text=f"Chair {number} {width}")
        expect(line).to_contain_text(re.compile(reason, re.IGNORECASE))


# -- the session ends in the middle of a form ---------------------------------------------------


def end_session(page: Page) -> None:
    """As if it had run out: the browser's other cookies stay."""
    for cookie in page.context.cookies():
        if "session" in str(cookie["name"]):
            page.context.clear_cookies(name=cookie["name"])


def sign_in_again(page: Page, username: str) -> None:
    """On the page to which the form has led."""
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Name").fill(username)
    page.get_by_label("Password").fill(username)
    page.get_by_role("button", name="Sign in").click()


def test_what_was_typed_outlives_the_session(office: Office) -> None:
    title = name_of_journey(office, "Chairs")
    sam = office.sit_down("sam")
    fill_start_form(sam, title)
    end_session(sam)
    sam.get_by_role("button", name="Start the request").click()
    sign_in_again(sam, "sam")
    expect(sam.get_by_label("Title")).to_have_value(title)
    expect(sam.get_by_label("Amount")).to_have_value("12000.50")
    expect(sam.get_by_label("Your manager")).to_have_value("mia")
    sam.get_by_role("button", name="Start the request").click()
    expect(sam.locator(".messages")).to_contain_text("started. It is at “Manager review”")

    mia = office.sit_down("mia")
    open_task(mia, title)
    words = "A long reason that nobody wants to write twice."
    mia.get_by_label("Comment").fill(words)
    end_session(mia)
    mia.get_by_role("button", name="Approve", exact=True).click()
    sign_in_again(mia, "mia")
    expect(mia.get_by_label("Comment").first).to_have_value(words)
    mia.get_by_role("button", name="Approve", exact=True).click()
    expect(mia.locator(".messages")).to_contain_text("It is at")
    sam.reload()
    expect(sam.get_by_text(words).first).to_be_visible()
