"""Files that belong to a request: every upload is a new version, none is ever overwritten."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from simple_history.models import HistoricalRecords

from workflows.models.runs import WorkflowInstance


def stored_under(document: "Document", filename: str) -> str:
    """A name on disk that tells nothing and cannot be steered by the uploader."""
    return f"documents/{uuid.uuid4().hex}"


class Document(models.Model):
    """One version of one document field of one request."""

    request = models.ForeignKey(WorkflowInstance, models.PROTECT, related_name="documents")
    field = models.CharField("field", max_length=60)
    version = models.PositiveIntegerField("version")
    name = models.CharField("file name", max_length=255)
    file = models.FileField("file", upload_to=stored_under, max_length=200)
    size = models.PositiveBigIntegerField("size (bytes)")
    sha256 = models.CharField("SHA-256", max_length=64)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    uploaded_at = models.DateTimeField("uploaded at")
    history = HistoricalRecords()

    class Meta:
        ordering = ["request", "field", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "field", "version"], name="one_document_per_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} (version {self.version})"

    def value(self) -> dict[str, Any]:
        """What the request's data says of it."""
        return {"name": self.name, "version": self.version, "sha256": self.sha256}
