"""A message that cannot be read, taken or delivered is set aside; everything else goes on."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from tests.factories import NOW
from workflows.automation.services.delivery import deliver_due
from workflows.notices.choices import NoticeEvent
from workflows.outbox.models import OutboxMessage
from workflows.outbox.payloads import MailPayload
from workflows.outbox.services import messages as outbox
from workflows.people.models import User

pytestmark = pytest.mark.django_db

EARLY = NOW - timedelta(minutes=5)


def good(person: User) -> OutboxMessage:
    """A mail that is due after the bad one."""
    outbox.enqueue_message(
        MailPayload(
            to=person.pk, event=NoticeEvent.MAP_PROBLEM, subject="Good", text="It goes on."
        ),
        now=NOW,
        key="good",
    )
    return OutboxMessage.objects.get(key="good")


def sql(text: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, values)


def bad(**values: Any) -> int:
    """A message of before, with values that no part of Handoff would write."""
    row: dict[str, Any] = {
        "kind": "mail",
        "payload": {"to": 1, "event": "map_problem", "subject": "x", "text": "y"},
        "run_after": EARLY,
        "created_at": EARLY,
        **values,
    }
    return OutboxMessage.objects.bulk_create([OutboxMessage(**row)])[0].pk


def out_of_time() -> int:
    """'0001-01-01' of a zone east of Greenwich: a moment that Python cannot hold."""
    pk = bad()
    before_christ = (
        "0001-12-31 23:06:00 BC" if connection.vendor == "postgresql" else "0000-12-31 23:06:00"
    )
    sql("UPDATE workflows_outboxmessage SET run_after = %s WHERE id = %s", before_christ, pk)
    return pk


def endless() -> int:
    pk = bad()
    value = "infinity" if connection.vendor == "postgresql" else "2026-13-45 00:00:00"
    sql("UPDATE workflows_outboxmessage SET created_at = %s WHERE id = %s", value, pk)
    return pk


BAD: dict[str, Callable[[], int]] = {
    "a date before all dates": out_of_time,
    "a date that is none": endless,
    "a kind that nobody knows": lambda: bad(kind="carrier_pigeon"),
    "a payload that is a list": lambda: bad(payload=[1, 2]),
    "a payload that is a text": lambda: bad(payload="to: everybody"),
    "a mail to nobody": lambda: bad(payload={"event": "map_problem", "subject": "x", "text": "y"}),
    "a mail to a text": lambda: bad(
        payload={"to": "all", "event": "map_problem", "subject": "x", "text": "y"}
    ),
    "a wait of no request": lambda: bad(kind="wake", payload={}),
    "a child of nobody": lambda: bad(kind="child_ended", payload={"child": 7}),
    "an end of nothing": lambda: bad(kind="ended", payload={}),
    "a schedule without a moment": lambda: bad(
        kind="schedule", payload={"version": 1, "trigger": 0, "at": "soon"}
    ),
    "a schedule of no version": lambda: bad(
        kind="schedule", payload={"version": 10**9, "trigger": 0, "at": NOW.isoformat()}
    ),
    "a head that is not there": lambda: bad(
        kind="head", payload={"head": 10**9, "way": "mail", "to": "a@example.test"}
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_message_is_set_aside_with_its_error_and_the_rest_goes_on(
    what: str, mailoutbox: list[Any]
) -> None:
    person = User.objects.create_user("ada", email="ada@example.test")
    pk = BAD[what]()
    fine = good(person)
    deliver_due(lambda: NOW)
    assert [mail.subject for mail in mailoutbox] == ["News: Good"]
    fine.refresh_from_db()
    assert fine.state == "delivered"
    state, error = OutboxMessage.objects.values_list("state", "error_code").get(pk=pk)
    assert (state, bool(error)) == ("aside", True)
    deliver_due(lambda: NOW + timedelta(days=1))
    assert OutboxMessage.objects.values_list("state", "tries").get(pk=pk)[0] == "aside"


def test_fifty_bad_messages_before_a_good_one_do_not_hold_it_up(mailoutbox: list[Any]) -> None:
    person = User.objects.create_user("ada", email="ada@example.test")
    for _ in range(60):
        out_of_time()
    good(person)
    deliver_due(lambda: NOW)
    assert len(mailoutbox) == 1
    assert OutboxMessage.objects.filter(state="aside").count() == 60
