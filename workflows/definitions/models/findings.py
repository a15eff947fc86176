"""What has gone wrong with a published map since it was published: found by the clock."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy

from workflows.definitions.models.versions import TemplateVersion
from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.texts import load_text


class MapFinding(models.Model):
    """One finding of the audit on a published version: open until it is mended.

    `told_at` is when its owner was told; what stood when the version was published was seen by
    whoever published it, and is told to nobody.
    """

    ERROR, WARNING = "error", "warning"
    SEVERITIES = [(ERROR, gettext_lazy("error")), (WARNING, gettext_lazy("warning"))]

    version = models.ForeignKey(
        TemplateVersion,
        models.PROTECT,
        related_name="map_findings",
        verbose_name=gettext_lazy("version"),
    )
    code = models.CharField(gettext_lazy("code"), max_length=60)
    step = models.CharField(gettext_lazy("step"), max_length=80, blank=True)
    severity = models.CharField(gettext_lazy("severity"), max_length=10, choices=SEVERITIES)
    variant = models.CharField(gettext_lazy("variant"), max_length=20, blank=True)
    parameters = models.JSONField(gettext_lazy("what stands in its sentences"), default=dict)
    found_at = models.DateTimeField(gettext_lazy("found at"))
    told_at = models.DateTimeField(gettext_lazy("owner told at"), null=True)
    closed_at = models.DateTimeField(gettext_lazy("mended at"), null=True)

    class Meta:
        verbose_name = gettext_lazy("finding on a published map")
        verbose_name_plural = gettext_lazy("findings on published maps")
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
    def message(self) -> str:
        """What is wrong, in the language of whoever reads it."""
        return str(self.finding.message)

    @property
    def remedy(self) -> str:
        """How to mend it, in the language of whoever reads it."""
        return str(self.finding.remedy)

    @property
    def finding(self) -> AuditFinding:
        """The finding, as the audit makes it."""
        parameters = {name: load_text(value) for name, value in self.parameters.items()}
        return make_finding(self.code, self.step or None, self.variant, **parameters)

    @property
    def is_open(self) -> bool:
        """Whether it still stands."""
        return self.closed_at is None
