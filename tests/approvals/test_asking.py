"""The pages on which people pass work on, ask one another, and answer."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.approvals.office import (
    ask,
    ask_approved,
    decide,
    everything,
    page_text,
    post,
    signed_in,
)
from tests.factories import open_task
from workflows.documents.models import Document
from workflows.execution.models import TaskQuestion, WorkflowInstance
from workflows.people.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]


def text_of(answer: Any) -> str:
    """What a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def send(client: Client, path: str, **values: str) -> str:
    """Post a form, and what the page says that it leads to."""
    answer = client.post(path, values, follow=True)
    assert answer.status_code == 200, text_of(answer)
    return text_of(answer)


def test_an_opinion_is_asked_on_a_page_and_stands_in_the_inbox(people: dict[str, User]) -> None:
    instance = ask(people["sam"])
    task = open_task(instance, "manager_review")
    mia, nora = signed_in(people["mia"]), signed_in(people["stranger"])
    assert nora.get(f"/requests/{instance.reference}/").status_code == 404
    address = f"/tasks/{task.pk}/opinion/"
    assert "may see the whole request until they have answered" in text_of(mia.get(address))
    after = send(mia, address, first="stranger", second="fred", question="Fair?")
    assert "You asked Nora Quist and Fred Bauer for an opinion." in after
    assert "Nora Quist has not answered yet." in after
    assert "Approve" in after, "it can be decided meanwhile"
    inbox = text_of(nora.get("/"))
    assert "Asked of you 1" in inbox
    assert "asked by Mia Lopez" in inbox


def test_an_opinion_is_given_on_a_page_and_read_on_the_others(people: dict[str, User]) -> None:
    instance = ask(people["sam"])
    task = open_task(instance, "manager_review")
    mia, nora = signed_in(people["mia"]), signed_in(people["stranger"])
    send(mia, f"/tasks/{task.pk}/opinion/", first="stranger", second="fred", question="Fair?")
    address = f"/questions/{TaskQuestion.objects.get(asked_of=people['stranger']).pk}/"
    page = text_of(nora.get(address))
    assert "Mia Lopez asks for your opinion: Two laptops" in page
    assert "It decides nothing." in page
    assert "sees your opinion" in send(nora, address, answer="A fair price.")
    shown = page_text(mia, task)
    assert "A fair price." in shown
    assert "Fred Bauer has not answered yet." in shown
    record = text_of(mia.get(f"/requests/{instance.reference}/"))
    assert "Mia Lopez asked Nora Quist for an opinion" in record
    assert "A fair price." in record
    again = nora.post(address, {"answer": "No."}, follow=True)
    assert again.status_code == 404, "the sight went with the answer"


def test_the_requester_is_asked_and_answers_on_the_pages(people: dict[str, User]) -> None:
    instance = ask(people["sam"])
    task = open_task(instance, "manager_review")
    mia, sam = signed_in(people["mia"]), signed_in(people["sam"])
    assert "rests until Sam Okafor has answered" in text_of(mia.get(f"/tasks/{task.pk}/question/"))
    after = send(mia, f"/tasks/{task.pk}/question/", question="Which laptops?")
    assert "Sam Okafor has not answered yet." in after
    assert "waits for the requester" in after
    assert "Your decision" not in after
    assert "with the requester, who was asked something" in text_of(mia.get("/"))
    where = text_of(sam.get(f"/requests/{instance.reference}/"))
    assert "Sam Okafor, who asked for it, has to answer a question first" in where
    assert "then it is with Mia Lopez again" in where
    assert "Sam Okafor, to answer a question" in text_of(sam.get("/requests/"))
    inbox = text_of(sam.get("/"))
    assert "Your request waits for your answer" in inbox
    question = TaskQuestion.objects.get()
    said = send(sam, f"/questions/{question.pk}/", answer="The thin ones.")
    assert "goes on; Mia Lopez sees your answer." in said
    shown = page_text(mia, task)
    assert "The thin ones." in shown
    assert post(mia, task, "approve").status_code == 302


def test_a_question_is_taken_back_by_a_button(people: dict[str, User]) -> None:
    instance = ask(people["sam"])
    task = open_task(instance, "manager_review")
    mia, fred = signed_in(people["mia"]), signed_in(people["fred"])
    send(mia, f"/tasks/{task.pk}/question/", question="Which laptops?")
    question = TaskQuestion.objects.get()
    path = f"/questions/{question.pk}/withdraw/"
    assert fred.post(path).status_code == 404
    assert signed_in(people["sam"]).post(path).status_code == 403
    assert "Nothing was done yet" in text_of(mia.get(path, follow=True))
    assert "is taken back" in send(mia, path)
    task.refresh_from_db()
    assert task.state == "started"
    assert mia.post(path).status_code == 409


def test_an_opinion_after_the_decision_is_said_to_be_late(people: dict[str, User]) -> None:
    instance = ask(people["sam"])
    task = open_task(instance, "manager_review")
    mia, nora = signed_in(people["mia"]), signed_in(people["stranger"])
    send(mia, f"/tasks/{task.pk}/opinion/", first="stranger", question="Fair?")
    question = TaskQuestion.objects.get()
    decide(instance, "manager_review", people["mia"], "approve")
    assert "Asked of you" not in text_of(nora.get("/"))
    assert "The task is over by now." in text_of(nora.get(f"/questions/{question.pk}/"))
    said = send(nora, f"/questions/{question.pk}/", answer="Too dear.")
    assert "It came after the task was over" in said
    record = text_of(mia.get(f"/requests/{instance.reference}/"))
    assert "after the task was over:" in record


def test_the_buttons_stand_only_where_they_may_be_pressed(people: dict[str, User]) -> None:
    instance = ask(people["sam"])
    task = open_task(instance, "manager_review")
    mine = page_text(signed_in(people["mia"]), task)
    for page in ("opinion", "question", "reassign"):
        assert f'href="/tasks/{task.pk}/{page}/"' in mine
    theirs = page_text(signed_in(people["sam"]), task)
    for page in ("opinion", "question", "reassign"):
        assert f"/tasks/{task.pk}/{page}/" not in theirs
        assert signed_in(people["sam"]).get(f"/tasks/{task.pk}/{page}/").status_code == 403
        assert signed_in(people["fred"]).get(f"/tasks/{task.pk}/{page}/").status_code == 404
    User.objects.filter(username="sam").update(is_active=False)
    mine = page_text(signed_in(people["mia"]), task)
    assert f"/tasks/{task.pk}/question/" not in mine
    assert "cannot be asked: the account is closed" in mine
    assert signed_in(people["mia"]).get(f"/tasks/{task.pk}/question/").status_code == 422


def test_a_task_is_passed_on_by_whoever_has_it(people: dict[str, User]) -> None:
    instance = ask_approved(people)
    task = open_task(instance, "legal_review")
    lena = signed_in(people["lena"])
    path = f"/tasks/{task.pk}/reassign/"
    assert "Pass “Legal review” of" in text_of(lena.get(path))
    before = everything()
    wrong = lena.post(path, {"to": "fred", "reason": "You know it."})
    assert wrong.status_code == 403
    assert "not in the role" in text_of(wrong)
    assert everything() == before
    assert "Leo Martin" in send(lena, path, to="leo", reason="You know it.")
    task.refresh_from_db()
    assert task.assignee == people["leo"]
    assert lena.get(path).status_code == 403


def test_what_is_typed_is_shown_as_text_and_kept_after_a_refusal(people: dict[str, User]) -> None:
    instance = ask(people["sam"])
    task = open_task(instance, "manager_review")
    mia = signed_in(people["mia"])
    path, typed = f"/tasks/{task.pk}/opinion/", "<script>alert(1)</script>"
    refused = mia.post(path, {"first": "mia", "question": typed})
    assert refused.status_code == 422
    assert "&lt;script&gt;alert(1)" in refused.content.decode()
    send(mia, path, first="fred", question=typed)
    for client, page in ((mia, f"/tasks/{task.pk}/"), (signed_in(people["fred"]), "/")):
        content = client.get(page).content.decode()
        assert typed not in content
        assert "&lt;script&gt;alert(1)" in content
    assert WorkflowInstance.objects.visible_to(people["fred"]).get() == instance


def test_an_answer_carries_files_that_its_page_the_task_and_the_request_show(
    people: dict[str, User],
) -> None:
    instance = ask(people["sam"])
    task = open_task(instance, "manager_review")
    mia, sam = signed_in(people["mia"]), signed_in(people["sam"])
    send(mia, f"/tasks/{task.pk}/question/", question="Which?")
    question = TaskQuestion.objects.get()
    page = sam.get(f"/questions/{question.pk}/").content.decode()
    assert 'enctype="multipart/form-data"' in page
    files = [SimpleUploadedFile(f"offer{number}.txt", b"Thin ones.") for number in (1, 2)]
    sent = {"answer": "The thin ones.", "files": files}
    assert sam.post(f"/questions/{question.pk}/", sent).status_code == 302
    rows = Document.objects.order_by("version")
    assert [(row.name, row.version, row.field, row.question) for row in rows] == [
        ("offer1.txt", 1, "", question),
        ("offer2.txt", 2, "", question),
    ]
    for path in (
        f"/questions/{question.pk}/",
        f"/tasks/{task.pk}/",
        f"/requests/{instance.reference}/",
    ):
        assert f"/documents/{rows[0].pk}/view/" in mia.get(path).content.decode(), path
    assert "Answer: offer1.txt" in text_of(mia.get(f"/documents/{rows[0].pk}/view/"))
    assert signed_in(people["stranger"]).get(f"/documents/{rows[0].pk}/").status_code == 404


def test_a_refused_answer_says_that_its_files_have_to_be_chosen_again(
    people: dict[str, User],
) -> None:
    task = open_task(ask(people["sam"]), "manager_review")
    send(signed_in(people["mia"]), f"/tasks/{task.pk}/question/", question="Which?")
    question, before = TaskQuestion.objects.get(), everything()
    sent = {"answer": " ", "files": [SimpleUploadedFile("offer.txt", b"Thin.")]}
    answer = signed_in(people["sam"]).post(f"/questions/{question.pk}/", sent)
    assert answer.status_code == 422
    assert "Choose your files again: offer.txt." in text_of(answer)
    assert everything() == before
    assert not Document.objects.exists()
