"""Files by API: what comments and answers carry, and the content of any file that may be seen."""

import base64

import pytest
from django.core.files.base import ContentFile

from tests.approvals.api.calls import Api, open_api_office, problem, unchanged
from tests.approvals.office import ask
from tests.factories import open_task
from workflows.documents.models import Document
from workflows.execution.models import TaskQuestion
from workflows.execution.services.field_values.values import MOST_FILES
from workflows.execution.services.questions import ask_opinions
from workflows.people.models import User

pytestmark = pytest.mark.django_db

CONTENT = b"Two laptops: 1,200.00"
SENT = {"name": "offer.txt", "content": base64.b64encode(CONTENT).decode()}


@pytest.fixture
def people() -> dict[str, User]:
    return open_api_office()


def ask_stranger(people: dict[str, User]) -> TaskQuestion:
    """Nora is asked for an opinion on a request of Sam's."""
    task = open_task(ask(people["sam"]), "manager_review")
    now = task.enabled_at
    assert now is not None
    [question] = ask_opinions(
        task.pk, actor=people["mia"], people=[people["stranger"]], question="Fair?", now=now
    )
    return question


def test_an_answer_carries_files_and_who_sees_the_request_reads_them(
    people: dict[str, User],
) -> None:
    question = ask_stranger(people)
    body = {"answer": "See.", "files": [SENT]}
    answered = Api(people["stranger"]).post(f"/questions/{question.pk}/answer", body, key="k")
    [file] = answered.json()["files"]
    assert (file["name"], file["size"]) == ("offer.txt", len(CONTENT))
    Api(people["stranger"]).post(f"/questions/{question.pk}/answer", body, key="k")
    assert Document.objects.count() == 1
    mia = Api(people["mia"], "read")
    [kept] = mia.get(f"/instances/{question.request.reference}").json()["questions"]
    assert kept["files"] == [file]
    content = mia.get(f"/documents/{file['id']}")
    assert b"".join(content.streaming_content) == CONTENT
    assert content.headers["Content-Type"] == "text/plain"
    assert 'attachment; filename="offer.txt"' in content.headers["Content-Disposition"]


def test_a_refused_answer_leaves_no_file_and_no_row(people: dict[str, User]) -> None:
    question = ask_stranger(people)
    path, nora = f"/questions/{question.pk}/answer", Api(people["stranger"])
    with unchanged():
        problem(nora.post(path, {"answer": " ", "files": [SENT]}), 422, "Write your answer")
        problem(nora.post(path, {"answer": "x", "files": [{**SENT, "content": "%"}]}), 422)
        problem(nora.post(path, {"answer": "x", "files": [SENT] * (MOST_FILES + 1)}), 422)
        problem(Api(people["mia"]).post(path, {"answer": "x", "files": [SENT]}), 403)
    assert not Document.objects.exists()


def test_files_of_comments_are_given_by_the_rights_of_their_pages(people: dict[str, User]) -> None:
    request = ask(people["sam"], files={"quote": ContentFile(CONTENT, name="quote.txt")})
    sam = Api(people["sam"])
    written = sam.post(
        f"/instances/{request.reference}/comments", {"text": "See.", "files": [SENT]}
    ).json()
    [file] = written["files"]
    quote = Document.objects.get(field="quote")
    for pk in (file["id"], quote.pk):
        assert b"".join(Api(people["mia"]).get(f"/documents/{pk}").streaming_content) == CONTENT
        with unchanged():
            problem(Api(people["stranger"]).get(f"/documents/{pk}"), 404)
            problem(Api(people["sue"]).get(f"/documents/{pk}"), 404)
    sam.post(f"/comments/{written['id']}/withdraw")
    for name in ("sam", "mia", "olivia"):
        problem(Api(people[name]).get(f"/documents/{file['id']}"), 404)
    problem(sam.get("/documents/999999"), 404)
