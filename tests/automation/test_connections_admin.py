"""Connections and webhook keys in the admin: who may, what is tested, and no secret anywhere."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from tests.automation.servers import HERE, answering, redirecting, serving
from tests.factories import NOW, let, make_staff, make_user, make_viewer, publish_map
from tests.workflows.support import nothing_changed, refused
from workflows.access.conditions import VIEW
from workflows.access.services.tokens import make_service_account
from workflows.connections.models import Connection, WebhookKey
from workflows.connections.secrets import decrypt
from workflows.connections.services import credentials as connections
from workflows.definitions.models import TemplateVersion
from workflows.engine.errors import InvalidInput, NotAllowed
from workflows.people.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

SECRET = "s3cr3t-t0ken-value"
PERMISSIONS = tuple(f"{verb}_connection" for verb in ("view", "add", "change", "delete"))
KEY_PERMISSIONS = tuple(f"{verb}_webhookkey" for verb in ("view", "add", "change", "delete"))


@pytest.fixture
def owner() -> User:
    return make_staff("carla", *PERMISSIONS)


@pytest.fixture
def colleague() -> User:
    return make_staff("colin", *PERMISSIONS)


@pytest.fixture
def root() -> User:
    return make_user("root", is_staff=True, is_superuser=True)


def make_connection(owner: User, *, secret: str = SECRET, **changes: Any) -> Connection:
    """A connection of the owner's, kept as the admin does."""
    values: dict[str, Any] = {
        "key": "erp",
        "name": "ERP",
        "base_url": "https://erp.example.com/api",
        "owner": owner,
        "auth": Connection.BEARER,
    }
    return connections.save_connection(Connection(**values | changes), by=owner, secret=secret)


def filled_in(connection: Connection, **changes: Any) -> dict[str, Any]:
    """The change form as a browser would send it."""
    names = ("key", "name", "base_url", "auth", "username", "header", "allowed_hosts")
    form = {name: getattr(connection, name) for name in names}
    form |= {"owner": connection.owner_id, "timeout_seconds": 10, "is_active": "on"}
    return form | {"secret_text": ""} | changes


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:workflows_connection_{name}", args=args)


def change(client: Client, by: User, connection: Connection, **changes: Any) -> Any:
    client.force_login(by)
    return client.post(page("change", connection.pk), filled_in(connection, **changes))


def said(answer: Any) -> str:
    """The messages that the next page will show."""
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


# -- who may ----------------------------------------------------------------------------------


def test_an_owner_makes_a_connection(client: Client, owner: User) -> None:
    client.force_login(owner)
    new = Connection(
        key="crm", name="CRM", base_url="https://crm.example.com", owner=owner, auth="bearer"
    )
    answer = client.post(page("add"), filled_in(new, secret_text=SECRET))
    assert answer.status_code == 302, answer.context["errors"]
    made = Connection.objects.get(key="crm")
    assert made.owner == owner
    assert decrypt(made.secret) == SECRET
    assert SECRET not in made.secret


def test_nobody_makes_a_connection_in_anothers_name(
    client: Client, owner: User, colleague: User, root: User
) -> None:
    new = Connection(key="crm", name="CRM", base_url="https://crm.example.com", owner=owner)
    client.force_login(colleague)
    with nothing_changed():
        answer = client.post(page("add"), filled_in(new))
        assert "ask its owner" in answer.content.decode()
    client.force_login(root)
    assert client.post(page("add"), filled_in(new)).status_code == 302
    assert Connection.objects.get(key="crm").owner == owner


def test_only_its_owner_or_a_superuser_changes_a_connection(
    client: Client, owner: User, colleague: User, root: User
) -> None:
    connection = make_connection(owner)
    with nothing_changed():
        answer = change(client, colleague, connection, allowed_hosts="10.0.0.7")
        assert answer.status_code == 403
        taken = {"allowed_hosts": "10.0.0.7", "owner": colleague.pk}
        assert change(client, colleague, connection, **taken).status_code == 403
    for person, host in ((owner, "10.0.0.7"), (root, "10.0.0.8")):
        assert change(client, person, connection, allowed_hosts=host).status_code == 302
        connection.refresh_from_db()
        assert connection.allowed_hosts == host
    assert decrypt(connection.secret) == SECRET


def test_the_service_asks_again_who_changes_it(owner: User, colleague: User) -> None:
    connection = make_connection(owner)
    connection.allowed_hosts, connection.owner = "127.0.0.1", colleague
    with refused(NotAllowed, "owner"):
        connections.save_connection(connection, by=colleague)


def test_an_owner_who_left_changes_nothing(owner: User) -> None:
    connection = make_connection(owner)
    owner.is_active = False
    with refused(NotAllowed):
        connections.save_connection(connection, by=owner)


def test_a_key_that_maps_name_stays(client: Client, owner: User) -> None:
    connection = make_connection(owner)
    assert change(client, owner, connection, key="other", name="New").status_code == 302
    connection.refresh_from_db()
    assert (connection.key, connection.name) == ("erp", "New")


def test_nobody_deletes_a_connection(client: Client, owner: User, root: User) -> None:
    connection = make_connection(owner)
    for person in (owner, root):
        client.force_login(person)
        with nothing_changed():
            assert client.post(page("delete", connection.pk), {"post": "yes"}).status_code == 403


# -- where a secret may go --------------------------------------------------------------------

ELSEWHERE = [
    {"base_url": "https://evil.example.com/api"},
    {"base_url": "https://erp.example.com:8443/api"},
    {"auth": "header", "header": "X-Echo"},
    {"auth": "basic", "username": "u"},
]


@pytest.mark.parametrize("changes", ELSEWHERE, ids=str)
def test_a_secret_goes_nowhere_else_unless_it_is_entered_again(
    client: Client, root: User, changes: dict[str, str]
) -> None:
    connection = make_connection(root)
    with nothing_changed():
        answer = change(client, root, connection, **changes)
        assert "Enter the secret again" in answer.content.decode()
    again = {**changes, "secret_text": "an0ther-one"}
    assert change(client, root, connection, **again).status_code == 302
    connection.refresh_from_db()
    assert decrypt(connection.secret) == "an0ther-one"


def test_another_path_of_the_same_host_keeps_the_secret(client: Client, owner: User) -> None:
    connection = make_connection(owner)
    moved = "https://erp.example.com/api/v2"
    assert change(client, owner, connection, base_url=moved).status_code == 302
    connection.refresh_from_db()
    assert (connection.base_url, decrypt(connection.secret)) == (moved, SECRET)


def test_a_connection_without_credentials_keeps_no_secret(client: Client, owner: User) -> None:
    connection = make_connection(owner)
    assert change(client, owner, connection, auth="none").status_code == 302
    connection.refresh_from_db()
    assert connection.secret == ""


UNFIT: list[tuple[dict[str, Any], str]] = [
    ({"base_url": "https://a:b@erp.example.com"}, "credentials have fields"),
    ({"base_url": "https://erp.example.com/?key=1"}, "credentials have fields"),
    ({"base_url": "ftp://erp.example.com/"}, "https://"),
    ({"base_url": "http://erp.example.com/"}, "in the clear"),
    ({"allowed_hosts": "https://erp.intern"}, "alone"),
    ({"allowed_hosts": "erp.intern:8080"}, "alone"),
    ({"allowed_hosts": "*"}, "alone"),
    ({"allowed_hosts": "10.0.0.0/8"}, "alone"),
    ({"auth": "header", "header": ""}, "X-Api-Key"),
    ({"auth": "header", "header": "X-A\r\nX-B"}, "X-Api-Key"),
    ({"auth": "header", "header": "Host"}, "X-Api-Key"),
    ({"auth": "basic", "username": ""}, "user name"),
    ({"auth": "basic", "username": "a:b"}, "colon"),
    ({"secret": "a\r\nX-B: b"}, "line end"),
    ({"secret": "abc"}, "at least 4"),
    ({"secret": ""}, "Enter the secret"),
    ({"timeout_seconds": 0}, "1 to 120"),
    ({"timeout_seconds": 121}, "1 to 120"),
    ({"key": "not a key"}, "slug"),
]


@pytest.mark.parametrize(("changes", "words"), UNFIT, ids=str)
def test_what_cannot_work_is_refused_in_words(
    owner: User, changes: dict[str, Any], words: str
) -> None:
    with refused(InvalidInput, words):
        make_connection(owner, **changes)


def test_hosts_are_kept_one_a_line_in_small_letters(owner: User) -> None:
    made = make_connection(owner, allowed_hosts="  ERP.intern \r\n\r\n10.0.0.7\n[::1]\nerp.intern")
    assert made.allowed_hosts == "erp.intern\n10.0.0.7\n[::1]"


# -- no secret anywhere -----------------------------------------------------------------------


def test_a_secret_is_on_no_page_and_in_no_row(client: Client, owner: User, root: User) -> None:
    connection = make_connection(owner)
    change(client, owner, connection, name="Renamed", secret_text=SECRET)
    kept = Connection.objects.get().secret
    for person in (owner, root, make_viewer()):
        client.force_login(person)
        for address in (
            page("changelist"),
            page("change", connection.pk),
            page("history", connection.pk),
            page("simple_history", connection.pk, connection.history.first().history_id),
        ):
            answer = client.get(address)
            assert answer.status_code == 200, address
            assert SECRET not in answer.content.decode()
            assert kept not in answer.content.decode()
    rows = {
        model._meta.label: str(list(model._default_manager.values()))
        for model in apps.get_models()
        if model is not Connection
    }
    assert [label for label, text in rows.items() if SECRET in text or kept in text] == []
    assert SECRET not in str(list(Connection.objects.values())) + repr(connection)


def test_a_secret_that_was_typed_is_not_sent_back_with_an_error(
    client: Client, owner: User
) -> None:
    connection = make_connection(owner)
    answer = change(client, owner, connection, base_url="ftp://x/", secret_text="typed-just-now")
    assert answer.status_code == 200
    assert "typed-just-now" not in answer.content.decode()


def test_who_only_looks_is_asked_for_nothing(client: Client, owner: User) -> None:
    connection = make_connection(owner)
    client.force_login(make_viewer())
    shown = client.get(page("change", connection.pk)).content.decode()
    assert "secret_text" not in shown
    assert "Test connection" not in shown
    assert "bearer token" in shown


# -- the test ---------------------------------------------------------------------------------


def test_of(connection: Connection) -> str:
    return reverse("admin:test_connection", args=[connection.pk])


test_of.__test__ = False  # type: ignore[attr-defined]


def local(owner: User, url: str, **changes: Any) -> Connection:
    """A connection to a server of these tests."""
    return make_connection(owner, **{"base_url": url, "allowed_hosts": HERE} | changes)


def test_the_test_says_what_came_back_and_how_fast(client: Client, owner: User) -> None:
    client.force_login(owner)
    with serving(answering(b"{}")) as server:
        connection = local(owner, server.url)
        assert "Test connection" in client.get(page("change", connection.pk)).content.decode()
        answer = client.post(test_of(connection))
    assert answer.status_code == 302
    assert "answered with status 200 in 0." in said(answer)
    assert f"Authorization: Bearer {SECRET}".encode() in server.heard[0]
    assert "Tested. It answered" in LogEntry.objects.latest("pk").change_message


@pytest.mark.parametrize(
    ("status", "words"),
    [("401 No", "enter them again"), ("404 No", "paths of maps"), ("500 Oh", "refuses a plain")],
)
def test_the_test_says_what_to_change(client: Client, owner: User, status: str, words: str) -> None:
    client.force_login(owner)
    with serving(answering(b"{}", status=status)) as server:
        answer = client.post(test_of(local(owner, server.url)))
    assert words in said(answer)


def test_the_test_names_the_error_code(client: Client, owner: User) -> None:
    client.force_login(owner)
    with serving(redirecting("http://169.254.169.254/")) as server:
        assert "(redirect_inside)" in said(client.post(test_of(local(owner, server.url))))
    inside = make_connection(owner, key="in", base_url="https://169.254.169.254/")
    assert "(link_local_address)" in said(client.post(test_of(inside)))


def test_a_secret_under_another_key_asks_to_be_entered_again(
    client: Client, owner: User, settings: Any
) -> None:
    connection = make_connection(owner)
    client.force_login(owner)
    before = settings.SECRET_KEY
    settings.SECRET_KEY = "n" * 60
    client.force_login(owner)
    assert "Enter it again" in said(client.post(test_of(connection)))
    settings.SECRET_KEY = before


def test_only_who_answers_for_a_connection_tests_it_and_only_by_post(
    client: Client, owner: User, colleague: User
) -> None:
    with serving(answering()) as server:
        connection = local(owner, server.url)
        viewer = make_viewer()
        with nothing_changed():
            for person in (colleague, viewer):
                client.force_login(person)
                assert client.post(test_of(connection)).status_code == 403
            client.force_login(owner)
            assert client.get(test_of(connection)).status_code == 302
            strict = Client(enforce_csrf_checks=True)
            strict.force_login(owner)
            assert strict.post(test_of(connection)).status_code == 403
            assert client.post("/admin/workflows/connection/999999/test/").status_code == 404
    assert server.heard == []


# -- webhook keys -----------------------------------------------------------------------------


@pytest.fixture
def version() -> TemplateVersion:
    return publish_map()


def manager(name: str = "olivia") -> User:
    """The purchase map's owner, in the admin."""
    person = make_staff(name, *KEY_PERMISSIONS)
    person.is_staff = True
    person.save()
    return person


def key_page(name: str, *args: Any) -> str:
    return reverse(f"admin:workflows_webhookkey_{name}", args=args)


def test_a_webhook_key_shows_its_secret_once(client: Client, version: TemplateVersion) -> None:
    olivia = manager()
    client.force_login(olivia)
    form = {"template": version.template_id, "name": "the web shop", "acts_as": olivia.pk}
    answer = client.post(key_page("add"), form)
    key = WebhookKey.objects.get()
    secret = decrypt(key.secret)
    shown = answer.content.decode()
    assert secret in shown
    assert f"/api/v1/hooks/{version.template.key}" in shown
    assert "no-store" in answer["Cache-Control"]
    for address in (
        key_page("changelist"),
        key_page("change", key.pk),
        key_page("history", key.pk),
    ):
        later = client.get(address)
        assert later.status_code == 200
        assert secret not in later.content.decode()
        assert key.secret not in later.content.decode()
    assert secret not in str(list(WebhookKey.history.values()))


def test_a_key_acts_as_oneself_or_as_a_service_account(
    client: Client, version: TemplateVersion, root: User
) -> None:
    olivia, sam = manager(), make_user("sam")
    with refused(NotAllowed, "yourself"):
        connections.make_webhook_key(
            template=version.template, name="x", acts_as=sam, by=olivia, now=NOW
        )
    client.force_login(olivia)
    form = {"template": version.template_id, "name": "x", "acts_as": sam.pk}
    with nothing_changed():
        assert client.post(key_page("add"), form).status_code == 200
    client.force_login(root)
    with nothing_changed():
        assert client.post(key_page("add"), form).status_code == 200
    robot = make_service_account(username="shop", purpose="Orders.", owner=root, by=root, now=NOW)
    form["acts_as"] = robot.user.pk
    assert "hook_" in client.post(key_page("add"), form).content.decode()
    assert WebhookKey.objects.get().acts_as == robot.user


def test_only_who_manages_a_workflow_makes_and_revokes_its_keys(
    client: Client, version: TemplateVersion, root: User
) -> None:
    stranger = make_staff("stranger", *KEY_PERMISSIONS)
    with refused(NotAllowed, "manage"):
        connections.make_webhook_key(
            template=version.template, name="x", acts_as=stranger, by=stranger, now=NOW
        )
    key, _ = connections.make_webhook_key(
        template=version.template, name="x", acts_as=root, by=root, now=NOW
    )
    action = {"action": "revoke_selected_keys", "_selected_action": [key.pk]}
    client.force_login(stranger)
    with nothing_changed():
        client.post(key_page("changelist"), action)  # not in sight, so not chosen
    let(stranger, VIEW, version.template)
    with nothing_changed():
        assert "Only those who manage" in said(client.post(key_page("changelist"), action))
    client.force_login(manager())
    assert "starts nothing any more" in said(client.post(key_page("changelist"), action))
    key.refresh_from_db()
    assert key.revoked_at is not None
    first = key.revoked_at
    client.post(key_page("changelist"), action)
    key.refresh_from_db()
    assert key.revoked_at == first


def test_a_key_is_never_edited_or_deleted(
    client: Client, version: TemplateVersion, root: User
) -> None:
    key, _ = connections.make_webhook_key(
        template=version.template, name="x", acts_as=root, by=root, now=NOW
    )
    client.force_login(root)
    with nothing_changed():
        assert client.post(key_page("change", key.pk), {"name": "y"}).status_code == 403
        assert client.post(key_page("delete", key.pk), {"post": "yes"}).status_code == 403


def test_a_key_needs_a_name_and_an_active_person(version: TemplateVersion, root: User) -> None:
    gone = make_user("gone", is_active=False)
    for acts_as, name in ((gone, "x"), (root, "  ")):
        with refused(InvalidInput):
            connections.make_webhook_key(
                template=version.template, name=name, acts_as=acts_as, by=root, now=NOW
            )
