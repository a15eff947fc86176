"""The pages in a real browser against the real server: from signing in to done, on a desk and on
a phone, with JavaScript switched off."""

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("no Chromium on this machine", allow_module_level=True)

from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}

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
    """The address of a server on a database of its own, with people, a map and two requests."""
    var = tmp_path_factory.mktemp("var")
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "HANDOFF_ENV", "SECRET_KEY", "ALLOWED_HOSTS")
    }
    env |= {"HANDOFF_VAR": str(var), "DJANGO_SETTINGS_MODULE": "config.settings"}
    for command in (["manage.py", "migrate", "--verbosity", "0"], ["-c", FILL]):
        subprocess.run([sys.executable, *command], cwd=ROOT, env=env, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve = ["-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "2",
             "--log-level", "warning"]  # fmt: skip
    server = subprocess.Popen([sys.executable, *serve], cwd=ROOT, env=env)
    try:
        _wait_for(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert server.poll() is None, "the server has stopped"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
        finally:
            connection.close()
    pytest.fail("the server does not answer")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


def sign_in(browser: Browser, site: str, username: str, **options: object) -> Page:
    """A page of somebody's own browser, signed in."""
    page = browser.new_context(viewport=DESK, base_url=site, **options).new_page()  # type: ignore[arg-type]
    page.on("console", _hear)
    page.goto("/accounts/login/")
    page.get_by_label("Name").fill(username)
    page.get_by_label("Password").fill(username)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for(state="attached")
    return page


def _hear(message: ConsoleMessage) -> None:
    refused_form = "status of 422" in message.text
    if message.type in ("error", "warning") and not refused_form:
        HEARD.append(message.text)


HEARD: list[str] = []


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
    expect(sam.get_by_text("Write an amount in EUR such as 1250.50")).to_be_visible()
    sam.get_by_label("Amount").fill("1200.50")
    sam.get_by_role("button", name="Start the request").click()
    expect(sam.get_by_role("status")).to_contain_text("started. It is at “Manager review”")

    mia = sign_in(browser, site, "mia", **off)
    mia.get_by_role("link", name="Two laptops").click()
    expect(mia.get_by_text("1,200.50 EUR")).to_be_visible()
    mia.get_by_role("button", name="Reject").click()
    expect(mia.get_by_role("alert")).to_contain_text("needs a comment")
    mia.get_by_label("Comment").fill("Good price")
    mia.get_by_role("button", name="Approve").click()
    expect(mia.get_by_role("status")).to_contain_text("It is at “Legal review” and “Budget check”")

    fred = sign_in(browser, site, "fred", **off)
    row = fred.get_by_role("listitem").filter(has_text="Two laptops")
    row.get_by_role("button", name="Take it").click()
    expect(fred.get_by_text("Good price")).to_be_visible()
    fred.get_by_label("Cost centre").fill("F-2")
    fred.get_by_role("button", name="Done").click()

    lena = sign_in(browser, site, "lena", **off)
    lena.get_by_role("link", name="Two laptops").click()
    lena.get_by_role("button", name="Approve").click()
    expect(lena.get_by_role("status")).to_contain_text("It is complete: approved.")

    sam.get_by_role("link", name="Requests").click()
    sam.get_by_role("link", name="Finished").click()
    sam.get_by_role("link", name="Two laptops").click()
    expect(sam.get_by_text("It is complete: approved.")).to_be_visible()
    sam.get_by_role("button", name="Sign out").click()
    expect(sam.get_by_role("heading", name="Sign in")).to_be_visible()


def test_no_page_scrolls_sideways_on_a_desk_or_a_phone(browser: Browser, site: str) -> None:
    pages = {
        "fred": ["/", "/tasks/3/", "/requests/?whose=all&state=any", "/requests/PA-1/"],
        "sue": ["/", "/tasks/5/", "/requests/", "/requests/PA-1/", "/start/",
                "/start/purchase-approval/", "/requests/PA-1/cancel/", "/requests/"],
        "olivia": ["/requests/PA-1/", "/tasks/3/reassign/", "/requests/PA-2/suspend/"],
    }  # fmt: skip
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
