"""What came in as event logs: each import is a row, so that it can be told, and taken out again."""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext, gettext_lazy

from workflows.definitions.models import TemplateVersion, WorkflowTemplate


class LogImport(models.Model):
    """One event log that was brought in, or is on its way.

    Its requests are written in pieces and are seen by nobody before the last one is there. An
    import whose process was killed stays `ARRIVING` with an old `seen_at`, and is cleared away.
    """

    ARRIVING, HERE, LEAVING, TAKEN_OUT = "arriving", "here", "leaving", "taken_out"
    STATES = [
        (ARRIVING, gettext_lazy("coming in")),
        (HERE, gettext_lazy("here")),
        (LEAVING, gettext_lazy("being taken out")),
        (TAKEN_OUT, gettext_lazy("taken out")),
    ]
    UNDER_WAY = (ARRIVING, LEAVING)

    template = models.ForeignKey(
        WorkflowTemplate,
        models.PROTECT,
        related_name="log_imports",
        verbose_name=gettext_lazy("workflow"),
    )
    version = models.ForeignKey(
        TemplateVersion, models.PROTECT, related_name="+", verbose_name=gettext_lazy("version")
    )
    file_name = models.CharField(gettext_lazy("file"), max_length=255)
    digest = models.CharField(gettext_lazy("SHA-256 of the file"), max_length=64)
    state = models.CharField(gettext_lazy("state"), max_length=10, choices=STATES, default=ARRIVING)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("actor"),
    )
    actor_name = models.CharField(gettext_lazy("brought in by"), max_length=150, blank=True)
    began_at = models.DateTimeField(gettext_lazy("began at"))
    seen_at = models.DateTimeField(gettext_lazy("last seen at work"))
    cases = models.PositiveIntegerField(gettext_lazy("requests"), default=0)
    tasks = models.PositiveIntegerField(gettext_lazy("tasks"), default=0)
    days = models.JSONField(
        gettext_lazy("days of its tasks"), default=list, encoder=DjangoJSONEncoder
    )
    summary = models.JSONField(gettext_lazy("what was read and passed over"), default=dict)

    class Meta:
        verbose_name = gettext_lazy("import of a log")
        verbose_name_plural = gettext_lazy("imports of logs")
        ordering = ["-id"]
        default_permissions = ("view",)
        indexes = [
            models.Index(
                "state",
                condition=models.Q(state__in=("arriving", "leaving")),
                name="imports_under_way",
            )
        ]

    def __str__(self) -> str:
        return gettext("import %(pk)s: %(file_name)s") % {
            "pk": self.pk,
            "file_name": self.file_name,
        }
