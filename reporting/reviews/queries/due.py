"""When a workflow's review falls due, and by which version it goes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from reporting.reviews.models import Review, workflow_reviews
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.engine.errors import NotFound
from workflows.execution.models import WorkflowInstance

DEFAULT_INTERVAL_DAYS = 90
"""Days between two reviews where the map says nothing."""


def version_in_force(template: WorkflowTemplate) -> TemplateVersion:
    """The published version, else the newest that is no draft. Raises NotFound."""
    versions = template.versions.select_related("template").exclude(state=TemplateVersion.DRAFT)
    ordered = sorted(
        versions, key=lambda candidate: (candidate.state == "published", candidate.number)
    )
    if not ordered:
        raise NotFound(
            "'%(name)s' has no published version yet; there is no review.", name=template.name
        )
    return ordered[-1]


def review_interval(version: TemplateVersion) -> timedelta:
    """How often the workflow is reviewed."""
    return timedelta(days=version.review_every_days or DEFAULT_INTERVAL_DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSchedule:
    """What a workflow's next review depends on."""

    in_use: bool
    in_use_since: datetime
    interval: timedelta

    def next_due(self, last: Review | None) -> datetime | None:
        """When the next review falls due; None while one is open, and for what is out of use."""
        if not self.in_use or (last is not None and last.is_open):
            return None
        return (last.period_end if last else self.in_use_since) + self.interval


def scheduled_workflows(
    templates: QuerySet[WorkflowTemplate],
) -> list[tuple[WorkflowTemplate, ReviewSchedule]]:
    """These workflows with their schedules; all in the one statement."""
    versions = TemplateVersion.objects.filter(template=OuterRef("pk"))
    published = versions.filter(state=TemplateVersion.PUBLISHED)
    native = WorkflowInstance.objects.filter(template=OuterRef("pk"))
    native = native.exclude(source__in=WorkflowInstance.PAST)
    first = versions.exclude(published_at=None).order_by("published_at")
    rows: QuerySet[Any] = templates.annotate(
        in_use=Exists(published),
        review_days=Subquery(published.values("review_every_days")[:1]),
        first_published=Subquery(first.values("published_at")[:1]),
        first_started=Subquery(native.order_by("pk").values("started_at")[:1]),
    )
    return [(row, _schedule_of(row)) for row in rows]


def _schedule_of(row: Any) -> ReviewSchedule:
    moments = (row.first_published, row.first_started)
    return ReviewSchedule(
        in_use=row.in_use,
        in_use_since=min((moment for moment in moments if moment), default=row.created_at),
        interval=timedelta(days=row.review_days or DEFAULT_INTERVAL_DAYS),
    )


def review_schedule(template: WorkflowTemplate) -> ReviewSchedule:
    """The schedule of one workflow."""
    ((_, schedule),) = scheduled_workflows(WorkflowTemplate.objects.filter(pk=template.pk))
    return schedule


def next_review_due(template: WorkflowTemplate) -> datetime | None:
    """When the next review of a workflow falls due, after its last one."""
    return review_schedule(template).next_due(workflow_reviews(template).first())
