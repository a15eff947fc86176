"""Who may not decide: strangers, the requester, people out of the role, and forged pages."""

from datetime import datetime

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from approvals.pages.task_snapshot import TaskPageSnapshot
from tests.approvals.office import (
    ask,
    ask_approved,
    decide,
    everything,
    opened,
    page_text,
    post,
    signed_in,
)
from tests.factories import open_task
from workflows.execution.models import WorkItem
from workflows.people.models import User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("page", ["", "forged", "eyJ9:1abc:def"])
def test_a_page_that_was_not_loaded_here_is_loaded_again(
    people: dict[str, User], page: str
) -> None:
    task, before = open_task(ask(people["sam"]), "manager_review"), everything()
    answer = post(signed_in(people["mia"]), task, "approve", opened=page)
    assert answer.status_code == 422
    assert "It is loaded again now" in answer.content.decode()
    assert everything() == before


def test_what_one_persons_page_remembers_is_no_good_for_another(people: dict[str, User]) -> None:
    request = ask_approved(people)
    task = open_task(request, "budget_check")
    page, before = opened(signed_in(people["fred"]), task), everything()
    assert post(signed_in(people["fay"]), task, "done", opened=page).status_code == 422
    assert everything() == before


def test_an_outcome_that_is_not_there_is_refused(people: dict[str, User]) -> None:
    task, before = open_task(ask(people["sam"]), "manager_review"), everything()
    client = signed_in(people["mia"])
    assert post(client, task, "explode").status_code == 422
    assert post(client, task, "").status_code == 422
    assert post(client, task, "approve", comment="x" * 4001).status_code == 422
    assert everything() == before


def test_the_requester_sees_the_task_but_cannot_decide_it(people: dict[str, User]) -> None:
    task = open_task(ask(people["sam"]), "manager_review")
    client, other = signed_in(people["sam"]), signed_in(people["mia"])
    text, before = page_text(client, task), everything()
    assert "must be done by somebody else" in text
    assert 'name="outcome"' not in text
    page = opened(other, task)
    assert post(client, task, "approve", opened=page).status_code == 422
    assert everything() == before


def test_a_manager_who_is_not_in_the_role_gets_a_403_that_says_why(
    people: dict[str, User],
) -> None:
    request = ask_approved(people)
    task = open_task(request, "legal_review")
    client = signed_in(people["fred"])
    before = everything()
    page = opened_for(people["fred"], task)
    answer = post(client, task, "approve", opened=page)
    assert answer.status_code == 403
    assert "you are not in its role" in answer.content.decode()
    assert everything() == before


def opened_for(user: User, task: WorkItem) -> str:
    """What a page would remember for somebody who was shown no form."""
    return TaskPageSnapshot(datetime.now().astimezone(), {}, {}).signed(user, task.pk)


def test_a_stranger_finds_no_task(people: dict[str, User]) -> None:
    task, before = open_task(ask(people["sam"]), "manager_review"), everything()
    client = signed_in(people["stranger"])
    assert client.get(f"/tasks/{task.pk}/").status_code == 404
    assert client.post(f"/tasks/{task.pk}/", {"outcome": "approve"}).status_code == 404
    assert client.post(f"/tasks/{task.pk}/claim/").status_code == 404
    assert client.get("/tasks/999999/").status_code == 404
    assert everything() == before


def test_who_is_not_signed_in_is_sent_to_the_sign_in_page(people: dict[str, User]) -> None:
    task, before = open_task(ask(people["sam"]), "manager_review"), everything()
    for path in ("/", f"/tasks/{task.pk}/", "/requests/", "/start/", "/documents/1/"):
        answer = Client().get(path)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/accounts/login/")
    assert Client().post(f"/tasks/{task.pk}/", {"outcome": "approve"}).status_code == 302
    assert everything() == before


def test_a_post_without_the_csrf_token_changes_nothing(people: dict[str, User]) -> None:
    task = open_task(ask(people["sam"]), "manager_review")
    page, before = opened(signed_in(people["mia"]), task), everything()
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["mia"])
    answer = post(client, task, "approve", opened=page)
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.content.decode()
    assert everything() == before


def test_a_script_in_title_comment_or_file_name_is_only_text(people: dict[str, User]) -> None:
    bad = "<script>alert(1)</script>"
    file = ContentFile(b"x", name="a.pdf")
    file.name = f"{bad}.pdf"
    request = ask(people["sam"], title=bad, files={"quote": file}, reason=bad)
    for_mia = signed_in(people["mia"])
    pages = [page_text(for_mia, open_task(request, "manager_review"))]
    pages.append(for_mia.get("/").content.decode())
    decide(request, "manager_review", people["mia"], "approve", comment=bad)
    pages.append(page_text(signed_in(people["lena"]), open_task(request, "legal_review")))
    for_sam = signed_in(people["sam"])
    pages.append(for_sam.get(f"/requests/{request.reference}/").content.decode())
    pages.append(for_sam.get("/requests/").content.decode())
    for text in pages:
        assert text.count("<script") == text.count('<script src="/static/')
        assert "&lt;script&gt;" in text
