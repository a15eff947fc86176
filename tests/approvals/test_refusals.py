"""Pages for what is not there or went wrong: they open for everybody and say what to do."""

import pytest
from django.core.files.base import ContentFile
from django.template.loader import render_to_string
from django.test import Client

from approvals.ui.responses import STATUS, status_of
from tests.approvals.office import ask, ask_approved, decide, everything, signed_in
from tests.factories import open_task
from workflows.engine import errors
from workflows.people.models import User

pytestmark = pytest.mark.django_db

HUGE = "9" * 30


@pytest.mark.parametrize(
    "path",
    [
        "/no/such/page/",
        f"/tasks/{HUGE}/",
        f"/documents/{HUGE}/",
        f"/incidents/{HUGE}/",
        f"/merges/{HUGE}/",
        f"/requests/PA-{HUGE}/",
        "/start/none/",
    ],
)
def test_what_is_not_there_is_a_page_of_our_own(people: dict[str, User], path: str) -> None:
    answer = signed_in(people["sam"]).get(path)
    assert answer.status_code == 404
    assert "Nothing here" in answer.content.decode()
    assert "Sam Okafor" in answer.content.decode()


def test_a_page_that_is_not_there_needs_no_sign_in() -> None:
    answer = Client().get("/no/such/page/")
    assert answer.status_code == 404
    assert "Nothing here" in answer.content.decode()


@pytest.mark.parametrize("template", ["400.html", "403.html", "404.html", "500.html"])
def test_error_pages_need_nothing_to_be_shown(template: str) -> None:
    assert "To your inbox" in render_to_string(template)


def test_every_refusal_has_a_status() -> None:
    family = set(errors.HandoffError.__subclasses__()) - {errors.DefinitionProblem}
    assert family <= STATUS.keys()
    assert status_of(errors.DefinitionProblem("x")) == 422


def test_a_form_that_is_too_large_is_refused_in_words(people: dict[str, User]) -> None:
    before = everything()
    answer = signed_in(people["sam"]).post(
        "/start/purchase-approval/", {"title": "x" * (6 * 1024 * 1024)}
    )
    assert answer.status_code == 400
    assert "larger than a form can be" in answer.content.decode()
    assert everything() == before


def test_a_step_that_no_person_does_has_no_decision_page(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    task = open_task(request, "manager_review")
    routing = request.version.steps.get(key="size_check")
    type(task).objects.filter(pk=task.pk).update(step=routing)
    answer = signed_in(people["sam"]).get(f"/tasks/{task.pk}/")
    assert answer.status_code == 422
    assert "not done by a person" in answer.content.decode()


def test_what_nobody_touched_is_not_written_after_a_stale_page(people: dict[str, User]) -> None:
    """Both branches may fill in a field. The first page is refused for a new document version,
    is sent again as it stands, and must not bring the older value back."""
    request = ask_approved(people, files={"quote": ContentFile(b"one", name="offer.pdf")})
    task = open_task(request, "budget_check")
    client = signed_in(people["fred"])
    first = client.get(f"/tasks/{task.pk}/").context["opened"]
    decide(request, "legal_review", people["lena"], "approve", data={"cost_centre": "L-1"})
    request.refresh_from_db()
    newer = request.data | {"quote": request.data["quote"] | {"version": 2}}
    type(request).objects.filter(pk=request.pk).update(data=newer)
    values = {"f-cost_centre": "", "f-needed_by": "", "outcome": "done"}
    refused = client.post(f"/tasks/{task.pk}/", {**values, "opened": first})
    assert refused.status_code == 409
    again = client.post(f"/tasks/{task.pk}/", {**values, "opened": refused.context["opened"]})
    assert again.status_code == 302
    request.refresh_from_db()
    assert request.data["cost_centre"] == "L-1"
