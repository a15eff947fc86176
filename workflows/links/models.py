"""Links that work without signing in, one row each.

Nothing in a row opens anything: the address is the row's name with this site's signature, which is
worked out wherever the address is written, and is kept nowhere.
"""

import secrets
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
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


ENTRY_FILES = "public"
"""The folder of the files that were sent with public forms."""


def new_entry_file_name(entry_file: "PublicEntryFile", filename: str) -> str:
    """A name on disk that tells nothing and cannot be steered by the sender."""
    return f"{ENTRY_FILES}/{uuid.uuid4().hex}"


class PublicEntry(models.Model):
    """What somebody without an account filled in: it starts a request when they confirm by mail.

    `address` and `content` are encrypted; `address_digest` only tells whether two are the same.
    Once it is confirmed the content is gone, and the address stays with the request, to tell them
    how it ended.
    """

    name = models.CharField(
        gettext_lazy("name"), max_length=32, unique=True, default=new_link_name, editable=False
    )
    template = models.ForeignKey(
        "workflows.WorkflowTemplate",
        models.CASCADE,
        related_name="public_entries",
        verbose_name=gettext_lazy("workflow"),
    )
    address = models.TextField(gettext_lazy("mail address"))
    address_digest = models.CharField(gettext_lazy("digest"), max_length=64, db_index=True)
    content = models.TextField(gettext_lazy("content"), blank=True)
    language = models.CharField(gettext_lazy("language"), max_length=10)
    made_at = models.DateTimeField(gettext_lazy("made at"))
    expires_at = models.DateTimeField(gettext_lazy("expires at"), db_index=True)
    used_at = models.DateTimeField(gettext_lazy("used at"), null=True)
    request = models.OneToOneField(
        "workflows.WorkflowInstance",
        models.PROTECT,
        null=True,
        related_name="public_entry",
        verbose_name=gettext_lazy("request"),
    )

    class Meta:
        verbose_name = gettext_lazy("public form that was filled in")
        verbose_name_plural = gettext_lazy("public forms that were filled in")
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="a_used_entry_has_its_request",
                condition=Q(used_at=None, request=None)
                | Q(used_at__isnull=False, request__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.template} ({self.pk})"


class PublicEntryFile(models.Model):
    """A file that was sent with a public form, until its request starts or the form runs out."""

    entry = models.ForeignKey(
        PublicEntry, models.CASCADE, related_name="files", verbose_name=gettext_lazy("entry")
    )
    field = models.CharField(gettext_lazy("field"), max_length=60)
    name = models.CharField(gettext_lazy("file name"), max_length=255)
    file = models.FileField(gettext_lazy("file"), upload_to=new_entry_file_name, max_length=200)

    class Meta:
        verbose_name = gettext_lazy("file of a public form")
        verbose_name_plural = gettext_lazy("files of public forms")
        ordering = ["id"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
