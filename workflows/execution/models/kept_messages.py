"""Messages that came before the step that waits for them."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy

from workflows.execution.models.instances import WorkflowInstance


class KeptMessage(models.Model):
    """A message that a request has received and that no step has taken yet.

    It is handed to the first wait for it that the request comes to, once, in the right of whoever
    sent it, and is gone with that: the trail tells that it came, and that it was taken. `rows` are
    values that the row of a wait in an each-branch must have.
    """

    request = models.ForeignKey(
        WorkflowInstance,
        models.CASCADE,
        related_name="kept_messages",
        verbose_name=gettext_lazy("request"),
    )
    name = models.CharField(gettext_lazy("message"), max_length=200)
    data = models.JSONField(gettext_lazy("values"), default=dict)
    rows = models.JSONField(gettext_lazy("values of its row"), default=dict)
    digest = models.CharField(gettext_lazy("digest"), max_length=64, editable=False)
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=gettext_lazy("sent by"),
    )
    received_at = models.DateTimeField(gettext_lazy("received at"))
    keep_until = models.DateTimeField(gettext_lazy("kept until"), null=True, blank=True)

    class Meta:
        verbose_name = gettext_lazy("kept message")
        verbose_name_plural = gettext_lazy("kept messages")
        ordering = ["id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["request", "digest"], name="a_message_is_kept_once")
        ]

    def __str__(self) -> str:
        return self.name
