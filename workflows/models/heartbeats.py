"""Signs of life: when worker, clock and each round of the clock were heard, and what they could
not do. The pages that say whether all is well read these; nothing else does."""

from django.db import models


class Heartbeat(models.Model):
    """The last sign of life of the worker, the clock, or a round of the clock."""

    WORKER, CLOCK = "worker", "clock"

    name = models.CharField("name", max_length=60, unique=True)
    heard_at = models.DateTimeField("heard at")
    well_at = models.DateTimeField("last ended well at", null=True)
    failed_at = models.DateTimeField("last failed at", null=True)
    failures = models.PositiveIntegerField("failures in a row", default=0)
    error = models.TextField("error", blank=True)

    class Meta:
        ordering = ["name"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.name


class Trouble(models.Model):
    """One thing that a round of the clock could not do and set aside: the rest went on.

    The row goes when the round has managed it, or does not come upon it any more.
    """

    round = models.CharField("round", max_length=60)
    unit = models.CharField("what", max_length=200)
    error = models.TextField("error")
    since = models.DateTimeField("since")
    last_at = models.DateTimeField("last tried at")
    times = models.PositiveIntegerField("times", default=1)

    class Meta:
        ordering = ["round", "unit"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["round", "unit"], name="one_trouble_for_each_thing")
        ]

    def __str__(self) -> str:
        return f"{self.round}: {self.unit}"
