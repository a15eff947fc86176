"""A site with one of everything, for the tests of the admin."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.db import models

from tests.factories import (
    NOW,
    load_map,
    make_user,
    map_data,
    open_task,
    publish_map,
    purchase_people,
    start_request,
)
from workflows.calendars.models import BusinessCalendar, Closure
from workflows.definitions.models import Field, Role, Route, Step, TemplateVersion, WorkflowTemplate
from workflows.documents.models import Document
from workflows.execution.models import Incident, MergeRecord, WorkflowInstance, WorkItem
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.people.models import User
from workflows.trail.models import TrailEvent
from workflows.trail.seal_models import TrailHead

MODELS: tuple[type[models.Model], ...] = (
    *(WorkflowTemplate, TemplateVersion, Role, Field, Step, Route),
    *(WorkflowInstance, WorkItem, MergeRecord, Incident, Document, TrailEvent),
    TrailHead,
    BusinessCalendar,
)


@dataclass(frozen=True, kw_only=True)
class Site:
    """What the tests ask for by name."""

    published: TemplateVersion
    draft: TemplateVersion
    people: Mapping[str, User]
    waiting: WorkflowInstance
    conflicting: WorkflowInstance
    stuck: WorkflowInstance
    over: WorkflowInstance


def make_site() -> Site:
    """A published version, a draft, requests that wait, disagree, are stuck and are over, a
    calendar, and a head of the trail."""
    people = purchase_people()
    published = publish_map()
    draft = load_map(map_data(purpose="The next one."))
    add_calendar("berlin")
    TrailHead.objects.create(
        date=NOW.date(),
        position=1,
        hash="a" * 64,
        written_at=NOW,
        sent_at=NOW,
        sent_to=[{"way": "mail", "to": "audit@example.org", "at": NOW.isoformat()}],
    )
    return Site(
        published=published,
        draft=draft,
        people=people,
        waiting=start_request(published),
        conflicting=conflicting_request(published),
        stuck=stuck_request(published),
        over=finished_request(published),
    )


def add_calendar(key: str) -> None:
    """With holidays and a closure."""
    row = BusinessCalendar.objects.create(key=key, name=key, country="DE")
    day = date(2026, 12, 24)
    Closure.objects.create(calendar=row, first_day=day, last_day=day, name="Christmas Eve")


def decide(request: WorkflowInstance, step: str, by: str, outcome: str, **more: Any) -> None:
    """One decision, an hour after the start."""
    item = open_task(request, step)
    later = NOW + timedelta(hours=1)
    tasks.decide(item.pk, actor=make_user(by), outcome=outcome, now=later, **more)


def conflicting_request(version: TemplateVersion) -> WorkflowInstance:
    """Its two branches wrote different terms, so its join waits for the owner."""
    request = start_request(version, amount="6000.00")
    decide(request, "manager_review", "mia", "approve")
    decide(request, "legal_review", "lena", "approve", data={"terms": "30 days"})
    decide(request, "security_review", "fred", "approve", data={"terms": "60 days"})
    assert request.merges.get().state == MergeRecord.CONFLICT
    return request


def stuck_request(version: TemplateVersion) -> WorkflowInstance:
    """Its manager's account was closed, so nobody is there to review it; it has a document."""
    make_user("gone", is_active=False)
    request = requests.start_on_version(
        version,
        actor=make_user("sam"),
        now=NOW,
        data={"amount": "10.00", "region": "EU"},
        files={"quote": ContentFile(b"%PDF-1.4 quote", name="quote.pdf")},
        complete=False,
    )
    assert request.incidents.filter(state=Incident.OPEN).exists()
    return request


def finished_request(version: TemplateVersion) -> WorkflowInstance:
    """Rejected by its manager."""
    request = start_request(version, by="sue")
    decide(request, "manager_review", "mia", "reject", comment="Too dear.")
    request.refresh_from_db()
    assert request.result == "rejected"
    return request
