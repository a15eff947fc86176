"""Signs of life: when worker, clock and each round of the clock were heard, and what they could
not do. The pages that say whether all is well read these; nothing else does."""

from django.db import models
from django.utils.translation import gettext_lazy


class Heartbeat(models.Model):
    """The last sign of life of the worker, the clock, or a round of the clock."""

    WORKER, CLOCK = "worker", "clock"

    name = models.CharField(gettext_lazy("name"), max_length=60, unique=True)
    heard_at = models.DateTimeField(gettext_lazy("heard at"))
    well_at = models.DateTimeField(gettext_lazy("last ended well at"), null=True)
    failed_at = models.DateTimeField(gettext_lazy("last failed at"), null=True)
    failures = models.PositiveIntegerField(gettext_lazy("failures in a row"), default=0)
    error = models.TextField(gettext_lazy("error"), blank=True)

    class Meta:
        verbose_name = gettext_lazy("heartbeat")
        verbose_name_plural = gettext_lazy("heartbeats")
        ordering = ["name"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.name


class Trouble(models.Model):
    """One thing that a round of the clock could not do and set aside: the rest went on.

    The row goes when the round has managed it, or does not come upon it any more.
    """

    round = models.CharField(gettext_lazy("round"), max_length=60)
    unit = models.CharField(gettext_lazy("what"), max_length=200)
    error = models.TextField(gettext_lazy("error"))
    since = models.DateTimeField(gettext_lazy("since"))
    last_at = models.DateTimeField(gettext_lazy("last tried at"))
    times = models.PositiveIntegerField(gettext_lazy("times"), default=1)

    class Meta:
        verbose_name = gettext_lazy("trouble")
        verbose_name_plural = gettext_lazy("troubles")
        ordering = ["round", "unit"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["round", "unit"], name="one_trouble_for_each_thing")
        ]

    def __str__(self) -> str:
        return f"{self.round}: {self.unit}"
