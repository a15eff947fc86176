"""Where automations call, and who may call in: credentials are encrypted, and never shown again."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy
from simple_history.models import HistoricalRecords

from workflows.definitions.models import WorkflowTemplate


class Connection(models.Model):
    """Another system that automations may call, with its owner and its credentials.

    `secret` is ciphertext (see `workflows.connections.secrets`); it is in no history, trail,
    log or error. `allowed_hosts` are the hosts inside the company's network that the owner
    lets this connection reach; all others must be public addresses.
    """

    NONE, BEARER, BASIC, HEADER = "none", "bearer", "basic", "header"
    OAUTH_APP, OAUTH_ACCOUNT = "oauth_app", "oauth_acct"
    OAUTH = (OAUTH_APP, OAUTH_ACCOUNT)
    AUTH = [
        (NONE, gettext_lazy("none")),
        (BEARER, gettext_lazy("bearer token")),
        (BASIC, gettext_lazy("user name and password")),
        (HEADER, gettext_lazy("a header of its own")),
        (OAUTH_APP, gettext_lazy("OAuth 2, as an application")),
        (OAUTH_ACCOUNT, gettext_lazy("OAuth 2, as one account")),
    ]
    IN_HEADER, IN_BODY = "header", "body"
    CLIENT_AUTH = [
        (IN_HEADER, gettext_lazy("in a header (usual)")),
        (IN_BODY, gettext_lazy("in the body")),
    ]

    key = models.SlugField(
        gettext_lazy("key"), max_length=60, unique=True, help_text=gettext_lazy("As maps name it.")
    )
    name = models.CharField(gettext_lazy("name"), max_length=200)
    base_url = models.URLField(
        gettext_lazy("base address"),
        max_length=500,
        help_text="https://erp.example.com/api/v2",
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="connections",
        help_text=gettext_lazy("Answers for what this connection may reach and do."),
        verbose_name=gettext_lazy("owner"),
    )
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="deputised_connections",
        help_text=gettext_lazy("Stands in for the owner; never the owner."),
        verbose_name=gettext_lazy("deputy"),
    )
    auth = models.CharField(gettext_lazy("signs in by"), max_length=10, choices=AUTH, default=NONE)
    username = models.CharField(
        gettext_lazy("user name"),
        max_length=200,
        blank=True,
        help_text=gettext_lazy("Only for user name and password."),
    )
    header = models.CharField(
        gettext_lazy("header"),
        max_length=100,
        blank=True,
        help_text=gettext_lazy("Only for a header of its own: X-Api-Key"),
    )
    token_url = models.URLField(
        gettext_lazy("token address"),
        max_length=500,
        blank=True,
        help_text=gettext_lazy("Only for OAuth 2: where tokens are given out."),
    )
    authorize_url = models.URLField(
        gettext_lazy("sign-in address"),
        max_length=500,
        blank=True,
        help_text=gettext_lazy("Only for OAuth 2 as one account: where that account agrees."),
    )
    client_id = models.CharField(
        gettext_lazy("client id"),
        max_length=300,
        blank=True,
        help_text=gettext_lazy("Only for OAuth 2: as the other side has registered Handoff."),
    )
    client_auth = models.CharField(
        gettext_lazy("client's secret goes"),
        max_length=10,
        choices=CLIENT_AUTH,
        default=IN_HEADER,
        help_text=gettext_lazy("Only for OAuth 2."),
    )
    scope = models.CharField(
        gettext_lazy("scope"),
        max_length=500,
        blank=True,
        help_text=gettext_lazy("Only for OAuth 2: what is asked for, words with spaces."),
    )
    secret = models.TextField(gettext_lazy("secret"), blank=True, editable=False)
    allowed_hosts = models.TextField(
        gettext_lazy("allowed inside hosts"),
        blank=True,
        help_text=gettext_lazy(
            "One a line. Private, loopback and link-local addresses are refused but for these"
            " hosts; write the host name or address as it stands in the base address."
        ),
    )
    timeout_seconds = models.PositiveIntegerField(
        gettext_lazy("time-out (s)"),
        default=10,
        help_text=gettext_lazy("For a whole call, 1 to 120."),
    )
    is_active = models.BooleanField(gettext_lazy("in use"), default=True)
    created_at = models.DateTimeField(
        gettext_lazy("created at"), default=timezone.now, editable=False
    )
    history = HistoricalRecords(excluded_fields=["secret"])

    class Meta:
        verbose_name = gettext_lazy("connection")
        verbose_name_plural = gettext_lazy("connections")
        ordering = ["name"]
        permissions = [("use_connection", gettext_lazy("Can let maps call by it"))]
        constraints = [
            models.CheckConstraint(
                name="a_call_ends_within_two_minutes",
                condition=models.Q(timeout_seconds__gte=1, timeout_seconds__lte=120),
                violation_error_message=gettext_lazy("Choose a time-out from 1 to 120 seconds."),
            ),
            models.CheckConstraint(
                name="nobody_is_the_deputy_of_their_own_connection",
                condition=models.Q(deputy=None) | ~models.Q(deputy=models.F("owner")),
                violation_error_message=gettext_lazy("The deputy is somebody else."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ConnectionToken(models.Model):
    """What a connection signs in with just now by OAuth 2.

    `secret` is ciphertext: the token, and what the next one is asked for with. `receiver` marks for
    which settings of the connection it was given: it goes to nobody else. `generation` counts the
    tokens, and `ticket` is whose turn it is to ask for the next one, until `taken_until`.
    """

    connection = models.OneToOneField(
        Connection, models.CASCADE, related_name="token", verbose_name=gettext_lazy("connection")
    )
    secret = models.TextField(gettext_lazy("secret"), blank=True, editable=False)
    receiver = models.CharField(gettext_lazy("receiver"), max_length=64, blank=True)
    generation = models.PositiveIntegerField(gettext_lazy("number"), default=0)
    renew_after = models.DateTimeField(gettext_lazy("renewed after"), null=True)
    given_at = models.DateTimeField(gettext_lazy("given at"), null=True)
    ticket = models.CharField(gettext_lazy("ticket"), max_length=32, blank=True)
    taken_until = models.DateTimeField(gettext_lazy("taken until"), null=True)
    broken_code = models.CharField(gettext_lazy("refused with"), max_length=60, blank=True)
    broken_at = models.DateTimeField(gettext_lazy("refused at"), null=True)
    connected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("connected by"),
    )
    connected_at = models.DateTimeField(gettext_lazy("connected at"), null=True)

    class Meta:
        verbose_name = gettext_lazy("token of a connection")
        verbose_name_plural = gettext_lazy("tokens of connections")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.connection} #{self.generation}"


class WebhookKey(models.Model):
    """The shared secret with which another system may start requests of one workflow.

    `secret` is ciphertext; `acts_as` is the person (or service account) in whose name requests
    start, who must be in the role that starts the workflow.
    """

    template = models.ForeignKey(
        WorkflowTemplate,
        models.PROTECT,
        related_name="webhook_keys",
        verbose_name=gettext_lazy("workflow"),
    )
    name = models.CharField(
        gettext_lazy("name"), max_length=200, help_text=gettext_lazy("Who calls: 'the web shop'.")
    )
    acts_as = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=gettext_lazy("acts as"),
        help_text=gettext_lazy("Requests start in this person's name."),
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="webhook_keys",
        verbose_name=gettext_lazy("owner"),
        help_text=gettext_lazy("Answers for who calls with it; hears when it stops working."),
    )
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="deputised_webhook_keys",
        verbose_name=gettext_lazy("deputy"),
        help_text=gettext_lazy("Stands in for the owner; never the owner."),
    )
    secret = models.TextField(gettext_lazy("secret"), editable=False)
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
    revoked_at = models.DateTimeField(
        gettext_lazy("revoked at"), null=True, blank=True, editable=False
    )
    history = HistoricalRecords(excluded_fields=["secret"])

    class Meta:
        verbose_name = gettext_lazy("webhook key")
        verbose_name_plural = gettext_lazy("webhook keys")
        ordering = ["template", "name"]

    def __str__(self) -> str:
        return f"{self.name} → {self.template}"


class WebhookDelivery(models.Model):
    """A signed call that was taken, kept for as long as its timestamp would be believed again."""

    key = models.ForeignKey(
        WebhookKey, models.CASCADE, related_name="deliveries", verbose_name=gettext_lazy("key")
    )
    signature = models.CharField(gettext_lazy("signature"), max_length=64)
    received_at = models.DateTimeField(gettext_lazy("received at"), db_index=True)

    class Meta:
        verbose_name = gettext_lazy("webhook delivery")
        verbose_name_plural = gettext_lazy("webhook deliveries")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["key", "signature"], name="a_call_is_taken_once")
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.received_at:%Y-%m-%d %H:%M:%S}"
