"""The states, kinds and codes of reviews. Labels are what people read."""

from django.db import models
from django.utils.translation import gettext_lazy


class ReviewState(models.TextChoices):
    """How far a review has come."""

    DUE = "due", gettext_lazy("due")
    IN_PROGRESS = "in_progress", gettext_lazy("in progress")
    CLOSED = "closed", gettext_lazy("closed")


OPEN_REVIEW_STATES = (ReviewState.DUE, ReviewState.IN_PROGRESS)
"""States in which decisions may still be made."""


class WorkflowReviewState(models.TextChoices):
    """How a workflow stands in the list of all, the most pressing first."""

    OVERDUE = "overdue", gettext_lazy("overdue")
    DUE = "due", gettext_lazy("due")
    IN_PROGRESS = "in progress", gettext_lazy("in progress")
    PLANNED = "planned", gettext_lazy("planned")
    OUT_OF_USE = "out of use", gettext_lazy("out of use")


class Verdict(models.TextChoices):
    """What is decided on a finding."""

    KEEP = "keep", gettext_lazy("keep as it is")
    FIX = "fix", gettext_lazy("fix")
    RETIRE = "retire", gettext_lazy("retire the workflow")


class RunningRequests(models.TextChoices):
    """What becomes of running requests when their workflow is retired."""

    FINISH = "finish", gettext_lazy("let them finish")
    CANCEL = "cancel", gettext_lazy("cancel them")


class FindingKind(models.TextChoices):
    """What a measure looks at."""

    OWNERSHIP = "ownership", gettext_lazy("Who answers for it")
    STALE = "stale", gettext_lazy("Not in use")
    BOTTLENECK = "bottleneck", gettext_lazy("Where work waits")
    INCIDENTS = "incidents", gettext_lazy("Incidents")
    STEP_UNUSED = "step_unused", gettext_lazy("Step never used")
    ROUTE_UNUSED = "way_unused", gettext_lazy("Way never taken")
    RULE_UNUSED = "rule_unused", gettext_lazy("Rule that never fired")
    STEP_SKIPPED = "step_skipped", gettext_lazy("Step always gone past")
    UNAUTOMATE = "unautomate", gettext_lazy("Should not be automatic")
    AUTOMATE = "automate", gettext_lazy("Could be automatic")


class MeasureUnit(models.TextChoices):
    """What a figure counts. `work_s` are business seconds, `s` seconds by the clock."""

    COUNT = "count", gettext_lazy("count")
    SHARE = "share", gettext_lazy("share")
    SECONDS = "s", gettext_lazy("seconds")
    WORKING_SECONDS = "work_s", gettext_lazy("seconds of working time")
    MINUTES = "min", gettext_lazy("minutes")
    PEOPLE = "people", gettext_lazy("people")
    RUNS = "runs", gettext_lazy("requests")
    INCIDENTS = "incidents", gettext_lazy("incidents")
    TIMES = "times", gettext_lazy("times")


class Office(models.TextChoices):
    """Who answers for a workflow, or does a part of it."""

    OWNER = "owner", gettext_lazy("owner")
    DEPUTY = "deputy", gettext_lazy("deputy")
    ROLE = "role", gettext_lazy("role")


class OfficeState(models.TextChoices):
    """Whether an office is filled."""

    FILLED = "filled", gettext_lazy("filled")
    EMPTY = "empty", gettext_lazy("empty")
    LEFT = "left", gettext_lazy("the account is not active")
    IN_NO_GROUP = "in_no_group", gettext_lazy("in no group")


class ComparedFigure(models.TextChoices):
    """The figures that a review sets against the last one and against the baseline."""

    ENDED = "ended", gettext_lazy("Requests that ended")
    SUCCESS_RATE = "success_rate", gettext_lazy("Went well")
    CYCLE_MEDIAN = "cycle_median", gettext_lazy("Time from start to end, median")
    CYCLE_P90 = "cycle_p90", gettext_lazy("Time from start to end, 9 of 10 at most")
    ERROR_RATE = "error_rate", gettext_lazy("Had an error")
    MINUTES_PER_REQUEST = (
        "minutes_per_request",
        gettext_lazy("People's minutes a request, average"),
    )


class SavingsBasis(models.TextChoices):
    """Whether minutes can be compared with the baseline, or why not."""

    COMPARED = "compared", gettext_lazy("compared with the baseline")
    NO_BASELINE = "no_baseline", gettext_lazy("The map has no baseline")
    NO_WORKING_TIME = "no_working_time", gettext_lazy("No working time is known")
