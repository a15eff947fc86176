"""Somebody new to it maps, audits, rehearses, publishes and changes a workflow, without its file.

Each click, filled box and choice is counted, with JavaScript and without.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.browsing import DESK, serve_site, sign_in

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Browser, Locator, Page, expect

MOST_ACTIONS = 60
FILL = """
import django
django.setup()
from django.contrib.auth.models import Permission
from tests.factories import make_user
olive = make_user("olive", is_staff=True)
tables = ("workflowtemplate", "templateversion", "role", "field", "step", "route")
olive.user_permissions.set(Permission.objects.filter(content_type__model__in=tables))
make_user("omar")
for group, people in {"staff": "sue sam", "bosses": "mia max", "legal": "lea leo",
                      "security": "sid sil", "buyers": "bea ben"}.items():
    for person in people.split():
        make_user(person, groups=[group])
"""
STEPS = (("Manager review", "bosses"), ("Legal", "legal"), ("Security", "security"))
FIELDS = (
    ("Amount", "money", "EUR"),
    ("Region", "choice", "EU, US"),
    ("Needed by", "date", ""),
    ("Reason", "", ""),
    ("Supplier", "", ""),
    ("Cost centre", "", ""),
)


class Hand:
    """Somebody's hand at a page: what it does is counted."""

    def __init__(self, page: Page) -> None:
        self.page, self.actions = page, 0

    def click(self, what: Locator) -> None:
        """One click, and what it leads to."""
        self.actions += 1
        what.click()
        self.page.wait_for_load_state()

    def fill(self, what: Locator, text: str) -> None:
        """One filled box."""
        self.actions += 1
        assert not set("{}:") & set(text), "no line of the file's format"
        what.fill(text)

    def choose(self, what: Locator, **option: Any) -> None:
        """One choice."""
        self.actions += 1
        what.select_option(**option)

    def press(self, name: str, within: str = "body") -> None:
        """A button; its icon is read before its word."""
        scope = self.page.locator(within)
        self.click(scope.get_by_role("button", name=re.compile(rf"(^|\s){name}$")).first)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site with people, groups, and no workflow."""
    with serve_site(tmp_path_factory.mktemp("var"), ["-c", FILL]) as address:
        yield address


@pytest.mark.parametrize("script", [True, False], ids=["with-script", "without-script"])
def test_a_new_person_maps_and_changes_a_workflow_in_few_actions(
    site: str, browser: Browser, script: bool
) -> None:
    page = sign_in(browser, site, "olive", viewport=DESK, java_script_enabled=script)
    page.goto("/admin/workflows/workflowtemplate/")
    hand = Hand(page)
    name = f"Laptops {'with' if script else 'without'} script"
    _begin(hand, name)
    _add_a_rule(hand)
    _add_an_exception(hand)
    _audit(hand)
    _rehearse(hand)
    _publish(hand)
    _change(hand)
    assert hand.actions < MOST_ACTIONS, hand.actions
    print(f"{hand.actions} actions")
    page.context.close()


def _begin(hand: Hand, name: str) -> None:
    """One form: the words, four steps of which two go on at the same time, six fields."""
    page = hand.page
    hand.click(page.get_by_role("link", name="New workflow"))
    hand.fill(page.locator("#id_name"), name)
    hand.choose(page.locator("#id_start"), label="staff")
    hand.choose(page.locator("#id_deputy"), label="omar")
    cell = _cells(page, "tasks")
    for number, (step, owner) in enumerate((*STEPS, ("Order", "buyers"))):
        hand.fill(cell(number, "name"), step)
        hand.choose(cell(number, "owner"), label=owner)
    hand.click(cell(2, "beside"))
    hand.choose(cell(3, "kind"), label="Somebody does something")
    cell = _cells(page, "questions")
    for number, (label, kind, more) in enumerate(FIELDS):
        hand.fill(cell(number, "label"), label)
        if kind:
            hand.choose(cell(number, "type"), value=kind)
        if more:
            hand.fill(cell(number, "more"), more)
    hand.click(cell(0, "required"))
    hand.press("Save")
    expect(page.get_by_text("is a draft; map it here")).to_be_visible()


def _cells(page: Page, table: str) -> Any:
    return lambda number, column: page.locator(f"#id_{table}-{number}-{column}")


def _add_a_rule(hand: Hand) -> None:
    """Behind the first step: what is cheap goes on to the last one at once."""
    page = hand.page
    hand.click(page.locator(".handoff-map a").filter(has_text="Manager review"))
    expect(page.locator("#step-heading")).to_contain_text("Manager review")
    hand.choose(page.locator("#id_new-kind"), label="A rule decides the way")
    hand.fill(page.locator("#id_new-name"), "How much")
    hand.choose(page.locator("#id_new-rule-0-field"), label="Amount")
    hand.choose(page.locator("#id_new-rule-0-comparison"), label="is less than")
    hand.fill(page.locator("#id_new-rule-0-value"), "500")
    hand.choose(page.locator("#id_new-rule_to"), label="Order")
    hand.press("Add the step")
    expect(page.get_by_text("“How much” is on the map.")).to_be_visible()


def _add_an_exception(hand: Hand) -> None:
    """Beside those that come with approvals."""
    page = hand.page
    hand.click(page.locator(".handoff-guide").get_by_role("link", name="Exceptions"))
    hand.choose(page.locator("#id_step"), label="Order")
    hand.fill(page.locator("#id_label"), "Not to be had")
    hand.choose(page.locator("#id_to"), label="Rejected")
    hand.press("Add", "#stage_form")
    expect(page.get_by_text("The map is changed.")).to_be_visible()


def _audit(hand: Hand) -> None:
    page = hand.page
    hand.click(page.locator(".handoff-guide").get_by_role("link", name="Check"))
    expect(page.locator(".handoff-finding.is-error")).to_have_count(0)
    assert page.locator(".handoff-map .way.exception").count() >= 2


def _rehearse(hand: Hand) -> None:
    """A hundred requests on paper; then back to the map."""
    page = hand.page
    hand.click(page.get_by_role("link", name="Rehearse"))
    expect(page.get_by_role("heading", name="What goes wrong")).to_be_visible()
    expect(page.get_by_role("heading", name="What to expect")).to_be_visible()
    hand.actions += 1
    page.go_back()


def _publish(hand: Hand) -> None:
    page = hand.page
    hand.press("Publish")
    expect(page.get_by_text("is published: new requests start on it")).to_be_visible()


def _change(hand: Hand) -> None:
    """The next version: the first step may take longer."""
    page = hand.page
    hand.press("Make a new draft from this version")
    hand.click(page.locator(".handoff-map a").filter(has_text="Manager review"))
    hand.fill(page.locator("#id_expected"), "2d")
    hand.press("Save the step")
    hand.press("Publish")
    expect(page.get_by_text("v2 is published: new requests start on it")).to_be_visible()


def test_the_boxes_of_fields_are_no_wider_than_the_page(site: str, browser: Browser) -> None:
    page = sign_in(browser, site, "olive", viewport=DESK)
    page.goto("/admin/workflows/workflowtemplate/")
    _begin(Hand(page), "Chairs")
    page.locator(".handoff-guide").get_by_role("link", name="Everything").click()
    page.locator("a[href='#fields']").click()
    for width in (1280, 800, 390):
        page.set_viewport_size({"width": width, "height": 900})
        box = page.locator("#fields-data")
        expect(box).to_be_visible()
        over = box.evaluate("table => table.scrollWidth - table.parentElement.clientWidth")
        right = box.evaluate("table => table.getBoundingClientRect().right - window.innerWidth")
        assert over <= 0 >= right, (width, over, right)
    page.context.close()
