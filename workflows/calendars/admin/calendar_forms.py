"""Forms of a calendar: what could not be counted in is refused in words."""

import re
from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from workflows.calendars.models import BusinessCalendar, Closure
from workflows.calendars.queries.working_calendars import (
    LONGEST_CLOSURE,
    parse_half_days,
    parse_time_zone,
    parse_weekly_hours,
    public_holidays,
)
from workflows.engine.timing.dates import OUT_OF_BOUNDS, is_allowed_date
from workflows.engine.timing.working_time import BUILT_IN_CALENDARS, Calendar

KEY: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""What a map may write under `calendar:`."""


class HalfDaysField(forms.CharField):
    """Half holidays as lines: a day (12-24 each year, 2026-02-16 once) and when work ends."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3, "placeholder": "12-24 12:00"})

    def prepare_value(self, value: Any) -> Any:
        """Each day in a line."""
        if isinstance(value, dict):
            return "\n".join(f"{day} {ends}" for day, ends in value.items())
        return value

    def to_python(self, value: Any) -> Any:
        """What the lines say; a line that is none is found by whoever reads the days."""
        lines = [line.split() for line in str(value or "").splitlines() if line.strip()]
        return {line[0]: " ".join(line[1:]) for line in lines}

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether other days, or other times, are said."""
        return bool((initial or {}) != self.to_python(data))


class CalendarForm(forms.ModelForm):
    """A calendar that could not be counted in is refused in words."""

    half_days = HalfDaysField(
        required=False,
        label=gettext_lazy("Half holidays"),
        help_text=gettext_lazy(
            "One a line, with the time at which work ends: 12-24 12:00 each year, or 2026-02-16"
            " 12:00 once."
        ),
    )

    class Meta:
        model = BusinessCalendar
        fields = ("key", "name", "zone", "hours", "half_days", "country", "subdivision")

    def clean_key(self) -> str:
        """Maps can write it, and the built-in names are taken."""
        key: str = self.cleaned_data["key"]
        if key in BUILT_IN_CALENDARS:
            raise ValidationError(
                gettext("'%(key)s' is built in; choose another key.") % {"key": key}
            )
        if not KEY.fullmatch(key):
            raise ValidationError(
                gettext(
                    "Maps could not name it so; write small letters, digits and single hyphens,"
                    " such as berlin-late."
                )
            )
        return key

    def clean(self) -> dict[str, Any]:
        """Zone, hours and holidays can be read."""
        cleaned: dict[str, Any] = super().clean() or {}
        self._report_read_error("zone", lambda: parse_time_zone(cleaned.get("zone", "")))
        self._report_read_error(
            "hours",
            lambda: Calendar.weekly(parse_time_zone(""), parse_weekly_hours(cleaned.get("hours"))),
        )
        self._report_read_error("half_days", lambda: parse_half_days(cleaned.get("half_days")))
        country, part = cleaned.get("country", ""), cleaned.get("subdivision", "")
        self._report_read_error("country", lambda: public_holidays(country, part))
        if part and not country:
            self.add_error("subdivision", gettext("Choose the country that it is a part of."))
        return cleaned

    def _report_read_error(self, field: str, read: Callable[[], object]) -> None:
        try:
            read()
        except ValueError as problem:
            self.add_error(field, str(problem))


class ClosureForm(forms.ModelForm):
    """Days off from a first to a last one, not by a slip for a century."""

    class Meta:
        model = Closure
        fields = ("first_day", "last_day", "name")

    def clean(self) -> dict[str, Any]:
        """The last day comes after the first, and not long after."""
        cleaned: dict[str, Any] = super().clean() or {}
        for name in ("first_day", "last_day"):
            if cleaned.get(name) and not is_allowed_date(cleaned[name]):
                self.add_error(name, str(OUT_OF_BOUNDS).capitalize())
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and last < first:
            self.add_error(
                "last_day", gettext("The last day comes before the first; exchange them.")
            )
        elif first and last and last - first > LONGEST_CLOSURE:
            self.add_error(
                "last_day", gettext("A closure lasts three years at most; correct the year.")
            )
        return cleaned
