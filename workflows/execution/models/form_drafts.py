"""What somebody typed into a form and has not sent yet."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy

from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models.work_items import WorkItem


class FormDraft(models.Model):
    """The draft of one person for the start form of one workflow, or for the decision on one task:
    its content is encrypted, and nobody else's to see. It is no part of any record."""

    writer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="form_drafts",
        verbose_name=gettext_lazy("written by"),
    )
    template = models.ForeignKey(
        WorkflowTemplate,
        models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("workflow"),
    )
    work_item = models.ForeignKey(
        WorkItem,
        models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("task"),
    )
    content = models.TextField(gettext_lazy("content"), editable=False)
    saved_at = models.DateTimeField(gettext_lazy("saved at"))

    class Meta:
        verbose_name = gettext_lazy("draft of a form")
        verbose_name_plural = gettext_lazy("drafts of forms")
        ordering = ["-saved_at"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["writer", "template"], name="one_start_draft_a_writer"),
            models.UniqueConstraint(fields=["writer", "work_item"], name="one_task_draft_a_writer"),
            models.CheckConstraint(
                name="a_draft_is_of_one_form",
                condition=Q(template__isnull=False, work_item=None)
                | Q(template=None, work_item__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.template or self.work_item)
