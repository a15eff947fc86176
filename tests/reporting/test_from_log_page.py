"""The page from the log to the map, up to the draft that it makes."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.approvals.office import everything, open_office, signed_in
from tests.reporting.test_map_from_log import lines_of
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.definition_rows import definition_of
from workflows.engine.audit import AnyPeople, audit_definition
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db
PAGE = "/workflows/new/from-log/"
HEADER = "case_id,activity,resource,end"


@pytest.fixture
def people() -> dict[str, User]:
    return open_office()


@pytest.fixture
def maker(people: dict[str, User]) -> Client:
    """Somebody who may make workflows, and has no other right."""
    user = people["sam"]
    user.user_permissions.add(Permission.objects.get(codename="add_workflowtemplate"))
    return signed_in(user)


def log_file() -> SimpleUploadedFile:
    rare = ["z1,a,x,2026-03-02T09:00:00Z", "z1,d,x,2026-03-02T10:00:00Z"]
    lines = [*lines_of("a b c d", "a c b d", each=6), *rare]
    return SimpleUploadedFile("log.csv", "\n".join([HEADER, *lines]).encode())


def shown(client: Client) -> str:
    answer = client.post(PAGE, {"file": log_file()})
    assert answer.status_code == 200
    return str(answer.content.decode())


def kept(text: str) -> dict[str, Any]:
    """What the page's forms take along."""
    found = re.search(r'name="survey" value="([^"]+)"', text)
    once = re.search(r'name="once" value="([^"]+)"', text)
    assert found is not None
    assert once is not None
    return {"survey": found[1], "once": once[1], "keep": "80", "joins": "on"}


def test_a_log_is_shown_with_its_frequencies_and_what_is_proposed(maker: Client) -> None:
    before = everything()
    text = shown(maker)
    assert re.findall(r"<dd>([\d,]+)", text) == ["13", "3", "12", "12"]
    assert "Done beside each other" in text
    assert '<svg class="handoff-map' in text
    assert everything() == before


def test_the_slider_shows_more_of_the_same_log(maker: Client) -> None:
    again = maker.post(PAGE, kept(shown(maker)) | {"keep": "100"}).content.decode()
    assert re.findall(r"<dd>([\d,]+)", again) == ["13", "3", "13", "13"]
    wrong = maker.post(PAGE, kept(shown(maker)) | {"keep": "0"})
    assert wrong.status_code == 422


def test_a_button_makes_a_new_workflow_with_the_draft_once(maker: Client) -> None:
    values = kept(shown(maker)) | {"name": "Receipts", "key": "receipts"}
    first, second = (maker.post(f"{PAGE}draft/", values) for _ in range(2))
    assert first.url == second.url == "/workflows/receipts/"
    version = TemplateVersion.objects.get(template__key="receipts")
    assert (version.state, version.template.owner.username) == ("draft", "sam")
    assert TrailEvent.objects.filter(command="load_definition", workflow="receipts").count() == 1
    found = audit_definition(definition_of(version), AnyPeople())
    assert {f.code for f in found if f.severity == "error"} == {
        "deputy_missing",
        "exceptions_too_few",
        "expected_missing",
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"key": "purchase-approval"}, "already"),
        ({"key": "No Key"}, "lower-case"),
        ({"name": ""}, "required"),
    ],
)
def test_what_cannot_be_made_is_said_and_the_log_is_kept(
    maker: Client, change: dict[str, str], says: str
) -> None:
    values = kept(shown(maker)) | {"name": "Receipts", "key": "receipts"} | change
    before = everything()
    answer = maker.post(f"{PAGE}draft/", values)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert says in text
    assert 'name="survey"' in text
    assert everything() == before


def test_our_own_requests_are_a_log_too_for_who_may_read_them(
    people: dict[str, User], maker: Client
) -> None:
    template = WorkflowTemplate.objects.first()
    assert template is not None
    assert maker.get(PAGE, {"workflow": template.key}).status_code == 404
    people["olivia"].user_permissions.add(Permission.objects.get(codename="add_workflowtemplate"))
    answer = signed_in(people["olivia"]).get(PAGE, {"workflow": template.key})
    assert answer.status_code in (200, 422)


def test_who_may_make_no_workflow_is_told_so(people: dict[str, User]) -> None:
    client = signed_in(people["mia"])
    assert client.get(PAGE).status_code == 403
    assert client.post(f"{PAGE}draft/", {}).status_code == 403


def test_what_the_page_kept_cannot_be_made_up(maker: Client) -> None:
    assert maker.post(PAGE, {"survey": "made-up", "keep": "80"}).status_code == 422
