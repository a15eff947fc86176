"""Who may use the HTTP API, and what was already answered."""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy


class ApiToken(models.Model):
    """A bearer token of a person or a service account. Only its SHA-256 is kept.

    A token can do what its user can, narrowed to its scopes: `read`, `work` (claim, decide, …),
    `start` (start requests) and `course` (cancel, suspend, resume, reopen, message).
    """

    READ, WORK, START, COURSE = "read", "work", "start", "course"
    SCOPES = [
        (READ, gettext_lazy("read requests and the inbox")),
        (WORK, gettext_lazy("work on tasks")),
        (START, gettext_lazy("start requests")),
        (COURSE, gettext_lazy("cancel, suspend, resume, reopen, send messages")),
    ]

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="api_tokens",
        verbose_name=gettext_lazy("acts as"),
    )
    name = models.CharField(
        gettext_lazy("name"), max_length=200, help_text=gettext_lazy("What it is used for.")
    )
    digest = models.CharField(gettext_lazy("digest"), max_length=64, unique=True, editable=False)
    hint = models.CharField(gettext_lazy("begins with"), max_length=16, editable=False)
    scopes = models.JSONField(gettext_lazy("may"), default=list)
    created_at = models.DateTimeField(
        gettext_lazy("created at"), default=timezone.now, editable=False
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=gettext_lazy("created by"),
    )
    expires_at = models.DateTimeField(gettext_lazy("expires at"), null=True, blank=True)
    last_used_at = models.DateTimeField(gettext_lazy("last used"), null=True, editable=False)
    revoked_at = models.DateTimeField(gettext_lazy("revoked at"), null=True, editable=False)

    class Meta:
        verbose_name = gettext_lazy("API token")
        verbose_name_plural = gettext_lazy("API tokens")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.user})"


class ServiceAccount(models.Model):
    """Marks a user as a program that acts as itself: it has tokens, and nobody signs in as it."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="service_account",
        verbose_name=gettext_lazy("user"),
    )
    purpose = models.CharField(
        gettext_lazy("purpose"), max_length=200, help_text=gettext_lazy("What it does, for whom.")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        help_text=gettext_lazy("The person who answers for what it does."),
        verbose_name=gettext_lazy("owner"),
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=gettext_lazy("made by"),
    )
    created_at = models.DateTimeField(
        gettext_lazy("created at"), default=timezone.now, editable=False
    )

    class Meta:
        verbose_name = gettext_lazy("service account")
        verbose_name_plural = gettext_lazy("service accounts")
        ordering = ["user__username"]

    def __str__(self) -> str:
        return self.user.get_username()


class IdempotentReply(models.Model):
    """The answer to a POST that carried an `Idempotency-Key`, given again when it is repeated."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="+",
        verbose_name=gettext_lazy("user"),
    )
    key = models.CharField(gettext_lazy("key"), max_length=200)
    fingerprint = models.CharField(gettext_lazy("digest of method, path and body"), max_length=64)
    status = models.PositiveIntegerField(gettext_lazy("status"), null=True)
    body = models.JSONField(gettext_lazy("body"), null=True, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(gettext_lazy("created at"), db_index=True)

    class Meta:
        verbose_name = gettext_lazy("idempotent reply")
        verbose_name_plural = gettext_lazy("idempotent replies")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["user", "key"],
                name="one_reply_per_idempotency_key",
                condition=Q(key__gt=""),
            )
        ]

    def __str__(self) -> str:
        return self.key
