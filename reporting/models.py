"""What the reports keep beside the raw rows: daily roll-ups, how fresh they are, who named people.

Everything here but `LookAtPeople` is made from workflows' rows and can be made again by
`manage.py roll_up --rebuild`.
"""

from django.conf import settings
from django.db import models

from reporting.reviews.models import CallRate, Decision, Finding, Review, RoleRate  # noqa: F401
from workflows.models import Step, TemplateVersion, WorkflowTemplate

DAY, WEEK = "day", "week"
GRAINS = [(DAY, "day"), (WEEK, "week")]


class Cell(models.Model):
    """What a roll-up row of any kind has: the workflow, the version, and a day or a week (UTC).

    A week begins on Monday and is the sum of its days: pages read whole weeks, and days only at
    the edges of a period.
    """

    template = models.ForeignKey(WorkflowTemplate, models.CASCADE, related_name="+")
    version = models.ForeignKey(TemplateVersion, models.CASCADE, related_name="+")
    grain = models.CharField("grain", max_length=4, choices=GRAINS, default=DAY)
    day = models.DateField("first day (UTC)")

    class Meta:
        abstract = True


class StepRollUp(Cell):
    """The tasks of one step that came from one step, of one day or week.

    Times are sums of whole microseconds; the six `…_spread` columns hold the same values as
    `reporting.rollups_spread` packs them: exactly where there are few, otherwise as a histogram.
    How many values a spread has is how many tasks the time is known of; lead-in is of those tasks
    that nobody knows the start of.
    `taken` is waiting and working together in business time, `excess` what of it was over the
    step's expected time.
    """

    step = models.ForeignKey(Step, models.CASCADE, related_name="+")
    came_from = models.CharField("came from", max_length=80, blank=True)
    role = models.CharField("role", max_length=60, blank=True)
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
        verbose_name = "roll-up of a step"
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


class RequestRollUp(Cell):
    """The requests of one version that started or ended on one day or in one week."""

    started = models.PositiveIntegerField(default=0)
    finished = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    repeated = models.PositiveIntegerField("finished, with a step done again", default=0)
    duration = models.BigIntegerField(default=0)
    duration_spread = models.BinaryField(default=b"")

    class Meta:
        verbose_name = "roll-up of requests"
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

    rolled_up_to = models.DateTimeField("rolled up to", null=True)
    seen_history = models.PositiveBigIntegerField("last task history seen", default=0)
    compared_at = models.DateTimeField("compared with the raw rows at", null=True)

    class Meta:
        verbose_name_plural = "freshness"
        default_permissions = ()

    def __str__(self) -> str:
        return f"rolled up to {self.rolled_up_to}"


class StaleCell(models.Model):
    """A day, or a week, that must be rolled up again.

    `marked` is new each time it is marked, so that who has read the rows before does not take the
    mark away. What is left when a worker is killed is done by the next one.
    """

    grain = models.CharField("grain", max_length=4, choices=GRAINS)
    day = models.DateField("first day (UTC)")
    marked = models.BigIntegerField("mark")

    class Meta:
        verbose_name = "stale roll-up"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["grain", "day"], name="a_day_is_stale_once")]

    def __str__(self) -> str:
        return f"{self.grain} {self.day}"


class LookAtPeople(models.Model):
    """Somebody looked at figures by person: that is allowed to few, and each look is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    user_name = models.CharField("who looked", max_length=150)
    template = models.ForeignKey(
        WorkflowTemplate, models.PROTECT, related_name="+", verbose_name="workflow"
    )
    looked_at = models.DateTimeField("looked at")
    asked = models.CharField("what was asked", max_length=200, blank=True)

    class Meta:
        verbose_name = "look at figures by person"
        verbose_name_plural = "looks at figures by person"
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [
            ("name_people", "Can see figures by person (each look is recorded)"),
            ("audit_everything", "Can audit every workflow, also those made later"),
        ]

    def __str__(self) -> str:
        return f"{self.user_name} looked at {self.template}, {self.looked_at:%Y-%m-%d %H:%M}"
