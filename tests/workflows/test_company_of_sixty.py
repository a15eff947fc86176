"""A company of sixty people loses twelve in a month, by every door by which people go.

After each loss, and once the worker has come by (where it went past all pages: the clock), what is
open has somebody active who can finish it, or an incident in the name of somebody active; nobody
who went may do anything; and no mail is for a closed account. Who can finish a task is asked here
of what decides (`available_outcomes`), and not of what watches.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from config.accounts import sync_claimed_groups
from tests.factories import load_map, make_user
from tests.workflows import drawn
from workflows.access.models import ApiToken
from workflows.access.services.tokens import find_token, make_token
from workflows.automation.services.delivery import deliver_due
from workflows.connections.models import Connection
from workflows.definitions.services import publishing as definitions
from workflows.engine.errors import HandoffError
from workflows.engine.format.definition import HUMAN_KINDS
from workflows.execution.models import ASKED, Incident, WorkflowInstance, WorkItem
from workflows.execution.services import instances as requests
from workflows.execution.services import questions
from workflows.execution.services import work_items as tasks
from workflows.execution.services.staffing_watch import watch_queues
from workflows.execution.services.task_standing import available_outcomes
from workflows.execution.services.unit_of_work import find_locked_task, open_unit_of_work
from workflows.links.models import DecisionLink
from workflows.links.services.decision_links import decide_by_link, make_decision_link
from workflows.people.lifecycle.off_boarding import HandoverPlan, off_board
from workflows.people.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

SIZES = {"staff": 24, "crew": 12, "bosses": 6, "finance": 3, "legal": 3}
"""How many people are in each group; with owners, deputies and two who run the site sixty."""
OWNERS = ("olga", "dan", "ole", "dora", "otto", "dina", "ona", "dirk", "ops1", "ops2")


@dataclass
class Company:
    """The people by group, and the clock; what somebody had who went is kept with their name."""

    now: datetime = field(default_factory=timezone.now)
    gone: dict[str, Any] = field(default_factory=dict)

    def later(self, **by: float) -> datetime:
        """Let time pass."""
        self.now += timedelta(**by)
        return self.now

    def work(self) -> None:
        """The worker comes by, as it does each second."""
        for _ in range(3):
            deliver_due(lambda: self.now, seconds=5)

    def tick(self) -> None:
        """The clock's minute is over."""
        watch_queues(now=self.later(minutes=1))
        self.work()


def person(name: str) -> User:
    """Somebody, read afresh."""
    return User.objects.get(username=name)


def found_company() -> Company:
    """Sixty people, four workflows, and forty requests at their steps."""
    ours = Company()
    for group, size in SIZES.items():
        for number in range(size):
            make_user(f"{group}{number}", groups=[group], email=f"{group}{number}@example.org")
    for name in OWNERS:
        admin = name.startswith("ops")
        make_user(name, is_superuser=admin, is_staff=admin, email=f"{name}@example.org")
    make_user("idle", email="idle@example.org")
    make_user("helper", email="helper@example.org")
    assert User.objects.filter(is_active=True).count() == 60
    for data in maps():
        definitions.publish(load_map(data).pk, actor=None, now=ours.now)
    for number in range(40):
        begin(ours, number)
    ours.work()
    return ours


def maps() -> Iterator[dict[str, Any]]:
    """Four workflows, each with people of its own."""
    yield drawn.sequential()
    yield drawn.quorum(2) | {"owner": "ole", "deputy": "dora"}
    named = drawn.sequential() | {"key": "named", "owner": "otto", "deputy": "dina"}
    named["steps"]["pay"]["role"] = "helper"
    named["roles"]["crew"] = {"groups": ["finance"]}
    yield named
    legal = drawn.sequential() | {"key": "legal", "owner": "ona", "deputy": "dirk"}
    legal["roles"]["crew"] = {"groups": ["legal"]}
    legal["steps"]["review"] |= {"owner": "dirk", "deputy": "ona"}
    yield legal


def begin(ours: Company, number: int) -> None:
    """A request, taken some way; of some of them somebody has the task."""
    key = ("sequential", "quorum", "named", "legal")[number % 4]
    asker = f"staff{number % 12}"
    given = {"amount": "100.00", "helper": "helper"}
    request = requests.start(key, actor=person(asker), now=ours.later(minutes=1), data=given)
    review = WorkItem.objects.open().get(request=request)
    doer = {"named": "finance", "legal": "legal"}.get(key, "crew")
    if number % 3 == 0 and key != "quorum":
        tasks.claim(review.pk, actor=person(f"{doer}{number % 3}"), now=ours.now)
        make_decision_link(review, person(f"{doer}{number % 3}"), ours.now)
    if number % 5 == 0 and key != "quorum":
        review.refresh_from_db()
        who = review.assignee or person(f"{doer}1")
        tasks.decide(review.pk, actor=who, outcome="ok", now=ours.later(minutes=1))


# -- what has to hold ---------------------------------------------------------------------------


def can_finish(item: WorkItem, candidates: list[User], now: datetime) -> bool:
    """Whether enough active people may decide it now, and whoever has it is one of them."""
    able = 0
    with transaction.atomic():
        work = open_unit_of_work(actor=None, now=now, work_item_id=item.pk)
        locked = find_locked_task(work, item.pk)
        assert locked is not None
        if locked.state == ASKED:
            return bool(work.instance.requester and work.instance.requester.is_active)
        if locked.assignee is not None and locked.needed == 1:
            return locked.assignee.is_active and bool(
                available_outcomes(work, locked, locked.assignee)
            )
        for candidate in candidates:
            able += bool(available_outcomes(work, locked, candidate))
            if able >= locked.needed - len(locked.votes):
                return True
    return False


def nobody_waits_in_vain(ours: Company) -> None:
    """Each open task has somebody, or an incident in the name of somebody active."""
    people = list(User.objects.filter(is_active=True).order_by("-is_superuser", "pk"))
    open_tasks = WorkItem.objects.filter(
        is_open=True, step__kind__in=HUMAN_KINDS, request__state=WorkflowInstance.RUNNING
    ).select_related("step__role", "request", "assignee")
    for item in open_tasks:
        incident = (
            Incident.objects.filter(
                request=item.request, activation=item.activation, state=Incident.OPEN
            )
            .select_related("owner")
            .first()
        )
        if incident is not None:
            assert incident.owner is not None, f"{item} has an incident of nobody"
            assert incident.owner.is_active, f"{incident} is in the name of {incident.owner}"
            continue
        groups = {"named": "finance", "legal": "legal"}.get(item.request.template.key, "crew")
        near = [p for p in people if p.username.startswith((groups, "bosses", "helper", "staff"))]
        assert can_finish(item, near, ours.now), f"{item} ({item.request.template.key}) waits"


def the_gone_may_nothing(ours: Company) -> None:
    """Page, token, link from a mail, and command: none of them lets somebody in who went."""
    for name, had in ours.gone.items():
        account = User.objects.get(pk=had["pk"])
        if account.is_active:
            continue
        assert had["client"].get("/").status_code == 302, f"{name} still comes in"
        assert had["token"] is None or find_token(had["token"], ours.now) is None
        for link in DecisionLink.objects.filter(person=account, used_at=None):
            with pytest.raises(HandoffError):
                decide_by_link(
                    link.pk, outcome="ok", comment="", data={}, opened_at=ours.now, now=ours.now
                )
        for pk in had["tasks"]:
            with pytest.raises(HandoffError):
                tasks.decide(pk, actor=account, outcome="ok", comment="Me.", now=ours.now)


def no_mail_is_for_the_gone(ours: Company) -> None:
    """What was sent since is for open accounts."""
    closed = set(User.objects.filter(is_active=False).values_list("email", flat=True))
    sent = {address for message in mail.outbox for address in message.to}
    assert not sent & closed
    mail.outbox.clear()


def everything_holds(ours: Company) -> None:
    """All of it."""
    nobody_waits_in_vain(ours)
    the_gone_may_nothing(ours)
    no_mail_is_for_the_gone(ours)


# -- the doors ----------------------------------------------------------------------------------


def remember(ours: Company, name: str) -> User:
    """What somebody has just before they go: a session, a token, tasks."""
    account, client, token = person(name), Client(), None
    client.force_login(account)
    assert client.get("/").status_code == 200
    _, token = make_token(
        user=account,
        name="mine",
        scopes=[ApiToken.READ, ApiToken.WORK],
        expires_at=None,
        by=account,
        now=ours.now,
    )
    held = WorkItem.objects.filter(assignee=account, is_open=True)
    ours.gone[name] = {
        "pk": account.pk,
        "client": client,
        "token": token,
        "tasks": list(held.values_list("pk", flat=True)),
    }
    return account


def admin_client() -> Client:
    client = Client()
    client.force_login(person("ops1"))
    return client


def account_form(account: User, **changes: Any) -> dict[str, Any]:
    """The form of an account in the admin, as it stands, with changes; None leaves one out."""
    given: dict[str, Any] = {
        "username": account.username,
        "email": account.email,
        "date_joined_0": "2026-01-01",
        "date_joined_1": "09:00",
        "groups": list(account.groups.values_list("pk", flat=True)),
        "is_active": "on",
    }
    if account.is_superuser:
        given |= {"is_superuser": "on", "is_staff": "on"}
    return {name: value for name, value in (given | changes).items() if value is not None}


def save_account_page(account: User, **changes: Any) -> None:
    """Save an account's page, and what it asks once more."""
    address = f"/admin/workflows/user/{account.pk}/change/"
    form = account_form(account, **changes)
    answer = admin_client().post(address, form)
    if answer.status_code == 200:
        assert b"stranding_seen" in answer.content, answer.content[-3000:]
        answer = admin_client().post(address, form | {"stranding_seen": "yes"})
    assert answer.status_code == 302


def close_on_the_account_page(ours: Company) -> None:
    save_account_page(remember(ours, "crew0"), is_active=None)


def leave_a_group_on_the_account_page(ours: Company) -> None:
    account = person("finance0")
    save_account_page(account, groups=[Group.objects.get(name="staff").pk])


def off_board_with_hand_over(ours: Company) -> None:
    plan = HandoverPlan(reason="Leaves.", successor=person("bosses1"))
    off_board(remember(ours, "helper"), plan, by=person("ops1"), now=ours.now)


def off_board_the_owner_on_the_page(ours: Company) -> None:
    account = remember(ours, "olga")
    address = f"/admin/workflows/user/{account.pk}/leave/"
    form = {"to_deputies": "on", "tasks": "roles", "reason": "Leaves.", "closes": "on"}
    assert admin_client().post(address, form).status_code == 302
    account.refresh_from_db()
    assert not account.is_active


def company_sign_in_says_other_groups(ours: Company) -> None:
    sync_claimed_groups(person("crew1"), {"groups": ["staff"]})


def close_in_bulk_from_a_shell(ours: Company) -> None:
    remember(ours, "legal0")
    User.objects.filter(username="legal0").update(is_active=False)
    ours.tick()


def rename_a_group(ours: Company) -> None:
    group = Group.objects.get(name="finance")
    answer = admin_client().post(
        f"/admin/auth/group/{group.pk}/change/", {"name": "treasury", "permissions": []}
    )
    assert answer.status_code == 302


def delete_a_group(ours: Company) -> None:
    group = Group.objects.get(name="legal")
    answer = admin_client().post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    ours.work()
    everything_holds(ours)
    assert Incident.objects.filter(state=Incident.OPEN, request__template__key="legal").exists()


def make_the_group_anew(ours: Company) -> None:
    anew = Group.objects.create(name="legal")
    person("legal1").groups.add(anew)
    person("legal2").groups.add(anew)
    ours.work()
    queued = WorkItem.objects.filter(
        is_open=True, assignee=None, request__template__key="legal", step__key="review"
    )
    for item in queued:
        assert not Incident.objects.filter(
            request=item.request, activation=item.activation, state=Incident.OPEN
        ).exists()


def rename_a_login(ours: Company) -> None:
    save_account_page(person("bosses1"), username="bosses1.new")


def load_the_directory(ours: Company, folder: Path) -> None:
    path = folder / "people.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["login", "manager", "department"], ["crew2", "dan", "Sales"]])
    call_command("load_people", str(path))


def requester_leaves_who_was_asked(ours: Company) -> None:
    account = remember(ours, "staff4")
    mine = WorkItem.objects.filter(is_open=True, request__requester=account, step__key="review")
    item = mine.filter(assignee=None, needed=1).earliest("pk")
    questions.ask_requester(item.pk, actor=person("crew5"), question="Why?", now=ours.now)
    save_account_page(account, is_active=None)


def delete_an_account(ours: Company) -> None:
    account = person("idle")
    answer = admin_client().post(f"/admin/workflows/user/{account.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert not User.objects.filter(username="idle").exists()


def close_owner_and_deputy(ours: Company) -> None:
    for name in ("ole", "dora"):
        save_account_page(remember(ours, name), is_active=None)


LOSSES: list[Callable[[Company], None]] = [
    close_on_the_account_page,
    leave_a_group_on_the_account_page,
    off_board_with_hand_over,
    off_board_the_owner_on_the_page,
    company_sign_in_says_other_groups,
    close_in_bulk_from_a_shell,
    rename_a_group,
    requester_leaves_who_was_asked,
    delete_a_group,
    make_the_group_anew,
    rename_a_login,
    close_owner_and_deputy,
    delete_an_account,
]


def test_no_work_is_orphaned_and_nobody_keeps_power_in_a_month_of_losses(
    settings: Any, tmp_path: Path
) -> None:
    settings.OIDC_GROUPS_CLAIM = "groups"
    settings.DECIDE_BY_MAIL = True
    ours = found_company()
    Connection.objects.create(
        key="erp",
        name="ERP",
        base_url="https://x.example",
        owner=person("olga"),
        deputy=person("dan"),
    )
    everything_holds(ours)
    for lose in (*LOSSES, lambda ours: load_the_directory(ours, tmp_path)):
        lose(ours)
        ours.work()
        everything_holds(ours)
        ours.later(days=2)
        ours.tick()
        everything_holds(ours)
