"""The trail's daily head: written each night, sent to whoever keeps it, and noted."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.core import mail

from tests.automation.driving import Reply, receiver, work_off
from tests.automation.test_connections_admin import make_connection
from tests.factories import NOW, make_user, publish_map, start_request
from workflows.execution.services import instances as requests
from workflows.monitoring.queries.trail_verification import parse_chain_head, verify_trail
from workflows.outbox.models import OutboxMessage
from workflows.trail.models import TrailEvent
from workflows.trail.seal_models import TrailHead
from workflows.trail.services.daily_heads import write_trail_head
from workflows.trail.services.sealing import end_of_chain

pytestmark = pytest.mark.django_db

NIGHT = NOW + timedelta(hours=16)
"""After midnight of the second of March."""


@pytest.fixture(autouse=True)
def _kept_nowhere_else(settings: Any) -> None:
    settings.AUDIT_HEAD_TO, settings.AUDIT_HEAD_CONNECTION = [], ""


def written() -> TrailHead:
    """The head of a trail with a request in it."""
    if not TrailEvent.objects.exists():
        start_request(publish_map())
    head = write_trail_head(NIGHT)
    assert head is not None
    return head


def test_the_head_of_the_day_that_ended_covers_every_row() -> None:
    head = written()
    assert head.date == date(2026, 3, 2)
    assert (head.position, head.hash) == end_of_chain()
    assert head.position == TrailEvent.objects.count()
    assert head.sent_at is None
    assert not OutboxMessage.objects.filter(kind="head").exists()


def test_an_empty_trail_has_no_head() -> None:
    assert write_trail_head(NIGHT) is None
    assert not TrailHead.objects.exists()


def test_a_head_is_written_and_sent_once_a_day(settings: Any) -> None:
    settings.AUDIT_HEAD_TO = ["audit@example.org"]
    first = written()
    request = start_request(publish_map())
    requests.cancel(request.pk, actor=request.requester, reason="No.", now=NIGHT)
    assert written() == first
    assert TrailHead.objects.get().position == first.position
    work_off(NIGHT)
    assert len(mail.outbox) == 1


def test_a_mail_to_each_address_holds_what_the_check_takes(settings: Any) -> None:
    settings.AUDIT_HEAD_TO = ["audit@example.org", "board@example.com"]
    head = written()
    work_off(NIGHT)
    assert sorted(m.to[0] for m in mail.outbox) == ["audit@example.org", "board@example.com"]
    body = str(mail.outbox[0].body)
    line = next(line.strip() for line in body.splitlines() if line.startswith("    2026"))
    assert verify_trail(now=NIGHT, heads=[parse_chain_head(line)]).broken_count == 0
    assert f"verify_audit --head {head}" in body
    kept = TrailHead.objects.get()
    assert kept.sent_at == NIGHT
    assert [one["to"] for one in kept.sent_to] == ["audit@example.org", "board@example.com"]


def test_a_connection_gets_it_as_json_signed_in_and_with_a_key(settings: Any) -> None:
    settings.AUDIT_HEAD_CONNECTION = "siem/api/heads"
    with receiver() as there:
        make_connection(
            make_user("olivia"),
            key="siem",
            base_url=there.url,
            allowed_hosts="127.0.0.1",
            secret="hush-hush-hush",
        )
        head = written()
        work_off(NIGHT)
    (call,) = there.calls
    assert (call["method"], call["path"]) == ("POST", "/api/heads")
    assert call["headers"]["Authorization"] == "Bearer hush-hush-hush"
    assert call["headers"]["Idempotency-Key"] == "head-2026-03-02"
    said = json.loads(call["body"])
    assert (said["date"], said["position"], said["hash"]) == (
        "2026-03-02",
        head.position,
        head.hash,
    )
    assert said["head"] == str(head)
    assert TrailHead.objects.get().sent_to[0]["way"] == "call"


def test_a_receiver_that_is_down_is_tried_again_and_holds_up_no_mail(settings: Any) -> None:
    settings.AUDIT_HEAD_TO, settings.AUDIT_HEAD_CONNECTION = ["audit@example.org"], "siem"
    with receiver(Reply(status=503)) as there:
        make_connection(
            make_user("olivia"), key="siem", base_url=there.url, allowed_hosts="127.0.0.1"
        )
        written()
        work_off(NIGHT)
        assert [one["way"] for one in TrailHead.objects.get().sent_to] == ["mail"]
        waiting = OutboxMessage.objects.get(kind="head", state="waiting")
        assert "status 503" in waiting.last_error
        work_off(NIGHT + timedelta(minutes=1))
    assert [one["way"] for one in TrailHead.objects.get().sent_to] == ["mail", "call"]
    assert len(there.calls) == 2


@pytest.mark.parametrize(
    ("to", "connection", "why"),
    [
        ([], "nowhere", "no connection 'nowhere'"),
        (["somebody"], "", "no active person"),
        (["not an@address"], "", "is no mail address"),
    ],
)
def test_what_cannot_be_sent_is_given_up_in_words(
    settings: Any, to: list[str], connection: str, why: str
) -> None:
    settings.AUDIT_HEAD_TO, settings.AUDIT_HEAD_CONNECTION = to, connection
    written()
    work_off(NIGHT)
    message = OutboxMessage.objects.get(kind="head")
    assert message.state == "dropped"
    assert why in message.last_error
    assert TrailHead.objects.get().sent_at is None
