"""The trail: one row a command, in words that an auditor reads. Written once, never changed."""

from typing import Any, TypeVar

from django.conf import settings
from django.db import models

from workflows.engine.errors import WrongState

CHANGED = "The trail is written once; it cannot be changed."
DELETED = "The trail is written once; it cannot be deleted."

Row = TypeVar("Row", bound=models.Model)


COMMANDS = (
    *("load_definition", "new_draft", "publish", "start", "import_log", "export_log"),
    *("claim", "start_work", "pause", "release", "reassign", "decide"),
    *("cancel", "suspend", "resume", "reopen", "set_values", "resolve_merge"),
    *("finish", "fail", "retry", "skip", "reroute", "remind", "escalate", "watch"),
)
"""What a row may say was done, in the order in which people look for it."""


class WrittenOnceQuerySet(models.QuerySet[Row]):
    """Reads the trail and adds to it; the ways to change many rows at once are closed."""

    def update(self, **values: Any) -> int:
        """Never."""
        raise WrongState(CHANGED)

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        """Never."""
        raise WrongState(CHANGED)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Never."""
        raise WrongState(DELETED)


class WrittenOnce(models.Model):
    """A row that is there is never changed or deleted; the database's triggers say so too."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Writes a new row; a row that is there is never changed."""
        if not self._state.adding:
            raise WrongState(CHANGED)
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Never."""
        raise WrongState(DELETED)


class TrailEvent(WrittenOnce):
    """One recorded command. Names are copied, so the row still speaks when people have left."""

    recorded_at = models.DateTimeField("recorded at", db_index=True)
    request = models.ForeignKey(
        "workflows.WorkflowInstance", models.PROTECT, null=True, related_name="trail"
    )
    template = models.ForeignKey("workflows.WorkflowTemplate", models.PROTECT, related_name="trail")
    workflow = models.CharField("workflow", max_length=60)
    version = models.PositiveIntegerField("version", null=True)
    reference = models.CharField("reference", max_length=40, blank=True, db_index=True)
    step = models.CharField("step", max_length=80, blank=True)
    round = models.PositiveIntegerField("round", null=True)
    activation = models.PositiveIntegerField("activation", null=True)
    work_item = models.PositiveBigIntegerField("work item", null=True)
    command = models.CharField("command", max_length=40)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField("actor", max_length=150, blank=True)
    acted_for = models.CharField("for", max_length=150, blank=True)
    role = models.CharField("role", max_length=60, blank=True)
    from_state = models.CharField("from", max_length=40, blank=True)
    to_state = models.CharField("to", max_length=40, blank=True)
    outcome = models.CharField("outcome", max_length=80, blank=True)
    comment = models.TextField("comment", blank=True)
    changes = models.JSONField("changes", default=dict)
    document_versions = models.JSONField("document versions", default=dict)

    objects = WrittenOnceQuerySet.as_manager()

    class Meta:
        verbose_name = "trail event"
        ordering = ["id"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["template", "id"], name="trail_by_workflow")]

    def __str__(self) -> str:
        return f"{self.command} {self.reference} {self.step}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Writes a new row; a row that is there is never changed, nor one put in under a key."""
        if self.pk is not None:
            raise WrongState(CHANGED)
        super().save(*args, **kwargs)
