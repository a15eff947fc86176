"""Comments on requests, whom they mention, and what people follow.

A comment's row is as it reads now. What it said before, and what was withdrawn, the trail keeps.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy

from workflows.execution.models import WorkflowInstance


class Comment(models.Model):
    """What somebody said about a request. A withdrawn one has no text.

    `mentioned` are the full names of those whom it mentions, by login, as they were when it was
    written: the page needs no other row to show it.
    """

    request = models.ForeignKey(
        WorkflowInstance,
        models.PROTECT,
        related_name="comments",
        verbose_name=gettext_lazy("request"),
    )
    writer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=gettext_lazy("writer"),
    )
    text = models.TextField(gettext_lazy("text"), blank=True)
    mentioned = models.JSONField(gettext_lazy("mentioned"), default=dict)
    written_at = models.DateTimeField(gettext_lazy("written at"))
    edited_at = models.DateTimeField(gettext_lazy("edited at"), null=True)
    withdrawn_at = models.DateTimeField(gettext_lazy("withdrawn at"), null=True)

    class Meta:
        verbose_name = gettext_lazy("comment")
        verbose_name_plural = gettext_lazy("comments")
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="a_withdrawn_comment_says_nothing",
                condition=Q(withdrawn_at=None) | Q(text=""),
            )
        ]

    def __str__(self) -> str:
        return self.text[:80]


class Mention(models.Model):
    """Somebody whom a comment mentions; `gives_sight` where they may see the request by that."""

    comment = models.ForeignKey(
        Comment, models.PROTECT, related_name="mentions", verbose_name=gettext_lazy("comment")
    )
    request = models.ForeignKey(
        WorkflowInstance,
        models.PROTECT,
        related_name="mentions",
        verbose_name=gettext_lazy("request"),
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=gettext_lazy("person"),
    )
    gives_sight = models.BooleanField(gettext_lazy("gives sight"), default=False)

    class Meta:
        verbose_name = gettext_lazy("mention")
        verbose_name_plural = gettext_lazy("mentions")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["comment", "person"], name="a_comment_mentions_each_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["person", "request"],
                condition=Q(gives_sight=True),
                name="sight_by_mention",
            )
        ]

    def __str__(self) -> str:
        return f"{self.comment_id} → {self.person}"


class Follow(models.Model):
    """Somebody is told of what happens to one request, to all of a workflow, or to all of a team.

    It gives no sight: of what they may not see they are told nothing.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="follows",
        verbose_name=gettext_lazy("person"),
    )
    request = models.ForeignKey(
        WorkflowInstance,
        models.PROTECT,
        null=True,
        related_name="follows",
        verbose_name=gettext_lazy("request"),
    )
    template = models.ForeignKey(
        "workflows.WorkflowTemplate",
        models.PROTECT,
        null=True,
        related_name="follows",
        verbose_name=gettext_lazy("workflow"),
    )
    team = models.ForeignKey(
        "auth.Group",
        models.CASCADE,
        null=True,
        related_name="follows",
        verbose_name=gettext_lazy("team"),
    )
    since = models.DateTimeField(gettext_lazy("since"))

    class Meta:
        verbose_name = gettext_lazy("what somebody follows")
        verbose_name_plural = gettext_lazy("what people follow")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["request", "person"], name="a_request_followed_once"),
            models.UniqueConstraint(fields=["template", "person"], name="a_workflow_followed_once"),
            models.UniqueConstraint(fields=["team", "person"], name="a_team_followed_once"),
            models.CheckConstraint(
                name="somebody_follows_one_thing",
                condition=Q(request__isnull=False, template=None, team=None)
                | Q(request=None, template__isnull=False, team=None)
                | Q(request=None, template=None, team__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.request or self.template or self.team}"
