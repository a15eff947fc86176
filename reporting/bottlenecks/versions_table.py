"""Before and after: each step's tasks in the newest version beside those in the one before it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.utils.translation import gettext, gettext_lazy

from approvals.ui.tables import BusinessSpanColumn, Column, CountColumn, ReportTable
from reporting.bottlenecks.queries import Bottlenecks, Totals


@dataclass(frozen=True, slots=True)
class VersionsLine:
    """A step in two versions."""

    name: str
    before: Totals
    after: Totals

    def median(self, totals: Totals) -> float | None:
        """Working time, queue included."""
        return totals.at("taken_business")[0]

    @property
    def change(self) -> float | None:
        """How much longer half of the tasks take at most."""
        before, after = self.median(self.before), self.median(self.after)
        return None if before is None or after is None else after - before


def versions_table(figures: Bottlenecks) -> ReportTable[VersionsLine]:
    """Before and after: the newest version with tasks in the period beside the one before it."""
    by = figures.by_version()
    numbers = sorted({number for (_, number), totals in by.items() if totals.completed})[-2:]
    old, new = numbers if len(numbers) == 2 else (0, 0)
    steps = dict.fromkeys(step for step, _ in by) if new else {}
    empty = Totals()
    return ReportTable(
        key="versions",
        title=gettext_lazy("Before and after the newest version"),
        hint=gettext_lazy(
            "Median working time, queue included, of tasks done in the period. A step that only one"
            " version has is compared with nothing."
        ),
        columns=_versions_columns(old, new, figures.day),
        rows=[
            VersionsLine(step, by.get((step, old), empty), by.get((step, new), empty))
            for step in steps
        ],
    )


def _versions_columns(old: int, new: int, day: int) -> list[Column[VersionsLine]]:
    span: Callable[..., Column[VersionsLine]] = partial(BusinessSpanColumn[VersionsLine], day=day)
    done, median = gettext("Done in v%(number)s"), gettext("Median in v%(number)s")

    def count_of(side: str) -> Callable[[VersionsLine], Any]:
        return lambda line: getattr(line, side).completed

    return [
        Column(gettext_lazy("Step"), "step", lambda line: line.name),
        CountColumn(done % {"number": old}, "before_completed", count_of("before")),
        span(
            median % {"number": old},
            "before_median_business_s",
            lambda line: line.median(line.before),
        ),
        CountColumn(done % {"number": new}, "after_completed", count_of("after")),
        span(
            median % {"number": new},
            "after_median_business_s",
            lambda line: line.median(line.after),
        ),
        span(
            gettext_lazy("Change"),
            "change_business_s",
            lambda line: line.change,
            is_difference=True,
        ),
    ]
