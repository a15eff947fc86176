"""What can be booked or drawn on, and what is held of it.

Money is kept in the smallest unit of its currency, as whole numbers: sums of decimals are exact on
PostgreSQL only. What must never be is a constraint of the database where it can be one: a budget is
never overdrawn (on its counters), and what one at a time may have is never held twice for a moment
(an exclusion on PostgreSQL, a trigger on SQLite; both are made by a migration).
"""

from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy
from simple_history.models import HistoricalRecords

from workflows.engine.values.resource_amounts import amount_of_units
from workflows.resources.choices import LIVE_STATES, HoldPurpose, HoldState, ResourceKind

MOST_AT_A_TIME = 10_000
_KEY = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
    gettext_lazy("Write letters, digits, points and hyphens, such as room-1 or 4711."),
)


class Resource(models.Model):
    """Something of which there is only so much, with an owner who answers for it.

    Maps name its `group` (`of: rooms`); requests keep its key. All of a group are of one kind.
    """

    key = models.CharField(
        gettext_lazy("key"),
        max_length=60,
        unique=True,
        validators=[_KEY],
        help_text=gettext_lazy("As requests keep it: room-1, 4711."),
    )
    name = models.CharField(gettext_lazy("name"), max_length=200)
    kind = models.CharField(gettext_lazy("kind"), max_length=10, choices=ResourceKind)
    group = models.SlugField(
        gettext_lazy("group"),
        max_length=60,
        db_index=True,
        help_text=gettext_lazy("As maps name it: rooms, cars, cost-centres."),
    )
    description = models.TextField(gettext_lazy("description"), max_length=2000, blank=True)
    capacity = models.PositiveIntegerField(
        gettext_lazy("at a time"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_AT_A_TIME)],
        help_text=gettext_lazy("How many may have it at the same time."),
    )
    calendar = models.CharField(
        gettext_lazy("calendar"),
        max_length=60,
        blank=True,
        help_text=gettext_lazy("In whose hours it may be booked; empty: at any time."),
    )
    currency = models.CharField(
        gettext_lazy("currency"),
        max_length=3,
        blank=True,
        validators=[RegexValidator(r"^[A-Z]{3}$", gettext_lazy("Write it as EUR or USD."))],
        help_text=gettext_lazy("Of a budget: EUR."),
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="owned_resources",
        help_text=gettext_lazy("Answers for it, and may give back what is held of it."),
        verbose_name=gettext_lazy("owner"),
    )
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="deputised_resources",
        help_text=gettext_lazy("Stands in for the owner; never the owner."),
        verbose_name=gettext_lazy("deputy"),
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="bookable_as",
        help_text=gettext_lazy(
            "Whose time it is, where a person is booked: not while they are away, and not offered"
            " once their account is closed."
        ),
        verbose_name=gettext_lazy("person"),
    )
    is_active = models.BooleanField(gettext_lazy("in use"), default=True)
    created_at = models.DateTimeField(
        gettext_lazy("created at"), default=timezone.now, editable=False
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = gettext_lazy("resource")
        verbose_name_plural = gettext_lazy("resources")
        ordering = ["group", "name"]
        constraints = [
            models.CheckConstraint(
                name="somebody_may_have_a_resource",
                condition=Q(capacity__gte=1, capacity__lte=MOST_AT_A_TIME),
            ),
            models.CheckConstraint(
                name="a_budget_has_a_currency",
                condition=Q(kind="budget", currency__gt="") | Q(kind="bookable", currency=""),
                violation_error_message=gettext_lazy(
                    "A budget has a currency, and what is booked has none."
                ),
            ),
            models.CheckConstraint(
                name="nobody_is_the_deputy_of_their_own_resource",
                condition=Q(deputy=None) | ~Q(deputy=F("owner")),
                violation_error_message=gettext_lazy("The deputy is somebody else."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_budget(self) -> bool:
        """Whether it is money."""
        return self.kind == ResourceKind.BUDGET


class BudgetPeriod(models.Model):
    """How much a budget has from a first to a last day, and how much of it is held and spent."""

    resource = models.ForeignKey(
        Resource,
        models.PROTECT,
        related_name="periods",
        verbose_name=gettext_lazy("budget"),
    )
    first_day = models.DateField(gettext_lazy("first day"))
    last_day = models.DateField(gettext_lazy("last day"))
    units = models.BigIntegerField(gettext_lazy("amount"))
    held_units = models.BigIntegerField(gettext_lazy("held"), default=0, editable=False)
    spent_units = models.BigIntegerField(gettext_lazy("spent"), default=0, editable=False)
    history = HistoricalRecords(excluded_fields=["held_units", "spent_units"])

    class Meta:
        verbose_name = gettext_lazy("period of a budget")
        verbose_name_plural = gettext_lazy("periods of budgets")
        default_permissions = ()
        ordering = ["first_day"]
        constraints = [
            models.CheckConstraint(
                name="a_period_ends_after_it_begins",
                condition=Q(last_day__gte=F("first_day")),
                violation_error_message=gettext_lazy("The last day comes after the first."),
            ),
            models.CheckConstraint(
                name="a_budget_is_never_overdrawn",
                condition=Q(
                    units__gte=F("held_units") + F("spent_units"),
                    held_units__gte=0,
                    spent_units__gte=0,
                ),
                violation_error_message=gettext_lazy(
                    "More is held and spent already; write a larger amount."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resource} {self.first_day}/{self.last_day}"

    @property
    def left_units(self) -> int:
        """What nobody holds and nobody has spent."""
        return self.units - self.held_units - self.spent_units

    @property
    def amount(self) -> Decimal:
        """The whole amount."""
        return amount_of_units(self.units, self.resource.currency)


class Hold(models.Model):
    """What a request has of a resource: a booking, or a draw on a budget.

    A row says one thing and is never made to say another: where the request wants something else,
    it is given back and a new one is made.
    """

    resource = models.ForeignKey(
        Resource, models.PROTECT, related_name="holds", verbose_name=gettext_lazy("resource")
    )
    period = models.ForeignKey(
        BudgetPeriod,
        models.PROTECT,
        null=True,
        related_name="holds",
        verbose_name=gettext_lazy("period"),
    )
    request = models.ForeignKey(
        "workflows.WorkflowInstance",
        models.PROTECT,
        related_name="holds",
        verbose_name=gettext_lazy("request"),
    )
    purpose = models.CharField(gettext_lazy("as"), max_length=10, choices=HoldPurpose)
    step_key = models.CharField(gettext_lazy("key of the step"), max_length=80)
    place = models.CharField(gettext_lazy("branch"), max_length=80, blank=True)
    state = models.CharField(
        gettext_lazy("state"), max_length=10, choices=HoldState, default=HoldState.HELD
    )
    count = models.PositiveIntegerField(gettext_lazy("how many"), default=1)
    starts_at = models.DateTimeField(gettext_lazy("from"), null=True)
    ends_at = models.DateTimeField(gettext_lazy("until"), null=True)
    is_exclusive = models.BooleanField(gettext_lazy("nobody else beside it"), default=False)
    units = models.BigIntegerField(gettext_lazy("amount"), null=True)
    made_at = models.DateTimeField(gettext_lazy("held since"))
    confirmed_at = models.DateTimeField(gettext_lazy("confirmed at"), null=True)
    released_at = models.DateTimeField(gettext_lazy("given back at"), null=True)
    release_code = models.CharField(
        gettext_lazy("why it was given back"), max_length=20, blank=True
    )

    class Meta:
        verbose_name = gettext_lazy("what is held")
        verbose_name_plural = gettext_lazy("what is held")
        default_permissions = ()
        ordering = ["starts_at", "id"]
        indexes = [
            models.Index(
                fields=["resource", "starts_at"],
                condition=Q(state__in=LIVE_STATES),
                name="holds_of_a_resource",
            ),
            models.Index(fields=["period", "state"], name="holds_of_a_period"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "step_key", "place", "purpose"],
                condition=Q(state__in=LIVE_STATES),
                name="a_step_holds_a_thing_once",
            ),
            models.CheckConstraint(
                name="a_hold_is_a_time_or_an_amount",
                condition=Q(
                    purpose="books",
                    starts_at__isnull=False,
                    ends_at__gt=F("starts_at"),
                    count__gte=1,
                    period=None,
                    units=None,
                )
                | Q(
                    purpose="spends",
                    starts_at=None,
                    ends_at=None,
                    period__isnull=False,
                    units__gt=0,
                    is_exclusive=False,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resource}: {self.request_id}"
