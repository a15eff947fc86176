"""What people choose about notices, and the addresses that ops sets up."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from tests.factories import NOW, make_group, make_staff, make_user
from tests.workflows.support import nothing_changed, refused
from workflows.engine.errors import InvalidInput, NotAllowed
from workflows.notices.choices import AddressChannel, NoticeKind, NoticeTiming
from workflows.notices.models import NoticeAddress, NoticeChoice, NoticeSettings
from workflows.notices.queries.preferences import CHOOSABLE_KINDS
from workflows.notices.services.addresses import CHAT_SERVICES, save_notice_address
from workflows.outbox.models import OutboxMessage
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

PAGE = "/accounts/notices/"
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ops"


def chosen(**changes: Any) -> dict[str, Any]:
    usual = {kind.value: NoticeTiming.AT_ONCE.value for kind in CHOOSABLE_KINDS}
    return {**usual, "team": "digest", "digest_hour": "8"} | changes


def signed_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


# -- the page -----------------------------------------------------------------------------------


def test_everybody_chooses_for_themselves_and_the_trail_says_from_what_to_what(
    client: Client,
) -> None:
    ann, _ = make_user("ann"), make_user("bob")
    page = signed_in(client, ann).post(PAGE, chosen(requests="digest", digest_hour="17"))
    assert (page.status_code, page["Location"]) == (302, PAGE)
    (choice,) = NoticeChoice.objects.all()
    assert (choice.person, choice.kind, choice.timing) == (ann, "requests", "digest")
    assert NoticeSettings.objects.get().digest_hour == 17
    row = TrailEvent.objects.get(command="choose_notices")
    assert row.actor == ann
    assert row.changes["changed"] == {"requests": ["at_once", "digest"], "digest_hour": [8, 17]}
    shown = client.get(PAGE).content.decode()
    assert '<option value="17" selected>' in shown


def test_what_is_as_usual_is_no_choice_and_saves_nothing(client: Client) -> None:
    signed_in(client, make_user("ann"))
    with nothing_changed():
        client.post(PAGE, chosen())


def test_looking_at_the_page_as_mail_programs_do_changes_nothing(client: Client) -> None:
    signed_in(client, make_user("ann"))
    with nothing_changed():
        assert client.get(PAGE).status_code == 200
        assert client.get(f"{PAGE}?team=off").status_code == 200


@pytest.mark.parametrize(
    "wrong", [{"tasks": "never"}, {"digest_hour": "24"}, {"digest_hour": "-1"}, {"tasks": ""}]
)
def test_a_choice_that_is_none_is_refused(client: Client, wrong: dict[str, str]) -> None:
    signed_in(client, make_user("ann"))
    with nothing_changed():
        page = client.post(PAGE, chosen(**wrong))
    assert page.status_code == 200
    assert 'class="error"' in page.content.decode()


def test_what_guards_the_account_cannot_be_chosen_away(client: Client) -> None:
    ann = make_user("ann")
    signed_in(client, ann).post(PAGE, chosen(access="off", tasks="off"))
    assert list(NoticeChoice.objects.values_list("kind", flat=True)) == [NoticeKind.TASKS]


def test_the_way_is_asked_only_where_there_is_one_to_choose(client: Client) -> None:
    ann = make_user("ann")
    signed_in(client, ann)
    assert "prefers_mail" not in client.get(PAGE).content.decode()
    NoticeAddress.objects.create(person=ann, channel="chat", secret="x", service="slack")
    assert "prefers_mail" in client.get(PAGE).content.decode()
    client.post(PAGE, chosen(prefers_mail="on"))
    assert NoticeSettings.objects.get().prefers_mail


# -- addresses ----------------------------------------------------------------------------------


def chat(**owner: Any) -> NoticeAddress:
    return NoticeAddress(channel=AddressChannel.CHAT, **owner)


def test_a_chats_address_is_encrypted_and_in_no_row_history_or_trail() -> None:
    root, team = make_user("root", is_superuser=True), make_group("crew")
    address = save_notice_address(chat(team=team), by=root, secret=SLACK, now=NOW)
    assert address.service == "slack"
    history = NoticeAddress.history.model.objects.values()  # type: ignore[attr-defined]
    for rows in (NoticeAddress.objects.values(), history, TrailEvent.objects.values()):
        assert "TIiajkdnlazkcOXrIdevi7FQ" not in str(list(rows))
    row = TrailEvent.objects.filter(command="change_notice_address").latest("pk")
    assert row.changes["notices_of"] == "crew"


def test_the_person_whose_notices_go_to_a_chat_is_told_so() -> None:
    root, ann = make_user("root", is_superuser=True), make_user("ann")
    save_notice_address(chat(person=ann), by=root, secret=SLACK, now=NOW)
    message = OutboxMessage.objects.get(kind="mail")
    assert message.payload["to"] == ann.pk


@pytest.mark.parametrize(
    "url",
    [
        *("json://127.0.0.1/x", "syslog://", "dbus://", "mailto://a:b@example.com", "https://x"),
        *("slack://", "", "notachat", "slack://a/b\n/c", "mailgun://a@b/c", "twilio://x"),
    ],
)
def test_what_is_no_chat_is_refused(url: str) -> None:
    root, ann = make_user("root", is_superuser=True), make_user("ann")
    with refused(InvalidInput):
        save_notice_address(chat(person=ann), by=root, secret=url, now=NOW)


def test_every_chat_that_is_offered_is_one_of_apprise() -> None:
    from apprise.manager_plugins import NotificationManager

    assert set(NotificationManager().schemas()) >= CHAT_SERVICES


def test_a_secret_stays_with_whom_it_was_entered_for() -> None:
    root, ann = make_user("root", is_superuser=True), make_user("ann")
    address = save_notice_address(chat(person=ann), by=root, secret=SLACK, now=NOW)
    kept = address.secret
    save_notice_address(address, by=root, secret="", now=NOW)
    assert address.secret == kept
    address.person = make_user("eve")
    with refused(InvalidInput, "again"):
        save_notice_address(address, by=root, secret="", now=NOW)


def test_nobody_sets_up_addresses_without_the_permission() -> None:
    ann, team = make_user("ann"), make_group("crew")
    with refused(NotAllowed):
        save_notice_address(chat(person=ann), by=ann, secret=SLACK, now=NOW)
    with refused(NotAllowed):
        mail = NoticeAddress(team=team, channel="mail", mail="eve@example.com")
        save_notice_address(mail, by=ann, secret="", now=NOW)


def test_a_persons_mail_address_is_the_one_of_their_account() -> None:
    root, ann = make_user("root", is_superuser=True), make_user("ann")
    mail = NoticeAddress(person=ann, channel="mail", mail="eve@example.com")
    with refused(InvalidInput, "account"):
        save_notice_address(mail, by=root, secret="", now=NOW)


# -- in the admin -------------------------------------------------------------------------------


def test_ops_sets_up_a_chat_in_the_admin_and_never_reads_it_again(client: Client) -> None:
    signed_in(client, make_user("root", is_superuser=True, is_staff=True))
    team: Group = make_group("crew")
    form = {"team": team.pk, "person": "", "channel": "chat", "mail": "", "is_active": "on"}
    add = "/admin/workflows/noticeaddress/add/"
    bad = client.post(add, form | {"chat_url": "syslog://"})
    assert bad.status_code == 200
    assert "is no chat" in bad.content.decode()
    assert client.post(add, form | {"chat_url": SLACK}).status_code == 302
    address = NoticeAddress.objects.get()
    page = client.get(f"/admin/workflows/noticeaddress/{address.pk}/change/").content.decode()
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in page
    assert address.secret not in page


def test_who_may_only_look_is_not_asked_for_a_secret(client: Client) -> None:
    address = NoticeAddress.objects.create(
        team=make_group("crew"), channel="chat", secret="cipher", service="slack"
    )
    signed_in(client, make_staff("viewer", "view_noticeaddress", "view_notice"))
    page = client.get(f"/admin/workflows/noticeaddress/{address.pk}/change/")
    assert page.status_code == 200
    assert "chat_url" not in page.content.decode()
    assert "cipher" not in page.content.decode()
    assert client.get("/admin/workflows/notice/?lost=yes").status_code == 200
