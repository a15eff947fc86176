"""The hours in which a company works: calendars that maps name."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy
from simple_history.models import HistoricalRecords


def office_hours() -> dict[str, list[list[str]]]:
    """Monday to Friday, nine to five."""
    return {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


class BusinessCalendar(models.Model):
    """Working hours by weekday, the public holidays of a country, and the company's own closures.

    A map names it (`calendar: berlin`). `hours` gives for each weekday the spans in which work
    is done, as `{"mon": [["09:00", "12:30"], ["13:30", "17:00"]]}`.
    """

    key = models.SlugField(
        gettext_lazy("key"), max_length=60, unique=True, help_text=gettext_lazy("As maps name it.")
    )
    name = models.CharField(gettext_lazy("name"), max_length=200)
    zone = models.CharField(
        gettext_lazy("time zone"),
        max_length=60,
        blank=True,
        help_text=gettext_lazy("Europe/Berlin; empty: the site's."),
    )
    hours = models.JSONField(gettext_lazy("hours"), default=office_hours)
    country = models.CharField(
        gettext_lazy("holidays of"),
        max_length=2,
        blank=True,
        help_text=gettext_lazy("Country code: DE. Empty: none."),
    )
    subdivision = models.CharField(
        gettext_lazy("state or region"),
        max_length=10,
        blank=True,
        help_text=gettext_lazy("Code within the country: BE."),
    )
    half_days = models.JSONField(
        gettext_lazy("half holidays"),
        default=dict,
        blank=True,
        help_text=gettext_lazy(
            "When work ends on single days: 12-24 each year, or 2026-02-16 once, and 12:00."
        ),
    )
    changed_at = models.DateTimeField(
        gettext_lazy("changed at"), default=timezone.now, editable=False
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name_plural = gettext_lazy("calendars")
        verbose_name = gettext_lazy("calendar")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Closure(models.Model):
    """Days on which the company does not work, besides the public holidays."""

    calendar = models.ForeignKey(
        BusinessCalendar,
        models.CASCADE,
        related_name="closures",
        verbose_name=gettext_lazy("calendar"),
    )
    first_day = models.DateField(gettext_lazy("first day"))
    last_day = models.DateField(
        gettext_lazy("last day"), help_text=gettext_lazy("The same day for a single one.")
    )
    name = models.CharField(gettext_lazy("why"), max_length=200)
    history = HistoricalRecords()

    class Meta:
        verbose_name = gettext_lazy("closure")
        verbose_name_plural = gettext_lazy("closures")
        ordering = ["first_day"]
        constraints = [
            models.CheckConstraint(
                name="a_closure_ends_after_it_begins",
                condition=models.Q(last_day__gte=models.F("first_day")),
                violation_error_message=gettext_lazy("The last day comes after the first."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.first_day})"
