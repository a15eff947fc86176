"""Starting a request without an account: filled in, confirmed by mail, followed by a link."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.cache import caches
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from tests.factories import make_user, open_task, parse_map, publish_map
from tests.workflows.support import nothing_changed
from workflows.automation.services.delivery import deliver_due
from workflows.conversation.models import Comment
from workflows.definitions.lifecycle.pausing import pause_workflow
from workflows.definitions.models import WorkflowTemplate
from workflows.documents.models import Document
from workflows.engine.errors import InvalidInput
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import work_items as tasks
from workflows.execution.services.questions import ask_requester
from workflows.links.models import PublicEntry, PublicEntryFile, StatusLink
from workflows.links.services.public_entries import forget_public_entries
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.outbox.models import OutboxMessage
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

COMPLAINT = """
format: 1
key: complaint
name: Complaint
purpose: Hear what went wrong.
owner: olivia
deputy: omar
roles:
  staff: {groups: [staff]}
  desk: {groups: [finance]}
fields:
  what: {type: long_text, required: true, label: What went wrong}
  amount: {type: money, currency: EUR, label: Amount}
  channel: {type: choice, choices: [desk, web], required: true}
  clerk: {type: user, label: Clerk}
  receipt: {type: document, label: Receipt}
  answer: {type: long_text, label: Our answer, public: true}
start:
  role: staff
  fields: [what, amount, channel, clerk, receipt]
  triggers: [{kind: public_form, data: {channel: web}}]
  first: look
steps:
  look:
    kind: task
    role: desk
    expected: 1d
    due: 2d
    inputs: [what, amount, receipt]
    outputs: [answer]
    outcomes:
      settled: settled
      refused: {to: turned_down, exception: true}
      spam: {to: dropped, exception: true}
  settled: {kind: end, result: settled}
  turned_down: {kind: end, result: turned_down}
  dropped: {kind: end, result: dropped}
"""
FORM = "/public/complaint/"
ADDRESS = "maria@outside.example"


@pytest.fixture(autouse=True)
def _no_calls_before() -> Iterator[None]:
    caches["process"].clear()
    yield
    caches["process"].clear()


@pytest.fixture(autouse=True)
def _mails_in_memory(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def publish(**changes: Any) -> None:
    publish_map(parse_map(COMPLAINT) | changes)


def opened(client: Client, *, ago: timedelta = timedelta(minutes=1)) -> dict[str, Any]:
    """The form's hidden stamp, as if it had been opened a while ago."""
    from approvals.forms.public_forms import opening_stamp

    assert client.get(FORM).status_code == 200
    return {"opened": opening_stamp("complaint", timezone.now() - ago)}


def send(client: Client | None = None, **typed: Any) -> Any:
    client = client or Client()
    filled = {"title": "Rain", "f-what": "The roof leaks", "mail": ADDRESS, "f-amount": "12.50"}
    return client.post(FORM, opened(client) | filled | typed)


def deliver(now: datetime | None = None) -> None:
    deliver_due(lambda: now or timezone.now())


def mailed_path(number: int = -1, place: str = "confirm") -> str:
    """The path of the link in a mail."""
    found = re.search(rf"/{place}/\S+", str(mail.outbox[number].body))
    assert found is not None, mail.outbox[number].body
    return found[0]


def named_files(page: str) -> dict[str, str]:
    """The kept files that a page names, as its form sends them."""
    return dict(re.findall(r'name="(f-[a-z]+-kept)" value="([^"]+)"', page))


def confirmed() -> WorkflowInstance:
    send()
    deliver()
    assert Client().post(mailed_path()).status_code == 302
    return WorkflowInstance.objects.get()


# -- the whole way ----------------------------------------------------------------------------


def test_a_stranger_fills_in_confirms_by_mail_follows_and_hears_of_the_end() -> None:
    publish()
    receipt = SimpleUploadedFile("receipt.pdf", b"%PDF-1.4 paid", "application/pdf")
    answer = send(**{"f-receipt": receipt})
    assert answer.status_code == 302
    assert "Look at your mails" in Client().get(answer["Location"]).content.decode()
    assert not WorkflowInstance.objects.exists()
    entry = PublicEntry.objects.get()
    for kept in (entry.address, entry.content):
        assert "maria" not in kept
        assert "roof" not in kept
    deliver()
    [sent] = mail.outbox
    assert sent.to == [ADDRESS]
    assert "roof" not in sent.body
    assert "Rain" not in sent.body

    path = mailed_path()
    page = Client().get(path)
    assert "The roof leaks" in page.content.decode()
    assert "receipt.pdf" in page.content.decode()
    parts = page.content.decode().split('<button type="submit" class="forward">')
    assert ['name="f-what"' in part for part in parts] == [False, True, False]  # a button behind it
    assert not WorkflowInstance.objects.exists()

    led = Client().post(path)
    request = WorkflowInstance.objects.get()
    assert led.status_code == 302
    assert led["Location"].startswith("/status/")
    assert Client().get(led["Location"]).status_code == 200
    assert (request.requester, request.requester_name) == (None, "")
    assert request.source == WorkflowInstance.PUBLIC_FORM
    assert request.title == "Rain"
    assert request.data["what"] == "The roof leaks"
    assert request.data["channel"] == "web"
    assert request.data["receipt"]["name"] == "receipt.pdf"
    assert Document.objects.get().uploaded_by is None
    row = TrailEvent.objects.get(command="start")
    assert (row.actor, row.channel) == (None, "public_form")
    assert "maria" not in str(row.changes)
    assert rebuild_from_trail(request)[1] == request.data

    deliver()
    assert mail.outbox[-1].to == [ADDRESS]
    assert mailed_path(place="status") == led["Location"]

    count = len(mail.outbox)
    fred = make_user("fred2", groups=["finance"])
    task = open_task(request, "look")
    tasks.claim(task.pk, actor=fred, now=timezone.now())
    tasks.decide(
        task.pk, actor=fred, outcome="settled", data={"answer": "Mended."}, now=timezone.now()
    )
    deliver()
    ended = [sent for sent in mail.outbox[count:] if sent.to == [ADDRESS]]
    assert len(ended) == 1
    assert "is over" in ended[0].body
    assert "Mended." in Client().get(led["Location"]).content.decode()


def test_files_and_text_are_gone_once_the_request_is_there(
    django_capture_on_commit_callbacks: Any,
) -> None:
    publish()
    send(**{"f-receipt": SimpleUploadedFile("r.pdf", b"%PDF-1.4 paid")})
    kept = PublicEntryFile.objects.get().file
    assert kept.storage.exists(kept.name)
    deliver()
    with django_capture_on_commit_callbacks(execute=True):
        Client().post(mailed_path())
    assert PublicEntry.objects.get().content == ""
    assert not PublicEntryFile.objects.exists()
    assert not kept.storage.exists(kept.name)
    document = Document.objects.get()
    with document.file.open("rb") as stored:
        assert stored.read() == b"%PDF-1.4 paid"


def test_in_german_the_mail_is_german() -> None:
    publish()
    client = Client(headers={"accept-language": "de"})
    send(client)
    deliver()
    assert "Vorgang" in mail.outbox[0].subject or "Antrag" in mail.outbox[0].subject


# -- what there is and is not -----------------------------------------------------------------


def test_people_are_not_offered_and_what_the_map_gives_is_not_asked() -> None:
    publish()
    page = Client().get(FORM).content.decode()
    assert 'name="f-what"' in page
    assert "f-clerk" not in page
    assert "f-channel" not in page
    for name in ("olivia", "Clerk", "fred"):
        assert name not in page


def test_what_was_not_offered_is_not_taken() -> None:
    publish()
    send(**{"f-clerk": "fred", "f-channel": "desk"})
    deliver()
    Client().post(mailed_path())
    request = WorkflowInstance.objects.get()
    assert request.data.get("clerk") is None
    assert request.data["channel"] == "web"


@pytest.mark.parametrize("key", ["complaint", "nothing-here"])
def test_without_a_public_form_there_is_no_page(key: str) -> None:
    publish(start=parse_map(COMPLAINT)["start"] | {"triggers": []})
    client, path = Client(), f"/public/{key}/"
    for answer in (client.get(path), client.post(path, {"mail": "x@y.z"})):
        assert answer.status_code == 404
        assert "Complaint" not in answer.content.decode()


def test_a_paused_workflow_has_no_form_and_what_waits_is_kept() -> None:
    publish()
    send()
    deliver()
    path = mailed_path()
    template = WorkflowTemplate.objects.get(key="complaint")
    pause_workflow(
        template,
        actor=template.owner,
        reason="Smith is ill.",
        running="go_on",
        now=timezone.now(),
    )
    assert Client().get(FORM).status_code == 404
    with nothing_changed():
        for answer in (Client().get(path), Client().post(path)):
            assert answer.status_code == 409
            assert "Smith" not in answer.content.decode()
    assert PublicEntry.objects.get().used_at is None


# -- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"mail": "nobody"}, "Write a mail address"),
        ({"mail": ""}, "Write your mail address"),
        ({"f-what": ""}, "Nothing was sent yet"),
        ({"f-amount": "12,3,4"}, "Nothing was sent yet"),
        ({"website": "https://spam.example"}, "people do not see"),
        ({"opened": "made-up"}, "open for too long"),
        ({"f-what": "x" * 250_000}, "Nothing was sent yet"),
    ],
)
def test_what_is_refused_keeps_nothing_and_is_shown_again(typed: Any, words: str) -> None:
    publish()
    with nothing_changed():
        answer = send(**typed)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    assert "Rain" in page


def test_a_form_of_this_very_second_or_of_yesterday_is_asked_again_and_then_taken() -> None:
    publish()
    client = Client()
    for ago in (timedelta(0), timedelta(hours=25)):
        with nothing_changed():
            answer = send(client, **opened(client, ago=ago))
        assert answer.status_code == 422
        assert "The roof leaks" in answer.content.decode()
    assert send(client).status_code == 302


def test_a_file_of_a_kind_that_is_not_taken_is_refused_at_once(settings: Any) -> None:
    publish()
    settings.UPLOAD_TYPES = {"pdf"}
    with nothing_changed():
        answer = send(**{"f-receipt": SimpleUploadedFile("r.exe", b"MZ")})
    assert answer.status_code == 422
    assert ".exe" in answer.content.decode()


def test_a_form_from_another_site_is_refused() -> None:
    publish()
    with nothing_changed():
        client = Client(enforce_csrf_checks=True)
        assert send(client).status_code == 403


# -- bounds -----------------------------------------------------------------------------------


def test_one_address_sends_so_many_and_loses_nothing_of_the_next(settings: Any) -> None:
    publish()
    settings.PUBLIC_FORM_RATE = "2/h"
    for number in range(2):
        assert send(mail=f"m{number}@outside.example").status_code == 302
    with nothing_changed():
        answer = send(mail="m3@outside.example")
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert re.search(r"send it again in \d+ (min|h)", answer.content.decode())
    assert "The roof leaks" in answer.content.decode()


def test_one_mail_address_is_written_to_thrice_an_hour_and_the_answer_is_the_same() -> None:
    publish()
    answers = [send(mail=address) for address in (ADDRESS, ADDRESS, ADDRESS.upper(), ADDRESS)]
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {
        (302, "/public/complaint/?sent")
    }
    assert PublicEntry.objects.count() == 3
    deliver()
    assert len(mail.outbox) == 3


def test_whether_an_address_is_known_makes_no_difference() -> None:
    publish()
    make_user("maria", email=ADDRESS)
    known, unknown = send(), send(mail="else@outside.example")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    deliver()
    bodies = [re.sub(r"/confirm/\S+", "", str(sent.body)) for sent in mail.outbox]
    assert bodies[0] == bodies[1]


def test_no_more_wait_than_there_is_room_for(settings: Any) -> None:
    publish()
    settings.PUBLIC_FORMS_PENDING = 8
    for number in range(2):
        assert send(mail=f"m{number}@outside.example").status_code == 302
    with nothing_changed():
        answer = send(mail="m9@outside.example")
    assert answer.status_code == 503
    assert "The roof leaks" in answer.content.decode()


# -- the link ---------------------------------------------------------------------------------


def test_a_link_starts_one_request_however_often_it_is_pressed() -> None:
    publish()
    send()
    deliver()
    path = mailed_path()
    Client().post(path)
    with nothing_changed():
        for answer in (Client().post(path), Client().get(path)):
            assert answer.status_code == 200
            assert "was used on" in answer.content.decode()
            assert "/status/" in answer.content.decode()
    assert WorkflowInstance.objects.count() == 1


def test_a_link_that_was_tampered_with_opens_nothing() -> None:
    publish()
    send()
    deliver()
    path = mailed_path()
    entry = PublicEntry.objects.get()
    with nothing_changed():
        for other in (path[:-1], f"{path}x", "/confirm/x", f"/confirm/{entry.name}"):
            assert Client().post(other).status_code == 404
        token = path.rpartition("/")[2]
        assert Client().get(f"/status/{token}").status_code == 404
        assert Client().get(f"/decide/{token}").status_code == 404


def test_what_nobody_confirms_in_two_days_is_deleted_with_its_files() -> None:
    publish()
    send(**{"f-receipt": SimpleUploadedFile("r.pdf", b"%PDF-1.4 paid")})
    kept = PublicEntryFile.objects.get().file
    deliver()
    path = mailed_path()
    PublicEntry.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with nothing_changed():
        assert Client().post(path).status_code == 404
    assert forget_public_entries(timezone.now()) == 1
    assert not PublicEntry.objects.exists()
    assert not PublicEntryFile.objects.exists()
    assert not kept.storage.exists(kept.name)


def test_a_file_that_a_killed_process_left_is_deleted_once_no_form_can_need_it() -> None:
    publish()
    send(**{"f-receipt": SimpleUploadedFile("r.pdf", b"%PDF-1.4 paid")})
    kept = PublicEntryFile.objects.get().file
    stray = default_storage.save("public/left", ContentFile(b"%PDF-1.4 left"))
    PublicEntry.objects.update(expires_at=timezone.now() + timedelta(days=9))
    forget_public_entries(timezone.now())
    assert default_storage.exists(stray)
    forget_public_entries(timezone.now() + timedelta(days=3))
    assert not default_storage.exists(stray)
    assert kept.storage.exists(kept.name)


def test_what_is_confirmed_stays_with_its_address() -> None:
    publish()
    confirmed()
    assert forget_public_entries(timezone.now() + timedelta(days=400)) == 0
    assert PublicEntry.objects.get().address


# -- another version by then ------------------------------------------------------------------


def changed_map() -> None:
    """The map asks for one more thing, and for one thing less."""
    data = parse_map(COMPLAINT)
    data["fields"]["place"] = {"type": "text", "required": True, "label": "Where"}
    del data["fields"]["amount"]
    data["start"]["fields"] = ["what", "channel", "place", "receipt"]
    data["steps"]["look"]["inputs"] = ["what", "place", "receipt"]
    publish_map(data)


def test_a_form_is_held_against_the_version_of_then_and_nothing_is_lost() -> None:
    publish()
    send(**{"f-receipt": SimpleUploadedFile("r.pdf", b"%PDF-1.4 paid")})
    deliver()
    path = mailed_path()
    changed_map()
    page = Client().get(path).content.decode()
    assert "Where" in page
    assert "The roof leaks" in page
    assert "12.50" in page  # not asked any more, and shown
    with nothing_changed():
        assert Client().post(path).status_code == 422
    filled = {"title": "Rain", "f-what": "The roof leaks badly", "f-place": "Attic"}
    assert Client().post(path, filled | named_files(page)).status_code == 302
    request = WorkflowInstance.objects.get()
    assert request.data["place"] == "Attic"
    assert request.data["what"] == "The roof leaks badly"
    assert request.data["receipt"]["name"] == "r.pdf"
    assert request.version.number == 2


def test_the_page_to_confirm_says_of_a_file_that_it_is_kept() -> None:
    publish()
    send(**{"f-receipt": SimpleUploadedFile("r.pdf", b"%PDF-1.4 paid")})
    deliver()
    page = Client().get(mailed_path()).content.decode()
    assert "kept, need not be chosen again" in page
    assert "not sent yet" not in page


def test_a_file_that_was_taken_out_on_the_page_to_confirm_does_not_come_back() -> None:
    publish()
    send(**{"f-receipt": SimpleUploadedFile("r.pdf", b"%PDF-1.4 paid")})
    deliver()
    path = mailed_path()
    sent = {"title": "Rain", "f-what": "", **named_files(Client().get(path).content.decode())}
    with nothing_changed():
        refused = Client().post(path, sent | {"f-receipt-leave": sent["f-receipt-kept"]})
    assert refused.status_code == 422
    page = refused.content.decode()
    assert "r.pdf" not in page
    filled = {"title": "Rain", "f-what": "The roof leaks", **named_files(page)}
    assert Client().post(path, filled).status_code == 302
    assert not WorkflowInstance.objects.get().data.get("receipt")


def test_a_form_whose_workflow_has_none_any_more_waits() -> None:
    publish()
    send()
    deliver()
    publish(start=parse_map(COMPLAINT)["start"] | {"triggers": []})
    with nothing_changed():
        assert Client().post(mailed_path()).status_code == 409


# -- afterwards -------------------------------------------------------------------------------


def test_nobody_is_asked_who_has_no_account() -> None:
    publish()
    request = confirmed()
    fred = make_user("fred2", groups=["finance"])
    task = open_task(request, "look")
    tasks.claim(task.pk, actor=fred, now=timezone.now())
    with nothing_changed(), pytest.raises(InvalidInput, match="nobody to ask"):
        ask_requester(task.pk, actor=fred, question="Which roof?", now=timezone.now())


def test_the_link_is_left_out_of_the_mail_once_it_is_withdrawn() -> None:
    publish()
    confirmed()
    StatusLink.objects.update(withdrawn_at=timezone.now())
    deliver()
    started = [sent for sent in mail.outbox if "has started" in sent.body]
    assert len(started) == 1
    assert "/status/" not in started[0].body


def test_no_personal_word_is_in_the_outbox_or_the_trail() -> None:
    publish()
    confirmed()
    deliver()
    kept = [str(row) for model in (OutboxMessage, TrailEvent) for row in model.objects.values()]
    assert not [row for row in kept if "maria" in row or "outside.example" in row]
    assert not Comment.objects.exists()
