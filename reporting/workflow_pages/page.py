"""What the page of a workflow shows to those who answer for it: is it in use, what runs, what is
to be looked at, and what can be done about it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext

from approvals.ui.formats import person_name
from reporting.health.actions import collect_step_todos
from reporting.health.queries import StepHealthLine
from reporting.reviews.queries.overviews import ReviewOverview, list_review_overviews
from reporting.workflow_pages.messages import (
    STATE_CSS,
    WorkflowState,
    form_start_text,
    trigger_start_text,
)
from workflows.access.permissions import may_manage
from workflows.definitions.lifecycle.pausing import instances_suspended_by_pause
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.compiled_versions import get_version_map
from workflows.definitions.queries.gone_calendars import find_gone_calendars
from workflows.engine.format.definition import display_title
from workflows.engine.format.gone_parts import gone_parts_text
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.open_work import count_open_instances, open_instances_count
from workflows.language.formats import join_alternatives
from workflows.monitoring.queries.step_health import (
    AMBER,
    RED,
    compute_step_health,
    steps_in_use,
    worst_state,
)
from workflows.people.models import User
from workflows.people.queries.stand_ins import prefetch_absences

MOST_VERSIONS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowLine:
    """One workflow in the list."""

    template: WorkflowTemplate
    state: WorkflowState
    open_requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowPage:
    """The whole page."""

    template: WorkflowTemplate
    state: WorkflowState
    published: TemplateVersion | None
    out_of_use_since: datetime | None
    drafts: list[TemplateVersion]
    versions: list[TemplateVersion]
    running: int
    suspended: int
    by_pause: int
    starts: list[str]
    gone_parts: str
    review: ReviewOverview
    health: str
    troubles: list[StepHealthLine]
    manages: bool
    editors: list[User]

    @property
    def state_css(self) -> str:
        """The colour of its state."""
        return STATE_CSS[self.state]

    @property
    def editor_names(self) -> str:
        """Who can change a draft in the admin, in a sentence."""
        names = [person_name(person) for person in self.editors]
        return join_alternatives(names) or gettext("somebody of the ops team")

    @property
    def may_pause(self) -> bool:
        """Whether the button is there."""
        return self.manages and self.state == WorkflowState.IN_USE

    @property
    def may_resume(self) -> bool:
        """Whether the button is there."""
        return self.manages and self.state == WorkflowState.PAUSED

    @property
    def may_retire(self) -> bool:
        """Whether the button is there."""
        return self.manages and self.state in (WorkflowState.IN_USE, WorkflowState.PAUSED)

    @property
    def may_review(self) -> bool:
        """Whether a review can be begun now."""
        return self.may_retire and self.review.review is None


def collect_workflow_lines(templates: QuerySet[WorkflowTemplate]) -> list[WorkflowLine]:
    """The workflows of the list, by name. Two statements."""
    rows = _annotate_state(templates).annotate(open_requests=open_instances_count())
    return [
        WorkflowLine(template=row, state=_workflow_state(row), open_requests=row.open_requests)
        for row in rows.select_related("owner", "deputy")
        .prefetch_related(prefetch_absences("owner", timezone.now()))
        .order_by("name")
    ]


def _annotate_state(templates: QuerySet[WorkflowTemplate]) -> QuerySet[WorkflowTemplate]:
    versions = TemplateVersion.objects.filter(template=OuterRef("pk"))
    before = versions.filter(state=TemplateVersion.SUPERSEDED).order_by("-superseded_at")
    return templates.annotate(
        in_use=Exists(versions.filter(state=TemplateVersion.PUBLISHED)),
        observed=Exists(versions.filter(state=TemplateVersion.OBSERVED)),
        out_of_use_since=Subquery(before.values("superseded_at")[:1]),
    )


def _workflow_state(row: WorkflowTemplate) -> WorkflowState:
    if row.in_use:  # type: ignore[attr-defined]
        return WorkflowState.PAUSED if row.paused_at else WorkflowState.IN_USE
    if row.out_of_use_since:  # type: ignore[attr-defined]
        return WorkflowState.RETIRED
    return WorkflowState.OBSERVED if row.observed else WorkflowState.NEW  # type: ignore[attr-defined]


def _describe_gone_parts(version: TemplateVersion) -> str:
    """What the map in use needs and is not installed here, in one sentence; '' where all is."""
    in_use = get_version_map(version)
    calendars = find_gone_calendars(in_use.graph.definition.dump())
    return str(gone_parts_text([*in_use.gone_parts, *calendars]) or "")


def build_workflow_page(user: User, template: WorkflowTemplate, *, now: datetime) -> WorkflowPage:
    """The page of this workflow, for somebody who may read its reports."""
    alone = WorkflowTemplate.objects.filter(pk=template.pk)
    absences = (prefetch_absences(relation, now) for relation in ("owner", "deputy"))
    people = alone.select_related("owner", "deputy", "paused_by").prefetch_related(*absences)
    row = _annotate_state(people).get()
    versions = list(row.versions.select_related("published_by").order_by("-number"))
    drafts = [entry for entry in versions if entry.state == TemplateVersion.DRAFT]
    published = next((v for v in versions if v.state == TemplateVersion.PUBLISHED), None)
    steps = compute_step_health(steps_in_use(alone), now=now)
    counts = count_open_instances(row)
    return WorkflowPage(
        template=row,
        state=_workflow_state(row),
        published=published,
        out_of_use_since=None if published else row.out_of_use_since,  # type: ignore[attr-defined]
        drafts=drafts,
        versions=[entry for entry in versions if entry not in drafts][:MOST_VERSIONS],
        running=counts.get(WorkflowInstance.RUNNING, 0),
        suspended=counts.get(WorkflowInstance.SUSPENDED, 0),
        by_pause=len(instances_suspended_by_pause(row)),
        starts=list(_describe_starts(published)) if published else [],
        gone_parts=_describe_gone_parts(published) if published else "",
        review=list_review_overviews(alone, now=now)[0],
        health=worst_state(entry.state for entry in steps),
        troubles=[
            StepHealthLine(health=entry, todo=collect_step_todos(entry, now))
            for entry in steps
            if entry.state in (RED, AMBER)
        ],
        manages=may_manage(user, row),
        editors=_find_draft_editors(row, user) if drafts else [],
    )


def _describe_starts(version: TemplateVersion) -> Iterator[str]:
    """How requests of it start, a sentence each."""
    start = get_version_map(version).graph.definition.start
    if start is None:
        return
    yield form_start_text(display_title(start.role or "", None))
    for trigger in start.triggers or []:
        yield trigger_start_text(trigger)


def _find_draft_editors(template: WorkflowTemplate, user: User) -> list[User]:
    """Who can change a draft in the admin: those who answer for it and are staff."""
    people: Iterable[User | None] = (template.owner, template.deputy)
    return [
        person
        for person in people
        if person and person.is_active and person.is_staff and person != user
    ]
