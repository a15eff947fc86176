"""What came in as event logs: each import is a row, so that it can be told, and taken out again."""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from workflows.models.definitions import TemplateVersion, WorkflowTemplate


class LogImport(models.Model):
    """One event log that was brought in, or is on its way.

    Its requests are written in pieces and are seen by nobody before the last one is there. An
    import whose process was killed stays `ARRIVING` with an old `seen_at`, and is cleared away.
    """

    ARRIVING, HERE, LEAVING, TAKEN_OUT = "arriving", "here", "leaving", "taken_out"
    STATES = [
        (ARRIVING, "coming in"),
        (HERE, "here"),
        (LEAVING, "being taken out"),
        (TAKEN_OUT, "taken out"),
    ]
    UNDER_WAY = (ARRIVING, LEAVING)

    template = models.ForeignKey(
        WorkflowTemplate, models.PROTECT, related_name="log_imports", verbose_name="workflow"
    )
    version = models.ForeignKey(TemplateVersion, models.PROTECT, related_name="+")
    file_name = models.CharField("file", max_length=255)
    digest = models.CharField("SHA-256 of the file", max_length=64)
    state = models.CharField("state", max_length=10, choices=STATES, default=ARRIVING)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField("brought in by", max_length=150, blank=True)
    began_at = models.DateTimeField("began at")
    seen_at = models.DateTimeField("last seen at work")
    cases = models.PositiveIntegerField("requests", default=0)
    tasks = models.PositiveIntegerField("tasks", default=0)
    days = models.JSONField("days of its tasks", default=list, encoder=DjangoJSONEncoder)
    told = models.JSONField("what was read and passed over", default=dict)

    class Meta:
        verbose_name = "import of a log"
        verbose_name_plural = "imports of logs"
        ordering = ["-id"]
        default_permissions = ("view",)
        indexes = [
            models.Index("state", condition=models.Q(state__in=("arriving", "leaving")),
                         name="imports_under_way"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"import {self.pk}: {self.file_name}"
