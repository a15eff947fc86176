"""Documents of a request: counted versions, what was seen, and no file without its decision."""

import hashlib
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from pytest_django import Settings

from tests.factories import NOW
from tests.workflows import drawn
from tests.workflows.support import (
    Flow,
    again,
    begin,
    digest_now,
    paper,
    person,
    refused,
    stored_files,
)
from workflows.documents.models import Document
from workflows.engine.errors import ChangedSince, InvalidInput, NotAllowed
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_file_of_another_test(settings: Settings, tmp_path: Path) -> None:
    """These tests count the files that are there."""
    settings.MEDIA_ROOT = tmp_path


def content(document: Document) -> bytes:
    """What is stored on disk."""
    with document.file.open() as file:
        return bytes(file.read())


def sent_back() -> Flow:
    """A request with a paper that was sent back for another one."""
    flow = begin(drawn.sequential(), paper=paper("first"))
    flow.decide("review", "back", comment="Not readable.")
    return flow


def test_an_upload_is_kept_with_its_digest_and_named_in_the_data() -> None:
    flow = begin(drawn.sequential(), paper=paper("first", "offer.txt"))
    document = Document.objects.get()
    digest = hashlib.sha256(b"first").hexdigest()
    assert flow.data["paper"] == {"name": "offer.txt", "version": 1, "sha256": digest}
    assert (document.request, document.field, document.version) == (flow.request, "paper", 1)
    assert (document.uploaded_by, document.uploaded_at, document.size) == (person("rita"), NOW, 5)
    assert content(document) == b"first"
    assert flow.last().changes["uploaded"] == [{"field": "paper", "version": 1, "sha256": digest}]
    assert document.history.get().history_user == person("rita")


def test_a_new_upload_is_a_new_version_and_the_old_one_stays() -> None:
    flow = sent_back()
    flow.decide("fix", "again", "rita", files={"paper": paper("second")})
    assert flow.data["paper"]["version"] == 2
    kept = Document.objects.order_by("version")
    assert [content(document) for document in kept] == [b"first", b"second"]


def test_versions_count_up_for_each_request_alone() -> None:
    sent_back()
    other = again("sequential", paper=paper("other"))
    assert other.data["paper"]["version"] == 1


def test_a_decision_records_which_versions_were_in_front_of_the_person() -> None:
    flow = sent_back()
    flow.decide("fix", "again", "rita", files={"paper": paper("second")})
    task = flow.decide("review", "ok", "bob", seen=digest_now(flow, "review"))
    assert task.document_versions == {"paper": 2}
    assert flow.last().document_versions == {"paper": 2}


def test_a_step_records_only_the_documents_that_it_shows() -> None:
    data = drawn.sequential()
    data["steps"]["review"]["inputs"] = ["amount"]
    flow = begin(data, paper=paper())
    assert flow.decide("review", "ok").document_versions == {}
    assert flow.decide("pay", "paid", "mona", data={"code": "1"}).document_versions == {"paper": 1}


def test_who_saw_another_version_must_look_again() -> None:
    flow = sent_back()
    seen = digest_now(flow, "review")
    flow.decide("fix", "again", "rita", files={"paper": paper("second")})
    with refused(ChangedSince, "'paper.txt' is now version 2; you saw version 1", "new version"):
        flow.decide("review", "ok", "bob", seen=seen)


def test_a_refused_decision_leaves_no_file() -> None:
    flow = sent_back()
    before = stored_files()
    with refused(NotAllowed):
        flow.decide("fix", "again", "ann", files={"paper": paper("second")})
    with refused(InvalidInput):
        flow.decide("fix", "nonsense", "rita", files={"paper": paper("second")})
    assert stored_files() == before


def test_a_refused_start_leaves_no_file() -> None:
    begin(drawn.sequential())
    files, before = {"paper": paper()}, stored_files()
    with refused(InvalidInput, "Fill in Amount"):
        requests.start("sequential", actor=person("rita"), now=NOW, files=files)
    assert stored_files() == before


def test_a_name_tells_nothing_about_where_a_file_is_kept() -> None:
    begin(drawn.sequential(), paper=paper("x", "../../etc/pass\x07wd"))
    document = Document.objects.get()
    assert document.name == "passwd"
    assert document.file.name.startswith("documents/")
    assert "pass" not in document.file.name


def test_a_file_that_is_too_large_is_refused(settings: Settings) -> None:
    flow = sent_back()
    settings.UPLOAD_MAX_MB = 1
    large = ContentFile(b"1" * (1024 * 1024 + 1), name="x.pdf")
    with refused(InvalidInput, "larger than 1 MB"):
        flow.decide("fix", "again", "rita", files={"paper": large})


@pytest.mark.parametrize("name", ["setup.exe", "invoice.pdf.EXE", "page.html", "macro.js"])
def test_a_file_of_a_kind_that_the_site_does_not_take_is_refused(name: str) -> None:
    flow = sent_back()
    with refused(InvalidInput, "are not taken here", "pdf"):
        flow.decide("fix", "again", "rita", files={"paper": ContentFile(b"1", name=name)})


def test_a_site_may_take_files_of_all_kinds(settings: Settings) -> None:
    flow = sent_back()
    settings.UPLOAD_TYPES = frozenset()
    flow.decide("fix", "again", "rita", files={"paper": ContentFile(b"1", name="plan.cad")})
    assert flow.data["paper"]["name"] == "plan.cad"


def test_a_document_can_be_taken_away_by_an_empty_value() -> None:
    flow = sent_back()
    tasks.decide(
        flow.task("fix").pk,
        actor=person("rita"),
        outcome="again",
        now=flow.later(),
        data={"paper": None},
    )
    assert flow.data["paper"] is None
    assert Document.objects.count() == 1
