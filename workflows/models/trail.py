"""The trail: one row a command, in words that an auditor reads. Written once, never changed."""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.conf import settings
from django.db import models

from workflows.engine.errors import WrongState

CHANGED = "The trail is written once; it cannot be changed."
DELETED = "The trail is written once; it cannot be deleted."

Row = TypeVar("Row", bound=models.Model)


COMMANDS = (
    # maps and logs
    *("load_definition", "new_draft", "publish", "retire", "start"),
    *("import_log", "undo_import", "export_log"),
    # workflows as a whole
    *("pause_workflow", "resume_workflow", "skip_start"),
    # tasks
    *("claim", "start_work", "pause", "release", "reassign", "decide"),
    # requests
    *("cancel", "suspend", "resume", "reopen", "set_values", "resolve_merge"),
    # steps that wait, and incidents
    *("finish", "fail", "retry", "skip", "reroute", "remind", "escalate", "watch"),
    # rights
    *("grant", "withdraw", "join_group", "leave_group", "change_account", "change_group"),
    *("make_token", "revoke_token", "make_key", "revoke_key", "rotate_key"),
    *("change_connection", "change_calendar"),
    # what workflows do with one another
    *("start_other", "listened"),
    # messages that did not get through
    *("send_again", "give_up"),
    # reviews
    *("review_due", "review_begin", "review_gather", "review_decide", "review_close"),
)
"""What a row may say was done, in the order in which people look for it. A command that is not
here cannot be written, so that the pages that choose by command never miss one."""

CHANNELS = (
    *("page", "admin", "api", "webhook", "mail"),
    *("command", "clock", "worker", "direct"),
)
"""By which door a command came. `clock` is what was due, `worker` what followed from another
command, `command` the command line, `direct` a call from within (a shell)."""

CAPACITIES = (
    *("role", "requester", "escalation", "stand_in"),
    *("owner", "deputy", "manager", "site"),
)
"""In which capacity the actor acted. `role` is a role of the map (the row names it), `escalation`
a late task that was handed on to another role, `stand_in` a task that was put into their hands
although they are not in its role,
`manager` the permission to manage the workflow, `site` a superuser without any of these."""


def known(command: str) -> str:
    """The command, which must be one of `COMMANDS`."""
    if command not in COMMANDS:
        raise ValueError(f"The trail knows no command '{command}'; add it to COMMANDS.")
    return command


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
            known(row.command)
        return super().bulk_create(rows, *args, **kwargs)


class TrailEvent(WrittenOnce):
    """One recorded command. Names are copied, so the row still speaks when people have left.

    A row that has no workflow tells of the site: of somebody's groups, rights or account.
    """

    recorded_at = models.DateTimeField("recorded at", db_index=True)
    request = models.ForeignKey(
        "workflows.WorkflowInstance", models.PROTECT, null=True, related_name="trail"
    )
    template = models.ForeignKey(
        "workflows.WorkflowTemplate", models.PROTECT, null=True, related_name="trail"
    )
    workflow = models.CharField("workflow", max_length=60, blank=True)
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
    channel = models.CharField("channel", max_length=20, blank=True)
    capacity = models.CharField("capacity", max_length=20, blank=True)
    seen = models.JSONField("seen", default=dict)
    votes = models.JSONField("votes", default=list)
    token = models.CharField("token", max_length=230, blank=True)
    token_by = models.CharField("token made by", max_length=150, blank=True)

    objects = TrailQuerySet.as_manager()

    class Meta:
        verbose_name = "trail event"
        ordering = ["id"]
        default_permissions = ("view",)
        permissions = [("audit_site", "Can read the trail of accounts, groups and rights")]
        indexes = [models.Index(fields=["template", "id"], name="trail_by_workflow")]

    def __str__(self) -> str:
        return f"{self.command} {self.reference} {self.step}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Writes a new row; a row that is there is never changed, nor one put in under a key."""
        if self.pk is not None:
            raise WrongState(CHANGED)
        known(self.command)
        super().save(*args, **kwargs)
