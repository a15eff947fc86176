"""Who may do what is a fact: each change of it is a row of the trail, whatever the door."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from tests.factories import NOW, let, make_group, make_staff, make_user, publish_map
from workflows.access.conditions import AUDIT
from workflows.access.grant_models import TemplateUserPermission
from workflows.access.models import ApiToken
from workflows.access.permissions import permission_named
from workflows.access.services import tokens
from workflows.access.services.rights_trail import attribute_changes_to
from workflows.calendars.models import BusinessCalendar
from workflows.connections.models import Connection, WebhookKey
from workflows.connections.services import credentials as connections
from workflows.definitions.models import WorkflowTemplate
from workflows.outbox.models import OutboxMessage
from workflows.outbox.payloads import MailPayload, read_payload
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]


def last() -> TrailEvent:
    return TrailEvent.objects.latest("pk")


def said() -> tuple[str, dict[str, Any]]:
    return last().command, last().changes


@pytest.fixture
def root() -> User:
    return make_user("root", is_staff=True, is_superuser=True)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_who_joins_and_leaves_a_group_is_recorded(db: None) -> None:
    sam, finance = make_user("sam"), make_group("finance")
    named = {"people": ["sam"], "groups": ["finance"]}
    sam.groups.add(finance)
    assert said() == ("join_group", named)
    finance.user_set.remove(sam)
    assert said() == ("leave_group", named)
    sam.groups.set([finance])
    sam.groups.clear()
    assert said() == ("leave_group", named)
    before = TrailEvent.objects.count()
    sam.groups.clear()
    assert TrailEvent.objects.count() == before


def test_permissions_of_people_and_groups_are_recorded(db: None) -> None:
    sam, ops = make_user("sam"), make_group("ops")
    row = Permission.objects.get(codename="view_incident")
    sam.user_permissions.add(row)
    assert said() == ("grant", {"people": ["sam"], "permissions": ["workflows.view_incident"]})
    ops.permissions.set([row])
    assert said() == ("grant", {"groups": ["ops"], "permissions": ["workflows.view_incident"]})
    ops.permissions.clear()
    assert last().command == "withdraw"


def test_grants_on_a_workflow_are_rows_of_that_workflow(db: None) -> None:
    template = publish_map().template
    vera = make_user("vera")
    grant = TemplateUserPermission.objects.create(
        user=vera, permission=permission_named(WorkflowTemplate, AUDIT), content_object=template
    )
    assert last().template == template
    assert (last().command, last().changes["people"]) == ("grant", ["vera"])
    assert last().changes["permissions"] == [AUDIT]
    grant.delete()
    assert (last().command, last().template) == ("withdraw", template)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("is_active", False),
        ("is_staff", True),
        ("is_superuser", True),
        ("email", "a@b.example"),
        ("username", "samuel"),
    ],
)
def test_a_change_of_an_account_is_recorded_with_what_stood_there(
    db: None, column: str, value: Any
) -> None:
    sam = make_user("sam")
    before = getattr(sam, column)
    setattr(sam, column, value)
    sam.save()
    assert last().command == "change_account"
    assert last().changes["changed"] == {column: [before, value]}


def test_a_new_password_is_recorded_and_not_shown_and_a_new_hash_is_neither(db: None) -> None:
    sam = make_user("sam")
    sam.set_password("another one")
    sam.save()
    assert last().changes["changed"] == {"password": "changed"}
    assert sam.password not in str(list(TrailEvent.objects.values()))
    before = TrailEvent.objects.count()
    sam.password = "md5$old$hash"
    sam._password = None
    sam.save(update_fields=["password"])
    sam.save(update_fields=["last_login"])
    assert TrailEvent.objects.count() == before


def test_new_and_renamed_and_deleted_groups_and_calendars_are_recorded(db: None) -> None:
    group = Group.objects.create(name="press")
    assert said() == ("change_group", {"group": "press", "done": "made"})
    group.name = "media"
    group.save()
    assert last().changes["changed"] == {"name": ["press", "media"]}
    group.delete()
    assert last().changes == {"group": "media", "done": "deleted"}
    BusinessCalendar.objects.create(key="berlin", name="Berlin", country="DE")
    assert last().command == "change_calendar"


def test_connections_are_recorded_without_their_secret(root: User) -> None:
    values = {"key": "erp", "name": "ERP", "base_url": "https://erp.example", "owner": root}
    row = connections.save_connection(
        Connection(**values, auth="bearer"), by=root, secret="very secret"
    )
    assert (last().command, last().actor) == ("change_connection", root)
    row.base_url = "https://elsewhere.example"
    connections.save_connection(row, by=root, secret="other secret")
    changed = last().changes["changed"]
    assert changed["base_url"] == ["https://erp.example", "https://elsewhere.example"]
    assert changed["secret"] == "changed"
    text = str(list(TrailEvent.objects.values()))
    assert "very secret" not in text
    assert row.secret not in text


def test_tokens_made_and_revoked_are_recorded_and_told(db: None) -> None:
    sam = make_user("sam")
    row, text = tokens.make_token(
        user=sam, name="script", scopes=["work"], expires_at=None, by=sam, now=NOW
    )
    assert (last().command, last().actor, last().changes["acts_as"]) == ("make_token", sam, "sam")
    admin = make_staff("ada", "change_apitoken")
    tokens.revoke_token(row.pk, by=admin, now=NOW)
    assert (last().command, last().actor) == ("revoke_token", admin)
    mails = OutboxMessage.objects.filter(kind="mail").order_by("pk")
    assert [mail.payload["to"] for mail in mails] == [sam.pk, sam.pk]
    assert "revoked by ada" in str(read_payload(mails[1], MailPayload).text)
    assert text not in str(list(TrailEvent.objects.values()))
    ApiToken.objects.update(last_used_at=NOW)
    before = TrailEvent.objects.count()
    tokens.find_token(text, NOW)
    assert TrailEvent.objects.count() == before


def test_webhook_keys_are_rows_of_their_workflow_and_told_to_its_owner(db: None) -> None:
    template = publish_map().template
    owner = template.owner
    assert owner is not None
    key, secret = connections.make_webhook_key(
        template=template, name="shop", acts_as=owner, by=owner, now=NOW
    )
    assert (last().command, last().template) == ("make_key", template)
    same, other = connections.rotate_webhook_key(key.pk, by=owner, now=NOW)
    assert other != secret
    assert last().command == "rotate_key"
    connections.revoke_webhook_key(same.pk, by=owner, now=NOW)
    assert last().command == "revoke_key"
    assert WebhookKey.objects.get().revoked_at == NOW
    told = OutboxMessage.objects.filter(kind="mail").values_list("payload__to", flat=True)
    assert set(told) == {owner.pk}


def test_the_admin_names_who_did_it_and_the_door(root: User) -> None:
    finance = make_group("finance")
    sam = make_user("sam", email="sam@example.org")
    form = {
        "username": "sam",
        "email": "sam@example.org",
        "is_active": "on",
        "groups": [finance.pk],
        "date_joined_0": "2026-01-01",
        "date_joined_1": "09:00",
    }
    answer = signed_in(root).post(f"/admin/workflows/user/{sam.pk}/change/", form)
    assert answer.status_code == 302, answer.context["errors"]
    row = TrailEvent.objects.get(command="join_group")
    assert (row.actor, row.channel) == (root, "admin")
    assert row.changes == {"people": ["sam"], "groups": ["finance"]}


def test_a_reason_is_kept(root: User) -> None:
    with attribute_changes_to(root, "She moved to sales."):
        make_group("x").user_set.add(make_user("sue"))
    assert (last().comment, last().actor) == ("She moved to sales.", root)


def test_a_shell_is_recorded_too_with_nobody(db: None) -> None:
    make_user("sam").groups.add(make_group("finance"))
    assert (last().actor, last().actor_name, last().channel) == (None, "", "direct")


def test_the_trail_of_the_site_is_for_the_sites_auditors(root: User) -> None:
    template = publish_map().template
    make_user("sam").groups.add(make_group("finance"))
    auditor = make_user("tina")
    let(auditor, AUDIT, template)
    page = "/reports/trail/?command=join_group"
    assert "finance" not in signed_in(auditor).get(page).content.decode()
    auditor.user_permissions.add(Permission.objects.get(codename="audit_site"))
    auditor = User.objects.get(pk=auditor.pk)
    assert "finance" in signed_in(auditor).get(page).content.decode()
    assert "finance" in signed_in(root).get(page).content.decode()


def test_publishing_records_whom_the_map_puts_into_its_roles(db: None) -> None:
    publish_map()
    row = TrailEvent.objects.filter(command="publish").latest("pk")
    assert row.changes["roles"]["staff"] == {"groups": ["staff"], "users": []}
    assert row.changes["owner"] == "olivia"
