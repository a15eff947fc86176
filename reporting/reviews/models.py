"""The review's record, and the rates that turn minutes and calls into money.

Only `reporting.reviews.services` writes reviews, findings and decisions; each of its commands is
one transaction with its row in the trail.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, FSMModelMixin, transition
from simple_history.models import HistoricalRecords

from workflows.engine.days import OUT_OF_BOUNDS, is_taken
from workflows.models import Connection, TemplateVersion, WorkflowTemplate

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class Review(FSMModelMixin, models.Model):
    """One look at one workflow over one period; its facts never change once it is closed."""

    DUE, IN_PROGRESS, CLOSED = "due", "in_progress", "closed"
    STATES = [(DUE, "due"), (IN_PROGRESS, "in progress"), (CLOSED, "closed")]
    OPEN = (DUE, IN_PROGRESS)

    template = models.ForeignKey(
        WorkflowTemplate, models.PROTECT, related_name="reviews", verbose_name="workflow"
    )
    state = FSMField("state", default=DUE, protected=True, choices=STATES, editable=False)
    period_start = models.DateTimeField("period from")
    period_end = models.DateTimeField("period until")
    due_at = models.DateTimeField("due at")
    opened_at = models.DateTimeField("opened at", null=True)
    facts = models.JSONField("facts", default=dict, encoder=DjangoJSONEncoder)
    gathered_at = models.DateTimeField("facts gathered at", null=True)
    told = models.JSONField("who was told", default=list)
    closed_at = models.DateTimeField("closed at", null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    closed_by_name = models.CharField("closed by", max_length=150, blank=True)

    class Meta:
        ordering = ["-period_end", "-id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["template", "period_end"], name="one_review_per_period"
            ),
            models.UniqueConstraint(
                fields=["template"],
                condition=~Q(state="closed"),
                name="one_open_review_per_workflow",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template}, {self.period_start:%Y-%m-%d} to {self.period_end:%Y-%m-%d}"

    @property
    def waits_since(self) -> datetime:
        """Since when its people can decide: it fell due, and it was there to be opened."""
        return max(self.due_at, self.opened_at or self.due_at)

    @property
    def is_open(self) -> bool:
        """Whether decisions may still be made."""
        return self.state in self.OPEN

    @transition(field=state, source=[DUE, IN_PROGRESS], target=IN_PROGRESS)
    def begin(self) -> None:
        """Somebody has begun to decide."""

    @transition(field=state, source=[DUE, IN_PROGRESS], target=CLOSED)
    def close(self, *, now: datetime, by: "User | None") -> None:
        """All is decided; from now on the facts stay as they are."""
        self.closed_at, self.closed_by = now, by
        self.closed_by_name = by.get_username() if by is not None else ""


def reviews_of(template: WorkflowTemplate) -> models.QuerySet[Review]:
    """A workflow's reviews, the newest period first."""
    return Review.objects.filter(template=template)


class Finding(models.Model):
    """One thing that the facts point at. `key` is the same in every review that finds it."""

    review = models.ForeignKey(Review, models.CASCADE, related_name="findings")
    kind = models.CharField("kind", max_length=40)
    key = models.CharField("key", max_length=200)
    step = models.CharField("step", max_length=80, blank=True)
    figure = models.FloatField("figure")
    unit = models.CharField("unit", max_length=20)
    words = models.TextField("what was found")
    facts = models.JSONField("facts", default=dict, encoder=DjangoJSONEncoder)
    times = models.PositiveIntegerField("reviews in a row", default=1)

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["review", "key"], name="one_finding_per_key")
        ]

    def __str__(self) -> str:
        return self.words

    @property
    def decision(self) -> "Decision | None":
        """What holds: the last decision made on it."""
        return max(self.decisions.all(), key=lambda one: one.pk, default=None)


class Decision(models.Model):
    """What was decided on a finding; written once. A later one takes the place of it."""

    KEEP, FIX, RETIRE = "keep", "fix", "retire"
    VERDICTS = [(KEEP, "keep as it is"), (FIX, "fix"), (RETIRE, "retire the workflow")]
    FINISH, CANCEL = "finish", "cancel"
    RUNNING = [(FINISH, "let them finish"), (CANCEL, "cancel them")]

    finding = models.ForeignKey(Finding, models.CASCADE, related_name="decisions")
    verdict = models.CharField("decision", max_length=10, choices=VERDICTS)
    reason = models.CharField("reason", max_length=400)
    until = models.DateField("until", null=True, blank=True)
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="who sees to it",
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    made_by_name = models.CharField("decided by", max_length=150, blank=True)
    made_at = models.DateTimeField("decided at")
    draft = models.ForeignKey(
        TemplateVersion, models.SET_NULL, null=True, related_name="+", verbose_name="draft opened"
    )
    running = models.CharField(
        "running requests", max_length=10, choices=RUNNING, blank=True, default=""
    )

    class Meta:
        ordering = ["id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.verdict}: {self.reason}"


# -- rates ------------------------------------------------------------------------------------


class Rate(models.Model):
    """What something costs from a day on, until a newer rate takes its place."""

    currency = models.CharField(
        "currency",
        max_length=3,
        default="EUR",
        validators=[RegexValidator(r"^[A-Z]{3}$", "Write it as three capitals: EUR.")],
    )
    since = models.DateField("from", help_text="Work done on this day or later.")

    class Meta:
        abstract = True

    def clean(self) -> None:
        """A day that somebody can have meant."""
        super().clean()
        if self.since is not None and not is_taken(self.since):
            raise ValidationError({"since": OUT_OF_BOUNDS.capitalize()})


class RoleRate(Rate):
    """What an hour of work costs, of a role by its name in the maps or of a group's members."""

    role = models.CharField(
        "role", max_length=60, blank=True, help_text="A role's name as maps write it: finance."
    )
    group = models.ForeignKey(
        Group, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="or group"
    )
    per_hour = models.DecimalField("per hour", max_digits=10, decimal_places=2)
    history = HistoricalRecords()

    class Meta:
        verbose_name = "rate of a role"
        verbose_name_plural = "rates of roles"
        ordering = ["role", "group", "-since"]
        constraints = [
            models.CheckConstraint(
                name="a_rate_is_of_a_role_or_a_group",
                condition=(Q(group__isnull=True) & ~Q(role="")) | Q(group__isnull=False, role=""),
                violation_error_message="Name a role or choose a group: one of the two.",
            ),
            models.CheckConstraint(
                name="an_hour_costs_nothing_or_more",
                condition=Q(per_hour__gte=0),
                violation_error_message="An hour costs nothing or more.",
            ),
            models.UniqueConstraint(
                fields=["role", "since"],
                condition=Q(group__isnull=True),
                name="one_rate_a_role_and_day",
            ),
            models.UniqueConstraint(
                fields=["group", "since"],
                condition=Q(group__isnull=False),
                name="one_rate_a_group_and_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role or self.group}: {self.per_hour} {self.currency} an hour"


class CallRate(Rate):
    """What one call of a connection costs, whether or not it went well."""

    connection = models.ForeignKey(Connection, models.PROTECT, related_name="+")
    per_call = models.DecimalField("per call", max_digits=12, decimal_places=6)
    history = HistoricalRecords()

    class Meta:
        verbose_name = "rate of calls"
        verbose_name_plural = "rates of calls"
        ordering = ["connection", "-since"]
        constraints = [
            models.CheckConstraint(
                name="a_call_costs_nothing_or_more",
                condition=Q(per_call__gte=0),
                violation_error_message="A call costs nothing or more.",
            ),
            models.UniqueConstraint(
                fields=["connection", "since"], name="one_rate_a_connection_and_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connection}: {self.per_call:f} {self.currency} a call"
