"""How often a step that only routes was passed: these make no tasks that could be counted."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet

from workflows.models import MergeRecord, Step, TrailEvent


@dataclass(frozen=True, slots=True)
class Passes:
    """When a step was passed last, and how often since two moments."""

    last: datetime | None
    week: int
    quarter: int


def passes(steps: Sequence[Step], *, week: datetime, quarter: datetime) -> dict[int, Passes]:
    """By step: a join by what it merged, a parallel step by what it split, a decision by the
    ways that the trail says it took. Three statements at most; none for no steps."""
    kinds: dict[str, list[Step]] = defaultdict(list)
    for step in steps:
        kinds[step.kind].append(step)
    found: dict[int, Passes] = {}
    if kinds["join"]:
        fired = MergeRecord.objects.filter(join__in=kinds["join"], state=MergeRecord.FIRED)
        found |= _counted(fired, "join", "closed_at", week, quarter)
    if kinds["parallel"]:
        split = MergeRecord.objects.filter(parallel__in=kinds["parallel"])
        found |= _counted(split, "parallel", "opened_at", week, quarter)
    if kinds["decision"]:
        found |= _chosen(kinds["decision"], week, quarter)
    return found


def _counted(
    rows: QuerySet[MergeRecord], column: str, moment: str, week: datetime, quarter: datetime
) -> dict[int, Passes]:
    counts = rows.order_by().values_list(column).annotate(
        newest=Max(moment),
        in_week=Count("pk", filter=Q(**{f"{moment}__gte": week})),
        in_quarter=Count("pk", filter=Q(**{f"{moment}__gte": quarter})),
    )  # fmt: skip
    return {pk: Passes(newest, in_week, in_quarter) for pk, newest, in_week, in_quarter in counts}


def _chosen(steps: Sequence[Step], week: datetime, quarter: datetime) -> dict[int, Passes]:
    places = {(one.version.template_id, one.version.number, one.key): one.pk for one in steps}
    rows = TrailEvent.objects.filter(
        template__in={template for template, _, _ in places},
        recorded_at__gte=quarter,
        changes__has_key="took",
    ).values_list("template", "version", "recorded_at", "changes__took")
    moments: dict[int, list[datetime]] = defaultdict(list)
    for template, number, at, took in rows.iterator(2000):
        for one in took or ():
            pk = places.get((template, number or 0, str(one["step"])))
            if pk is not None:
                moments[pk].append(at)
    return {
        pk: Passes(max(found), sum(at >= week for at in found), len(found))
        for pk, found in moments.items()
    }
