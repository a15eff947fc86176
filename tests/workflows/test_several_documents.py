"""Several files in one field: each kept with its number and digest, any of them taken out again."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from pytest_django import Settings

from approvals.pages.request_record import describe_merge_record
from tests.factories import NOW
from tests.workflows import drawn
from tests.workflows.support import (
    Flow,
    begin,
    digest_now,
    make_people,
    nothing_changed,
    paper,
    person,
    publish,
    refused,
    stored_files,
)
from workflows.automation.services.subworkflows import request_document
from workflows.definitions.queries.compiled_versions import VersionMap, cached_map
from workflows.documents.models import Document
from workflows.documents.queries.instance_documents import documents_of, versions_of_document
from workflows.engine.errors import ChangedSince, InvalidInput, NotAllowed
from workflows.engine.routing.marking import Marking
from workflows.execution.models import MergeRecord, WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.execution.services.merges import resolve_merge
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_file_of_another_test(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def bills_map(**said: Any) -> dict[str, Any]:
    """The sequential map whose requests have several papers."""
    data = drawn.sequential()
    data["fields"]["bills"] = {"type": "documents"} | said
    data["start"]["fields"].append("bills")
    data["steps"]["review"]["inputs"].append("bills")
    data["steps"]["fix"]["outputs"].append("bills")
    return data


def papers(*names: str) -> list[ContentFile]:
    return [paper(f"what {name} says", f"{name}.txt") for name in names]


def ask(*names: str, **said: Any) -> Flow:
    make_people()
    publish(bills_map(**said))
    return Flow(begun(*names), NOW)


def begun(*names: str, **values: Any) -> WorkflowInstance:
    files = {"bills": papers(*names)} if names else {}
    return requests.start(
        "sequential",
        actor=person("rita"),
        now=NOW,
        data={"amount": "10.00"} | values,
        files=files,
    )


def names_in(flow: Flow) -> list[str]:
    return [file["name"] for file in flow.refresh().data.get("bills") or ()]


def sent_back(*names: str, **said: Any) -> Flow:
    flow = ask(*names, **said)
    flow.decide("review", "back", comment="Another one.")
    return flow


def fix(flow: Flow, *names: str, keep: list[int] | None = None, **more: Any) -> None:
    """Rita sends it again, with these files, and of those that are there the ones with these
    numbers."""
    data: dict[str, Any] = {}
    if keep is not None:
        there = flow.refresh().data["bills"]
        data["bills"] = [file for file in there if file["version"] in keep]
    files = {"bills": papers(*names)} if names else {}
    flow.decide("fix", "again", "rita", data=data, files=files, **more)


def test_a_start_takes_several_files_and_each_is_kept_with_its_digest() -> None:
    flow = ask("first", "second", "third")
    digests = [
        hashlib.sha256(f"what {name} says".encode()).hexdigest()
        for name in ("first", "second", "third")
    ]
    assert flow.data["bills"] == [
        {"name": f"{name}.txt", "version": number, "sha256": digest}
        for number, (name, digest) in enumerate(
            zip(("first", "second", "third"), digests, strict=True), 1
        )
    ]
    rows = Document.objects.filter(field="bills").order_by("version")
    assert [row.sha256 for row in rows] == digests
    assert [each["sha256"] for each in flow.last().changes["uploaded"]] == digests
    assert len(stored_files()) == 3


def test_files_are_added_to_those_that_are_there() -> None:
    flow = sent_back("first")
    fix(flow, "second", "third")
    assert names_in(flow) == ["first.txt", "second.txt", "third.txt"]
    assert [file["version"] for file in flow.data["bills"]] == [1, 2, 3]


def test_a_file_is_taken_out_and_stays_in_the_record() -> None:
    flow = sent_back("first", "second", "third")
    fix(flow, "fourth", keep=[1, 3])
    assert [(file["name"], file["version"]) for file in flow.refresh().data["bills"]] == [
        ("first.txt", 1),
        ("third.txt", 3),
        ("fourth.txt", 4),
    ]
    assert Document.objects.filter(field="bills").count() == len(stored_files()) == 4
    assert rebuild_from_trail(flow.request) == (
        Marking.from_json(flow.request.marking),
        flow.request.data,
    )


def test_a_number_is_never_given_twice() -> None:
    flow = sent_back("first", "second")
    fix(flow, keep=[1])
    flow.decide("review", "back", comment="Once more.")
    fix(flow, "third")
    assert [file["version"] for file in flow.refresh().data["bills"]] == [1, 3]


def test_a_field_is_emptied_of_all_its_files() -> None:
    flow = sent_back("first", "second")
    fix(flow, keep=[])
    assert flow.refresh().data["bills"] is None


def test_a_value_names_only_files_that_are_there() -> None:
    flow = sent_back("first")
    other = {"name": "x.txt", "version": 9, "sha256": "0" * 64}
    for value in ([other], [flow.data["bills"][0] | {"name": "y.txt"}], "first.txt", [1]):
        with nothing_changed(), refused(InvalidInput):
            flow.decide("fix", "again", "rita", data={"bills": value})
    with nothing_changed(), refused(InvalidInput, "upload new ones"):
        begun(bills=[other])


def test_too_few_and_too_many_files_are_refused_and_nothing_stays() -> None:
    make_people()
    publish(bills_map(min_files=2, max_files=3, max_size=1))
    for names, why in (
        (("one",), "at least 2 files"),
        (("a", "b", "c", "d"), "keep it to 3 files"),
    ):
        with nothing_changed(), refused(InvalidInput, why):
            begun(*names)
    flow = Flow(begun("a", "b"), NOW)
    flow.decide("review", "back", comment="Another one.")
    with nothing_changed(), refused(InvalidInput, "keep it to 3 files"):
        fix(flow, "c", "d")
    with nothing_changed(), refused(InvalidInput, "at least 2 files"):
        fix(flow, keep=[1])
    fix(flow, "c", "d", keep=[1])
    assert names_in(flow) == ["a.txt", "c.txt", "d.txt"]


def test_each_file_is_asked_what_the_field_asks() -> None:
    make_people()
    publish(bills_map(accept=["pdf"], max_size=1))
    with nothing_changed(), refused(InvalidInput, "these kinds: pdf"):
        begun("a")
    pdf = ContentFile(b"%PDF-1.7\n" + b"x" * 2**20, name="large.pdf")
    with nothing_changed(), refused(InvalidInput, "larger than 1 MB"):
        requests.start(
            "sequential",
            actor=person("rita"),
            now=NOW,
            data={"amount": "10.00"},
            files={"bills": [ContentFile(b"%PDF-1.7\n%%EOF", name="good.pdf"), pdf]},
        )


def test_a_required_field_needs_a_file() -> None:
    make_people()
    publish(bills_map(required=True))
    with nothing_changed(), refused(InvalidInput, "Bills"):
        begun()
    flow = Flow(begun("a"), NOW)
    flow.decide("review", "back", comment="Another one.")
    with nothing_changed(), refused(InvalidInput, "Bills"):
        fix(flow, keep=[])


def test_a_document_takes_one_file() -> None:
    make_people()
    publish(drawn.sequential())
    with nothing_changed(), refused(InvalidInput, "takes one file; 2 came"):
        requests.start(
            "sequential",
            actor=person("rita"),
            now=NOW,
            data={"amount": "10.00"},
            files={"paper": papers("a", "b")},
        )


def test_a_decision_records_each_file_that_was_seen_and_a_new_one_is_a_change() -> None:
    flow = sent_back("first", "second")
    seen = digest_now(flow, "review")
    fix(flow, "third", keep=[2])
    with refused(ChangedSince, "first.txt, second.txt", "second.txt, third.txt"):
        flow.decide("review", "ok", "bob", seen=seen)
    task = flow.decide("review", "ok", "bob", seen=digest_now(flow, "review"))
    assert task.document_versions == {"bills": [2, 3]}
    assert TrailEvent.objects.filter(document_versions={"bills": [2, 3]}).exists()


def test_a_refused_decision_leaves_no_file() -> None:
    flow = sent_back("first")
    with nothing_changed(), refused(NotAllowed):
        flow.decide("fix", "again", "ann", files={"bills": papers("a", "b")})


def test_what_is_not_asked_for_any_more_is_emptied_and_takes_no_files() -> None:
    data = bills_map(when="amount > 5")
    data["steps"]["fix"]["outputs"].append("amount")
    make_people()
    publish(data)
    flow = Flow(begun("a", "b"), NOW)
    flow.decide("review", "back", comment="Less.")
    flow.decide("fix", "again", "rita", data={"amount": "1.00"}, files={"bills": papers("c")})
    assert flow.refresh().data["bills"] is None
    assert len(stored_files()) == 2


def test_each_of_several_files_has_no_other_versions() -> None:
    flow = ask("first", "second")
    rows = [row for row in documents_of(flow.request) if row.field == "bills"]
    assert all(row.is_one_of_several for row in rows)
    assert [versions_of_document(row) for row in rows] == [[row] for row in rows]


def test_another_workflow_is_told_the_names() -> None:
    flow = ask("first", "second")
    assert request_document(flow.request)["data"]["bills"] == flow.data["bills"]


def test_branches_that_leave_other_files_disagree_and_the_owner_chooses_all_of_one() -> None:
    data = drawn.branches()
    data["fields"]["bills"] = {"type": "documents"}
    for step in ("legal", "tech"):
        data["steps"][step]["outputs"].append("bills")
    flow = begin(data, amount="10.00")
    flow.decide("legal", "ok", "ann", files={"bills": papers("a", "b")})
    flow.decide("tech", "ok", "bob", files={"bills": papers("c")})
    merge = MergeRecord.objects.get()
    assert set(merge.conflicts) == {"bills"}
    resolve_merge(
        merge.pk,
        actor=person("olga"),
        choices={"bills": "0"},
        reason="These.",
        now=flow.later(),
    )
    assert names_in(flow) == ["a.txt", "b.txt"]


def test_branches_that_approved_other_files_disagree() -> None:
    data = drawn.branches()
    data["fields"]["bills"] = {"type": "documents"}
    data["start"]["fields"].append("bills")
    data["steps"]["tech"]["outputs"].append("bills")
    for step in ("legal", "tech", "cost"):
        data["steps"][step]["on_change"] = "keep"
    make_people()
    publish(data)
    request = requests.start(
        "branches",
        actor=person("rita"),
        now=NOW,
        data={"amount": "2000.00"},
        files={"bills": papers("a")},
    )
    flow = Flow(request, NOW)
    flow.decide("legal", "ok", "ann")
    flow.decide("tech", "ok", "bob", files={"bills": papers("b")})
    flow.decide("cost", "ok", "mona")
    merge = MergeRecord.objects.get()
    assert merge.conflicts == {"bills": {"0": [1], "1": [1], "2": [1, 2]}}
    [said] = describe_merge_record(map_of(flow), merge).disagreements
    assert said.values[2][2] == "the files with the numbers 1, 2"
    resolve_merge(
        merge.pk, actor=person("olga"), choices={"bills": "2"}, reason="All.", now=flow.later()
    )
    assert names_in(flow) == ["a.txt", "b.txt"]


def map_of(flow: Flow) -> VersionMap:
    return cached_map(flow.request.version_id)
