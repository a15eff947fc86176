"""A site with a row of every kind, the callers of the matrix, and what each of them is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.db import models
from django.test import Client
from django.utils import timezone

from reporting.costs.models import CallRate, RoleRate
from reporting.reviews.services.opening import begin_review
from reporting.rollups.models import Freshness, RequestRollUp, StepRollUp
from tests.factories import (
    NOW,
    let,
    make_user,
    map_data,
    open_task,
    publish_map,
    start_request,
)
from tests.reporting.reviewed import some_finding
from tests.table_rows import read_rows
from tests.workflows.admin_site import Site, make_site
from workflows.access.conditions import AUDIT, MANAGE, VIEW
from workflows.access.models import ApiToken
from workflows.access.services import tokens
from workflows.access.services.rights_trail import suppress_fact_recording
from workflows.connections.models import Connection
from workflows.connections.services import credentials as connections
from workflows.conversation.models import Comment, Follow, Mention
from workflows.definitions.models import Step
from workflows.documents.models import Document
from workflows.execution.models import Incident, MergeRecord, WorkflowInstance
from workflows.execution.services.questions import ask_opinions
from workflows.links.queries.addresses import (
    confirm_token,
    decision_link_token,
    status_link_token,
)
from workflows.links.services.decision_links import make_decision_link
from workflows.links.services.public_entries import keep_public_entry
from workflows.links.services.status_links import make_status_link
from workflows.notices.models import Notice, NoticeAddress
from workflows.outbox.models import Attempt, OutboxMessage
from workflows.people.models import Absence, SavedFilter, User
from workflows.people.services.absences import AbsencePlan, end_absence, set_absence
from workflows.resources.models import Hold, Resource

SIGNED, STARTS, SEES, MANAGES, AUDITS = "signed in", "starts", "sees", "manages", "audits"
GUEST, LOOKS, AWAY, KNOWS = "not signed in", "audits something", "is away", "knows the workflow"
GIVES_LINKS = "makes status links"
STAFF, VIEWS, CHANGES, SUPER = "staff", "views tables", "changes tables", "superuser"
READS, WORKS = "reads by API", "works by API"
HAS_IT, HANDS_ON, IS_ASKED = "has the task", "may put the task into other hands", "is asked"

ALL = {
    *(SIGNED, STARTS, SEES, MANAGES, GIVES_LINKS, HANDS_ON, AUDITS, LOOKS),
    *(STAFF, VIEWS, CHANGES, SUPER, READS, WORKS, KNOWS),
}
CALLERS: Mapping[str, set[str]] = {
    "anonymous": {GUEST},
    "closed account": {GUEST},
    "outsider": {SIGNED, READS, WORKS},
    "requester": {SIGNED, KNOWS, STARTS, SEES, GIVES_LINKS, READS, WORKS},
    "another requester": {SIGNED, KNOWS, STARTS, READS, WORKS},
    "approver": {SIGNED, SEES, HAS_IT, HANDS_ON, READS, WORKS, AWAY},
    "stand-in": {SIGNED, SEES, HAS_IT, HANDS_ON, READS, WORKS},
    "former stand-in": {SIGNED, READS, WORKS},
    "somebody who is asked": {SIGNED, SEES, IS_ASKED, READS, WORKS},
    "another role": {SIGNED, READS, WORKS},
    "approver elsewhere": {SIGNED, READS, WORKS},
    "watcher": {SIGNED, READS, WORKS},
    "mentioned": {SIGNED, SEES, READS, WORKS},
    "owner": {SIGNED, KNOWS, SEES, MANAGES, HANDS_ON, GIVES_LINKS, AUDITS, LOOKS, READS, WORKS},
    "deputy": {SIGNED, KNOWS, SEES, MANAGES, HANDS_ON, GIVES_LINKS, AUDITS, LOOKS, READS, WORKS},
    "manager": {SIGNED, KNOWS, SEES, MANAGES, HANDS_ON, GIVES_LINKS, AUDITS, LOOKS, READS, WORKS},
    "auditor": {SIGNED, KNOWS, SEES, AUDITS, LOOKS, READS, WORKS},
    "viewer": {SIGNED, KNOWS, SEES, READS, WORKS},
    "ops with view": {SIGNED, STAFF, VIEWS, READS, WORKS},
    "site auditor": {SIGNED, KNOWS, SEES, AUDITS, LOOKS, READS, WORKS},
    "ops with all": {SIGNED, STAFF, VIEWS, CHANGES, LOOKS, READS, WORKS},
    "ops of the workflow": {SIGNED, KNOWS, STAFF, VIEWS, SEES, AUDITS, LOOKS, READS, WORKS},
    "superuser": ALL,
    "read token": {READS, SEES},
    "work token": {WORKS, SEES, HANDS_ON},
}
"""What each caller is, and so all that decides what is open to them. Tokens open no page."""

NAMES = {
    "closed account": "gone",
    "outsider": "nora",
    "requester": "sam",
    "another requester": "sue",
    "approver": "mia",
    "stand-in": "stan",
    "former stand-in": "fritz",
    "somebody who is asked": "ida",
    "another role": "lena",
    "approver elsewhere": "elsa",
    "watcher": "wanda",
    "mentioned": "miko",
    "owner": "olivia",
    "deputy": "omar",
    "manager": "max",
    "auditor": "tina",
    "viewer": "vera",
    "ops with view": "otto",
    "ops with all": "opal",
    "ops of the workflow": "olga",
    "site auditor": "rosa",
    "superuser": "root",
    "read token": "mia",
    "work token": "mia",
}


@dataclass
class Everything:
    """The site, and the rows by which addresses are filled in."""

    site: Site
    rows: dict[str, Any] = field(default_factory=dict)


def make_everything() -> Everything:
    """One row of everything, and all the people."""
    with suppress_fact_recording():
        site = make_site()
        _make_people(site)
        rows = _make_rows(site)
        _make_work_elsewhere()
        rows |= _make_public_form()
    return Everything(site, rows)


def _make_people(site: Site) -> None:
    template = site.published.template
    for name, verb in (("max", MANAGE), ("tina", AUDIT), ("vera", VIEW), ("olga", AUDIT)):
        let(make_user(name), verb, template)
    for name in ("nora", "stan", "fritz", "ida"):
        make_user(name)
    make_user("root", is_staff=True, is_superuser=True)
    User.objects.filter(username="gone").update(is_superuser=True, is_staff=True)
    User.objects.filter(username__in=("olga",)).update(is_staff=True)
    every = Permission.objects.all()
    for name in ("otto", "olga"):
        user = make_user(name)
        user.user_permissions.set(every.filter(codename__startswith="view_"))
    beside = ("name_people", "audit_everything")
    make_user("opal").user_permissions.set(every.exclude(codename__in=beside))
    make_user("rosa").user_permissions.set(every.filter(codename="audit_everything"))
    User.objects.filter(username__in=("otto", "opal")).update(is_staff=True)


PUBLIC_KEY = "complaint"


def _make_public_form() -> dict[str, Any]:
    """A workflow with a form for people without an account, and one that waits to be confirmed."""
    roles = {"desk": {"users": ["elsa"]}}
    data = {
        "format": 1,
        "key": PUBLIC_KEY,
        "name": "Complaint",
        "owner": "olivia",
        "deputy": "omar",
        "roles": roles,
        "fields": {"what": {"type": "text", "required": True}},
        "start": {
            "role": "desk",
            "fields": ["what"],
            "triggers": [{"kind": "public_form"}],
            "first": "look",
        },
        "steps": {
            "look": {
                "kind": "task",
                "role": "desk",
                "expected": "1d",
                "outcomes": {
                    "settled": "over",
                    "refused": {"to": "gone", "exception": True},
                    "spam": {"to": "gone", "exception": True},
                },
            },
            "over": {"kind": "end", "result": "settled"},
            "gone": {"kind": "end", "result": "gone"},
        },
    }
    version = publish_map(data)
    entry = keep_public_entry(
        version,
        address="maria@outside.example",
        content=json.dumps([["title", "Rain"], ["f-what", "Wet"]]),
        files={},
        language="en",
        now=timezone.now(),
    )
    assert entry is not None
    return {"public_key": PUBLIC_KEY, "confirm_token": confirm_token(entry)}


def _make_work_elsewhere() -> None:
    """Another workflow, where somebody has an approval to decide and so is no outsider of the
    site: it opens nothing of the first."""
    elsewhere = {"key": "travel-approval", "name": "Travel approval"}
    make_user("elsa")
    start_request(publish_map(map_data() | elsewhere), manager="elsa")


def _make_rows(site: Site) -> dict[str, Any]:
    root, owner = User.objects.get(username="root"), User.objects.get(username="olivia")
    now, template = timezone.now(), site.published.template
    review = begin_review(template, actor=owner, now=now)
    finding = some_finding(review)
    connection = Connection.objects.create(
        key="bank", name="Bank", base_url="https://bank.demo.invalid", owner=owner
    )
    key, _ = connections.make_webhook_key(
        template=template, name="shop", acts_as=owner, by=owner, now=now
    )
    token, _ = tokens.make_token(
        user=root, name="script", scopes=["read"], expires_at=None, by=root, now=now
    )
    service = tokens.make_service_account(
        username="robot", purpose="Pays.", owner=root, by=root, now=now
    )
    comment, follow = _make_conversation(site)
    step = Step.objects.get(version=site.published, key="manager_review")
    Attempt.objects.create(
        request=site.stuck,
        step=step,
        activation=1,
        number=1,
        action="http",
        idempotency_key="k",
        started_at=NOW,
    )
    OutboxMessage.objects.create(kind="wake", request=site.waiting, run_after=now, created_at=now)
    Notice.objects.create(
        event="task_reached",
        kind="tasks",
        person=owner,
        request=site.waiting,
        workflow=template,
        key="one",
        created_at=now,
    )
    NoticeAddress.objects.create(team=Group.objects.first(), channel="mail", mail="a@example.com")
    hold = _make_hold(site.waiting)
    RoleRate.objects.create(role="staff", per_hour="10", currency="EUR", since=date(2026, 1, 1))
    CallRate.objects.create(
        connection=connection, per_call="1", currency="EUR", since=date(2026, 1, 1)
    )
    task = open_task(site.waiting, "manager_review")
    absence = _make_absences()
    decision_link = make_decision_link(task, User.objects.get(username="mia"), now)
    assert decision_link is not None
    link = make_status_link(site.waiting, by=site.waiting.requester, now=now)
    [question] = ask_opinions(
        task.pk,
        actor=User.objects.get(username="mia"),
        people=[User.objects.get(username="ida")],
        question="Fair?",
        now=now,
    )
    return {
        "absence_id": absence.pk,
        "resource_key": "blue",
        "hold_id": hold.pk,
        "key": template.key,
        "workflow": template.key,
        "reference": site.waiting.reference,
        "task_id": task.pk,
        "token": status_link_token(link),
        "link_id": link.pk,
        "decision_token": decision_link_token(decision_link),
        "question_id": question.pk,
        "document_id": Document.objects.get().pk,
        "other_id": Document.objects.get().pk,
        "number": 1,
        "incident_id": Incident.objects.filter(request=site.stuck).latest("pk").pk,
        "merge_id": MergeRecord.objects.get(request=site.conflicting).pk,
        "course": "suspend",
        "comment_id": comment.pk,
        "follow_id": follow.pk,
        "filter_id": _make_saved_filter("fred").pk,
        "team_id": Group.objects.get(name="finance").pk,
        "command": "claim",
        "kind": "csv",
        "name": "findings",
        "table": "steps",
        "token_id": token.pk,
        "app_label": "workflows",
        "object_pk": template.pk,
        "user_id": owner.pk,
        "group_id": Group.objects.first().pk,
        "pk": review.pk,  # type: ignore[union-attr]
        "finding": finding.pk,
        "connection": connection.pk,
        "step_row": step.pk,
        "webhook": key.pk,
        "service": service.pk,
        "id": root.pk,
        "version": site.published.pk,
        "draft": site.draft.pk,
    }


def _make_hold(request: WorkflowInstance) -> Hold:
    """Something that a request has of a resource whose owner is no caller."""
    fred = User.objects.get(username="fred")
    room = Resource.objects.create(
        key="blue", name="Blue", kind="bookable", group="rooms", owner=fred
    )
    begins = datetime(2026, 3, 5, 10, tzinfo=UTC)
    return Hold.objects.create(
        resource=room,
        request=request,
        purpose="books",
        step_key="manager_review",
        starts_at=begins,
        ends_at=begins + timedelta(hours=1),
        made_at=begins,
    )


def _make_saved_filter(username: str) -> SavedFilter:
    """A filter of somebody who is no caller."""
    person = User.objects.get(username=username)
    return SavedFilter.objects.create(
        person=person, name="Late", chosen={"due": "late"}, saved_at=timezone.now()
    )


def _make_absences() -> Absence:
    """Mia is away: Fritz stood in for her until just now, and Stan does now."""
    now, mia = timezone.now(), User.objects.get(username="mia")
    today = timezone.localdate()
    for name in ("fritz", "stan"):
        deputy = User.objects.get(username=name)
        plan = AbsencePlan(deputy=deputy, first_day=today, last_day=today + timedelta(days=9))
        absence = set_absence(mia, plan, by=mia, now=now)
        if name == "fritz":
            end_absence(absence.pk, by=mia, now=now)
    return absence


def _make_conversation(site: Site) -> tuple[Comment, Follow]:
    """A comment of somebody who is no caller, which gives one caller sight of the request; another
    follows all that there is to follow, and sees nothing by that."""
    fred, request = User.objects.get(username="fred"), site.waiting
    comment = Comment.objects.create(
        request=request, writer=fred, text="Look, @miko.", written_at=timezone.now()
    )
    Mention.objects.create(
        comment=comment, request=request, person=make_user("miko"), gives_sight=True
    )
    watcher, now = make_user("wanda"), timezone.now()
    Follow.objects.create(person=watcher, request=request, since=now)
    Follow.objects.create(person=watcher, template=request.template, since=now)
    Follow.objects.create(person=watcher, team=Group.objects.get(name="finance"), since=now)
    return comment, Follow.objects.create(person=fred, request=request, since=now)


def row_of(model: type[models.Model]) -> Any:
    """A row of a table, of the workflow where it belongs to one."""
    return model._default_manager.order_by("pk").first()


# -- calling ----------------------------------------------------------------------------------


@dataclass
class Caller:
    """Somebody who calls: a browser, or a program with a token."""

    name: str
    client: Client
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def is_(self) -> set[str]:
        """All that decides what is open to them."""
        return CALLERS[self.name]

    @property
    def has_session(self) -> bool:
        """Tokens open no page, so the pages are tried by the others alone."""
        return not self.headers

    def get(self, path: str) -> Any:
        answer = self.client.get(path, headers=self.headers)
        read_out(answer)
        return answer

    def post(self, path: str, body: Any) -> Any:
        kind = {"content_type": "application/json"} if path.startswith("/api/") else {}
        return self.client.post(path, body, headers=self.headers, **kind)


def read_out(answer: Any) -> None:
    """Take a streamed answer to its end, which closes it. `close()` would close the connection to
    the database too, in the middle of a test's transaction."""
    if answer.streaming:
        for _ in answer:
            pass


def caller(name: str) -> Caller:
    """A caller, signed in or with a token."""
    client = Client(raise_request_exception=False)
    if name == "anonymous":
        return Caller(name, client)
    user = User.objects.get(username=NAMES[name])
    if name.endswith("token"):
        scopes = ["read"] if name == "read token" else ["work"]
        with suppress_fact_recording():
            text = tokens.make_token(
                user=user, name=name, scopes=scopes, expires_at=None, by=user, now=timezone.now()
            )[1]
        return Caller(name, client, {"Authorization": f"Bearer {text}"})
    client.force_login(user)
    return Caller(name, client)


# -- what there is ----------------------------------------------------------------------------

BOOKKEEPING: Mapping[type[models.Model], tuple[str, ...] | None] = {
    Session: None,  # that somebody is signed in
    ApiToken: ("last_used_at",),
    User: ("last_login",),
    StepRollUp: None,  # figures worked out from what is there, when a report is opened
    RequestRollUp: None,
    Freshness: None,
}
"""What a reading call may write: None for the whole table, else these columns."""


def snapshot() -> dict[str, list[Any]]:
    """Every row of every table but for the bookkeeping."""
    left_out = {
        model: BOOKKEEPING.get(model, ()) for model in apps.get_models(include_auto_created=True)
    }
    return {
        model._meta.label: read_rows(model, *columns)
        for model, columns in left_out.items()
        if columns is not None
    }


def differences(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> list[str]:
    """The tables whose rows are other than they were."""
    return [table for table, rows in before.items() if rows != after[table]]
