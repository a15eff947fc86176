"""Connections that sign in by OAuth 2, against a small real server."""

import json
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.request import HTTPErrorProcessor, build_opener

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.db import connections as databases
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.automation.driving import Course, ordering
from tests.automation.oauth_server import CLIENT, SECRET, OAuthServer, oauth_server, query_of
from tests.factories import make_staff, make_user
from tests.table_rows import read_rows
from tests.workflows.support import make_people, nothing_changed, only_on_postgres, person, refused
from workflows.automation.http.oauth import current_token
from workflows.connections.admin.account_sign_in import SESSION_KEY, redirect_address
from workflows.connections.admin.connection_tests import try_connection
from workflows.connections.models import Connection, ConnectionToken
from workflows.connections.services import credentials
from workflows.connections.services.oauth_tokens import (
    TokenAnswer,
    connect_account,
    has_readable_token,
    read_token,
)
from workflows.engine.errors import InvalidInput
from workflows.engine.format.actions import ActionFailed
from workflows.execution.services import incidents
from workflows.outbox.models import Attempt, OutboxMessage
from workflows.people.models import User
from workflows.trail.models import TrailEvent

PERMISSIONS = tuple(f"{verb}_connection" for verb in ("view", "add", "change"))
HOUR = timedelta(hours=1)


@pytest.fixture
def there() -> Iterator[OAuthServer]:
    with oauth_server() as server:
        yield server


def connect_by_oauth(there: OAuthServer, owner: User, **changes: Any) -> Connection:
    """A connection as its owner fills it in."""
    values: dict[str, Any] = {
        "key": "erp",
        "name": "ERP",
        "base_url": there.url,
        "owner": owner,
        "auth": Connection.OAUTH_APP,
        "token_url": f"{there.url}/token",
        "authorize_url": f"{there.url}/authorize?tenant=7",
        "client_id": CLIENT,
        "scope": "orders read",
        "allowed_hosts": "127.0.0.1",
        "timeout_seconds": 5,
    }
    return credentials.save_connection(Connection(**values | changes), by=owner, secret=SECRET)


def order_course(there: OAuthServer, **changes: Any) -> tuple[Course, Connection]:
    make_people()
    connection = connect_by_oauth(there, person("olga"), **changes)
    return Course.of(ordering()), connection


def sent_tokens(there: OAuthServer) -> list[str]:
    return [call["headers"].get("Authorization", "") for call in there.calls]


def retry(course: Course) -> None:
    incident = course.flow.incident()
    incidents.retry(incident.pk, actor=person("olga"), reason="Mended.", now=course.now)


# -- as an application ------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("way", [Connection.IN_HEADER, Connection.IN_BODY])
def test_an_application_asks_for_a_token_once_and_calls_with_it(
    there: OAuthServer, way: str
) -> None:
    course, connection = order_course(there, client_auth=way)
    assert course.work() == "check"
    [asked] = there.asked
    assert (asked["grant_type"], asked["scope"]) == ("client_credentials", "orders read")
    assert ("client_secret" in asked) == (way == Connection.IN_BODY)
    token = current_token(connection, now=course.now)
    assert len(there.asked) == 1
    assert sent_tokens(there) == [f"Bearer {token.access}"]
    assert "200" in try_connection(connection)[1]


@pytest.mark.django_db
def test_a_token_is_renewed_before_it_is_over(there: OAuthServer) -> None:
    connection, now = connect_by_oauth(there, make_user("olga")), timezone.now()
    first = current_token(connection, now=now)
    assert current_token(connection, now=now + timedelta(minutes=58)).access == first.access
    later = current_token(connection, now=now + timedelta(minutes=59, seconds=30))
    assert later.access != first.access
    assert len(there.asked) == 2


@pytest.mark.django_db
def test_a_refused_token_is_renewed_once_and_the_call_repeated_under_its_key(
    there: OAuthServer,
) -> None:
    course, connection = order_course(there)
    current_token(connection, now=timezone.now())
    there.tokens.clear()  # the other side has forgotten it
    assert course.work() == "check"
    first, second = there.calls
    assert first["headers"]["Idempotency-Key"] == second["headers"]["Idempotency-Key"]
    assert first["body"] == second["body"]
    assert len(there.asked) == 2
    assert Attempt.objects.count() == 1


@pytest.mark.django_db
def test_a_call_that_stays_refused_is_not_repeated_for_ever(there: OAuthServer) -> None:
    course, connection = order_course(there)
    current_token(connection, now=timezone.now())
    there.tokens = set()
    there.answer_call = lambda call: (there.calls.append(call), (401, {}))[1]  # type: ignore
    course.work()
    assert len(there.calls) == 2
    assert course.attempts == [(1, "failed", "status_401")]


@pytest.mark.django_db
def test_a_token_address_in_trouble_is_tried_again_and_breaks_nothing(there: OAuthServer) -> None:
    course, _ = order_course(there)
    there.fails = 503
    course.work()
    assert course.attempts == [(1, "failed", "sign_in_failed")]
    assert not ConnectionToken.objects.get().broken_code
    there.fails = 0
    assert course.work(seconds=15) == "check"


@pytest.mark.django_db
def test_an_application_that_is_refused_waits_on_an_incident_that_says_what_to_do(
    there: OAuthServer,
) -> None:
    course, _ = order_course(there)
    there.refuses = "unauthorized_client"
    course.work()
    assert course.attempts == [(1, "failed", "sign_in_needed")]
    incident = course.flow.incident()
    assert "unauthorized_client" in incident.message
    assert "Enter the client's secret anew" in incident.message
    mails = OutboxMessage.objects.filter(kind="mail")
    assert [row.payload["to"] for row in mails] == [person("olga").pk]
    there.refuses = ""
    retry(course)
    assert course.work() == "check"
    assert not ConnectionToken.objects.get().broken_code


@pytest.mark.django_db
def test_no_secret_and_no_token_is_kept_where_it_can_be_read(
    there: OAuthServer, caplog: pytest.LogCaptureFixture
) -> None:
    course, connection = order_course(there)
    course.work()
    token = read_token(connection).access
    [attempt] = Attempt.objects.all()
    assert "•••" in attempt.answer
    rows = {
        model._meta.db_table: read_rows(model)
        for model in apps.get_app_config("workflows").get_models(include_auto_created=True)
    }
    kept = repr(rows) + caplog.text + repr(list(LogEntry.objects.values()))
    for secret in (token, SECRET, json.dumps(SECRET)):
        assert secret not in kept


@pytest.mark.django_db
def test_the_guards_hold_for_the_token_address(there: OAuthServer) -> None:
    """It is inside, and allowed for nobody."""
    connection = connect_by_oauth(there, make_user("olga"))
    Connection.objects.update(token_url="https://127.0.0.1:1/token", allowed_hosts="")
    connection.refresh_from_db()
    with pytest.raises(ActionFailed) as failed:
        current_token(connection, now=timezone.now())
    assert failed.value.code == "loopback_address"
    assert not there.asked


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client_id": ""}, "client id"),
        ({"token_url": ""}, "token address"),
        ({"token_url": "https://a:b@x.example/token"}, "token address"),
        ({"token_url": "http://x.example/token"}, "in the clear"),
        ({"auth": Connection.OAUTH_ACCOUNT, "authorize_url": ""}, "sign-in address"),
        ({"auth": Connection.OAUTH_ACCOUNT, "authorize_url": "http://x.example/"}, "in the clear"),
    ],
)
def test_settings_that_cannot_sign_in_are_refused(
    there: OAuthServer, changes: dict[str, Any], words: str
) -> None:
    owner = make_user("olga")
    with refused(InvalidInput, words):
        connect_by_oauth(there, owner, **changes)


@pytest.mark.django_db
@pytest.mark.parametrize("column", ["token_url", "client_id", "base_url"])
def test_who_gets_the_secret_cannot_be_changed_without_entering_it(
    there: OAuthServer, column: str
) -> None:
    owner = make_user("olga")
    connection = connect_by_oauth(there, owner)
    current_token(connection, now=timezone.now())
    setattr(connection, column, "https://evil.example/")
    with refused(InvalidInput, "again"):
        credentials.save_connection(connection, by=owner)
    credentials.save_connection(connection, by=owner, secret="another")
    assert not has_readable_token(connection)


@pytest.mark.django_db
def test_a_token_goes_nowhere_but_where_it_was_given_for(there: OAuthServer) -> None:
    """Even where a worker keeps it after the connection was changed."""
    connection = connect_by_oauth(there, make_user("olga"))
    current_token(connection, now=timezone.now())
    Connection.objects.update(base_url="https://other.example/")
    connection.refresh_from_db()
    assert not read_token(connection).access


# -- as one account ---------------------------------------------------------------------------


@pytest.fixture
def carla(db: None) -> User:
    return make_staff("carla", *PERMISSIONS)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def lead_out(client: Client, connection: Connection) -> str:
    """Where the connect button leads."""
    page = client.post(reverse("admin:connect_account", args=[connection.pk])).content.decode()
    found = re.search(r'href="(http://127[^"]+)"', page)
    assert found is not None, page
    return unescape(found[1])


def agree(address: str) -> str:
    """The account agrees at the other side; where its browser is led then."""

    class StayHere(HTTPErrorProcessor):
        def http_response(self, request: Any, response: Any) -> Any:
            return response

    with build_opener(StayHere).open(address) as answer:
        return str(answer.headers["Location"])


def come_back(client: Client, address: str) -> str:
    """What the page says after the way back."""
    assert address.startswith(redirect_address() + "?")
    answer = client.get("/admin/workflows/connection/signed-in/?" + address.partition("?")[2])
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def account(there: OAuthServer, owner: User, **changes: Any) -> Connection:
    return connect_by_oauth(there, owner, **{"auth": Connection.OAUTH_ACCOUNT} | changes)


@pytest.mark.django_db
def test_an_account_is_connected_by_its_owner(there: OAuthServer, carla: User) -> None:
    connection, client = account(there, carla), signed_in(carla)
    before = client.get(f"/admin/workflows/connection/{connection.pk}/change/").content.decode()
    assert "No account is connected" in before
    address = lead_out(client, connection)
    asked = query_of(address)
    assert (asked["tenant"], asked["scope"], asked["client_id"]) == ("7", "orders read", CLIENT)
    assert asked["redirect_uri"] == redirect_address()
    assert "connected" in come_back(client, agree(address))
    assert has_readable_token(connection)
    row = ConnectionToken.objects.get()
    assert row.connected_by == carla
    said = TrailEvent.objects.filter(command="change_connection").latest("pk")
    assert (said.actor, said.changes["changed"]) == (carla, {"account": "connected"})
    assert "200" in try_connection(connection)[1]
    page = client.get(f"/admin/workflows/connection/{connection.pk}/change/").content.decode()
    assert "Connected by" in page
    client.post(reverse("admin:disconnect_account", args=[connection.pk]))
    assert not has_readable_token(connection)


@pytest.mark.django_db
def test_a_sign_in_ends_only_where_it_was_begun(there: OAuthServer, carla: User) -> None:
    connection, client = account(there, carla), signed_in(carla)
    back = agree(lead_out(client, connection))
    other = signed_in(make_user("root", is_staff=True, is_superuser=True))
    for caller, address in (
        (other, back),
        (client, back.replace("state=", "state=x")),
        (client, back),  # a wrong state has ended it
    ):
        assert "not begun here" in come_back(caller, address)
    assert not there.asked
    assert not has_readable_token(connection)


@pytest.mark.django_db
def test_a_sign_in_ends_once_soon_and_for_the_settings_it_was_begun_for(
    there: OAuthServer, carla: User
) -> None:
    connection, client = account(there, carla), signed_in(carla)
    back = agree(lead_out(client, connection))
    session = client.session
    session[SESSION_KEY] |= {"begun": (timezone.now() - HOUR).isoformat()}
    session.save()
    assert "not begun here" in come_back(client, back)
    back = agree(lead_out(client, connection))
    Connection.objects.update(scope="everything")
    assert "changed meanwhile" in come_back(client, back)
    back = agree(lead_out(client, connection))
    assert "connected" in come_back(client, back)
    assert "not begun here" in come_back(client, back)
    nobody = lead_out(client, connection)
    state = query_of(nobody)["state"]
    denied = f"{redirect_address()}?error=access_denied&state={state}"
    assert "nobody agreed" in come_back(client, denied)


@pytest.mark.django_db
def test_a_stolen_code_is_worth_nothing_without_what_proves_the_journey(
    there: OAuthServer, carla: User
) -> None:
    connection, client = account(there, carla), signed_in(carla)
    stolen = query_of(agree(lead_out(client, connection)))["code"]
    mine = query_of(agree(lead_out(client, connection)))
    put_in = f"{redirect_address()}?code={stolen}&state={mine['state']}"
    assert "invalid_grant" in come_back(client, put_in)
    assert not has_readable_token(connection)


@pytest.mark.django_db
def test_connecting_is_for_who_may_change_the_connection_and_begins_with_a_post(
    there: OAuthServer, carla: User
) -> None:
    connection = account(there, carla)
    colin = signed_in(make_staff("colin", *PERMISSIONS))
    for name in ("connect_account", "disconnect_account"):
        address = reverse(f"admin:{name}", args=[connection.pk])
        assert colin.post(address).status_code == 403
        with nothing_changed():
            assert signed_in(carla).get(address).status_code == 302
    assert (
        "connect/"
        not in colin.get(f"/admin/workflows/connection/{connection.pk}/change/").content.decode()
    )


def connected(there: OAuthServer, owner: User, **changes: Any) -> Connection:
    connection = account(there, owner, **changes)
    client = signed_in(owner)
    assert "connected" in come_back(client, agree(lead_out(client, connection)))
    return connection


@pytest.mark.django_db
@pytest.mark.parametrize("rotates", [True, False])
def test_an_account_is_refreshed_with_what_came_last(
    there: OAuthServer, carla: User, rotates: bool
) -> None:
    connection, now = connected(there, carla), timezone.now()
    there.rotates = rotates
    for number in range(1, 4):
        current_token(connection, now=now + number * 2 * HOUR)
    assert [form["grant_type"] for form in there.asked[1:]] == ["refresh_token"] * 3
    refresh = [form["refresh_token"] for form in there.asked[1:]]
    assert len(set(refresh)) == (3 if rotates else 1)


@pytest.mark.django_db
def test_a_refused_refresh_breaks_the_connection_until_it_is_connected_again(
    there: OAuthServer,
) -> None:
    make_people()
    olga = person("olga")
    User.objects.filter(pk=olga.pk).update(is_staff=True, is_superuser=True)
    connection = connected(there, person("olga"), deputy=person("dan"))
    there.refresh_tokens.clear()
    there.tokens.clear()
    course = Course.of(ordering())
    course.work()
    asked = len(there.asked)
    assert course.attempts == [(1, "failed", "sign_in_needed")]
    assert "Connect it to its account again" in course.flow.incident().message
    told = [row.payload["to"] for row in OutboxMessage.objects.filter(kind="mail")]
    assert sorted(told) == sorted([olga.pk, person("dan").pk])
    retry(course)
    course.work()  # nothing is asked in vain
    assert len(there.asked) == asked
    assert course.attempts[-1] == (2, "failed", "sign_in_needed")
    client = signed_in(person("olga"))
    page = client.get(f"/admin/workflows/connection/{connection.pk}/change/").content.decode()
    assert "invalid_grant" in page
    assert "connected" in come_back(client, agree(lead_out(client, connection)))
    retry(course)
    assert course.work() == "check"


@pytest.mark.django_db
def test_an_account_without_a_refresh_token_is_broken_when_its_token_is_over(
    there: OAuthServer, carla: User
) -> None:
    connection = connected(there, carla)
    there.rotates = False
    token = ConnectionToken.objects.get()
    connect_account(
        connection, TokenAnswer(access="tok-x", lifetime=60), by=carla, now=timezone.now()
    )
    with pytest.raises(ActionFailed, match="no_refresh_token"):
        current_token(connection, now=timezone.now() + HOUR)
    token.refresh_from_db()
    assert token.broken_code == "no_refresh_token"


# -- many workers -----------------------------------------------------------------------------


@only_on_postgres
@pytest.mark.django_db(transaction=True)
def test_many_workers_that_need_a_new_token_ask_for_one(there: OAuthServer) -> None:
    """Each refresh token is good for one use: asked for twice, the account were lost."""
    owner = make_staff("carla", *PERMISSIONS)
    connection = connected(there, owner)
    there.delay = 0.2
    for number in range(1, 4):
        moment, asked = timezone.now() + number * 2 * HOUR, len(there.asked)
        tokens, failures = race(connection, moment, workers=8)
        assert failures == []
        assert len(set(tokens)) == 1
        assert len(there.asked) == asked + 1
    assert not ConnectionToken.objects.get().ticket


def race(connection: Connection, moment: Any, *, workers: int) -> tuple[list[str], list[object]]:
    """All ask at once for a token at a moment."""
    tokens: list[str] = []
    failures: list[object] = []
    barrier = threading.Barrier(workers)

    def ask() -> None:
        try:
            barrier.wait()
            tokens.append(current_token(connection, now=moment).access)
        except BaseException as problem:
            failures.append(problem)
        finally:
            databases.close_all()

    threads = [threading.Thread(target=ask) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tokens, failures


@pytest.mark.django_db
def test_the_turn_of_a_worker_that_died_runs_out(there: OAuthServer) -> None:
    connection = connect_by_oauth(there, make_user("olga"))
    first = current_token(connection, now=timezone.now())
    ConnectionToken.objects.update(
        ticket="dead", taken_until=timezone.now() + timedelta(milliseconds=300)
    )
    second = current_token(connection, now=timezone.now() + 2 * HOUR)
    assert second.access != first.access
