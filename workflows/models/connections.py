"""Where automations call, and who may call in: credentials are encrypted, and never shown again."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from simple_history.models import HistoricalRecords

from workflows.models.definitions import WorkflowTemplate


class Connection(models.Model):
    """Another system that automations may call, with its owner and its credentials.

    `secret` is ciphertext (see `workflows.services.secrets`); it is in no history, trail,
    log or error. `allowed_hosts` are the hosts inside the company's network that the owner
    lets this connection reach; all others must be public addresses.
    """

    NONE, BEARER, BASIC, HEADER = "none", "bearer", "basic", "header"
    AUTH = [
        (NONE, "none"),
        (BEARER, "bearer token"),
        (BASIC, "user name and password"),
        (HEADER, "a header of its own"),
    ]

    key = models.SlugField("key", max_length=60, unique=True, help_text="As maps name it.")
    name = models.CharField("name", max_length=200)
    base_url = models.URLField(
        "base address", max_length=500, help_text="https://erp.example.com/api/v2"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="connections",
        help_text="Answers for what this connection may reach and do.",
    )
    auth = models.CharField("signs in by", max_length=10, choices=AUTH, default=NONE)
    username = models.CharField(
        "user name", max_length=200, blank=True, help_text="Only for user name and password."
    )
    header = models.CharField(
        "header", max_length=100, blank=True, help_text="Only for a header of its own: X-Api-Key"
    )
    secret = models.TextField("secret", blank=True, editable=False)
    allowed_hosts = models.TextField(
        "allowed inside hosts",
        blank=True,
        help_text="One a line. Private, loopback and link-local addresses are refused but for"
        " these hosts; write the host name or address as it stands in the base address.",
    )
    timeout_seconds = models.PositiveIntegerField(
        "time-out (s)", default=10, help_text="For a whole call, 1 to 120."
    )
    is_active = models.BooleanField("in use", default=True)
    created_at = models.DateTimeField("created at", default=timezone.now, editable=False)
    history = HistoricalRecords(excluded_fields=["secret"])

    class Meta:
        ordering = ["name"]
        permissions = [("use_connection", "Can let maps call by it")]
        constraints = [
            models.CheckConstraint(
                name="a_call_ends_within_two_minutes",
                condition=models.Q(timeout_seconds__gte=1, timeout_seconds__lte=120),
                violation_error_message="Choose a time-out from 1 to 120 seconds.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class WebhookKey(models.Model):
    """The shared secret with which another system may start requests of one workflow.

    `secret` is ciphertext; `acts_as` is the person (or service account) in whose name requests
    start, who must be in the role that starts the workflow.
    """

    template = models.ForeignKey(
        WorkflowTemplate, models.PROTECT, related_name="webhook_keys", verbose_name="workflow"
    )
    name = models.CharField("name", max_length=200, help_text="Who calls: 'the web shop'.")
    acts_as = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="acts as",
        help_text="Requests start in this person's name.",
    )
    secret = models.TextField("secret", editable=False)
    created_at = models.DateTimeField("created at", default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    revoked_at = models.DateTimeField("revoked at", null=True, blank=True, editable=False)
    history = HistoricalRecords(excluded_fields=["secret"])

    class Meta:
        ordering = ["template", "name"]

    def __str__(self) -> str:
        return f"{self.name} → {self.template}"


class WebhookDelivery(models.Model):
    """A signed call that was taken, kept for as long as its timestamp would be believed again."""

    key = models.ForeignKey(WebhookKey, models.CASCADE, related_name="deliveries")
    signature = models.CharField("signature", max_length=64)
    received_at = models.DateTimeField("received at", db_index=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["key", "signature"], name="a_call_is_taken_once")
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.received_at:%Y-%m-%d %H:%M:%S}"
