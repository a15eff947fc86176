"""Files that belong to a request: every upload is a new version, none is ever overwritten."""

import secrets
import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, gettext_lazy
from simple_history.models import HistoricalRecords

from workflows.execution.models import WorkflowInstance

UPLOAD_FILES = "uploads"
"""The folder of files that wait for their form."""


def stored_under(document: "Document", filename: str) -> str:
    """A name on disk that tells nothing and cannot be steered by the uploader."""
    return f"documents/{uuid.uuid4().hex}"


def kept_upload_name(upload: "KeptUpload", filename: str) -> str:
    """The same for a file that waits for its form to be sent again."""
    return f"{UPLOAD_FILES}/{uuid.uuid4().hex}"


def new_upload_name() -> str:
    """A name that no other upload has, and that nobody can guess."""
    return secrets.token_hex(16)


class KeptUpload(models.Model):
    """A file that came with a form which could not be taken: it is chosen once, and goes with the
    form when that is sent again. Nobody but its sender can name it."""

    name = models.CharField(
        gettext_lazy("name"),
        max_length=32,
        unique=True,
        default=new_upload_name,
        editable=False,
    )
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("sender"),
    )
    file_name = models.CharField(gettext_lazy("file name"), max_length=255)
    file = models.FileField(gettext_lazy("file"), upload_to=kept_upload_name, max_length=200)
    size = models.PositiveBigIntegerField(gettext_lazy("size (bytes)"))
    kept_at = models.DateTimeField(gettext_lazy("kept at"), db_index=True)

    class Meta:
        verbose_name = gettext_lazy("kept upload")
        verbose_name_plural = gettext_lazy("kept uploads")
        ordering = ["id"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.file_name


class Document(models.Model):
    """One version of one document field of one request, or one of the files of a field that holds
    several, or a file that a comment or the answer to a
    question carries: then it has no field, and is numbered among all such files of its request."""

    request = models.ForeignKey(
        WorkflowInstance,
        models.PROTECT,
        related_name="documents",
        verbose_name=gettext_lazy("request"),
    )
    field = models.CharField(gettext_lazy("field"), max_length=60, blank=True)
    comment = models.ForeignKey(
        "workflows.Comment",
        models.PROTECT,
        null=True,
        default=None,
        related_name="documents",
        verbose_name=gettext_lazy("comment"),
    )
    question = models.ForeignKey(
        "workflows.TaskQuestion",
        models.PROTECT,
        null=True,
        default=None,
        related_name="documents",
        verbose_name=gettext_lazy("question"),
    )
    version = models.PositiveIntegerField(gettext_lazy("version"))
    name = models.CharField(gettext_lazy("file name"), max_length=255)
    file = models.FileField(gettext_lazy("file"), upload_to=stored_under, max_length=200)
    size = models.PositiveBigIntegerField(gettext_lazy("size (bytes)"))
    sha256 = models.CharField(gettext_lazy("SHA-256"), max_length=64)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("uploaded by"),
    )
    uploaded_at = models.DateTimeField(gettext_lazy("uploaded at"))
    note = models.TextField(gettext_lazy("note"), blank=True, default="")
    is_one_of_several = False
    """Whether its field holds several files, where that was asked for: then each is a document of
    its own, and its version its number in the field."""
    history = HistoricalRecords()

    class Meta:
        verbose_name = gettext_lazy("document")
        verbose_name_plural = gettext_lazy("documents")
        ordering = ["request", "field", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "field", "version"], name="one_document_per_version"
            ),
            models.CheckConstraint(
                name="a_document_has_one_place",
                condition=Q(comment=None, question=None) & ~Q(field="")
                | Q(comment__isnull=False, question=None, field="")
                | Q(comment=None, question__isnull=False, field=""),
            ),
        ]

    def __str__(self) -> str:
        if not self.field:
            return self.name
        places = {"name": self.name, "version": self.version}
        return gettext("%(name)s (version %(version)s)") % places

    def value(self) -> dict[str, Any]:
        """What the request's data says of it."""
        return {"name": self.name, "version": self.version, "sha256": self.sha256}
