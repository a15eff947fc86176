"""Everything that is measured, in the order in which it is read."""

from reporting.reviews.facts.measures import Measure
from reporting.reviews.facts.period_rows import ReviewRows
from reporting.reviews.measuring.automation import automate_measures, unautomate_measures
from reporting.reviews.measuring.ownership import ownership_measures, stale_measures
from reporting.reviews.measuring.usage import (
    skipped_step_measures,
    unused_route_measures,
    unused_step_measures,
)
from reporting.reviews.measuring.waiting import bottleneck_measures, incident_measures


def compute_measures(rows: ReviewRows) -> list[Measure]:
    """Everything that is measured, the most pressing kinds first."""
    return [
        *ownership_measures(rows),
        *stale_measures(rows),
        *bottleneck_measures(rows),
        *incident_measures(rows),
        *unused_step_measures(rows),
        *unused_route_measures(rows),
        *skipped_step_measures(rows),
        *unautomate_measures(rows),
        *automate_measures(rows),
    ]
