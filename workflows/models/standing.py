"""What has gone wrong with a published map since it was published: found by the clock."""

from django.db import models
from django.db.models import Q

from workflows.models.definitions import TemplateVersion


class MapFinding(models.Model):
    """One finding of the audit on a published version: open until it is mended.

    `told_at` is when its owner was told; what stood when the version was published was seen by
    whoever published it, and is told to nobody.
    """

    ERROR, WARNING = "error", "warning"
    SEVERITIES = [(ERROR, "error"), (WARNING, "warning")]

    version = models.ForeignKey(TemplateVersion, models.PROTECT, related_name="map_findings")
    code = models.CharField("code", max_length=60)
    step = models.CharField("step", max_length=80, blank=True)
    severity = models.CharField("severity", max_length=10, choices=SEVERITIES)
    message = models.TextField("what is wrong")
    remedy = models.TextField("how to mend it")
    found_at = models.DateTimeField("found at")
    told_at = models.DateTimeField("owner told at", null=True)
    closed_at = models.DateTimeField("mended at", null=True)

    class Meta:
        verbose_name = "finding on a published map"
        verbose_name_plural = "findings on published maps"
        ordering = ["-found_at", "id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["version", "code", "step"],
                condition=Q(closed_at__isnull=True),
                name="one_open_finding_of_a_kind",
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} ({self.version})"

    @property
    def is_open(self) -> bool:
        """Whether it still stands."""
        return self.closed_at is None
