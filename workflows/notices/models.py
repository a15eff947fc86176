"""Notices as rows, what people chose about them, and the addresses that are set up for them.

A notice is one event told to one person, or to one team as a whole. It is written before it is
sent, under a key that lets it be written once, and its state says what became of it.
"""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy
from simple_history.models import HistoricalRecords

from workflows.notices.choices import (
    AddressChannel,
    NoticeEvent,
    NoticeKind,
    NoticeState,
    NoticeTiming,
)


class Notice(models.Model):
    """One event told to one person or team: by which way, when, and what became of it.

    `facts` are what the event's own row does not say any more when it is sent: who did it and what
    they wrote, or the sentences of an event that is about no request. `address` stands for the
    person's own where they are told at an address of before.
    """

    event = models.CharField(gettext_lazy("event"), max_length=40, choices=NoticeEvent.choices)
    kind = models.CharField(gettext_lazy("kind"), max_length=20, choices=NoticeKind.choices)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        related_name="notices",
        verbose_name=gettext_lazy("person"),
    )
    team = models.ForeignKey(
        "auth.Group",
        models.CASCADE,
        null=True,
        related_name="notices",
        verbose_name=gettext_lazy("team"),
    )
    address = models.EmailField(gettext_lazy("address"), blank=True)
    request = models.ForeignKey(
        "workflows.WorkflowInstance",
        models.PROTECT,
        null=True,
        related_name="notices",
        verbose_name=gettext_lazy("request"),
    )
    task = models.ForeignKey(
        "workflows.WorkItem",
        models.PROTECT,
        null=True,
        related_name="notices",
        verbose_name=gettext_lazy("task"),
    )
    workflow = models.ForeignKey(
        "workflows.WorkflowTemplate",
        models.PROTECT,
        null=True,
        related_name="notices",
        verbose_name=gettext_lazy("workflow"),
    )
    facts = models.JSONField(gettext_lazy("facts"), default=dict, encoder=DjangoJSONEncoder)
    key = models.CharField(gettext_lazy("once"), max_length=200, unique=True)
    state = models.CharField(
        gettext_lazy("state"),
        max_length=20,
        choices=NoticeState.choices,
        default=NoticeState.PENDING,
    )
    channel = models.CharField(gettext_lazy("told by"), max_length=40, blank=True)
    created_at = models.DateTimeField(gettext_lazy("written at"))
    due_at = models.DateTimeField(gettext_lazy("digest of"), null=True)
    settled_at = models.DateTimeField(gettext_lazy("settled at"), null=True)
    error_code = models.CharField(gettext_lazy("last error"), max_length=40, blank=True)

    class Meta:
        verbose_name = gettext_lazy("notice")
        verbose_name_plural = gettext_lazy("notices")
        ordering = ["-id"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="a_notice_goes_to_a_person_or_a_team",
                condition=Q(person=None) ^ Q(team=None),
            )
        ]
        indexes = [
            models.Index("person", condition=Q(state="digest"), name="notices_of_a_digest"),
            models.Index("state", condition=Q(state__in=("failed", "unsure")), name="notices_lost"),
            models.Index(
                "settled_at", condition=Q(settled_at__isnull=False), name="notices_settled"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_event_display()} → {self.person or self.team}"


class NoticeSettings(models.Model):
    """When and where somebody is told: the hour of their digest, and the way that they prefer."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="notice_settings",
        verbose_name=gettext_lazy("person"),
    )
    digest_hour = models.PositiveSmallIntegerField(
        gettext_lazy("hour of the digest"), default=8, validators=[MaxValueValidator(23)]
    )
    prefers_mail = models.BooleanField(
        gettext_lazy("by mail, also where there is a chat"), default=False
    )

    class Meta:
        verbose_name = gettext_lazy("settings of notices")
        verbose_name_plural = gettext_lazy("settings of notices")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.person)


class NoticeChoice(models.Model):
    """When somebody wants to be told of one kind; without a row it is as usual."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="notice_choices",
        verbose_name=gettext_lazy("person"),
    )
    kind = models.CharField(gettext_lazy("kind"), max_length=20, choices=NoticeKind.choices)
    timing = models.CharField(gettext_lazy("when"), max_length=20, choices=NoticeTiming.choices)

    class Meta:
        verbose_name = gettext_lazy("choice of notices")
        verbose_name_plural = gettext_lazy("choices of notices")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["person", "kind"], name="one_choice_for_each_kind")
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.timing}"


class NoticeAddress(models.Model):
    """Where a team, or a person by chat, is told: set up by those who run the site.

    `secret` is the ciphertext of a chat's address in Apprise's notation (see
    `workflows.connections.secrets`); it is in no history, page, log or error. `service` is what of
    it is no secret: which chat it is.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="notice_addresses",
        verbose_name=gettext_lazy("person"),
    )
    team = models.ForeignKey(
        "auth.Group",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="notice_addresses",
        verbose_name=gettext_lazy("team"),
    )
    channel = models.CharField(
        gettext_lazy("channel"), max_length=10, choices=AddressChannel.choices
    )
    mail = models.EmailField(
        gettext_lazy("mail address"), blank=True, help_text=gettext_lazy("Only for a team's mail.")
    )
    service = models.CharField(gettext_lazy("chat"), max_length=40, blank=True, editable=False)
    secret = models.TextField(gettext_lazy("secret"), blank=True, editable=False)
    is_active = models.BooleanField(gettext_lazy("in use"), default=True)
    created_at = models.DateTimeField(
        gettext_lazy("created at"), default=timezone.now, editable=False
    )
    history = HistoricalRecords(excluded_fields=["secret"])

    class Meta:
        verbose_name = gettext_lazy("address for notices")
        verbose_name_plural = gettext_lazy("addresses for notices")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="an_address_is_a_persons_or_a_teams",
                condition=Q(person=None) ^ Q(team=None),
                violation_error_message=gettext_lazy("Choose a person or a team, not both."),
            ),
            models.UniqueConstraint(
                fields=["person", "channel"],
                name="a_person_has_one_address_a_channel",
                violation_error_message=gettext_lazy("There is one for this person already."),
            ),
            models.UniqueConstraint(
                fields=["team", "channel"],
                name="a_team_has_one_address_a_channel",
                violation_error_message=gettext_lazy("There is one for this team already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person or self.team}: {self.mail or self.service}"
