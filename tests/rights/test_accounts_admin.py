"""Who may change users hands on nothing that they have not, and touches nobody above them."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from tests.factories import make_group, make_user
from tests.workflows.support import nothing_changed
from workflows.outbox.models import OutboxMessage
from workflows.outbox.payloads import MailPayload, read_payload
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

ACCOUNTS = (
    "view_user",
    "add_user",
    "change_user",
    "delete_user",
    "view_group",
    "change_group",
    "add_group",
    "delete_group",
)


def clerk(*more: str) -> User:
    """Staff who look after accounts, and are no superuser."""
    user = make_user("clerk", is_staff=True, email="clerk@example.org")
    user.user_permissions.set(Permission.objects.filter(codename__in=(*ACCOUNTS, *more)))
    return User.objects.get(pk=user.pk)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def everything() -> list[Any]:
    dated = {"last_login": None, "date_joined": None}
    accounts = [row | dated for row in User.objects.order_by("pk").values()]
    return [
        accounts,
        list(User.groups.through.objects.order_by("pk").values()),
        list(User.user_permissions.through.objects.order_by("pk").values()),
        list(Group.objects.order_by("pk").values()),
        list(Group.permissions.through.objects.order_by("pk").values()),
    ]


def form_of(user: User, **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "username": user.username,
        "email": user.email,
        "first_name": user.first_name,
        "date_joined_0": "2026-01-01",
        "date_joined_1": "09:00",
        "groups": [group.pk for group in user.groups.all()],
        "user_permissions": [row.pk for row in user.user_permissions.all()],
    }
    flags = {
        name: "on" for name in ("is_active", "is_staff", "is_superuser") if getattr(user, name)
    }
    return given | flags | changes


def save(by: User, user: User, **changes: Any) -> Any:
    answer = signed_in(by).post(
        f"/admin/workflows/user/{user.pk}/change/", form_of(user, **changes)
    )
    user.refresh_from_db()
    return answer


def test_nobody_raises_themselves(db: None) -> None:
    by, finance = clerk(), make_group("finance")
    power = Permission.objects.get(codename="change_workflowtemplate")
    before = everything()
    for changes in (
        {"is_superuser": "on"},
        {"groups": [finance.pk]},
        {"user_permissions": [power.pk]},
        {"email": "other@example.org"},
        {"username": "root"},
    ):
        save(by, by, **changes)
        assert everything() == before, changes


def test_nobody_raises_another_above_themselves(db: None) -> None:
    by, sam, finance = clerk(), make_user("sam", email="sam@example.org"), make_group("finance")
    power = Permission.objects.get(codename="change_workflowtemplate")
    before = everything()
    for changes in (
        {"is_superuser": "on"},
        {"is_staff": "on"},
        {"username": "olivia"},
        {"groups": [finance.pk]},
        {"user_permissions": [power.pk]},
    ):
        save(by, sam, **changes)
        assert everything() == before, changes


def test_what_one_has_may_be_handed_on_and_what_one_has_not_is_left_alone(db: None) -> None:
    by, sam = clerk(), make_user("sam", groups=("board",), email="sam@example.org")
    by.groups.add(make_group("desk"))
    mine = Permission.objects.get(codename="view_user")
    answer = save(by, sam, groups=[make_group("desk").pk], user_permissions=[mine.pk])
    assert answer.status_code == 302
    assert set(sam.groups.values_list("name", flat=True)) == {"board", "desk"}
    assert sam.user_permissions.get() == mine
    assert TrailEvent.objects.filter(command="leave_group").count() == 0


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("rank", ["superuser", "by a permission", "by a group"])
def test_an_administrator_is_not_reset_by_who_is_below(db: None, rank: str, closed: bool) -> None:
    by = clerk()
    boss = make_user("boss", is_staff=True, email="boss@example.org", is_active=not closed)
    power = Permission.objects.get(codename="change_workflowtemplate")
    if rank == "superuser":
        User.objects.filter(pk=boss.pk).update(is_superuser=True)
        boss.refresh_from_db()
    elif rank == "by a permission":
        boss.user_permissions.add(power)
    else:
        group = make_group("ops")
        group.permissions.add(power)
        boss.groups.add(group)
    before = everything()
    client = signed_in(by)
    page = f"/admin/workflows/user/{boss.pk}/"
    new = {"password1": "a new one 4711", "password2": "a new one 4711", "usable_password": "true"}
    assert client.post(f"{page}password/", new).status_code == 403
    assert client.post(f"{page}change/", form_of(boss, email="x@evil.example")).status_code == 403
    assert client.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [boss.pk], "post": "yes"}
    client.post("/admin/workflows/user/", chosen)
    assert everything() == before


def test_an_ordinary_person_is_helped_and_told_of_it(db: None) -> None:
    by, sam = clerk(), make_user("sam", email="sam@example.org")
    new = {"password1": "a new one 4711", "password2": "a new one 4711", "usable_password": "true"}
    answer = signed_in(by).post(f"/admin/workflows/user/{sam.pk}/password/", new)
    assert answer.status_code == 302
    sam.refresh_from_db()
    assert sam.check_password("a new one 4711")
    row = TrailEvent.objects.filter(command="change_account").latest("pk")
    assert (row.actor, row.channel) == (by, "admin")
    assert row.changes["changed"] == {"password": "changed"}
    mail = OutboxMessage.objects.get(kind="mail")
    assert (mail.payload["to"], "new password" in str(read_payload(mail, MailPayload).text)) == (
        sam.pk,
        True,
    )
    assert save(by, sam, email="new@example.org").status_code == 302
    addresses = OutboxMessage.objects.filter(kind="mail").values_list("payload__address", flat=True)
    assert "sam@example.org" in list(addresses)


def test_groups_are_given_only_permissions_that_one_has(db: None) -> None:
    by, group = clerk(), make_group("desk")
    power = Permission.objects.get(codename="change_workflowtemplate")
    kept = Permission.objects.get(codename="view_incident")
    group.permissions.add(kept)
    mine = Permission.objects.get(codename="view_user")
    page = f"/admin/auth/group/{group.pk}/"
    client = signed_in(by)
    client.post(f"{page}change/", {"name": "finance", "permissions": [power.pk]})
    group.refresh_from_db()
    assert (group.name, list(group.permissions.all())) == ("desk", [kept])
    assert client.post(f"{page}change/", {"permissions": [mine.pk]}).status_code == 302
    assert set(group.permissions.all()) == {kept, mine}
    assert client.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    with nothing_changed():
        assert client.post("/admin/auth/group/add/", {"name": "desk"}).status_code == 200


def test_a_superuser_does_all_of_it(db: None) -> None:
    root = make_user("root", is_staff=True, is_superuser=True)
    sam, finance = make_user("sam", email="sam@example.org"), make_group("finance")
    answer = save(root, sam, is_staff="on", groups=[finance.pk], username="samuel")
    assert answer.status_code == 302
    assert (sam.username, sam.is_staff, sam.groups.get()) == ("samuel", True, finance)
