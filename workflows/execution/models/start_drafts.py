"""What somebody typed into a start form and has not sent yet."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy

from workflows.definitions.models import WorkflowTemplate


class StartDraft(models.Model):
    """The draft of one person for one workflow: its content is encrypted, and nobody else's to
    see. It is no part of any record."""

    writer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="start_drafts",
        verbose_name=gettext_lazy("written by"),
    )
    template = models.ForeignKey(
        WorkflowTemplate,
        models.CASCADE,
        related_name="+",
        verbose_name=gettext_lazy("workflow"),
    )
    content = models.TextField(gettext_lazy("content"), editable=False)
    saved_at = models.DateTimeField(gettext_lazy("saved at"))

    class Meta:
        verbose_name = gettext_lazy("draft of a request")
        verbose_name_plural = gettext_lazy("drafts of requests")
        ordering = ["-saved_at"]
        constraints = [
            models.UniqueConstraint(fields=["writer", "template"], name="one_start_draft_a_writer")
        ]

    def __str__(self) -> str:
        return str(self.template)
