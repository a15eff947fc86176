"""Somebody leaves: how far they reach, who takes it over, and what ends with their account."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import let, make_user
from tests.telling import work_out_notices
from tests.workflows import drawn
from tests.workflows.support import Flow, begin, nothing_changed, person, refused
from workflows.access.conditions import MANAGE
from workflows.access.models import ApiToken
from workflows.access.services.tokens import find_token, make_token
from workflows.automation.services.delivery import deliver_due, deliver_message
from workflows.connections.models import Connection
from workflows.connections.services.credentials import make_webhook_key
from workflows.engine.errors import NotAllowed
from workflows.execution.services import work_items as tasks
from workflows.links.models import DecisionLink
from workflows.links.services.decision_links import make_decision_link
from workflows.outbox.choices import MessageKind
from workflows.outbox.models import OutboxMessage
from workflows.outbox.services.messages import lease_messages
from workflows.people.lifecycle.closing import close_account
from workflows.people.lifecycle.off_boarding import HandoverPlan, off_board
from workflows.people.lifecycle.ownership import Leaving, hand_over
from workflows.people.models import Absence, User
from workflows.people.queries.reach import find_reach
from workflows.people.services.absences import AbsencePlan, set_absence
from workflows.trail.models import TrailEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]


def boss() -> User:
    return make_user("boss", is_superuser=True, is_staff=True)


def clerk(*groups: str) -> User:
    """Somebody who looks after accounts, and answers for no workflow."""
    user = make_user("clerk", groups=groups, is_staff=True)
    codenames = ("view_user", "change_user", "view_group", "change_group")
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return User.objects.get(pk=user.pk)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def started(**values: Any) -> Flow:
    """A request under review, whose task Bob has; its times are of today."""
    flow = begin(drawn.sequential(), **values)
    flow.now = timezone.now()
    tasks.claim(flow.task("review").pk, actor=person("bob"), now=flow.later())
    return flow


# -- what ends with an account ----------------------------------------------------------------


def test_with_an_account_ends_whatever_acts_shows_or_stands_in_as_them() -> None:
    flow = started()
    bob, now = person("bob"), flow.now
    client = signed_in(bob)
    _, token = make_token(
        user=bob, name="mine", scopes=[ApiToken.READ], expires_at=None, by=bob, now=now
    )
    let(bob, MANAGE)
    key, _ = make_webhook_key(
        template=flow.request.template, name="shop", acts_as=bob, by=bob, now=now
    )
    make_decision_link(flow.task("review"), bob, now)
    today = timezone.localdate(flow.now)  # an hour on: late in the evening it is the next day
    set_absence(
        person("ann"),
        AbsencePlan(deputy=bob, first_day=today, last_day=today),
        by=person("ann"),
        now=now,
    )
    ended = close_account(bob, by=boss(), now=now)
    assert (ended.tokens, ended.webhook_keys, ended.absences, ended.sessions) == (1, 1, 1, 1)
    User.objects.filter(pk=bob.pk).update(is_active=True)  # what ended does not come back
    assert client.get("/").status_code == 302
    assert not Session.objects.exists()
    assert find_token(token, now) is None
    key.refresh_from_db()
    assert key.revoked_at == now
    assert all(link.expires_at <= now for link in DecisionLink.objects.all())
    assert Absence.objects.get().ended_at == now


def test_whoever_named_them_to_stand_in_hears_that_nobody_does() -> None:
    flow = started()
    today = timezone.localdate(flow.now)  # an hour on: late in the evening it is the next day
    plan = AbsencePlan(deputy=person("bob"), first_day=today, last_day=today)
    set_absence(person("ann"), plan, by=person("ann"), now=flow.now)
    close_account(person("bob"), by=boss(), now=flow.now)
    work_out_notices(timezone.now())
    mails = OutboxMessage.objects.filter(kind=MessageKind.MAIL, payload__to=person("ann").pk)
    assert "does not stand in for you" in str(mails.latest("pk").payload)


@pytest.mark.parametrize("how", ["leave", "delete", "rename"])
def test_a_change_of_people_asks_for_a_look_at_once(how: str) -> None:
    flow = started()
    group = Group.objects.get(name="crew")
    if how == "leave":
        person("bob").groups.remove(group)
    elif how == "delete":
        group.delete()
    else:
        group.name = "the crew"
        group.save()
    assert OutboxMessage.objects.filter(kind=MessageKind.WATCH).count() == 1
    deliver_due(lambda: timezone.now())
    assert not OutboxMessage.objects.filter(kind=MessageKind.WATCH, closed_at=None).exists()
    assert flow.request.incidents.filter(state="open").exists() == (how != "rename")


def test_many_changes_at_once_are_one_look() -> None:
    started()
    crew = Group.objects.get(name="crew")
    for name in ("ann", "cat", "sid"):
        person(name).groups.remove(crew)
    calls = OutboxMessage.objects.filter(kind=MessageKind.WATCH)
    assert calls.count() == 3
    now = timezone.now()
    (first, *_) = lease_messages(now=now, kinds=[MessageKind.WATCH], limit=10)
    deliver_message(first, lambda: now)
    assert not calls.filter(closed_at=None).exists()


# -- how far they reach -----------------------------------------------------------------------


def test_a_reach_says_what_would_miss_them() -> None:
    data = drawn.sequential()
    data["roles"]["bosses"] = {"users": ["bob"]}
    data["start"]["triggers"] = [{"kind": "schedule", "cron": "0 9 * * 1", "owner": "bob"}]
    data["steps"]["fix"]["owner"] = "bob"
    flow = begin(data, helper="bob")
    tasks.claim(flow.task("review").pk, actor=person("bob"), now=flow.later())
    Connection.objects.create(
        key="erp", name="ERP", base_url="https://x.example", owner=person("bob")
    )
    with CaptureQueriesContext(connection) as asked:
        reach = find_reach(person("bob"), now=flow.now)
    assert len(asked) <= 28
    assert [part.step.key if part.step else part.trigger for part in reach.parts] == ["fix", 0]
    assert [schedule.cron for schedule in reach.schedules] == ["0 9 * * 1"]
    assert [task.step.key for task in reach.tasks] == ["review"]
    assert [(s.step.key, s.left, s.needed) for s in reach.steps] == [("pay", 0, 1)]
    assert [connection.key for connection in reach.connections] == ["erp"]
    assert [named.field for named in reach.fields] == ["helper"]
    assert find_reach(person("max"), now=flow.now).is_empty
    assert [w.key for w in find_reach(person("olga"), now=flow.now).workflows] == ["sequential"]
    assert [w.key for w in find_reach(person("dan"), now=flow.now).deputised] == ["sequential"]


def test_the_page_counts_all_and_names_only_what_its_reader_may_see() -> None:
    flow = started()
    bob = person("bob")
    address = f"/admin/workflows/user/{bob.pk}/leave/"
    said = text_of(signed_in(boss()).get(address))
    assert "Has 1 task" in said
    assert flow.request.reference in said
    said = text_of(signed_in(clerk()).get(address))
    assert "Has 1 task" in said
    assert flow.request.reference not in said


def test_who_may_not_change_the_account_has_no_such_page() -> None:
    started()
    olga = person("olga")
    address = f"/admin/workflows/user/{boss().pk}/leave/"
    assert signed_in(olga).get(address).status_code == 302  # nobody who may open no page there
    assert signed_in(clerk()).get(address).status_code == 403


# -- handing over -----------------------------------------------------------------------------


def test_all_of_it_goes_over_and_what_cannot_is_said_and_an_incident() -> None:
    flow = started(helper="bob")
    bob, ann = person("bob"), person("ann")
    Connection.objects.create(key="erp", name="ERP", base_url="https://x.example", owner=bob)
    plan = HandoverPlan(reason="Leaves.", successor=ann)
    result = off_board(bob, plan, by=boss(), now=flow.later())
    assert (result.left, result.is_closed) == ([], True)
    assert Connection.objects.get().owner == ann
    assert flow.refresh().data["helper"] == "ann"
    assert flow.task("review").assignee is None
    assert find_reach(person("bob"), now=flow.now).is_empty
    rows = TrailEvent.objects.filter(command="hand_over")
    assert [row.changes["to"] for row in rows] == ["ann"]


def test_handing_over_once_more_changes_nothing() -> None:
    flow = started(helper="bob")
    plan = HandoverPlan(reason="Leaves.", successor=person("ann"), closes=False)
    off_board(person("bob"), plan, by=boss(), now=flow.later())
    with nothing_changed():
        again = off_board(person("bob"), plan, by=boss(), now=flow.later())
    assert (again.done, again.left) == (0, [])


def test_what_was_handed_over_before_it_broke_off_stays_and_the_rest_is_gone_on_with() -> None:
    flow = started()
    bob, ann = person("bob"), person("ann")
    for number in range(3):
        Connection.objects.create(
            key=f"c{number}", name=f"C{number}", base_url="https://x.example", owner=bob
        )
    first = Connection.objects.get(key="c0")
    hand_over(first, person("cat"), Leaving(person=bob, by=boss(), now=flow.now))
    plan = HandoverPlan(reason="Leaves.", successor=ann)
    result = off_board(bob, plan, by=boss(), now=flow.later())
    assert result.left == []
    assert [c.owner.username for c in Connection.objects.order_by("key")] == ["cat", "ann", "ann"]


def test_a_task_that_nobody_else_can_do_is_an_incident_of_somebody_at_once() -> None:
    flow = started()
    crew = Group.objects.get(name="crew")
    for name in ("ann", "cat", "sid"):
        person(name).groups.remove(crew)
    plan = HandoverPlan(reason="Leaves.")
    off_board(person("bob"), plan, by=boss(), now=timezone.now())
    deliver_due(lambda: timezone.now())
    assert flow.incident().owner == person("olga")


def test_who_looks_after_accounts_gives_ownership_to_the_deputy_and_to_no_stranger() -> None:
    flow = started()
    workflow, olga = flow.request.template, person("olga")
    leaving = Leaving(person=olga, by=clerk(), now=flow.now)
    with refused(NotAllowed, "do not answer for it"):
        hand_over(workflow, person("max"), leaving)
    assert hand_over(workflow, person("dan"), leaving)
    workflow.refresh_from_db()
    assert (workflow.owner, workflow.deputy) == (person("dan"), None)


def test_a_manager_gives_it_to_whom_they_like() -> None:
    flow = started()
    by = clerk()
    let(by, MANAGE, flow.request.template)
    assert hand_over(
        flow.request.template,
        person("max"),
        Leaving(person=person("olga"), by=by, now=flow.now),
    )


def test_tasks_go_back_to_their_role_by_who_looks_after_accounts_and_the_trail_says_as_what() -> (
    None
):
    flow = started()
    off_board(person("bob"), HandoverPlan(reason="Leaves."), by=clerk("crew"), now=flow.later())
    assert flow.task("review").assignee is None
    row = TrailEvent.objects.filter(request=flow.request, command="release").get()
    assert (row.actor_name, row.capacity, row.comment) == ("clerk", "accounts", "Leaves.")


def test_to_a_named_person_tasks_go_only_by_who_may_steer_and_within_separation_of_duties() -> None:
    flow = started()
    plan = HandoverPlan(
        reason="Leaves.", successor=person("ann"), tasks_to_successor=True, closes=False
    )
    result = off_board(person("bob"), plan, by=clerk("crew"), now=flow.later())
    assert len(result.left) == 1
    to_rita = HandoverPlan(
        reason="Leaves.", successor=person("rita"), tasks_to_successor=True, closes=False
    )
    result = off_board(person("bob"), to_rita, by=boss(), now=flow.later())
    assert "separation of duties" in str(result.left[0].why)
    off_board(person("bob"), plan, by=boss(), now=flow.later())
    assert flow.task("review").assignee == person("ann")


def test_nobody_closes_their_own_account_nor_one_above_theirs() -> None:
    started()
    for by, whom in ((boss(), boss()), (clerk(), boss())):
        with refused(NotAllowed):
            off_board(whom, HandoverPlan(reason="x"), by=by, now=timezone.now())


def test_whom_they_manage_is_given_another_manager() -> None:
    flow = started()
    User.objects.filter(username="cat").update(manager=person("bob"))
    plan = HandoverPlan(reason="Leaves.", successor=person("ann"))
    off_board(person("bob"), plan, by=boss(), now=flow.later())
    assert person("cat").manager == person("ann")


def test_the_page_hands_over_and_says_what_was_left() -> None:
    flow = started(helper="bob")
    page, bob = signed_in(boss()), person("bob")
    form = {"tasks": "roles", "reason": "Leaves.", "closes": "on"}
    answer = page.post(f"/admin/workflows/user/{bob.pk}/leave/", form, follow=True)
    said = text_of(answer)
    assert "1 thing was handed over." in said
    assert f"{flow.request.reference}: helper was not handed over" in said
    assert "The account of bob is closed." in said
    assert not person("bob").is_active


# -- what is asked before ---------------------------------------------------------------------


def account_form(account: User, **changes: Any) -> dict[str, Any]:
    given = {
        "username": account.username,
        "date_joined_0": "2026-01-01",
        "date_joined_1": "09:00",
        "groups": list(account.groups.values_list("pk", flat=True)),
        "is_active": "on",
    }
    return {name: value for name, value in (given | changes).items() if value is not None}


@pytest.mark.parametrize("change", [{"is_active": None}, {"groups": []}])
def test_an_account_page_asks_before_it_strands_work_and_changes_nothing_until_then(
    change: dict[str, Any],
) -> None:
    started()
    page, bob = signed_in(boss()), person("bob")
    address = f"/admin/workflows/user/{bob.pk}/change/"
    with nothing_changed():
        said = text_of(page.post(address, account_form(bob, **change)))
    assert "Nothing was saved yet" in said
    assert "Has 1 task" in said
    sent = account_form(bob, **change) | {"stranding_seen": "yes"}
    assert page.post(address, sent).status_code == 302
    bob = person("bob")
    assert (bob.is_active, bob.groups.exists()) in ((False, True), (True, False))


def test_an_account_that_strands_nothing_is_saved_without_a_question() -> None:
    started()
    page, account = signed_in(boss()), make_user("idle")
    address = f"/admin/workflows/user/{account.pk}/change/"
    assert page.post(address, account_form(account, is_active=None)).status_code == 302
    assert not person("idle").is_active


def test_a_groups_page_says_where_it_is_used_and_deleting_it_what_it_strands() -> None:
    started()
    group = Group.objects.get(name="crew")
    page = signed_in(boss())
    said = text_of(page.get(f"/admin/auth/group/{group.pk}/change/"))
    assert "Is in 1 role of maps in use" in said
    assert "1 step would have too few people without them" in said
    said = text_of(page.get(f"/admin/auth/group/{group.pk}/delete/"))
    assert "crew: 1 step would have too few people without them" in said
