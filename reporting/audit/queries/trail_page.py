"""One page of the trail, newest first, and what is sealed of it."""

from dataclasses import dataclass

from django.db.models import QuerySet

from workflows.trail.models import TrailEvent
from workflows.trail.seal_models import TrailHead, TrailSeal

PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailPage:
    """The rows of a page; `last` is where the next page begins, if there is one."""

    rows: list[TrailEvent]
    last: int | None
    sealed: int
    head: TrailHead | None


def read_trail_page(events: QuerySet[TrailEvent], before: int | None) -> TrailPage:
    """The newest of these rows, of those before a row where one is given."""
    if before is not None:
        events = events.filter(pk__lt=before)
    ordered_events = events.order_by("-pk").select_related("request", "seal")
    rows = list(ordered_events[: PAGE + 1])
    has_more, rows = len(rows) > PAGE, rows[:PAGE]
    positions = TrailSeal.objects.order_by("-position").values_list("position", flat=True)
    return TrailPage(
        rows=rows,
        last=rows[-1].pk if has_more else None,
        sealed=positions.first() or 0,
        head=TrailHead.objects.order_by("-date").first(),
    )
