"""Whether worker and clock are heard, what fails for days, and who may read of it."""

import smtplib
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.factories import NOW, make_user, publish_map, start_request
from workflows.access.services import tokens
from workflows.automation.services.delivery import deliver_due
from workflows.monitoring.messages import describe_check
from workflows.monitoring.queries.readiness import check_readiness
from workflows.monitoring.queries.step_health import AMBER, GREEN, RED, compute_outbox_health
from workflows.notices.choices import NoticeEvent
from workflows.outbox.heartbeat_models import Heartbeat, Trouble
from workflows.outbox.models import OutboxMessage
from workflows.outbox.payloads import MailPayload
from workflows.outbox.services import heartbeats
from workflows.outbox.services import messages as outbox
from workflows.outbox.services.heartbeats import (
    forget_heartbeats,
    open_round_units,
    record_sign_of_life,
    run_as_round,
)
from workflows.people.models import User
from workflows.trail.services.sealing import seal_all

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _written_at_once() -> None:
    forget_heartbeats()


def alive(now: datetime) -> None:
    forget_heartbeats()
    for name in (Heartbeat.WORKER, Heartbeat.CLOCK):
        record_sign_of_life(name, now)


def not_well(now: datetime) -> set[str]:
    return {str(check.part) for check in check_readiness(now=now) if not check.is_well}


# -- readiness ----------------------------------------------------------------------------------


def test_a_site_whose_parts_are_heard_is_ready() -> None:
    alive(NOW)
    assert not_well(NOW + timedelta(seconds=30)) == set()


@pytest.mark.parametrize("silent", [Heartbeat.WORKER, Heartbeat.CLOCK])
def test_three_hours_without_a_sign_of_life_are_not_healthy(silent: str) -> None:
    alive(NOW)
    Heartbeat.objects.exclude(name=silent).update(heard_at=NOW + timedelta(hours=3))
    assert not_well(NOW + timedelta(hours=3)) == {silent}
    check = next(one for one in check_readiness(now=NOW + timedelta(hours=3)) if one.part == silent)
    assert "3 h ago" in describe_check(check)


def test_what_was_never_heard_is_not_ready() -> None:
    assert not_well(NOW) == {"worker", "clock"}


def test_a_machine_whose_clock_is_ahead_is_not_taken_for_alive() -> None:
    alive(NOW + timedelta(hours=2))
    assert not_well(NOW) == {"worker", "clock"}


def test_what_is_due_and_does_not_go_out_is_not_ready() -> None:
    alive(NOW)
    outbox.enqueue_message(
        MailPayload(to=1, event=NoticeEvent.MAP_PROBLEM, subject="x", text="y"),
        now=NOW - timedelta(minutes=5),
    )
    assert not_well(NOW) == {"outbox"}


def test_rows_that_wait_for_their_seals_are_not_ready() -> None:
    start_request(publish_map())
    later = NOW + timedelta(minutes=10)
    OutboxMessage.objects.all().delete()
    alive(later)
    assert not_well(later) == {"seals"}
    seal_all(lambda: later)
    assert not_well(later) == set()


def test_a_round_that_fails_is_not_ready_until_it_ends_well() -> None:
    alive(NOW)

    def fail() -> None:
        raise RuntimeError("no room")

    for _ in range(2):
        with pytest.raises(RuntimeError):
            run_as_round("watch", fail, lambda: NOW)
    assert not_well(NOW) == {"rounds"}
    assert Heartbeat.objects.get(name="watch").failures == 2
    run_as_round("watch", lambda: None, lambda: NOW)
    assert not_well(NOW) == set()


def test_what_a_round_sets_aside_shows_until_it_is_gone() -> None:
    alive(NOW)
    for _ in range(2):
        with open_round_units("watch", NOW) as tasks:
            for number in (1, 2, 3):
                with tasks.isolate_unit(f"task {number}"):
                    if number == 2:
                        raise ValueError("year 0 is out of range")
                    Heartbeat.objects.create(name=f"done {number} {_}", heard_at=NOW)
    trouble = Trouble.objects.get()
    assert (trouble.unit, trouble.times) == ("task 2", 2)
    assert Heartbeat.objects.filter(name__startswith="done").count() == 4
    assert not_well(NOW) == {"set_aside"}
    with open_round_units("watch", NOW) as tasks, tasks.isolate_unit("task 2"):
        pass
    assert not_well(NOW) == set()


def test_a_sign_of_life_is_written_now_and_then_and_not_each_second() -> None:
    record_sign_of_life("clock", NOW)
    record_sign_of_life("clock", NOW + timedelta(seconds=1))
    assert Heartbeat.objects.get().heard_at == NOW
    heartbeats._written_at["clock"] -= heartbeats.EVERY_SECONDS
    record_sign_of_life("clock", NOW + timedelta(seconds=11))
    assert Heartbeat.objects.get().heard_at == NOW + timedelta(seconds=11)


def test_readyz_says_which_part_and_no_more(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["worker"] is False
    assert client.get("/healthz").status_code == 200
    alive(timezone.now())
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert set(answer.json()) == {"ready", "checks"}
    assert client.post("/readyz").status_code == 405


def test_a_database_without_its_tables_is_not_ready_but_the_process_lives(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workflows.monitoring.queries import readiness as module

    module._are_all_migrations_applied.cache_clear()
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM django_migrations WHERE app = 'workflows' AND name LIKE '0002%%'"
        )
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": True, "migrations": False}
    assert client.get("/healthz").status_code == 200


# -- a mail server that is away -------------------------------------------------------------------


class Away(BaseEmailBackend):
    """A mail server that does not answer."""

    def send_messages(self, email_messages: Any) -> int:
        raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")


def work_through(since: datetime, days: float) -> datetime:
    """The clock goes on, every twenty minutes."""
    end, now = since + timedelta(days=days), since
    while now < end:
        deliver_due(lambda now=now: now)  # type: ignore[misc]
        now += timedelta(minutes=20)
    return end


def test_days_without_a_mail_server_lose_no_mail_and_health_says_so(
    settings: Any, mailoutbox: list[Any]
) -> None:
    person = make_user("ada", email="ada@example.test")
    outbox.enqueue_message(
        MailPayload(
            to=person.pk, event=NoticeEvent.MAP_PROBLEM, subject="An incident", text="Look."
        ),
        now=NOW,
    )
    good, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, f"{__name__}.Away"
    deliver_due(lambda: NOW)
    assert compute_outbox_health(now=NOW).state == AMBER
    now = work_through(NOW, 0.03)
    assert compute_outbox_health(now=now).state == RED
    now = work_through(now, 3)
    found = compute_outbox_health(now=now)
    assert (found.state, found.failing, found.failing_kinds) == (RED, 1, ("notice",))
    assert found.failing_since == NOW
    settings.EMAIL_BACKEND = good
    now = work_through(now, 0.03)
    assert [mail.subject for mail in mailoutbox] == ["News: An incident"]
    assert compute_outbox_health(now=now).state == GREEN


def test_a_mail_server_that_stays_away_leaves_the_mails_to_be_sent_by_hand(settings: Any) -> None:
    person = make_user("ada", email="ada@example.test")
    outbox.enqueue_message(
        MailPayload(
            to=person.pk, event=NoticeEvent.MAP_PROBLEM, subject="An incident", text="Look."
        ),
        now=NOW,
    )
    settings.EMAIL_BACKEND = f"{__name__}.Away"
    work_through(NOW, 0.1)
    OutboxMessage.objects.update(failing_since=NOW - timedelta(days=8))
    work_through(NOW + timedelta(days=1), 0.02)
    message = OutboxMessage.objects.get(kind="notice")
    assert message.state == "aside"
    assert "mail server" in message.last_error
    assert compute_outbox_health(now=NOW).aside == 1


# -- who may read health.json -----------------------------------------------------------------


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def made(user: User, *scopes: str) -> str:
    return tokens.make_token(
        user=user, name="monitor", scopes=list(scopes), expires_at=None, by=user, now=NOW
    )[1]


def test_a_monitor_reads_health_with_a_token_of_somebody_who_may(client: Client) -> None:
    version = publish_map()
    owner = version.template.owner
    assert owner is not None
    answer = client.get("/reports/health.json", headers=bearer(made(owner, "read")))
    assert answer.status_code == 200
    assert {check["name"] for check in answer.json()["machine"]} >= {"worker", "clock", "seals"}
    assert answer.json()["state"] == "red"


def test_a_token_without_the_scope_or_of_somebody_who_may_not_is_refused(client: Client) -> None:
    version = publish_map()
    owner = version.template.owner
    assert owner is not None
    stranger = make_user("eve")
    for text, status in ((made(owner, "work"), 403), (made(stranger, "read"), 403), ("x", 401)):
        answer = client.get("/reports/health.json", headers=bearer(text))
        assert answer.status_code == status
        assert set(answer.json()) == {"detail"}


def test_the_sites_own_token_reads_health_of_all(client: Client, settings: Any) -> None:
    publish_map()
    assert client.get("/reports/health.json", headers=bearer("")).status_code == 401
    settings.HEALTH_TOKEN = "a-long-secret-of-the-monitor"
    answer = client.get("/reports/health.json", headers=bearer(settings.HEALTH_TOKEN))
    assert (answer.status_code, len(answer.json()["workflows"])) == (200, 1)
    assert client.get("/reports/health.json", headers=bearer("wrong")).status_code == 401
    assert (
        client.get("/reports/health.csv", headers=bearer(settings.HEALTH_TOKEN)).status_code == 302
    )
