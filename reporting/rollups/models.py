"""Daily and weekly roll-ups, and how fresh they are.

All of it is made from workflows' rows and can be made again by `manage.py roll_up --rebuild`.
"""

from django.db import models
from django.utils.translation import gettext_lazy

from workflows.definitions.models import Step, TemplateVersion, WorkflowTemplate

DAY, WEEK = "day", "week"
GRAINS = [(DAY, "day"), (WEEK, "week")]


class RollUpCell(models.Model):
    """What a roll-up row of any kind has: the workflow, the version, and a day or a week (UTC).

    A week begins on Monday and is the sum of its days: pages read whole weeks, and days only at
    the edges of a period.
    """

    template = models.ForeignKey(
        WorkflowTemplate, models.CASCADE, related_name="+", verbose_name=gettext_lazy("template")
    )
    version = models.ForeignKey(
        TemplateVersion, models.CASCADE, related_name="+", verbose_name=gettext_lazy("version")
    )
    grain = models.CharField(gettext_lazy("grain"), max_length=4, choices=GRAINS, default=DAY)
    day = models.DateField(gettext_lazy("first day (UTC)"))

    class Meta:
        abstract = True


class StepRollUp(RollUpCell):
    """The tasks of one step that came from one step, of one day or week.

    Times are sums of whole microseconds; the six `…_spread` columns hold the same values as
    `reporting.rollups.distributions` packs them: exactly where there are few, else as a
    histogram. How many values a spread has is how many tasks the time is known of; lead-in is of
    those tasks that nobody knows the start of.
    `taken` is waiting and working together in business time, `excess` what of it was over the
    step's expected time.
    """

    step = models.ForeignKey(Step, models.CASCADE, related_name="+")
    came_from = models.CharField(gettext_lazy("came from"), max_length=80, blank=True)
    role = models.CharField(gettext_lazy("role"), max_length=60, blank=True)
    arrived = models.PositiveIntegerField(default=0)
    completed = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    overdue = models.PositiveIntegerField(default=0)
    reworked = models.PositiveIntegerField(default=0)
    exceptions = models.PositiveIntegerField(default=0)
    waiting = models.BigIntegerField(default=0)
    working = models.BigIntegerField(default=0)
    waiting_business = models.BigIntegerField(default=0)
    working_business = models.BigIntegerField(default=0)
    excess = models.BigIntegerField(default=0)
    lead_in = models.BigIntegerField(default=0)
    waiting_spread = models.BinaryField(default=b"")
    working_spread = models.BinaryField(default=b"")
    waiting_business_spread = models.BinaryField(default=b"")
    working_business_spread = models.BinaryField(default=b"")
    taken_business_spread = models.BinaryField(default=b"")
    lead_in_spread = models.BinaryField(default=b"")

    class Meta:
        verbose_name = gettext_lazy("roll-up of a step")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["template", "grain", "day", "step", "came_from"],
                name="one_step_cell_a_day",
            )
        ]
        indexes = [models.Index(fields=["grain", "day"], name="step_cells_of_a_day")]

    def __str__(self) -> str:
        return f"{self.step} {self.grain} {self.day}"


class RequestRollUp(RollUpCell):
    """The requests of one version that started or ended on one day or in one week."""

    started = models.PositiveIntegerField(default=0)
    finished = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    repeated = models.PositiveIntegerField(
        gettext_lazy("finished, with a step done again"), default=0
    )
    duration = models.BigIntegerField(default=0)
    duration_spread = models.BinaryField(default=b"")

    class Meta:
        verbose_name = gettext_lazy("roll-up of requests")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["template", "grain", "day", "version"], name="one_request_cell_a_day"
            )
        ]
        indexes = [models.Index(fields=["grain", "day"], name="request_cells_of_a_day")]

    def __str__(self) -> str:
        return f"{self.version} {self.grain} {self.day}"


class Freshness(models.Model):
    """One row: up to which moment all is rolled up, and which change was the last one seen."""

    rolled_up_to = models.DateTimeField(gettext_lazy("rolled up to"), null=True)
    seen_history = models.PositiveBigIntegerField(gettext_lazy("last task history seen"), default=0)
    compared_at = models.DateTimeField(gettext_lazy("compared with the raw rows at"), null=True)

    class Meta:
        verbose_name = gettext_lazy("freshness")
        verbose_name_plural = gettext_lazy("freshness")
        default_permissions = ()

    def __str__(self) -> str:
        return f"rolled up to {self.rolled_up_to}"


class StaleCell(models.Model):
    """A day, or a week, that must be rolled up again.

    `marked` is new each time it is marked, so that who has read the rows before does not take the
    mark away. What is left when a worker is killed is done by the next one.
    """

    grain = models.CharField(gettext_lazy("grain"), max_length=4, choices=GRAINS)
    day = models.DateField(gettext_lazy("first day (UTC)"))
    marked = models.BigIntegerField(gettext_lazy("mark"))

    class Meta:
        verbose_name_plural = gettext_lazy("stale roll-ups")
        verbose_name = gettext_lazy("stale roll-up")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["grain", "day"], name="a_day_is_stale_once")]

    def __str__(self) -> str:
        return f"{self.grain} {self.day}"
