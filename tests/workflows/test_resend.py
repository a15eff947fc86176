"""Messages that did not get through are sent again, or given up, by those who may; on record."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from tests.factories import NOW
from tests.workflows.support import refused
from workflows.automation.services.delivery import deliver_due
from workflows.engine.errors import NotAllowed, WrongState
from workflows.monitoring.services import redelivery as resend
from workflows.notices.choices import NoticeEvent
from workflows.outbox.models import OutboxMessage
from workflows.outbox.payloads import MailPayload
from workflows.outbox.services import messages as outbox
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

LIST = "admin:workflows_outboxmessage_changelist"


def somebody(*permissions: str) -> User:
    person = User.objects.create_user("opal", is_staff=True, email="opal@example.test")
    person.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return person


def mail(state: str = "aside", **values: Any) -> OutboxMessage:
    ada = User.objects.create_user("ada", email="ada@example.test")
    return OutboxMessage.objects.bulk_create(
        [
            OutboxMessage(
                kind="mail",
                payload={
                    "to": ada.pk,
                    "event": "map_problem",
                    "subject": "Late",
                    "text": "It is late.",
                },
                state=state,
                tries=9,
                run_after=NOW - timedelta(days=3),
                created_at=NOW,
                error_code="error",
                error_parameters={"error": "No answer."},
                **{"failing_since": NOW - timedelta(days=3), **values},
            )
        ]
    )[0]


@pytest.mark.parametrize("state", ["aside", "dropped", "waiting"])
def test_what_did_not_get_through_is_sent_again_and_it_is_on_record(
    state: str, mailoutbox: list[Any]
) -> None:
    message = mail(state)
    ops = somebody("resend_outboxmessage")
    resend.send_again(message.pk, actor=ops, reason="The mail server is back.", now=NOW)
    deliver_due(lambda: NOW)
    assert [one.subject for one in mailoutbox] == ["News: Late"]
    event = TrailEvent.objects.get(command="send_again")
    assert (event.actor, event.comment) == (ops, "The mail server is back.")
    assert event.changes["message"] == message.pk
    assert event.changes["error"] == {"code": "error", "error": "No answer."}
    message.refresh_from_db()
    assert (message.state, message.failing_since) == ("delivered", None)


def test_what_was_given_up_is_closed_with_the_reason() -> None:
    message = mail()
    resend.give_up_message(
        message.pk, actor=somebody("resend_outboxmessage"), reason="Old.", now=NOW
    )
    message.refresh_from_db()
    assert (message.state, message.closed_at) == ("dropped", NOW)
    assert "Given up by opal: Old." in message.last_error
    assert TrailEvent.objects.filter(command="give_up").count() == 1


@pytest.mark.parametrize(
    ("state", "failing"), [("delivered", None), ("taken", NOW), ("held", None), ("waiting", None)]
)
def test_what_needs_no_help_is_left_alone(state: str, failing: Any) -> None:
    message = mail(state, failing_since=failing)
    ops = somebody("resend_outboxmessage")
    for command in (resend.send_again, resend.give_up_message):
        with refused(WrongState):
            command(message.pk, actor=ops, reason="Why not.", now=NOW)


def test_who_may_only_look_may_not_send() -> None:
    message = mail()
    looker = somebody("view_outboxmessage")
    with refused(NotAllowed):
        resend.send_again(message.pk, actor=looker, reason="Me too.", now=NOW)


def post(client: Client, action: str, message: OutboxMessage) -> Any:
    return client.post(
        reverse(LIST),
        {"action": action, ACTION_CHECKBOX_NAME: [message.pk], "confirmed": "1", "reason": "Back."},
    )


@pytest.mark.parametrize(
    ("action", "state"), [("send_again_selected", "waiting"), ("give_up_selected", "dropped")]
)
def test_the_admin_asks_for_a_reason_and_does_it(client: Client, action: str, state: str) -> None:
    message = mail()
    client.force_login(somebody("view_outboxmessage", "resend_outboxmessage"))
    assert post(client, action, message).status_code == 302
    assert OutboxMessage.objects.get().state == state
    assert client.get(reverse(LIST), {"failing": "yes"}).status_code == 200


def test_the_admin_offers_and_does_nothing_for_who_may_only_look(client: Client) -> None:
    message = mail()
    client.force_login(somebody("view_outboxmessage"))
    assert "send_again_selected" not in client.get(reverse(LIST)).text
    post(client, "send_again_selected", message)
    assert OutboxMessage.objects.get().state == "aside"
    assert not TrailEvent.objects.filter(command__in=("send_again", "give_up")).exists()


def test_a_get_sends_nothing(client: Client) -> None:
    mail()
    client.force_login(somebody("view_outboxmessage", "resend_outboxmessage"))
    client.get(reverse(LIST), {"action": "send_again_selected", "confirmed": "1"})
    assert OutboxMessage.objects.get().state == "aside"


def test_a_row_that_could_not_be_read_is_shown_and_sent_again(
    client: Client, mailoutbox: list[Any]
) -> None:
    from django.db import connection

    message = mail("waiting", failing_since=None)
    bad = "0001-12-31 23:06 BC" if connection.vendor == "postgresql" else "0000-12-31 23:06:00"
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE workflows_outboxmessage SET run_after = %s WHERE id = %s", [bad, message.pk]
        )
    deliver_due(lambda: NOW)
    assert not mailoutbox
    client.force_login(somebody("view_outboxmessage", "resend_outboxmessage"))
    assert "set aside" in client.get(reverse(LIST)).text
    post(client, "send_again_selected", message)
    deliver_due(lambda: NOW + timedelta(days=9000))
    assert len(mailoutbox) == 1


def test_a_key_that_was_set_aside_is_still_there() -> None:
    mail(key="once")
    outbox.enqueue_message(
        MailPayload(to=1, event=NoticeEvent.MAP_PROBLEM, subject="x", text="y"), now=NOW, key="once"
    )
    assert OutboxMessage.objects.count() == 1
