"""Wherever a person is named who is away, until when they are, and who stands in."""

import re

import pytest
from django.utils import timezone

from tests.approvals.office import ask, open_office, signed_in
from tests.approvals.test_away import set_away, text_of
from tests.factories import make_user, open_task
from workflows.engine.errors import NotAllowed
from workflows.execution.models import WorkflowInstance
from workflows.execution.services.work_items import claim
from workflows.people.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]


@pytest.fixture
def people() -> dict[str, User]:
    return open_office()


@pytest.fixture
def waiting(people: dict[str, User]) -> WorkflowInstance:
    """Sam's request, which waits for Mia; Sam and the workflow's owner are away."""
    request = ask(people["sam"], title="Chairs")
    for name, deputy in (("sam", "sue"), ("olivia", "omar")):
        set_away(people[name], people[deputy])
    return request


def test_the_inbox_says_that_who_asked_is_away(
    people: dict[str, User], waiting: WorkflowInstance
) -> None:
    text = text_of(signed_in(people["mia"]).get("/"))
    assert re.search(r"asked by Sam [^(]*\(away until [^)]* stands in\)", text)


def test_a_request_and_its_task_say_it_of_who_asked_and_of_the_owner(
    people: dict[str, User], waiting: WorkflowInstance
) -> None:
    task = open_task(waiting, "manager_review")
    text = text_of(signed_in(people["mia"]).get(f"/tasks/{task.pk}/"))
    assert re.search(r"Asked by Sam [^(]*\(away until", text)
    text = text_of(signed_in(people["sam"]).get(f"/requests/{waiting.reference}/"))
    assert re.search(r"Asked by Sam [^(]*\(away until", text)
    assert re.search(r"The workflow's owner is Olivia [^(]*\(away until", text)


def test_a_refusal_says_it_of_who_has_the_task(
    people: dict[str, User], waiting: WorkflowInstance
) -> None:
    set_away(people["mia"], people["lena"])
    task = open_task(waiting, "manager_review")
    with pytest.raises(NotAllowed, match=r"is with Mia Lopez \(away until .* stands in\)"):
        claim(task.pk, actor=people["fred"], now=timezone.now())
    task.refresh_from_db()
    assert task.state == "enabled"


def test_the_list_of_workflows_says_it_of_owner_and_deputy(
    people: dict[str, User], waiting: WorkflowInstance
) -> None:
    root = make_user("root", is_staff=True, is_superuser=True)
    text = text_of(signed_in(root).get("/admin/workflows/workflowtemplate/"))
    assert "Olivia Grant (away until" in text
    assert "omar (away until" not in text


def test_the_admins_lists_say_it_by_the_names_that_pages_say(
    people: dict[str, User], waiting: WorkflowInstance
) -> None:
    root = make_user("root", is_staff=True, is_superuser=True)
    set_away(people["mia"], people["lena"])
    note = r" \(away until [^)]* stands in\)"
    for path in ("workflowinstance/", f"workflowinstance/{waiting.pk}/change/"):
        text = text_of(signed_in(root).get(f"/admin/workflows/{path}"))
        assert re.search(rf"Sam Okafor{note}", text), path
        assert re.search(rf"Mia Lopez{note}", text), path
    text = text_of(signed_in(root).get("/admin/workflows/workitem/"))
    assert re.search(rf"Mia Lopez{note}", text)
