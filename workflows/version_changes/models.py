"""Which requests were moved from one version to another, and how each stood before."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy

from workflows.definitions.models import TemplateVersion
from workflows.execution.models import WorkflowInstance


class MovedRequest(models.Model):
    """One request that was moved to another version, once.

    `kept` is what the move changed of the request's rows, column by column, from what to what, and
    which rows it made: enough to put it back. `run` is shared by all that one command moved. The
    trail says the same for the record; this row is for the way back.
    """

    request = models.ForeignKey(
        WorkflowInstance,
        models.PROTECT,
        related_name="version_moves",
        verbose_name=gettext_lazy("request"),
    )
    from_version = models.ForeignKey(
        TemplateVersion, models.PROTECT, related_name="+", verbose_name=gettext_lazy("from version")
    )
    to_version = models.ForeignKey(
        TemplateVersion, models.PROTECT, related_name="+", verbose_name=gettext_lazy("to version")
    )
    run = models.CharField(gettext_lazy("run"), max_length=32, editable=False)
    event = models.ForeignKey(
        "workflows.TrailEvent",
        models.PROTECT,
        related_name="+",
        editable=False,
        verbose_name=gettext_lazy("row of the trail"),
    )
    kept = models.JSONField(gettext_lazy("what it changed"), default=dict, editable=False)
    moved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("moved by"),
    )
    moved_at = models.DateTimeField(gettext_lazy("moved at"))
    put_back_at = models.DateTimeField(gettext_lazy("put back at"), null=True)

    class Meta:
        verbose_name = gettext_lazy("moved request")
        verbose_name_plural = gettext_lazy("moved requests")
        ordering = ["-id"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["to_version", "-id"], name="moves_to_a_version"),
            models.Index("request", condition=Q(put_back_at=None), name="moves_that_stand"),
        ]

    def __str__(self) -> str:
        return f"{self.request.reference}: {self.from_version.number} → {self.to_version.number}"
