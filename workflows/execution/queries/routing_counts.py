"""How often a step that only routes was passed: these make no tasks that could be counted."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet

from workflows.definitions.models import Step
from workflows.execution.models import MergeRecord
from workflows.trail.models import TrailEvent


@dataclass(frozen=True, slots=True)
class StepPasses:
    """When a step was passed last, and how often since two moments."""

    last: datetime | None
    week: int
    quarter: int


def count_step_passes(
    steps: Sequence[Step], *, week: datetime, quarter: datetime
) -> dict[int, StepPasses]:
    """By step: a join by what it merged, a parallel step by what it split, a decision or a
    table by the ways that the trail says it took. Three statements at most; none for no steps."""
    kinds: dict[str, list[Step]] = defaultdict(list)
    for step in steps:
        kinds[step.kind].append(step)
    passes_by_step: dict[int, StepPasses] = {}
    if kinds["join"]:
        fired = MergeRecord.objects.filter(join__in=kinds["join"], state=MergeRecord.FIRED)
        passes_by_step |= _count_merge_passes(fired, "join", "closed_at", week, quarter)
    if kinds["parallel"]:
        split = MergeRecord.objects.filter(parallel__in=kinds["parallel"])
        passes_by_step |= _count_merge_passes(split, "parallel", "opened_at", week, quarter)
    deciding = [*kinds["decision"], *kinds["table"]]
    if deciding:
        passes_by_step |= _count_decision_passes(deciding, week, quarter)
    return passes_by_step


def _count_merge_passes(
    rows: QuerySet[MergeRecord], column: str, moment: str, week: datetime, quarter: datetime
) -> dict[int, StepPasses]:
    counts = (
        rows.order_by()
        .values_list(column)
        .annotate(
            newest=Max(moment),
            in_week=Count("pk", filter=Q(**{f"{moment}__gte": week})),
            in_quarter=Count("pk", filter=Q(**{f"{moment}__gte": quarter})),
        )
    )
    return {
        pk: StepPasses(newest, in_week, in_quarter) for pk, newest, in_week, in_quarter in counts
    }


def _count_decision_passes(
    steps: Sequence[Step], week: datetime, quarter: datetime
) -> dict[int, StepPasses]:
    places = {
        (entry.version.template_id, entry.version.number, entry.key): entry.pk for entry in steps
    }
    rows = TrailEvent.objects.filter(
        template__in={template for template, _, _ in places},
        recorded_at__gte=quarter,
        changes__has_key="took",
    ).values_list("template", "version", "recorded_at", "changes__took")
    moments: dict[int, list[datetime]] = defaultdict(list)
    for template, number, at, took in rows.iterator(2000):
        for entry in took or ():
            pk = places.get((template, number or 0, str(entry["step"])))
            if pk is not None:
                moments[pk].append(at)
    return {
        pk: StepPasses(max(times), sum(at >= week for at in times), len(times))
        for pk, times in moments.items()
    }
