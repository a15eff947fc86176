"""What the page of a workflow shows to those who answer for it: is it in use, what runs, what is
to be looked at, and what can be done about it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from reporting.health import StepLine, what_to_do
from reporting.reviews.page import Overview, overview
from workflows.engine.definition import title
from workflows.models import TemplateVersion, WorkflowInstance, WorkflowTemplate
from workflows.permissions import may_manage
from workflows.services.health import AMBER, RED, health_of, steps_in_use, worst
from workflows.services.maps import map_of
from workflows.services.pausing import suspended_by_pause

IN_USE, PAUSED, RETIRED, NEW, OBSERVED = (
    *("in use", "paused", "out of use", "not published yet", "observed from a log"),
)
MOST_VERSIONS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowLine:
    """One workflow in the list."""

    template: WorkflowTemplate
    state: str
    open_requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowPage:
    """The whole page."""

    template: WorkflowTemplate
    state: str
    published: TemplateVersion | None
    out_of_use_since: datetime | None
    drafts: list[TemplateVersion]
    versions: list[TemplateVersion]
    running: int
    suspended: int
    by_pause: int
    ways: list[str]
    review: Overview
    health: str
    troubles: list[StepLine]
    manages: bool
    editors: list[User]

    @property
    def may_pause(self) -> bool:
        """Whether the button is there."""
        return self.manages and self.state == IN_USE

    @property
    def may_resume(self) -> bool:
        """Whether the button is there."""
        return self.manages and self.state == PAUSED

    @property
    def may_retire(self) -> bool:
        """Whether the button is there."""
        return self.manages and self.state in (IN_USE, PAUSED)

    @property
    def may_review(self) -> bool:
        """Whether a review can be begun now."""
        return self.may_retire and self.review.review is None


def workflow_lines(templates: QuerySet[WorkflowTemplate]) -> list[WorkflowLine]:
    """The workflows of the list, by name. One statement."""
    live = Q(instances__state__in=WorkflowInstance.LIVE)
    rows = _with_state(templates).annotate(open_requests=Count("instances", filter=live))
    return [
        WorkflowLine(template=row, state=_state(row), open_requests=row.open_requests)
        for row in rows.select_related("owner", "deputy").order_by("name")
    ]


def _with_state(templates: QuerySet[WorkflowTemplate]) -> QuerySet[WorkflowTemplate]:
    versions = TemplateVersion.objects.filter(template=OuterRef("pk"))
    before = versions.filter(state=TemplateVersion.SUPERSEDED).order_by("-superseded_at")
    return templates.annotate(
        in_use=Exists(versions.filter(state=TemplateVersion.PUBLISHED)),
        observed=Exists(versions.filter(state=TemplateVersion.OBSERVED)),
        out_of_use_since=Subquery(before.values("superseded_at")[:1]),
    )


def _state(row: WorkflowTemplate) -> str:
    if row.in_use:  # type: ignore[attr-defined]
        return PAUSED if row.paused_at else IN_USE
    if row.out_of_use_since:  # type: ignore[attr-defined]
        return RETIRED
    return OBSERVED if row.observed else NEW  # type: ignore[attr-defined]


def workflow_page(user: User, template: WorkflowTemplate, *, now: datetime) -> WorkflowPage:
    """The page of this workflow, for somebody who may read its reports."""
    alone = WorkflowTemplate.objects.filter(pk=template.pk)
    row = _with_state(alone.select_related("owner", "deputy", "paused_by")).get()
    versions = list(row.versions.select_related("published_by").order_by("-number"))
    drafts = [one for one in versions if one.state == TemplateVersion.DRAFT]
    published = next((v for v in versions if v.state == TemplateVersion.PUBLISHED), None)
    steps = health_of(steps_in_use(alone), now=now)
    counts = _counts(row)
    return WorkflowPage(
        template=row,
        state=_state(row),
        published=published,
        out_of_use_since=None if published else row.out_of_use_since,  # type: ignore[attr-defined]
        drafts=drafts,
        versions=[one for one in versions if one not in drafts][:MOST_VERSIONS],
        running=counts.get(WorkflowInstance.RUNNING, 0),
        suspended=counts.get(WorkflowInstance.SUSPENDED, 0),
        by_pause=len(suspended_by_pause(row)),
        ways=list(_ways(published)) if published else [],
        review=overview(alone, now=now)[0],
        health=worst(one.state for one in steps),
        troubles=[
            StepLine(health=one, todo=what_to_do(one, now))
            for one in steps
            if one.state in (RED, AMBER)
        ],
        manages=may_manage(user, row),
        editors=_editors(row, user) if drafts else [],
    )


def _ways(version: TemplateVersion) -> Iterator[str]:
    """How requests of it start, a sentence each."""
    start = map_of(version).graph.definition.start
    if start is None:
        return
    yield f"By its form or the HTTP API, for the role “{title(start.role or '', None)}”."
    for trigger in start.triggers or []:
        if trigger.kind == "webhook":
            yield "By a signed call of another system (webhook)."
        elif trigger.kind == "schedule":
            yield f"By its schedule: {trigger.cron}."
        else:
            ended = f" as “{trigger.result}”" if trigger.result else ""
            yield f"When a request of “{trigger.workflow}” ends{ended}."


def _counts(template: WorkflowTemplate) -> dict[str, int]:
    rows = WorkflowInstance.objects.filter(template=template, state__in=WorkflowInstance.LIVE)
    return dict(rows.order_by().values_list("state").annotate(n=Count("pk")))


def _editors(template: WorkflowTemplate, user: User) -> list[User]:
    """Who can change a draft in the admin: those who answer for it and are staff."""
    people: Iterable[User | None] = (template.owner, template.deputy)
    return [one for one in people if one and one.is_active and one.is_staff and one != user]
