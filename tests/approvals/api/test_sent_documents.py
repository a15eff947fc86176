"""Documents by API: a start and a decision take files, and a request names what it has."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings

from tests.approvals.api.calls import (
    API,
    PURCHASE,
    Api,
    open_api_office,
    problem,
    seen_by,
    start_body,
    token_for,
    unchanged,
)
from tests.factories import map_data, publish_map
from workflows.documents.models import Document
from workflows.execution.models import WorkflowInstance
from workflows.people.models import User

pytestmark = pytest.mark.django_db
CONTENT = b"Two laptops: 1,200.00"


@pytest.fixture
def people() -> dict[str, User]:
    people = open_api_office()
    data = map_data()
    data["fields"]["quote"]["required"] = True
    publish_map(data)
    return people


def paper(content: bytes = CONTENT, name: str = "offer.txt") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def send(api: Api, path: str, body: Any, *, key: str = "", **files: Any) -> Any:
    """A POST with the JSON as the part `body`, and files."""
    said = body if isinstance(body, str) else json.dumps(body)
    headers = api.headers | ({"Idempotency-Key": key} if key else {})
    return api.client.post(f"{API}{path}", {"body": said, **files}, headers=headers)


def test_a_map_that_asks_for_a_document_runs_by_the_api_alone(people: dict[str, User]) -> None:
    sam, mia = Api(people["sam"]), Api(people["mia"])
    problem(sam.post("/instances", start_body()), 422, "Quote")
    started = send(sam, "/instances", start_body(), quote=paper())
    assert started.status_code == 201, started.content
    reference = started.json()["reference"]
    request = WorkflowInstance.objects.get()
    assert request.source == WorkflowInstance.API
    said = mia.get(f"/instances/{reference}").json()
    [first] = said["documents"]
    assert (first["field"], first["version"], first["name"]) == ("quote", 1, "offer.txt")
    assert said["data"]["quote"]["sha256"] == first["sha256"]
    [task] = said["work_items"]
    body = {"outcome": "return", "comment": "Another offer.", "seen": task["seen"]}
    assert mia.post(f"/work-items/{task['id']}/decide", body).status_code == 200
    [revise] = sam.get(f"/instances/{reference}").json()["work_items"]
    sent = send(
        sam,
        f"/work-items/{revise['id']}/decide",
        {"outcome": "resubmit", "data": {"amount": "900.00"}},
        quote=paper(b"Cheaper", "offer-2.txt"),
    )
    assert sent.status_code == 200, sent.content
    newest, *_ = mia.get(f"/instances/{reference}").json()["documents"]
    assert (newest["version"], newest["name"]) == (2, "offer-2.txt")
    content = mia.get(f"/documents/{newest['id']}")
    assert b"".join(content.streaming_content) == b"Cheaper"
    [review] = mia.get(f"/instances/{reference}").json()["work_items"]
    approve = {"outcome": "approve", "seen": seen_by(mia, request, review["id"])}
    assert mia.post(f"/work-items/{review['id']}/decide", approve).status_code == 200


def test_the_same_call_again_makes_one_request_and_keeps_one_file(people: dict[str, User]) -> None:
    sam = Api(people["sam"])
    first = send(sam, "/instances", start_body(), key="k", quote=paper())
    again = send(sam, "/instances", start_body(), key="k", quote=paper())
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Document.objects.count() == 1
    with unchanged():
        other = send(sam, "/instances", start_body(), key="k", quote=paper(b"other"))
        problem(other, 422, "another call")


@pytest.mark.parametrize(
    ("body", "files", "status", "words"),
    [
        (start_body(), {"paper": paper()}, 422, "paper"),
        (start_body(), {"amount": paper()}, 422, ""),
        (start_body(), {"quote": [paper(), paper()]}, 422, "one file"),
        (start_body(), {"quote": paper(b"MZ\x90\x00", "offer.exe")}, 422, "exe"),
        (start_body(), {"quote": paper(b"")}, 422, ""),
        ("{", {"quote": paper()}, 400, ""),
        ('{"workflow": NaN}', {"quote": paper()}, 400, ""),
        (start_body(colour="red"), {"quote": paper()}, 422, "body.colour"),
        ({"workflow": "purchase-approval", "data": []}, {"quote": paper()}, 422, "body.data"),
        (start_body(), {"quote": paper(), "title": "x"}, 422, "body"),
        (start_body(workflow="nothing"), {"quote": paper()}, 404, ""),
    ],
)
def test_a_call_with_files_that_cannot_be_taken_leaves_nothing(
    people: dict[str, User], body: Any, files: dict[str, Any], status: int, words: str
) -> None:
    for one in files.values():
        for file in one if isinstance(one, list) else [one]:
            if not isinstance(file, str):
                file.seek(0)
    with unchanged():
        problem(send(Api(people["sam"]), "/instances", body, **files), status, words)


def test_files_are_taken_only_where_a_call_takes_some_and_from_whom_it_does(
    people: dict[str, User],
) -> None:
    sam = Api(people["sam"])
    with unchanged():
        problem(send(sam, "/messages", {}, quote=paper()), 415)
        problem(send(sam, "/instances/PA-1/cancel", {}, quote=paper()), 415)
        problem(send(Api(), "/instances", start_body(), quote=paper()), 401)
        reader = Api(token=token_for(people["sam"], "read"))
        problem(send(reader, "/instances", start_body(), quote=paper()), 403)
        problem(send(Api(people["stranger"]), "/instances", start_body(), quote=paper()), 404)


@override_settings(UPLOAD_MAX_MB=1)
def test_all_files_of_a_call_have_the_room_of_four_of_the_largest(people: dict[str, User]) -> None:
    sam = Api(people["sam"])
    with unchanged():
        large = send(sam, "/instances", start_body(), quote=paper(b"x" * (5 * 1024 * 1024 + 1)))
        problem(large, 413)
        problem(send(sam, "/instances", start_body(), quote=paper(b"x" * (1024 * 1024 + 1))), 422)
        problem(sam.post("/instances", start_body(title="x" * 1024 * 1024)), 413)
    exact = send(sam, "/instances", start_body(), quote=paper(b"x" * 1024 * 1024))
    assert exact.status_code == 201


def test_the_document_of_the_api_says_that_they_take_files() -> None:
    document = Api().get("/openapi.json").json()
    for path in ("/api/v1/instances", "/api/v1/work-items/{task_id}/decide"):
        content = document["paths"][path]["post"]["requestBody"]["content"]
        assert set(content) == {"application/json", "multipart/form-data"}
    assert PURCHASE
