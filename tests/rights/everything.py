"""A site with a row of every kind, the callers of the matrix, and what each of them is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.contrib.sessions.models import Session
from django.db import models
from django.test import Client
from django.utils import timezone

from reporting.models import Freshness, RequestRollUp, StepRollUp
from reporting.reviews import services as reviews
from reporting.reviews.models import CallRate, Finding, RoleRate
from tests.factories import NOW, let, make_user, open_task
from tests.workflows.admin_site import Site, make_site
from workflows.models import (
    ApiToken,
    Attempt,
    Connection,
    Document,
    Incident,
    MergeRecord,
    OutboxMessage,
    Step,
)
from workflows.permissions import AUDIT, MANAGE, VIEW
from workflows.services import connections, tokens
from workflows.services.facts import beginning

SIGNED, STARTS, SEES, MANAGES, AUDITS = "signed in", "starts", "sees", "manages", "audits"
GUEST, LOOKS = "not signed in", "audits something"
STAFF, VIEWS, CHANGES, SUPER = "staff", "views tables", "changes tables", "superuser"
READS, WORKS = "reads by API", "works by API"

ALL = {SIGNED, STARTS, SEES, MANAGES, AUDITS, LOOKS, STAFF, VIEWS, CHANGES, SUPER, READS, WORKS}
CALLERS: Mapping[str, set[str]] = {
    "anonymous": {GUEST},
    "closed account": {GUEST},
    "outsider": {SIGNED, READS, WORKS},
    "requester": {SIGNED, STARTS, SEES, READS, WORKS},
    "another requester": {SIGNED, STARTS, READS, WORKS},
    "approver": {SIGNED, SEES, READS, WORKS},
    "another role": {SIGNED, READS, WORKS},
    "owner": {SIGNED, SEES, MANAGES, AUDITS, LOOKS, READS, WORKS},
    "deputy": {SIGNED, SEES, MANAGES, AUDITS, LOOKS, READS, WORKS},
    "manager": {SIGNED, SEES, MANAGES, AUDITS, LOOKS, READS, WORKS},
    "auditor": {SIGNED, SEES, AUDITS, LOOKS, READS, WORKS},
    "viewer": {SIGNED, SEES, READS, WORKS},
    "ops with view": {SIGNED, STAFF, VIEWS, READS, WORKS},
    "site auditor": {SIGNED, SEES, AUDITS, LOOKS, READS, WORKS},
    "ops with all": {SIGNED, STAFF, VIEWS, CHANGES, LOOKS, READS, WORKS},
    "ops of the workflow": {SIGNED, STAFF, VIEWS, SEES, AUDITS, LOOKS, READS, WORKS},
    "superuser": ALL,
    "read token": {READS, SEES},
    "work token": {WORKS, SEES},
}
"""What each caller is, and so all that decides what is open to them. Tokens open no page."""

NAMES = {
    "closed account": "gone", "outsider": "nora", "requester": "sam", "another requester": "sue",
    "approver": "mia", "another role": "lena", "owner": "olivia", "deputy": "omar",
    "manager": "max", "auditor": "tina", "viewer": "vera", "ops with view": "otto",
    "ops with all": "opal", "ops of the workflow": "olga",
    "site auditor": "rosa", "superuser": "root", "read token": "mia", "work token": "mia",
}  # fmt: skip


@dataclass
class Everything:
    """The site, and the rows by which addresses are filled in."""

    site: Site
    rows: dict[str, Any] = field(default_factory=dict)


def make_everything() -> Everything:
    """One row of everything, and all the people."""
    with beginning():
        site = make_site()
        _make_people(site)
        rows = _make_rows(site)
    return Everything(site, rows)


def _make_people(site: Site) -> None:
    template = site.published.template
    for name, verb in (("max", MANAGE), ("tina", AUDIT), ("vera", VIEW), ("olga", AUDIT)):
        let(make_user(name), verb, template)
    make_user("nora")
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


def _make_rows(site: Site) -> dict[str, Any]:
    root, owner = User.objects.get(username="root"), User.objects.get(username="olivia")
    now, template = timezone.now(), site.published.template
    review = reviews.begin(template, actor=owner, now=now)
    finding = Finding.objects.filter(review=review).first() or Finding.objects.create(
        review=review, kind="wait", key="x", figure=1.0, unit="s", words="It waits."
    )
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
    step = Step.objects.get(version=site.published, key="manager_review")
    Attempt.objects.create(
        request=site.stuck, step=step, activation=1, number=1, action="http",
        idempotency_key="k", started_at=NOW,
    )  # fmt: skip
    OutboxMessage.objects.create(kind="wake", request=site.waiting, run_after=now, created_at=now)
    RoleRate.objects.create(role="staff", per_hour="10", currency="EUR", since=date(2026, 1, 1))
    CallRate.objects.create(
        connection=connection, per_call="1", currency="EUR", since=date(2026, 1, 1)
    )
    task = open_task(site.waiting, "manager_review")
    return {
        "key": template.key, "workflow": template.key, "reference": site.waiting.reference,
        "task_id": task.pk, "document_id": Document.objects.get().pk, "number": 1,
        "incident_id": Incident.objects.filter(request=site.stuck).latest("pk").pk,
        "merge_id": MergeRecord.objects.get(request=site.conflicting).pk,
        "course": "suspend", "command": "claim", "kind": "csv", "name": "findings",
        "table": "steps", "token_id": token.pk, "app_label": "workflows", "object_pk": template.pk,
        "user_id": owner.pk, "group_id": Group.objects.first().pk, "pk": review.pk,  # type: ignore[union-attr]
        "finding": finding.pk, "connection": connection.pk, "webhook": key.pk,
        "service": service.pk, "id": root.pk, "version": site.published.pk,
        "draft": site.draft.pk,
    }  # fmt: skip


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
        with beginning():
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
    found = {}
    for model in apps.get_models(include_auto_created=True):
        left_out = BOOKKEEPING.get(model, ())
        if left_out is None:
            continue
        columns = [f.attname for f in model._meta.concrete_fields if f.attname not in left_out]
        rows = model._default_manager.order_by("pk").values_list(*columns)
        found[model._meta.label] = [repr(row) for row in rows]
    return found


def differences(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> list[str]:
    """The tables whose rows are other than they were."""
    return [table for table, rows in before.items() if rows != after[table]]
