"""Notices on their way: to a real mail server, to a chat, together once a day; and what breaks."""

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.contrib.auth.models import Group

from tests.factories import NOW, make_user
from tests.notices.mail_server import Mailbox, mail_server
from tests.telling import silence, work_out_notices
from tests.workflows import drawn
from tests.workflows.support import Flow, make_people, person, publish
from workflows.automation.services import notice_delivery
from workflows.automation.services.delivery import deliver_due
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.links.models import DecisionLink, StatusLink
from workflows.links.queries.addresses import decision_link_address, status_link_address
from workflows.notices.choices import AddressChannel, NoticeEvent, NoticeKind, NoticeState
from workflows.notices.models import Notice, NoticeAddress, NoticeChoice, NoticeSettings
from workflows.notices.services.addresses import save_notice_address
from workflows.outbox.models import OutboxMessage
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    settings.SITE_URL = "https://handoff.example.com"
    with mail_server(settings) as taken:
        yield taken


def addressed() -> None:
    """Everybody has a mail address."""
    for one in User.objects.all():
        one.email = f"{one.username}@example.com"
        one.save(update_fields=["email"])


def start(**values: Any) -> Flow:
    """A request of Rita's at its first step, and everybody with an address."""
    make_people()
    addressed()
    silence(NoticeKind.TEAM)
    publish(drawn.sequential())
    given = {"amount": "100.00"} | values
    request = requests.start(
        "sequential", actor=person("rita"), now=NOW, data=given, title="A bigger screen"
    )
    return Flow(request)


def deliver(now: datetime) -> None:
    deliver_due(lambda: now)


def sent_back(**values: Any) -> Flow:
    """Rita's request came back to her, and nothing was sent yet."""
    flow = start(**values)
    flow.decide("review", "back", comment="Why so much?\nSay more.")
    return flow


def started(title: str, **head: Any) -> Flow:
    """Rita's request with a title of hers, of which teams are told nothing."""
    make_people()
    addressed()
    silence(NoticeKind.TEAM)
    publish(drawn.sequential() | head)
    data = {"amount": "100.00"}
    return Flow(requests.start("sequential", actor=person("rita"), now=NOW, data=data, title=title))


def plain_of(mail: EmailMessage) -> str:
    """A mail's text."""
    return str(next(iter(mail.iter_parts())).get_content())


def only_notice() -> Notice:
    return Notice.objects.get(person=person("rita"))


# -- the mail -----------------------------------------------------------------------------------


def test_a_task_comes_as_a_mail_with_the_four_answers_its_thread_and_the_way_to_fewer(
    mailbox: Mailbox,
) -> None:
    flow = sent_back()
    deliver(flow.now)
    (mail,) = mailbox.mails
    reference, task = flow.request.reference, flow.task("fix")
    assert mail["To"] == "rita@example.com"
    assert mail["Subject"] == f"To do: For you: Fix [{reference}]"
    root = f"<request-{flow.request.pk}@handoff.example.com>"
    assert (mail["References"], mail["In-Reply-To"]) == (root, root)
    assert mail["List-Unsubscribe"] == "<https://handoff.example.com/accounts/notices/>"
    assert mail["Auto-Submitted"] == "auto-generated"
    plain, page = (part.get_content() for part in mail.iter_parts())
    for text in (plain, page):
        for words in ("Where", "Who has it", "Since", "Due", "What is next", "you", "Why so much?"):
            assert words in text
        assert f"https://handoff.example.com/tasks/{task.pk}/" in text
    assert "> Why so much?\n> Say more.\n" in plain.replace("\r\n", "\n")
    assert (only_notice().state, only_notice().channel) == (NoticeState.SENT, "mail")


def test_news_say_so_in_their_subject_and_stand_in_the_same_thread(mailbox: Mailbox) -> None:
    flow = start()
    flow.decide("review", "ok", comment="Fine.")
    flow.decide("pay", "paid", "mona", data={"code": "1"})
    deliver(flow.now)
    to_rita = [mail for mail in mailbox.mails if mail["To"] == "rita@example.com"]
    subjects = [mail["Subject"].strip() for mail in to_rita]
    reference = flow.request.reference
    assert subjects == [
        f"News: Approved at “Review”: A bigger screen [{reference}]",
        f"News: Finished: A bigger screen [{reference}]",
    ]
    assert len({mail["References"] for mail in mailbox.mails}) == 1
    assert len({mail["Message-ID"] for mail in mailbox.mails}) == len(mailbox.mails)


def test_a_status_link_that_the_map_promises_comes_once_and_is_in_no_row(
    mailbox: Mailbox,
) -> None:
    started("A screen", status_link=True)
    for minutes in range(3):
        deliver(NOW + timedelta(minutes=minutes))
    (mail,) = [mail for mail in mailbox.mails if mail["To"] == "rita@example.com"]
    (link,) = StatusLink.objects.all()
    assert "Started: A screen" in mail["Subject"]
    assert status_link_address(link) in plain_of(mail)
    signature = status_link_address(link).rpartition(".")[2]
    kept = [*OutboxMessage.objects.values(), *Notice.objects.values(), *TrailEvent.objects.values()]
    assert signature not in repr(kept)
    assert TrailEvent.objects.filter(command="make_status_link", actor=None).count() == 1


def test_a_task_that_is_mine_brings_a_link_to_decide_it_to_my_own_mail(
    mailbox: Mailbox,
) -> None:
    map_data = drawn.sequential()
    map_data["steps"]["fix"]["outputs"] = ["note"]
    make_people()
    addressed()
    silence(NoticeKind.TEAM)
    publish(map_data)
    flow = Flow(
        requests.start("sequential", actor=person("rita"), now=NOW, data={"amount": "100.00"})
    )
    flow.decide("review", "back", comment="Why?")
    deliver(flow.now)
    (mail,) = mailbox.mails
    (link,) = DecisionLink.objects.all()
    assert (link.person, link.task) == (person("rita"), flow.task("fix"))
    assert decision_link_address(link) in plain_of(mail)
    assert "Do not pass it on" in plain_of(mail)
    signature = decision_link_address(link).rpartition(".")[2]
    assert signature not in repr([*OutboxMessage.objects.values(), *Notice.objects.values()])


def test_words_of_people_end_no_header_and_are_no_markup(mailbox: Mailbox) -> None:
    flow = started("x\u2028Bcc: eve@example.com\x85\x1b<script>alert(1)</script>")
    flow.decide("review", "no", comment="<img src=x onerror=alert(1)>\r\nBcc: eve@example.com")
    deliver(flow.now)
    (mail,) = mailbox.mails
    assert mail["Bcc"] is None
    assert mail.keys().count("Subject") == 1
    assert "\n" not in mail["Subject"]
    page = list(mail.iter_parts())[1].get_content()
    assert "<script" not in page
    assert "<img" not in page


def test_a_notice_is_in_its_readers_language_and_time_zone(mailbox: Mailbox) -> None:
    flow = sent_back()
    User.objects.filter(username="rita").update(language="de", time_zone="Asia/Tokyo")
    deliver(flow.now)
    assert "Asia/Tokyo" in plain_of(mailbox.mails[0])


# -- what breaks --------------------------------------------------------------------------------


def test_a_mail_server_that_is_away_touches_no_decision_and_gets_the_mail_later(
    settings: Any,
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 1, 1
    flow = sent_back()
    deliver(flow.now)
    message = OutboxMessage.objects.get(kind="notice")
    assert (message.state, message.failing_since) == ("waiting", flow.now)
    assert only_notice().state == NoticeState.PENDING
    assert flow.where == "fix"
    with mail_server(settings) as mailbox:
        deliver(flow.later(minutes=20))
        assert [mail["To"] for mail in mailbox.mails] == ["rita@example.com"]
    assert only_notice().state == NoticeState.SENT


def test_a_server_that_is_busy_is_asked_again_and_the_mail_comes_once(mailbox: Mailbox) -> None:
    flow = sent_back()
    mailbox.refusal = "451 Later"
    deliver(flow.now)
    assert only_notice().state == NoticeState.PENDING
    mailbox.refusal = ""
    for _ in range(3):
        deliver(flow.later(minutes=20))
    assert len(mailbox.mails) == 1


def test_an_address_that_is_refused_is_a_failed_notice_and_seen_in_the_outbox(
    mailbox: Mailbox,
) -> None:
    flow = sent_back()
    User.objects.filter(username="rita").update(email="nobody@example.com")
    deliver(flow.now)
    assert (only_notice().state, only_notice().error_code) == (NoticeState.FAILED, "action_failed")
    assert OutboxMessage.objects.get(kind="notice").state == "dropped"


class Killed(BaseException):
    """A worker ends here, as by SIGKILL: nothing after it is done."""


@pytest.mark.parametrize("taken", [0, 1])
def test_a_worker_that_dies_while_it_hands_over_never_sends_it_twice(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    flow = sent_back()
    real = notice_delivery.settle_sent_notices

    def die(*arguments: Any, **options: Any) -> None:
        raise Killed

    if taken:
        monkeypatch.setattr(notice_delivery, "settle_sent_notices", die)
    else:
        monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", die)
    with pytest.raises(Killed):
        deliver(flow.now)
    monkeypatch.undo()
    assert real is notice_delivery.settle_sent_notices
    assert len(mailbox.mails) == taken
    deliver(flow.later(hours=1))
    deliver(flow.later(hours=1))
    assert len(mailbox.mails) == taken
    message = OutboxMessage.objects.get(kind="notice")
    assert (only_notice().state, message.state) == (NoticeState.UNSURE, "dropped")
    assert "may have arrived" in message.last_error


def test_a_notice_that_broke_off_goes_out_when_ops_sends_it_again(mailbox: Mailbox) -> None:
    flow = sent_back()
    work_out_notices(flow.now)
    Notice.objects.update(state=NoticeState.SENDING)
    deliver(flow.now)
    message = OutboxMessage.objects.get(kind="notice")
    assert message.state == "dropped"
    message.send_again(now=flow.now)
    message.save()
    deliver(flow.now)
    assert len(mailbox.mails) == 1
    assert only_notice().state == NoticeState.SENT


# -- what is not needed any more ----------------------------------------------------------------


def test_who_did_the_task_meanwhile_gets_no_mail_of_it(mailbox: Mailbox) -> None:
    flow = sent_back()
    work_out_notices(flow.now)
    flow.decide("fix", "again", "rita")
    deliver(flow.now)
    assert only_notice().state == NoticeState.NEEDLESS
    assert not [mail for mail in mailbox.mails if mail["To"] == "rita@example.com"]


def test_an_account_that_is_closed_before_the_mail_goes_out_gets_none(mailbox: Mailbox) -> None:
    flow = sent_back()
    work_out_notices(flow.now)
    User.objects.filter(username="rita").update(is_active=False)
    deliver(flow.now)
    assert (only_notice().state, only_notice().error_code) == ("needless", "account_closed")
    assert mailbox.mails == []


def test_nobody_is_blamed_for_a_person_without_an_address(mailbox: Mailbox) -> None:
    flow = sent_back()
    User.objects.filter(username="rita").update(email="")
    deliver(flow.now)
    assert (only_notice().state, only_notice().error_code) == ("needless", "no_address")
    assert OutboxMessage.objects.get(kind="notice").state == "delivered"


# -- digests ------------------------------------------------------------------------------------


def test_a_digest_comes_once_a_working_day_at_the_persons_hour_in_their_zone(
    mailbox: Mailbox,
) -> None:
    flow = start()
    ann = person("ann")
    NoticeChoice.objects.filter(person=ann).delete()
    User.objects.filter(pk=ann.pk).update(time_zone="America/New_York")
    NoticeSettings.objects.create(person=ann, digest_hour=7)
    friday = datetime.fromisoformat("2026-03-06T18:00:00+00:00")  # 13:00 in New York
    for number in range(3):
        requests.start(
            "sequential",
            actor=person("rita"),
            now=friday + timedelta(minutes=number),
            data={"amount": "5.00"},
        )
    OutboxMessage.objects.filter(kind="tell", request=flow.request).delete()
    saturday, monday = (
        datetime.fromisoformat(moment)
        for moment in ("2026-03-07T15:00:00+00:00", "2026-03-09T11:00:00+00:00")
    )
    deliver(friday + timedelta(minutes=5))
    deliver(saturday)
    assert mailbox.mails == []
    deliver(monday - timedelta(minutes=1))  # 06:59: summer time has begun on Sunday
    assert mailbox.mails == []
    deliver(monday)
    deliver(monday + timedelta(days=1))
    (mail,) = [mail for mail in mailbox.mails if mail["To"] == "ann@example.com"]
    assert mail["Subject"] == "Your day in Handoff: 3 to do"
    assert plain_of(mail).count("Overdue: Review") == 3


def test_what_is_done_by_then_is_not_in_the_digest(mailbox: Mailbox) -> None:
    flow = start()
    NoticeChoice.objects.filter(person=person("ann")).delete()
    work_out_notices(flow.now)
    flow.decide("review", "back", "bob", comment="No.")
    deliver(flow.now + timedelta(days=3))
    assert not [mail for mail in mailbox.mails if mail["To"] == "ann@example.com"]
    assert Notice.objects.get(person=person("ann")).state == NoticeState.NEEDLESS


def test_a_worker_that_dies_on_a_digest_sends_none_twice(mailbox: Mailbox) -> None:
    flow = start()
    NoticeChoice.objects.filter(person=person("ann")).delete()
    work_out_notices(flow.now)
    notice = Notice.objects.get(person=person("ann"))
    Notice.objects.filter(pk=notice.pk).update(state=NoticeState.SENDING)
    deliver(flow.now + timedelta(days=3))
    notice.refresh_from_db()
    assert (notice.state, mailbox.mails) == (NoticeState.UNSURE, [])


# -- teams --------------------------------------------------------------------------------------


def test_a_team_with_an_address_is_told_once_and_its_members_only_if_they_choose_so(
    mailbox: Mailbox,
) -> None:
    flow = start()
    OutboxMessage.objects.all().delete()
    NoticeChoice.objects.all().delete()
    NoticeChoice.objects.create(person=person("bob"), kind=NoticeKind.TEAM, timing="at_once")
    crew = Group.objects.get(name="crew")
    for number in range(40):
        make_user(f"crew{number}", groups=["crew"], email=f"crew{number}@example.com")
    root = make_user("root", is_superuser=True)
    team = NoticeAddress(team=crew, channel=AddressChannel.MAIL, mail="crew@example.com")
    save_notice_address(team, by=root, secret="", now=flow.now)
    requests.start("sequential", actor=person("rita"), now=flow.now, data={"amount": "1.00"})
    deliver(flow.now + timedelta(days=3))
    reached = [mail["To"] for mail in mailbox.mails if "For your team" in mail["Subject"]]
    assert sorted(reached) == ["bob@example.com", "crew@example.com"]


def test_a_queue_of_one_person_is_theirs(mailbox: Mailbox) -> None:
    flow = start()
    OutboxMessage.objects.all().delete()
    Group.objects.get(name="crew").user_set.set([person("cat")])
    requests.start("sequential", actor=person("rita"), now=flow.now, data={"amount": "1.00"})
    deliver(flow.now)
    assert [mail["To"] for mail in mailbox.mails] == ["cat@example.com"]
    assert Notice.objects.get().event == NoticeEvent.TASK_REACHED


# -- chat ---------------------------------------------------------------------------------------


class Chat(BaseHTTPRequestHandler):
    """A Mattermost that keeps what it is told."""

    said: list[dict[str, Any]]
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).said.append(json.loads(body))
        self.send_response(type(self).status)
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def chat() -> Iterator[tuple[type[Chat], str]]:
    handler = type("Room", (Chat,), {"said": [], "status": 200})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield handler, f"mmost://127.0.0.1:{server.server_port}/3ccdd113474722377935511fc85d3dd4"
    server.shutdown()
    server.server_close()


def chat_of(name: str, url: str) -> NoticeAddress:
    root = make_user("root", is_superuser=True)
    address = NoticeAddress(person=person(name), channel=AddressChannel.CHAT)
    return save_notice_address(address, by=root, secret=url, now=NOW)


CALLS = (
    *("@channel", "@here", "@all", "<!here>", "<@U024BE7LH>", "*now*", "#general", "`rm`"),
    *("[this](https://evil.example)", "<https://evil.example|this>", "<a href='x'>", "<b>"),
)
"""What calls people or is markup in Slack, Mattermost, Teams, Google Chat or Matrix."""


def test_a_person_with_a_chat_is_told_there_and_nowhere_else(
    mailbox: Mailbox, chat: tuple[type[Chat], str]
) -> None:
    room, url = chat
    flow = start()
    address = chat_of("rita", url)
    assert "3ccdd113" not in address.secret
    flow.decide("review", "back", comment=" ".join(CALLS))
    deliver(flow.now)
    (said,) = room.said
    assert f"tasks/{flow.task('fix').pk}/" in said["text"]
    for call in CALLS:
        assert call not in said["text"]
    assert Notice.objects.get(event=NoticeEvent.TASK_REACHED).channel == "chat"
    # Rita hears of the chat itself by mail: nobody reads along unseen.
    assert [mail["Subject"] for mail in mailbox.mails] == [
        "News: Where your notices go was changed"
    ]


def test_who_would_rather_have_mail_gets_mail(
    mailbox: Mailbox, chat: tuple[type[Chat], str]
) -> None:
    room, url = chat
    flow = start()
    chat_of("rita", url)
    NoticeSettings.objects.create(person=person("rita"), prefers_mail=True)
    flow.decide("review", "back", comment="No.")
    deliver(flow.now)
    assert room.said == []
    assert len(mailbox.mails) == 2


def test_a_chat_that_fails_is_tried_again(mailbox: Mailbox, chat: tuple[type[Chat], str]) -> None:
    room, url = chat
    flow = start()
    chat_of("rita", url)
    room.status = 500
    flow.decide("review", "back", comment="No.")
    deliver(flow.now)
    assert Notice.objects.get(event=NoticeEvent.TASK_REACHED).state == NoticeState.PENDING
    room.status = 200
    deliver(flow.later(minutes=20))
    assert Notice.objects.get(event=NoticeEvent.TASK_REACHED).state == NoticeState.SENT
    assert url not in json.dumps(list(OutboxMessage.objects.values_list("error_parameters")))


def test_a_claimed_task_is_no_news_to_who_claimed_it(mailbox: Mailbox) -> None:
    flow = start()
    tasks.claim(flow.task("review").pk, actor=person("bob"), now=flow.later())
    deliver(flow.now)
    assert mailbox.mails == []
