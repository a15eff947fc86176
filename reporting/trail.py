"""The trail as auditors read it: chosen by workflow, period, person, reference and command."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q, QuerySet

from reporting.audit_csv import trail_rows
from reporting.moments import days
from workflows.engine.errors import InvalidInput
from workflows.models import TrailEvent, TrailHead, TrailSeal, WorkflowTemplate
from workflows.models.trail import COMMANDS
from workflows.permissions import auditable, may_audit_site

PAGE = 100
NAMES = ("workflow", "since", "until", "person", "reference", "command")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What the address asks for, as it was typed; `before` is the row at which a page ends."""

    workflow: str = ""
    since: str = ""
    until: str = ""
    person: str = ""
    reference: str = ""
    command: str = ""
    before: int | None = None

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "Chosen":
        """From the address; what it does not name is not asked for."""
        before = given.get("before", "")
        is_row = before.isascii() and before.isdigit() and len(before) < 19
        texts = {name: given.get(name, "").strip()[:200].replace("\x00", "") for name in NAMES}
        return cls(**texts, before=int(before) if is_row else None)

    @property
    def query(self) -> str:
        """The filters as the query of an address, without the page."""
        return urlencode({name: getattr(self, name) for name in NAMES if getattr(self, name)})

    def period(self) -> tuple[datetime | None, datetime | None]:
        """Since and until. Raises InvalidInput."""
        return days(self.since, self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailPage:
    """One page of the trail, newest first, and what it can be chosen by."""

    rows: list[TrailEvent]
    next: str
    workflows: list[WorkflowTemplate]
    commands: list[str]
    sealed: int
    head: TrailHead | None
    wrong: str


def chosen_rows(user: User | AnonymousUser, chosen: Chosen) -> QuerySet[TrailEvent]:
    """Exactly these rows, oldest first, of workflows that the person may audit; with those of the
    site, which belong to no workflow, for who may audit the site.

    Raises InvalidInput for a day that is none.
    """
    since, until = chosen.period()
    templates = auditable(user)
    if chosen.workflow:
        templates = templates.filter(key=chosen.workflow)
    events = trail_rows(since=since, until=until)
    if chosen.workflow or not user.is_superuser:
        theirs = Q(template__in=_ids(templates))
        if not chosen.workflow and may_audit_site(user):
            theirs |= Q(template=None)
        events = events.filter(theirs)
    if chosen.person:
        events = events.filter(Q(actor_name=chosen.person) | Q(acted_for=chosen.person))
    if chosen.reference:
        events = events.filter(reference=chosen.reference.upper())
    if chosen.command:
        events = events.filter(command=chosen.command)
    return events


def _ids(templates: QuerySet[WorkflowTemplate]) -> Any:
    """The ids themselves: with them the database goes by the index of a workflow's rows. Where
    there is none, one that nothing has: a query that is known to be empty cannot be copied."""
    return list(templates.values_list("pk", flat=True)) or [0]


def trail_page(user: User | AnonymousUser, chosen: Chosen) -> TrailPage:
    """The page that the address asks for; with a wrong day it has no rows and says so."""
    wrong, rows = "", []
    try:
        events = chosen_rows(user, chosen)
    except InvalidInput as problem:
        wrong = str(problem)
    else:
        if chosen.before is not None:
            events = events.filter(pk__lt=chosen.before)
        shown = events.order_by("-pk").select_related("request", "seal")
        rows = list(shown[: PAGE + 1])
    more = len(rows) > PAGE
    rows = rows[:PAGE]
    follow = f"{chosen.query}&before={rows[-1].pk}".lstrip("&") if more else ""
    return TrailPage(
        rows=rows,
        next=follow,
        workflows=list(auditable(user).order_by("name")),
        commands=sorted({*COMMANDS, chosen.command} - {""}),
        sealed=TrailSeal.objects.order_by("-position").values_list("position", flat=True).first()
        or 0,
        head=TrailHead.objects.order_by("-date").first(),
        wrong=wrong,
    )
