"""The outbox: a message exists exactly if its decision does, and is closed by who holds it."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from celery import Celery
from django.db import connection, transaction

from tests.factories import NOW
from tests.workflows.support import only_on_postgres
from workflows.automation.services.delivery import QUICK, deliver_due
from workflows.notices.choices import NoticeEvent
from workflows.outbox.choices import OUTSIDE_KINDS, MessageKind
from workflows.outbox.delivery_problems import ErrorRaised
from workflows.outbox.models import OutboxMessage
from workflows.outbox.payloads import MailPayload, StartPayload
from workflows.outbox.services import messages as outbox
from workflows.outbox.services.messages import TicketLost, WorkerNotifier

pytestmark = pytest.mark.django_db

MAIL = MessageKind.MAIL
LEASE = timedelta(seconds=60)


def put(number: int, *, later: float = 0) -> None:
    mail = MailPayload(to=number, event=NoticeEvent.MAP_PROBLEM, subject="", text="")
    outbox.enqueue_message(mail, now=NOW, run_after=NOW + timedelta(seconds=later))


def take(at: float = 0, limit: int = 10) -> list[OutboxMessage]:
    return outbox.lease_messages(
        now=NOW + timedelta(seconds=at), kinds=[MAIL], limit=limit, lease=LEASE
    )


def numbers(messages: list[OutboxMessage]) -> list[int]:
    return [message.payload["to"] for message in messages]


def test_a_decision_that_is_rolled_back_leaves_no_message() -> None:
    with transaction.atomic():
        put(1)
        transaction.set_rollback(True)
    assert not OutboxMessage.objects.exists()


def test_messages_are_taken_in_the_order_in_which_they_are_due() -> None:
    put(1, later=3)
    put(2, later=1)
    put(3, later=2)
    put(4, later=99)
    assert numbers(take(at=5)) == [2, 3, 1]
    assert take(at=5) == []


def test_a_key_is_written_once() -> None:
    for _ in range(2):
        outbox.enqueue_message(
            MailPayload(to=1, event=NoticeEvent.MAP_PROBLEM, subject="", text=""),
            now=NOW,
            key="once",
        )
    assert OutboxMessage.objects.count() == 1


def test_a_message_whose_worker_died_comes_back_after_its_lease_and_not_before() -> None:
    put(1)
    (first,) = take()
    assert take(at=59) == []
    (second,) = take(at=61)
    assert (second.pk, second.tries) == (first.pk, 2)
    with pytest.raises(TicketLost):
        outbox.mark_delivered(first, now=NOW)
    outbox.mark_delivered(second, now=NOW)
    with pytest.raises(TicketLost):
        outbox.mark_delivered(second, now=NOW)
    assert OutboxMessage.objects.get().state == "delivered"


def test_a_message_put_off_waits_and_says_why() -> None:
    put(1)
    (message,) = take()
    outbox.put_off(message, until=NOW + timedelta(seconds=30), why=ErrorRaised("No answer."))
    assert take(at=29) == []
    (again,) = take(at=30)
    assert again.last_error == "No answer."


def test_delivered_messages_are_forgotten_and_open_ones_never() -> None:
    put(1)
    put(2)
    outbox.mark_delivered(take(limit=1)[0], now=NOW)
    assert outbox.delete_closed_messages(before=NOW + timedelta(days=1)) == 1
    assert numbers(list(OutboxMessage.objects.all())) == [2]


def test_a_message_that_can_never_be_delivered_is_set_aside_and_kept() -> None:
    outbox.enqueue_message(StartPayload(version=10**9, after=10**9, data={}, mapping={}), now=NOW)
    for _ in range(3):
        deliver_due(lambda: NOW)
    message = OutboxMessage.objects.get()
    assert (message.state, message.tries, message.failing_since) == ("aside", 1, NOW)
    assert "DoesNotExist" in message.last_error
    assert outbox.delete_closed_messages(before=NOW + timedelta(days=400)) == 0


# -- the bell -----------------------------------------------------------------------------------


def silent_broker() -> socket.socket:
    """Takes connections and never says a word."""
    server = socket.create_server(("127.0.0.1", 0))
    server.listen(1)
    return server


def test_a_broker_that_never_answers_keeps_nobody_waiting() -> None:
    with silent_broker() as server:
        app = Celery(
            "x", broker=f"redis://127.0.0.1:{server.getsockname()[1]}/0", set_as_current=False
        )
        app.conf.broker_transport_options = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
        bell, began = WorkerNotifier(app), time.monotonic()
        for _ in range(100):
            bell.notify()
        assert time.monotonic() - began < 1


def test_a_broker_that_refuses_keeps_nobody_waiting(caplog: pytest.LogCaptureFixture) -> None:
    with silent_broker() as server:
        port = server.getsockname()[1]
    bell = WorkerNotifier(Celery("x", broker=f"redis://127.0.0.1:{port}/0", set_as_current=False))
    bell.notify()
    for _ in range(100):
        if "does not answer" in caplog.text:
            return
        time.sleep(0.1)
    raise AssertionError("nobody was told that the broker is down")


# -- many workers -------------------------------------------------------------------------------


@only_on_postgres
@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_eight_workers_share_the_messages_and_none_is_taken_twice() -> None:
    for number in range(400):
        put(number)

    def work(_: int) -> list[int]:
        mine: list[int] = []
        while taken := take(limit=7):
            mine += numbers(taken)
            for message in taken:
                outbox.mark_delivered(message, now=NOW)
        connection.close()
        return mine

    with ThreadPoolExecutor(8) as pool:
        shares = list(pool.map(work, range(8)))
    assert sorted(number for share in shares for number in share) == list(range(400))
    assert sum(bool(share) for share in shares) > 1
    assert set(QUICK).isdisjoint(OUTSIDE_KINDS)
