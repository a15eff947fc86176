"""Mails: nobody's words end a header or name a receiver, and whatever opens their links by itself
changes nothing."""

import re
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from tests.approvals.office import signed_in
from tests.factories import NOW
from tests.notices.mail_server import Mailbox, mail_server
from tests.notices.scenes import (
    asked_scene,
    finished_request,
    mentioned,
    merge_conflict,
    sent_back_task,
    sent_status_link,
)
from tests.rights.everything import differences, snapshot
from tests.workflows import drawn
from tests.workflows.support import Flow, make_people, person, publish
from workflows.automation.services.delivery import deliver_due
from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.notices.models import Notice, NoticeChoice
from workflows.people.models import User

pytestmark = pytest.mark.django_db

SITE = "https://handoff.example.com"
EVE = "eve@evil.example"
WORDS = (
    f"x\r\nBcc: {EVE}",
    f"x\nReply-To: {EVE}",
    f"x\r\n\r\n<script>alert(1)</script> {EVE}",
    f'a, "b" <{EVE}>, ',
    f"x\u2028Bcc: {EVE}\x85\x0bCc: {EVE}",
    f"=?utf-8?q?x=0D=0ABcc:_{EVE}?=",
    "\u202emoc.elpmaxe\u202c <b>x",
    "ü" * 150,
)
ONCE = ("To", "From", "Subject", "Message-ID", "Date", "List-Unsubscribe", "References")


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    settings.SITE_URL = SITE
    caches["process"].clear()
    with mail_server(settings) as taken:
        yield taken
    caches["process"].clear()


def addressed() -> None:
    for one in User.objects.all():
        one.email = f"{one.username}@example.com"
        one.save(update_fields=["email"])


def sent_back(words: str) -> Flow:
    """A request whose title, workflow and people are called so, whatever a form would have
    refused, and which comes back to Rita with a comment of these words."""
    flow = Flow(
        requests.start("sequential", actor=person("rita"), now=NOW, data={"amount": "1.00"})
    )
    WorkflowInstance.objects.filter(pk=flow.request.pk).update(title=words, requester_name=words)
    WorkflowTemplate.objects.update(name=words[:100])
    User.objects.update(first_name=words, last_name=words)
    flow.decide("review", "back", comment=words)
    return flow


def test_nobodys_words_end_a_header_or_name_a_receiver(mailbox: Mailbox) -> None:
    make_people()
    addressed()
    publish(drawn.sequential())
    for words in WORDS:
        flow = sent_back(words)
        deliver_due(lambda now=flow.now: now)  # type: ignore[misc]
    to_rita = [mail for mail in mailbox.mails if mail["To"] == "rita@example.com"]
    assert len(to_rita) == len(WORDS)
    for mail, receivers in zip(mailbox.mails, mailbox.receivers, strict=True):
        assert receivers == [mail["To"]]
        assert all(len(mail.get_all(name, [])) == 1 for name in ONCE), mail.keys()
        assert not {"bcc", "cc", "reply-to", "sender"} & {name.lower() for name in mail}
        assert not re.search(r"[\r\n\x00-\x1f\u2028\u202a-\u202e]", mail["Subject"])
        assert len(mail["Subject"]) <= 200
        assert EVE not in mail["From"] + mail["To"]
        page = list(mail.iter_parts())[1].get_content()
        assert not re.search(r"<script|<b>x", page)


@pytest.mark.parametrize("address", [f"rita@example.com\nBcc: {EVE}", f"rita@example.com, {EVE}"])
def test_an_address_is_one_address(mailbox: Mailbox, address: str) -> None:
    make_people()
    addressed()
    publish(drawn.sequential())
    User.objects.filter(username="rita").update(email=address)
    flow = sent_back("Lamps")
    deliver_due(lambda: flow.now)
    assert not [one for some in mailbox.receivers for one in some if "eve" in one]
    assert Notice.objects.get(person=person("rita")).state != "sent"


# -- whatever opens links by itself -------------------------------------------------------------

SCENES = {
    "a task": sent_back_task,
    "a mention": mentioned,
    "a question": lambda: asked_scene("requester", answers=False),
    "an opinion": lambda: asked_scene("opinion", answers=False),
    "branches": merge_conflict,
    "a status link": sent_status_link,
    "an end": finished_request,
}


def links_of(mail: EmailMessage) -> set[str]:
    """Every address in a mail: in its text, its page and its headers."""
    texts = [part.get_content() for part in mail.iter_parts()] + [str(v) for v in mail.values()]
    found = {link for text in texts for link in re.findall(rf"{SITE}[^\s\"'<>]*", text)}
    return {link.removeprefix(SITE).replace("&amp;", "&") or "/" for link in found}


@pytest.mark.parametrize("about", SCENES)
def test_a_scanner_that_opens_every_link_of_every_mail_changes_nothing(
    mailbox: Mailbox, about: str
) -> None:
    scene = SCENES[about]()
    addressed()
    NoticeChoice.objects.all().delete()
    for one in User.objects.all():
        for kind in ("team", "owned", "news", "talk"):
            NoticeChoice.objects.create(person=one, kind=kind, timing="at_once")
    deliver_due(lambda: scene.flow.now)
    assert mailbox.mails
    for mail in mailbox.mails:
        reader = User.objects.get(email=mail["To"])
        browsers, links = (Client(), signed_in(reader)), links_of(mail)
        assert mail["List-Unsubscribe"].strip("<>").removeprefix(SITE) in links
        before = snapshot()
        for link in links:
            for browser in browsers:
                answers = [browser.get(link), browser.head(link), browser.options(link)]
                assert all(answer.status_code < 500 for answer in answers), link
            one_click = Client(enforce_csrf_checks=True)
            answer = one_click.post(link, {"List-Unsubscribe": "One-Click"})
            assert answer.status_code in (302, 403, 404, 405, 409, 422), link
        assert not differences(before, snapshot()), links
