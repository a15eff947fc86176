"""Links that work without signing in, one row each.

Nothing in a row opens anything: the address is the row's name with this site's signature, which is
worked out wherever the address is written, and is kept nowhere.
"""

import secrets

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy


def new_link_name() -> str:
    """A name that no other link has, and that nobody can guess."""
    return secrets.token_hex(16)


class StatusLink(models.Model):
    """A link that shows where one request is, until it runs out or is withdrawn.

    `made_by` is nobody where the workflow itself sent it to its requester.
    """

    name = models.CharField(
        gettext_lazy("name"), max_length=32, unique=True, default=new_link_name, editable=False
    )
    request = models.ForeignKey(
        "workflows.WorkflowInstance",
        models.PROTECT,
        related_name="status_links",
        verbose_name=gettext_lazy("request"),
    )
    made_at = models.DateTimeField(gettext_lazy("made at"))
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("made by"),
    )
    expires_at = models.DateTimeField(gettext_lazy("expires at"))
    withdrawn_at = models.DateTimeField(gettext_lazy("withdrawn at"), null=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("withdrawn by"),
    )

    class Meta:
        verbose_name = gettext_lazy("status link")
        verbose_name_plural = gettext_lazy("status links")
        ordering = ["-id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.request} ({self.pk})"


class DecisionLink(models.Model):
    """A link by which one person decides one task, once, on what was there when it was made.

    `seen` is the digest of the values and document versions that the task showed then.
    """

    name = models.CharField(
        gettext_lazy("name"), max_length=32, unique=True, default=new_link_name, editable=False
    )
    task = models.ForeignKey(
        "workflows.WorkItem",
        models.PROTECT,
        related_name="decision_links",
        verbose_name=gettext_lazy("task"),
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=gettext_lazy("person"),
    )
    seen = models.CharField(gettext_lazy("seen"), max_length=64)
    made_at = models.DateTimeField(gettext_lazy("made at"))
    expires_at = models.DateTimeField(gettext_lazy("expires at"), db_index=True)
    used_at = models.DateTimeField(gettext_lazy("used at"), null=True)

    class Meta:
        verbose_name = gettext_lazy("link to decide by")
        verbose_name_plural = gettext_lazy("links to decide by")
        ordering = ["-id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.task} ({self.person})"
