"""Several files in one field of a form: added, taken out, and never chosen twice."""

import html
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core import mail
from django.core.cache import caches
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from approvals.forms.public_forms import opening_stamp
from tests.approvals.office import signed_in
from tests.factories import make_user, open_task, publish_map
from workflows.automation.services.delivery import deliver_due
from workflows.documents.models import Document, KeptUpload
from workflows.documents.services.kept_uploads import forget_old_uploads
from workflows.execution.models import WorkflowInstance
from workflows.links.models import PublicEntryFile
from workflows.people.models import User

pytestmark = pytest.mark.django_db

MAP = """
format: 1
key: claim
name: Claim
owner: olga
deputy: dan
roles: {staff: {groups: [staff]}, desk: {groups: [desk]}}
fields:
  why: {type: text, label: What for, required: true}
  bills:
    type: documents
    label: Bills
    required: true
    accept: [txt, pdf]
    max_size: 1
    max_files: 3
    public: true
  proof: {type: document, label: Proof}
  secret: {type: documents, label: Secret, visible_to: [desk]}
start: {role: staff, fields: [why, bills, proof], first: check, triggers: [{kind: public_form}]}
steps:
  check:
    kind: approval
    role: desk
    outputs: [why, bills, secret]
    expected: 4h
    due: 1d
    outcomes:
      done: over
      refuse: {to: gone, exception: true}
      drop: {to: gone, exception: true}
  over: {kind: end, result: over}
  gone: {kind: end, result: gone}
"""
FORM = "/start/claim/"


@pytest.fixture(autouse=True)
def _no_file_of_another_test(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def sam() -> User:
    for name in ("olga", "dan"):
        make_user(name)
    make_user("bea", groups=["desk"])
    sam = make_user("sam", groups=["staff"])
    publish_map(yaml.safe_load(MAP))
    return sam


def file(name: str, content: str = "") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, (content or name).encode())


def kept_names(text: str, field: str = "bills") -> list[str]:
    return re.findall(rf'name="f-{field}-kept" value="([\w-]+)"', text)


def start(sam: User, *names: str) -> WorkflowInstance:
    sent = {"f-why": "Trip", "f-bills": [file(name) for name in names]}
    response = signed_in(sam).post(FORM, sent)
    assert response.status_code == 302, response.content.decode()
    return WorkflowInstance.objects.get()


def names_in(request: WorkflowInstance) -> list[str]:
    request.refresh_from_db()
    return [each["name"] for each in request.data["bills"] or ()]


def opened(client: Client, request: WorkflowInstance) -> tuple[str, str]:
    """The address of the task's page, and what the page remembers."""
    address = f"/tasks/{open_task(request, 'check').pk}/"
    page = client.get(address).content.decode()
    found = re.search(r'name="opened" value="([^"]+)"', page)
    assert found is not None
    return address, found[1]


def test_a_form_takes_several_files_and_says_how_many(sam: User) -> None:
    page = signed_in(sam).get(FORM).content.decode()
    control = re.search(r'<input type="file" name="f-bills"[^>]*>', page)
    assert control is not None
    assert " multiple" in control[0]
    assert 'accept=".pdf' in control[0] or 'accept=".txt' in control[0]
    assert "At most 3 files." in page
    assert "At most 1 MB each." in page
    assert names_in(start(sam, "a.txt", "b.txt")) == ["a.txt", "b.txt"]


@pytest.mark.parametrize(
    ("names", "why"),
    [((), "Choose at least one file."), (("a.txt",) * 4, "Keep it to 3 files.")],
)
def test_too_few_and_too_many_are_refused_beside_the_field(
    sam: User, names: tuple[str, ...], why: str
) -> None:
    sent = {"f-why": "Trip", "f-bills": [file(name) for name in names]}
    response = signed_in(sam).post(FORM, sent)
    assert response.status_code == 422
    assert why in response.content.decode()
    assert not WorkflowInstance.objects.exists()
    assert not Document.objects.exists()


def test_chosen_files_go_with_a_form_that_came_back(sam: User) -> None:
    client = signed_in(sam)
    sent = {"f-why": "", "f-bills": [file("a.txt"), file("b.txt")], "f-proof": file("p.txt")}
    back = client.post(FORM, sent)
    page = back.content.decode()
    assert back.status_code == 422
    assert "choose them again" not in page
    assert "chosen, not sent yet" in page
    bills, proof = kept_names(page), kept_names(page, "proof")
    assert (len(bills), len(proof)) == (2, 1)
    again = client.post(FORM, {"f-why": " ", "f-bills-kept": bills, "f-proof-kept": proof})
    assert kept_names(again.content.decode()) == bills
    more = {"f-why": "Trip", "f-bills-kept": bills, "f-bills": [file("c.txt")]}
    done = client.post(FORM, more | {"f-bills-leave": [bills[0]], "f-proof-kept": proof})
    assert done.status_code == 302, done.content.decode()
    request = WorkflowInstance.objects.get()
    assert names_in(request) == ["b.txt", "c.txt"]
    assert request.data["proof"]["name"] == "p.txt"
    content = Document.objects.get(name="b.txt")
    with content.file.open() as stored:
        assert stored.read() == b"b.txt"
    assert not KeptUpload.objects.exists()
    assert not list(Path(content.file.storage.path("uploads")).iterdir())


def test_nobody_else_sends_what_somebody_chose(sam: User) -> None:
    back = signed_in(sam).post(FORM, {"f-why": "", "f-bills": [file("a.txt")]})
    other = make_user("sue", groups=["staff"])
    sent = {"f-why": "Mine", "f-bills-kept": kept_names(back.content.decode())}
    assert signed_in(other).post(FORM, sent).status_code == 422
    assert Client().post("/public/claim/", sent).status_code in (403, 422)
    assert not WorkflowInstance.objects.exists()
    assert KeptUpload.objects.count() == 1


def test_a_file_that_the_field_does_not_take_is_not_kept(sam: User) -> None:
    sent = {"f-why": "", "f-bills": [file("a.exe"), file("b.txt")]}
    page = signed_in(sam).post(FORM, sent).content.decode()
    assert "are not taken here" in page
    assert [row.file_name for row in KeptUpload.objects.all()] == ["b.txt"]


def test_each_file_that_is_not_taken_is_named_beside_its_field(sam: User) -> None:
    large = SimpleUploadedFile("large.txt", b"x" * (1024 * 1024 + 1))
    named = [file("a.txt"), file("false.pdf"), large, file("c.png")]
    named.append(SimpleUploadedFile("empty.txt", b""))
    sent = {"f-why": "Trip", "f-bills": named, "f-proof": SimpleUploadedFile("none.pdf", b"")}
    answer = signed_in(sam).post(FORM, sent)
    page = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    assert "What is in the file 'false.pdf' is not of the kind that its name says (pdf)" in page
    assert "The file 'large.txt' is larger than 1 MB; choose a smaller one." in page
    assert "The file 'c.png' is of another kind; this takes files of these kinds: txt, pdf." in page
    assert "The file 'empty.txt' is empty; choose another one." in page
    assert "The file 'none.pdf' is empty; choose another one." in page
    assert "Keep it to 3 files." not in page  # those that are not taken do not count
    assert "Choose your files again" not in page
    assert len(kept_names(page)) == 1


def test_a_form_that_only_gets_a_row_more_names_the_file_that_it_cannot_keep(sam: User) -> None:
    data = yaml.safe_load(MAP)
    data["fields"] |= {"lines": {"type": "list", "columns": {"item": {"type": "text"}}}}
    data["start"] = {"role": "staff", "fields": ["bills", "lines"], "first": "check"}
    publish_map(data | {"key": "rows"})
    sent = {"f-bills": [file("a.txt"), file("b.exe")], "f-lines-rows": "1", "f-lines-add": "1"}
    page = signed_in(sam).post("/start/rows/", sent).content.decode()
    assert "Choose your files again: b.exe." in page
    assert len(kept_names(page)) == 1


def test_a_long_name_of_a_file_is_said_in_short(sam: User) -> None:
    name = f"{'long' * 50}.png"
    page = signed_in(sam).post(FORM, {"f-why": "Trip", "f-bills": [file(name)]}).content.decode()
    assert f"{name[:40]}…{name[-40:]}" in page


def test_what_waits_has_a_bound_and_runs_out(sam: User, settings: Settings) -> None:
    settings.UPLOAD_MAX_MB = 1
    client, half = signed_in(sam), "x" * 600_000
    for _ in range(9):
        client.post(FORM, {"f-why": "", "f-bills": [file("a.txt", half), file("b.txt", half)]})
    assert sum(row.size for row in KeptUpload.objects.all()) <= 10 * 1024 * 1024
    assert forget_old_uploads(timezone.now()) == 0
    count = KeptUpload.objects.count()
    assert forget_old_uploads(timezone.now() + timedelta(hours=25)) == count
    assert not KeptUpload.objects.exists()


def test_a_task_shows_what_is_there_and_takes_it_out(sam: User) -> None:
    request = start(sam, "a.txt", "b.txt")
    bea = signed_in(User.objects.get(username="bea"))
    address, remembered = opened(bea, request)
    page = bea.get(address).content.decode()
    assert re.findall(r'name="f-bills-remove" value="(\d+)"', page) == ["1", "2"]
    sent = {
        "opened": remembered,
        "outcome": "done",
        "f-why": "Trip",
        "f-bills-asked": "1",
        "f-bills-remove": ["1"],
        "f-bills": [file("c.txt")],
    }
    wrong = bea.post(address, sent | {"outcome": ""})
    page = wrong.content.decode()
    assert wrong.status_code == 422
    assert re.search(r'name="f-bills-remove" value="1" checked', page)
    assert len(kept_names(page)) == 1
    assert names_in(request) == ["a.txt", "b.txt"]
    sent = {**sent, "f-bills": [], "f-bills-kept": kept_names(page)}
    assert bea.post(address, sent).status_code == 302
    assert names_in(request) == ["b.txt", "c.txt"]


def test_a_task_that_touches_nothing_leaves_the_files(sam: User) -> None:
    request = start(sam, "a.txt", "b.txt")
    bea = signed_in(User.objects.get(username="bea"))
    address, remembered = opened(bea, request)
    sent = {"opened": remembered, "outcome": "done", "f-why": "Trip", "f-bills-asked": "1"}
    assert bea.post(address, sent).status_code == 302
    assert names_in(request) == ["a.txt", "b.txt"]


def test_all_files_of_a_required_field_cannot_be_taken_out(sam: User) -> None:
    request = start(sam, "a.txt")
    bea = signed_in(User.objects.get(username="bea"))
    address, remembered = opened(bea, request)
    sent = {"opened": remembered, "outcome": "done", "f-why": "Trip", "f-bills-remove": ["1"]}
    assert bea.post(address, sent).status_code == 422
    assert names_in(request) == ["a.txt"]


def test_a_draft_of_a_task_keeps_which_files_are_to_go(sam: User) -> None:
    request = start(sam, "a.txt", "b.txt")
    bea = signed_in(User.objects.get(username="bea"))
    address, remembered = opened(bea, request)
    sent = {"opened": remembered, "save_draft": "1", "f-why": "Trip", "f-bills-remove": ["2"]}
    assert bea.post(address, sent).status_code == 302
    page = bea.get(address).content.decode()
    assert re.search(r'name="f-bills-remove" value="2" checked', page)
    assert not re.search(r'name="f-bills-remove" value="1" checked', page)


def test_a_draft_of_a_start_offers_what_was_chosen_as_long_as_it_waits(sam: User) -> None:
    client = signed_in(sam)
    client.post(FORM, {"f-why": "", "title": "Trip", "f-bills": [file("a.txt"), file("b.exe")]})
    page = client.get(FORM).content.decode()
    [kept] = kept_names(page)
    assert "Choose your files again: b.exe." in page
    saved = client.post(FORM, {"save_draft": "1", "title": "Trip", "f-bills-kept": kept})
    assert saved.status_code == 302
    page = client.get(FORM).content.decode()
    assert kept_names(page) == [kept]
    assert "Choose your files again" not in page
    forget_old_uploads(timezone.now() + timedelta(hours=25))
    page = client.get(FORM).content.decode()
    assert not kept_names(page)
    assert "Choose your files again: a.txt." in page


def test_a_draft_of_a_task_offers_what_was_chosen(sam: User) -> None:
    request = start(sam, "a.txt")
    bea = signed_in(User.objects.get(username="bea"))
    address, remembered = opened(bea, request)
    sent = {"opened": remembered, "f-why": "Trip", "f-bills-asked": "1", "f-bills": [file("c.txt")]}
    page = bea.post(address, sent).content.decode()
    assert len(kept_names(page)) == 1
    assert "Choose your files again" not in page
    page = bea.get(address).content.decode()
    kept = kept_names(page)
    assert len(kept) == 1
    assert "Choose your files again" not in page
    sent = {**sent, "f-bills": [], "f-bills-kept": kept, "outcome": "done"}
    assert bea.post(address, sent).status_code == 302
    assert names_in(request) == ["a.txt", "c.txt"]


def test_the_request_page_leads_to_each_file_and_says_which_were_taken_out(sam: User) -> None:
    request = start(sam, "a.txt", "b.txt")
    bea = signed_in(User.objects.get(username="bea"))
    address, remembered = opened(bea, request)
    sent = {"opened": remembered, "outcome": "done", "f-why": "Trip", "f-bills-remove": ["1"]}
    bea.post(address, sent)
    page = signed_in(sam).get(f"/requests/{request.reference}/").content.decode()
    for row in Document.objects.all():
        assert f"/documents/{row.pk}/view/" in page
        view = signed_in(sam).get(f"/documents/{row.pk}/view/").content.decode()
        assert "Versions" not in view
        assert row.name in view
    assert "Files that were taken out" in page
    assert "version 2" not in page


def test_two_files_of_a_field_are_no_versions_of_one(sam: User) -> None:
    start(sam, "a.txt", "b.txt")
    first, second = Document.objects.order_by("version")
    answer = signed_in(sam).get(f"/documents/{first.pk}/compare/{second.pk}/")
    assert answer.status_code == 404


def test_who_may_not_see_the_field_gets_none_of_its_files(sam: User) -> None:
    request = start(sam, "a.txt")
    bea = signed_in(User.objects.get(username="bea"))
    address, remembered = opened(bea, request)
    sent = {
        "opened": remembered,
        "outcome": "done",
        "f-why": "Trip",
        "f-secret": [file("s.txt"), file("t.txt")],
    }
    assert bea.post(address, sent).status_code == 302
    page = signed_in(sam).get(f"/requests/{request.reference}/").content.decode()
    assert "s.txt" not in page
    for row in Document.objects.filter(field="secret"):
        assert signed_in(sam).get(f"/documents/{row.pk}/").status_code == 404
        answer = bea.get(f"/documents/{row.pk}/")
        assert b"".join(answer.streaming_content) == row.name.encode()


def test_a_public_form_keeps_several_files_and_takes_more_when_it_is_confirmed(sam: User) -> None:
    caches["process"].clear()
    visitor = Client()
    stamp = opening_stamp("claim", timezone.now() - timedelta(minutes=1))
    sent: dict[str, Any] = {"opened": stamp, "title": "", "f-why": "Trip", "f-bills-asked": "1"}
    files = {"f-bills": [file("a.txt"), file("b.txt")]}
    back = visitor.post("/public/claim/", sent | files | {"mail": "no address"})
    kept = kept_names(back.content.decode())
    assert len(kept) == 2
    done = visitor.post("/public/claim/", sent | {"mail": "m@example.org", "f-bills-kept": kept})
    assert done.status_code == 302, done.content.decode()
    assert [row.name for row in PublicEntryFile.objects.all()] == ["a.txt", "b.txt"]
    assert not KeptUpload.objects.exists()
    deliver_due(timezone.now)
    found = re.search(r"/confirm/\S+", str(mail.outbox[-1].body))
    assert found is not None
    page = visitor.get(found[0]).content.decode()
    entry_files = kept_names(page)
    assert len(entry_files) == 2
    again = {"title": "", "f-why": "", "f-bills-asked": "1", "f-bills-kept": entry_files}
    again |= {"f-bills-leave": entry_files[:1], "f-bills": [file("c.txt")]}
    back = visitor.post(found[0], again)
    assert back.status_code == 422
    assert len(kept_names(back.content.decode())) == 2
    last = {"title": "", "f-why": "Trip", "f-bills-kept": kept_names(back.content.decode())}
    done = visitor.post(found[0], last)
    assert done.status_code == 302, done.content.decode()
    request = WorkflowInstance.objects.get()
    assert names_in(request) == ["b.txt", "c.txt"]
    assert "b.txt" in visitor.get(done.headers["Location"]).content.decode()
    assert not KeptUpload.objects.exists()
