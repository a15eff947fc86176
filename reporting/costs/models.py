"""The rates that turn minutes and calls into money."""

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, gettext_lazy
from simple_history.models import HistoricalRecords

from workflows.connections.models import Connection
from workflows.engine.timing.dates import OUT_OF_BOUNDS, is_allowed_date


class DatedRate(models.Model):
    """What something costs from a day on, until a newer rate takes its place."""

    currency = models.CharField(
        gettext_lazy("currency"),
        max_length=3,
        default="EUR",
        validators=[
            RegexValidator(r"^[A-Z]{3}$", gettext_lazy("Write it as three capitals: EUR."))
        ],
    )
    since = models.DateField(
        gettext_lazy("from"), help_text=gettext_lazy("Work done on this day or later.")
    )

    class Meta:
        abstract = True

    def clean(self) -> None:
        """A day that somebody can have meant."""
        super().clean()
        if self.since is not None and not is_allowed_date(self.since):
            raise ValidationError({"since": str(OUT_OF_BOUNDS).capitalize()})


class RoleRate(DatedRate):
    """What an hour of work costs, of a role by its name in the maps or of a group's members."""

    role = models.CharField(
        gettext_lazy("role"),
        max_length=60,
        blank=True,
        help_text=gettext_lazy("A role's name as maps write it: finance."),
    )
    group = models.ForeignKey(
        Group,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("or group"),
    )
    per_hour = models.DecimalField(gettext_lazy("per hour"), max_digits=10, decimal_places=2)
    history = HistoricalRecords()

    class Meta:
        verbose_name = gettext_lazy("rate of a role")
        verbose_name_plural = gettext_lazy("rates of roles")
        ordering = ["role", "group", "-since"]
        constraints = [
            models.CheckConstraint(
                name="a_rate_is_of_a_role_or_a_group",
                condition=(Q(group__isnull=True) & ~Q(role="")) | Q(group__isnull=False, role=""),
                violation_error_message=gettext_lazy(
                    "Name a role or choose a group: one of the two."
                ),
            ),
            models.CheckConstraint(
                name="an_hour_costs_nothing_or_more",
                condition=Q(per_hour__gte=0),
                violation_error_message=gettext_lazy("An hour costs nothing or more."),
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
        return gettext("%(role)s: %(per_hour)s %(currency)s an hour") % {
            "role": self.role or self.group,
            "per_hour": self.per_hour,
            "currency": self.currency,
        }


class CallRate(DatedRate):
    """What one call of a connection costs, whether or not it went well."""

    connection = models.ForeignKey(
        Connection, models.PROTECT, related_name="+", verbose_name=gettext_lazy("connection")
    )
    per_call = models.DecimalField(gettext_lazy("per call"), max_digits=12, decimal_places=6)
    history = HistoricalRecords()

    class Meta:
        verbose_name = gettext_lazy("rate of calls")
        verbose_name_plural = gettext_lazy("rates of calls")
        ordering = ["connection", "-since"]
        constraints = [
            models.CheckConstraint(
                name="a_call_costs_nothing_or_more",
                condition=Q(per_call__gte=0),
                violation_error_message=gettext_lazy("A call costs nothing or more."),
            ),
            models.UniqueConstraint(
                fields=["connection", "since"], name="one_rate_a_connection_and_day"
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(connection)s: %(per_call)s %(currency)s a call") % {
            "connection": self.connection,
            "per_call": format(self.per_call, "f"),
            "currency": self.currency,
        }
