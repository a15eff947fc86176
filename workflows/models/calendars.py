"""The hours in which a company works: calendars that maps name."""

from django.db import models
from django.utils import timezone
from simple_history.models import HistoricalRecords


def office_hours() -> dict[str, list[list[str]]]:
    """Monday to Friday, nine to five."""
    return {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


class BusinessCalendar(models.Model):
    """Working hours by weekday, the public holidays of a country, and the company's own closures.

    A map names it (`calendar: berlin`). `hours` gives for each weekday the spans in which work
    is done, as `{"mon": [["09:00", "12:30"], ["13:30", "17:00"]]}`.
    """

    key = models.SlugField("key", max_length=60, unique=True, help_text="As maps name it.")
    name = models.CharField("name", max_length=200)
    zone = models.CharField(
        "time zone", max_length=60, blank=True, help_text="Europe/Berlin; empty: the site's."
    )
    hours = models.JSONField("hours", default=office_hours)
    country = models.CharField(
        "holidays of", max_length=2, blank=True, help_text="Country code: DE. Empty: none."
    )
    subdivision = models.CharField(
        "state or region", max_length=10, blank=True, help_text="Code within the country: BE."
    )
    changed_at = models.DateTimeField("changed at", default=timezone.now, editable=False)
    history = HistoricalRecords()

    class Meta:
        verbose_name = "calendar"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Closure(models.Model):
    """Days on which the company does not work, besides the public holidays."""

    calendar = models.ForeignKey(BusinessCalendar, models.CASCADE, related_name="closures")
    first_day = models.DateField("first day")
    last_day = models.DateField("last day", help_text="The same day for a single one.")
    name = models.CharField("why", max_length=200)
    history = HistoricalRecords()

    class Meta:
        ordering = ["first_day"]
        constraints = [
            models.CheckConstraint(
                name="a_closure_ends_after_it_begins",
                condition=models.Q(last_day__gte=models.F("first_day")),
                violation_error_message="The last day comes after the first.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.first_day})"
