"""Who may use the HTTP API, and what was already answered."""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils import timezone


class ApiToken(models.Model):
    """A bearer token of a person or a service account. Only its SHA-256 is kept.

    A token can do what its user can, narrowed to its scopes: `read`, `work` (claim, decide, …),
    `start` (start requests) and `course` (cancel, suspend, resume, reopen, message).
    """

    READ, WORK, START, COURSE = "read", "work", "start", "course"
    SCOPES = [
        (READ, "read requests and the inbox"),
        (WORK, "work on tasks"),
        (START, "start requests"),
        (COURSE, "cancel, suspend, resume, reopen, send messages"),
    ]

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="api_tokens", verbose_name="acts as"
    )
    name = models.CharField("name", max_length=200, help_text="What it is used for.")
    digest = models.CharField("digest", max_length=64, unique=True, editable=False)
    hint = models.CharField("begins with", max_length=16, editable=False)
    scopes = models.JSONField("may", default=list)
    created_at = models.DateTimeField("created at", default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    expires_at = models.DateTimeField("expires at", null=True, blank=True)
    last_used_at = models.DateTimeField("last used", null=True, editable=False)
    revoked_at = models.DateTimeField("revoked at", null=True, editable=False)

    class Meta:
        verbose_name = "API token"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.user})"


class ServiceAccount(models.Model):
    """Marks a user as a program that acts as itself: it has tokens, and nobody signs in as it."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="service_account"
    )
    purpose = models.CharField("purpose", max_length=200, help_text="What it does, for whom.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        help_text="The person who answers for what it does.",
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField("created at", default=timezone.now, editable=False)

    class Meta:
        ordering = ["user__username"]

    def __str__(self) -> str:
        return self.user.get_username()


class IdempotentReply(models.Model):
    """The answer to a POST that carried an `Idempotency-Key`, given again when it is repeated."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField("key", max_length=200)
    fingerprint = models.CharField("digest of method, path and body", max_length=64)
    status = models.PositiveIntegerField("status", null=True)
    body = models.JSONField("body", null=True, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField("created at", db_index=True)

    class Meta:
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
