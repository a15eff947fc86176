"""The pages of two versions: what changed, and moving running requests by hand."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories import load_map, make_viewer
from tests.workflows.moves import agrees, changed, hiring, hiring_later, rows_of
from tests.workflows.support import Flow, again, begin, nothing_changed, person, publish
from tests.workflows.test_admin_maps import make_staff_of
from workflows.definitions.models import TemplateVersion
from workflows.engine.versions.comparison import Difference, DifferenceKind, Subject
from workflows.version_changes.difference_words import describe_difference
from workflows.version_changes.models import MovedRequest

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]


@pytest.fixture
def flows() -> list[Flow]:
    """Three requests: at the first step, at one that is split, at one that is a branch later."""
    flows = [begin(hiring(), helper="bob"), again("hiring", helper="bob"), again("hiring")]
    for one in ("screen/ok", "talk/ok"):
        flows[2].decide(*one.split("/"))
    flows[1].decide("screen", "ok")
    return flows


@pytest.fixture
def later(flows: list[Flow]) -> TemplateVersion:
    return publish(hiring_later())


@pytest.fixture
def owner(client: Client, later: TemplateVersion) -> Client:
    make_staff_of("olga")
    client.force_login(person("olga"))
    return client


def page(client: Client, version: TemplateVersion, query: str = "") -> str:
    answer = client.get(reverse("admin:move_requests", args=[version.pk]) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def press(client: Client, html: str, button: str, **values: object) -> str:
    """Send the form with this button, as a browser does, and follow."""
    action, data = form_with(html, button)
    answer = client.post(action, {**data, **values}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def form_with(html: str, button: str) -> tuple[str, dict[str, object]]:
    """The address and the fields of the form that has this button."""
    form = next(f for f in re.findall(r"<form.*?</form>", html, re.S) if button in f)
    (action,) = re.findall(r'action="([^"]*)"', form)[:1]
    fields: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and value:
            fields.setdefault(name[1], []).append(value[1])
    return action.replace("&amp;", "&"), dict(fields)


# -- what changed -----------------------------------------------------------------------------


def test_the_page_says_what_changed_and_draws_both_maps(
    owner: Client, later: TemplateVersion
) -> None:
    with CaptureQueriesContext(connection) as asked:
        answer = owner.get(reverse("admin:version_differences", args=[later.pk]))
    html = answer.content.decode()
    assert "What changed since version 1" in html
    assert "“Papers” is gone (task)." in html
    assert "“Check” is new (approval)." in html
    assert "seems to be split: Talk one and Talk two." in html
    assert "tone-added" in html
    assert "tone-removed" in html
    assert len(asked) < 30


def test_any_two_versions_are_compared(owner: Client, later: TemplateVersion) -> None:
    third = publish(changed(hiring_later(), rest={"kind": "wait", "for": "4d", "to": "hired"}))
    address = reverse("admin:version_differences", args=[third.pk])
    assert "1 difference" in owner.get(address).content.decode()
    assert "“Rest”, waits so long: 3d before, 4d now." in owner.get(address).content.decode()
    older = owner.get(f"{address}?since=1").content.decode()
    assert "What changed since version 1" in older
    first = later.template.versions.get(number=1)
    backwards = owner.get(reverse("admin:version_differences", args=[first.pk]) + "?since=2")
    assert "“Papers” is new (task)." in backwards.content.decode()


def test_a_draft_says_before_it_is_published_what_that_would_change(
    owner: Client, later: TemplateVersion
) -> None:
    draft = load_map(changed(hiring_later(), rest={"kind": "wait", "for": "4d", "to": "hired"}))
    html = owner.get(
        reverse("admin:workflows_templateversion_change", args=[draft.pk])
    ).content.decode()
    assert "What publishing would change" in html
    assert "“Rest”, waits so long: 3d before, 4d now." in html


# -- moving -----------------------------------------------------------------------------------


def test_requests_are_looked_at_moved_and_put_back(
    owner: Client, later: TemplateVersion, flows: list[Flow]
) -> None:
    before = [rows_of(flow.request) for flow in flows]
    with nothing_changed():
        html = page(owner, later)
    assert "is split there: Talk one and Talk two" in html
    assert "Keys begins beside it" in html
    done = press(owner, html, "Move the chosen ones", reason="A year later.")
    assert "2 requests were moved." in done
    assert [flow.refresh().version.number for flow in flows] == [2, 1, 2]
    assert flows[0].last().comment == "A year later."
    assert flows[0].last().channel == "admin"
    assert all(agrees(flow.request) for flow in flows)
    back = press(owner, done, "Put back those that have not gone on")
    assert "2 requests were put back." in back
    assert [rows_of(flow.request) for flow in flows] == before


def test_only_the_chosen_lines_move(
    owner: Client, later: TemplateVersion, flows: list[Flow]
) -> None:
    html = page(owner, later)
    done = press(owner, html, "Move the chosen ones", group=["step_renamed:screen"])
    assert "1 request was moved." in done
    assert [flow.refresh().version.number for flow in flows] == [2, 1, 1]
    again_html = press(owner, page(owner, later), "Move the chosen ones", group=[])
    assert "Choose at least one line" in again_html


def test_which_step_is_which_is_said_in_the_address_and_looked_at_again(
    owner: Client, later: TemplateVersion, flows: list[Flow]
) -> None:
    wrong = reverse("admin:move_requests", args=[later.pk]) + "?step.talk=nowhere"
    assert "no such step" in owner.get(wrong, follow=True).content.decode()
    html = page(owner, later, "?step.talk=talk_two")
    assert "is split there" not in html
    done = press(owner, html, "Move the chosen ones")
    assert "3 requests were moved." in done
    assert flows[1].open == ["talk_two"]


def test_a_form_that_is_sent_twice_moves_once(
    owner: Client, later: TemplateVersion, flows: list[Flow]
) -> None:
    html = page(owner, later)
    press(owner, html, "Move the chosen ones", group=["step_renamed:screen"])
    press(owner, html, "Move the chosen ones", group=["step_renamed:screen"])
    assert MovedRequest.objects.count() == 1


def test_only_who_manages_the_workflow_comes_to_the_page(
    client: Client, later: TemplateVersion
) -> None:
    address = reverse("admin:move_requests", args=[later.pk])
    client.force_login(make_viewer())
    assert client.get(address).status_code == 403
    assert client.post(address).status_code == 403
    make_staff_of("ann")
    client.force_login(person("ann"))
    assert client.get(address).status_code in (302, 403)
    assert MovedRequest.objects.count() == 0


def test_a_page_works_out_a_bounded_number_and_the_next_goes_on(
    owner: Client, later: TemplateVersion, flows: list[Flow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.version_changes.admin.moves.LOOKED_AT", 2)
    html = page(owner, later)
    assert "These are the oldest 2 from here on." in html
    assert "1 request was moved." in press(owner, html, "Move the chosen ones")
    (following,) = re.findall(r'href="(\?after=\d+)">Look at the next ones', html)
    html = page(owner, later, following)
    assert "Look at the next ones" not in html
    assert "Back to the oldest" in html
    assert "Keys begins beside it" in html
    assert "1 request was moved." in press(owner, html, "Move the chosen ones")
    assert [flow.refresh().version.number for flow in flows] == [2, 1, 2]
    assert "No request of this workflow is running" not in page(owner, later, "?after=x")


def test_the_pages_have_their_stylesheet(owner: Client, later: TemplateVersion) -> None:
    compared = owner.get(reverse("admin:version_differences", args=[later.pk])).content.decode()
    for html in (page(owner, later), compared):
        assert "workflows/admin.css" in html
        assert "map.css" in html


def test_who_retires_the_workflow_comes_back_from_moving(
    owner: Client, later: TemplateVersion
) -> None:
    html = page(owner, later, "?retiring=1")
    back = 'href="/workflows/hiring/retire/">Back to retiring the workflow'
    assert back in html
    assert back in press(owner, html, "Move the chosen ones")
    assert back in press_get(owner, html, "Look again")
    assert back not in page(owner, later)


def press_get(client: Client, html: str, button: str) -> str:
    """Send a form that only asks, as a browser does."""
    form = next(f for f in re.findall(r"<form.*?</form>", html, re.S) if button in f)
    hidden = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form))
    return client.get(html_address(html), hidden).content.decode()


def html_address(html: str) -> str:
    (action,) = re.findall(r'action="(/admin/[^"?]*/move/)', html)[:1]
    return str(action)


def test_no_request_moves_to_a_draft(owner: Client, later: TemplateVersion) -> None:
    draft = load_map(changed(hiring_later(), rest={"kind": "wait", "for": "4d", "to": "hired"}))
    answer = owner.get(reverse("admin:move_requests", args=[draft.pk]), follow=True)
    assert "only to a version that was published" in answer.content.decode()


def test_a_field_of_another_key_is_told_in_words() -> None:
    renamed = Difference(
        kind=DifferenceKind.RENAMED,
        subject=Subject.FIELD,
        key="first",
        title="First day",
        before="day",
        after="first",
    )
    assert describe_difference(renamed) == (
        "The field “First day” seems to have another key: day before, first now."
    )
