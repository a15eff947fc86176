"""The trail: one row a command, in words that an auditor reads. Written once, never changed."""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy

from workflows.engine.errors import WrongState
from workflows.trail.choices import TrailCapacity, TrailChannel, TrailCommand

CHANGED = "The trail is written once; it cannot be changed."
DELETED = "The trail is written once; it cannot be deleted."

CHANGES_VERSION = 1
"""The form of `changes` that is written now (`changes.py`)."""

Row = TypeVar("Row", bound=models.Model)


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


class TrailQuerySet(WrittenOnceQuerySet["TrailEvent"]):
    """The trail's rows; only with commands that it knows."""

    def bulk_create(self, objs: Iterable["TrailEvent"], *args: Any, **kwargs: Any) -> Any:
        """Adds rows."""
        rows = list(objs)
        for row in rows:
            row.command = TrailCommand(row.command).value
        return super().bulk_create(rows, *args, **kwargs)


class TrailEvent(WrittenOnce):
    """One recorded command. Names are copied, so the row still speaks when people have left.

    A row that has no workflow tells of the site: of somebody's groups, rights or account.
    """

    recorded_at = models.DateTimeField(gettext_lazy("recorded at"), db_index=True)
    request = models.ForeignKey(
        "workflows.WorkflowInstance", models.PROTECT, null=True, related_name="trail"
    )
    template = models.ForeignKey(
        "workflows.WorkflowTemplate", models.PROTECT, null=True, related_name="trail"
    )
    workflow = models.CharField(gettext_lazy("workflow"), max_length=60, blank=True)
    version = models.PositiveIntegerField(gettext_lazy("version"), null=True)
    reference = models.CharField(
        gettext_lazy("reference"), max_length=40, blank=True, db_index=True
    )
    step = models.CharField(gettext_lazy("step"), max_length=80, blank=True)
    round = models.PositiveIntegerField(gettext_lazy("round"), null=True)
    activation = models.PositiveIntegerField(gettext_lazy("activation"), null=True)
    work_item = models.PositiveBigIntegerField(gettext_lazy("work item"), null=True)
    command = models.CharField(gettext_lazy("command"), max_length=40, choices=TrailCommand.choices)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(gettext_lazy("actor"), max_length=150, blank=True)
    acted_for = models.CharField(gettext_lazy("for"), max_length=150, blank=True)
    role = models.CharField(gettext_lazy("role"), max_length=60, blank=True)
    from_state = models.CharField(gettext_lazy("from"), max_length=40, blank=True)
    to_state = models.CharField(gettext_lazy("to"), max_length=40, blank=True)
    outcome = models.CharField(gettext_lazy("outcome"), max_length=80, blank=True)
    comment = models.TextField(gettext_lazy("comment"), blank=True)
    changes = models.JSONField(gettext_lazy("changes"), default=dict)
    changes_version = models.PositiveSmallIntegerField(
        gettext_lazy("form of changes"), default=CHANGES_VERSION
    )
    document_versions = models.JSONField(gettext_lazy("document versions"), default=dict)
    channel = models.CharField(
        gettext_lazy("channel"), max_length=20, blank=True, choices=TrailChannel.choices
    )
    capacity = models.CharField(
        gettext_lazy("capacity"), max_length=20, blank=True, choices=TrailCapacity.choices
    )
    seen = models.JSONField(gettext_lazy("seen"), default=dict)
    votes = models.JSONField(gettext_lazy("votes"), default=list)
    token = models.CharField(gettext_lazy("token"), max_length=230, blank=True)
    token_by = models.CharField(gettext_lazy("token made by"), max_length=150, blank=True)

    objects = TrailQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("trail event")
        verbose_name_plural = gettext_lazy("trail events")
        ordering = ["id"]
        default_permissions = ("view",)
        permissions = [
            ("audit_site", gettext_lazy("Can read the trail of accounts, groups and rights"))
        ]
        indexes = [
            models.Index(fields=["template", "id"], name="trail_by_workflow"),
            models.Index(
                "actor",
                "id",
                condition=Q(command=TrailCommand.REASSIGN),
                name="passed_on_by_person",
            ),
        ]

    def __str__(self) -> str:
        is_known = self.command in TrailCommand.values
        words = TrailCommand(self.command).label if is_known else self.command
        return f"{words} {self.reference} {self.step}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Writes a new row; a row that is there is never changed, nor one put in under a key."""
        if self.pk is not None:
            raise WrongState(CHANGED)
        self.command = TrailCommand(self.command).value
        super().save(*args, **kwargs)
