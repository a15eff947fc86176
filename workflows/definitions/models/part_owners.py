"""Who owns a step or a schedule now.

A published map never changes, and names people as they were when it was published. Who owns a part
of it now is kept here beside it, and can be handed over without a new version.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy
from simple_history.models import HistoricalRecords

from workflows.definitions.models.map_rows import Step
from workflows.definitions.models.versions import TemplateVersion


class PartOwner(models.Model):
    """The owner and the deputy of one step, or of one trigger (by its place in the start), of a
    version that is no draft. What is empty is the workflow's."""

    version = models.ForeignKey(
        TemplateVersion,
        models.CASCADE,
        related_name="part_owners",
        verbose_name=gettext_lazy("version"),
    )
    step = models.ForeignKey(
        Step,
        models.CASCADE,
        null=True,
        related_name="part_owners",
        verbose_name=gettext_lazy("step"),
    )
    trigger = models.PositiveSmallIntegerField(gettext_lazy("trigger"), null=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="owned_parts",
        verbose_name=gettext_lazy("owner"),
    )
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="deputised_parts",
        verbose_name=gettext_lazy("deputy"),
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = gettext_lazy("owner of a part")
        verbose_name_plural = gettext_lazy("owners of parts")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="a_part_is_a_step_or_a_trigger",
                condition=Q(step=None, trigger__isnull=False) | Q(step__isnull=False, trigger=None),
            ),
            models.UniqueConstraint(fields=["step"], name="a_step_has_its_owners_once"),
            models.UniqueConstraint(
                fields=["version", "trigger"], name="a_trigger_has_its_owners_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version}: {self.step or self.trigger}"
