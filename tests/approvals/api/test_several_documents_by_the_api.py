"""Several documents by the API: sent as parts of one name, read as a list, each fetched alone."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.approvals.api.calls import API, Api, open_api_office, problem, start_body, unchanged
from tests.factories import map_data, publish_map
from workflows.people.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> dict[str, User]:
    people = open_api_office()
    data = map_data()
    data["fields"]["bills"] = {"type": "documents", "required": True, "max_files": 3}
    data["start"]["fields"].append("bills")
    data["steps"]["revise"]["outputs"].append("bills")
    publish_map(data)
    return people


def papers(*names: str) -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile(name, name.encode()) for name in names]


def send(api: Api, path: str, body: Any, *, key: str = "", **files: Any) -> Any:
    headers = api.headers | ({"Idempotency-Key": key} if key else {})
    parts = {"body": json.dumps(body), **files}
    return api.client.post(f"{API}{path}", parts, headers=headers)


def sent_back(sam: Api, mia: Api) -> tuple[str, int]:
    started = send(sam, "/instances", start_body(), bills=papers("a.txt", "b.txt"))
    assert started.status_code == 201, started.content
    reference = started.json()["reference"]
    [task] = mia.get(f"/instances/{reference}").json()["work_items"]
    body = {"outcome": "return", "comment": "Another.", "seen": task["seen"]}
    assert mia.post(f"/work-items/{task['id']}/decide", body).status_code == 200
    [revise] = sam.get(f"/instances/{reference}").json()["work_items"]
    return reference, revise["id"]


def test_several_parts_of_a_name_become_its_list_and_each_is_fetched(
    people: dict[str, User],
) -> None:
    sam, mia = Api(people["sam"]), Api(people["mia"])
    reference, _ = sent_back(sam, mia)
    said = mia.get(f"/instances/{reference}").json()
    assert [each["name"] for each in said["data"]["bills"]] == ["a.txt", "b.txt"]
    assert [each["version"] for each in said["data"]["bills"]] == [1, 2]
    rows = {row["name"]: row for row in said["documents"] if row["field"] == "bills"}
    for each in said["data"]["bills"]:
        row = rows[each["name"]]
        assert (row["version"], row["sha256"]) == (each["version"], each["sha256"])
        content = mia.get(f"/documents/{row['id']}")
        assert b"".join(content.streaming_content) == each["name"].encode()


def test_data_says_which_stay_and_parts_are_added(people: dict[str, User]) -> None:
    sam, mia = Api(people["sam"]), Api(people["mia"])
    reference, task = sent_back(sam, mia)
    there = sam.get(f"/instances/{reference}").json()["data"]["bills"]
    path, body = f"/work-items/{task}/decide", {"outcome": "resubmit"}
    with unchanged():
        problem(send(sam, path, body, bills=papers("c.txt", "d.txt")), 422, "3 files")
        problem(sam.post(path, body | {"data": {"bills": []}}), 422, "Bills")
        problem(sam.post(path, body | {"data": {"bills": ["a.txt"]}}), 422, "upload")
        made_up = [there[0] | {"version": 7}]
        problem(sam.post(path, body | {"data": {"bills": made_up}}), 422, "upload new ones")
        two = papers("c.txt", "d.txt")
        problem(send(sam, path, body, quote=two), 422, "takes one file; 2 came")
    stay = body | {"data": {"bills": there[1:]}}
    done = send(sam, path, stay, key="once", bills=papers("c.txt", "d.txt"))
    assert done.status_code == 200, done.content
    again = send(sam, path, stay, key="once", bills=papers("c.txt", "d.txt"))
    assert again.status_code == 200
    data = sam.get(f"/instances/{reference}").json()["data"]["bills"]
    assert [(each["name"], each["version"]) for each in data] == [
        ("b.txt", 2),
        ("c.txt", 3),
        ("d.txt", 4),
    ]


def test_the_form_says_that_it_is_a_list(people: dict[str, User]) -> None:
    said = Api(people["sam"]).get("/workflows/purchase-approval/form").json()["data_schema"]
    assert said["properties"]["bills"]["type"] == "array"
    assert said["properties"]["bills"]["maxItems"] == 3
    assert "bills" in said["required"]
