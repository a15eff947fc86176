"""Calendars: the hours in which a company works, its holidays and its own closures."""

import re
from collections.abc import Iterator
from typing import Any, Final

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import TabularInline

from workflows.admin.base import HistoryAdmin
from workflows.engine.calendar import BUILT_IN, Calendar, Duration
from workflows.engine.days import OUT_OF_BOUNDS, is_taken
from workflows.models import BusinessCalendar, Closure, TemplateVersion
from workflows.services.calendars import (
    LONGEST_CLOSURE,
    build,
    forget_calendars,
    public_holidays,
    read_hours,
    zone_of,
)

KEY: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""What a map may write under `calendar:`."""


class CalendarForm(forms.ModelForm):
    """A calendar that could not be counted in is refused in words."""

    class Meta:
        model = BusinessCalendar
        fields = ("key", "name", "zone", "hours", "country", "subdivision")

    def clean_key(self) -> str:
        """Maps can write it, and the built-in names are taken."""
        key: str = self.cleaned_data["key"]
        if key in BUILT_IN:
            raise ValidationError(f"'{key}' is built in; choose another key.")
        if not KEY.fullmatch(key):
            raise ValidationError(
                "Maps could not name it so; write small letters, digits and single hyphens, such"
                " as berlin-late."
            )
        return key

    def clean(self) -> dict[str, Any]:
        """Zone, hours and holidays can be read."""
        cleaned: dict[str, Any] = super().clean() or {}
        self._try("zone", lambda: zone_of(cleaned.get("zone", "")))
        self._try("hours", lambda: Calendar.weekly(zone_of(""), read_hours(cleaned.get("hours"))))
        country, part = cleaned.get("country", ""), cleaned.get("subdivision", "")
        self._try("country", lambda: public_holidays(country, part))
        if part and not country:
            self.add_error("subdivision", "Choose the country that it is a part of.")
        return cleaned

    def _try(self, field: str, read: Any) -> None:
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
            if cleaned.get(name) and not is_taken(cleaned[name]):
                self.add_error(name, OUT_OF_BOUNDS.capitalize())
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", "The last day comes before the first; exchange them.")
        elif first and last and last - first > LONGEST_CLOSURE:
            self.add_error("last_day", "A closure lasts three years at most; correct the year.")
        return cleaned


class ClosureInline(TabularInline):
    """The company's own days off."""

    model = Closure
    form = ClosureForm
    extra = 0
    fields = ("first_day", "last_day", "name")


@admin.register(BusinessCalendar)
class BusinessCalendarAdmin(HistoryAdmin):
    """Set up here, named by maps."""

    of_workflow = ""
    form = CalendarForm
    inlines = [ClosureInline]
    list_display = ("name", "key", "zone", "country", "maps")
    search_fields = ("name", "key")
    readonly_fields = ("lengths", "days_off", "used_by")
    fields = (
        *("name", "key", "zone", "hours", "lengths", "country", "subdivision"),
        *("days_off", "used_by"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[BusinessCalendar]:
        """With the number of published maps that count in each."""
        rows: QuerySet[BusinessCalendar] = super().get_queryset(request)
        naming = _published().filter(calendar=OuterRef("key")).order_by().values("calendar")
        count = naming.annotate(count=Count("pk")).values("count")
        return rows.annotate(map_count=Subquery(count))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Published maps name it by its key, so the key stays."""
        return (*self.readonly_fields, "key") if obj is not None else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not while a map names it."""
        named = obj is not None and TemplateVersion.objects.filter(calendar=obj.key).exists()
        return not named and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """With the time of the change."""
        obj.changed_at = timezone.now()
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """All is saved now, so what is kept of it in this process is stale."""
        super().save_related(request, form, formsets, change)
        forget_calendars()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """What is kept of it is stale too."""
        super().delete_model(request, obj)
        forget_calendars()

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Deleting in bulk would pass over the maps that name it."""
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    @admin.display(description="published maps", ordering="map_count")
    def maps(self, obj: Any) -> int:
        """How many count in it."""
        return obj.map_count or 0

    @admin.display(description="in this calendar")
    def lengths(self, obj: BusinessCalendar) -> str:
        """What a day and a week are, which the hours alone do not tell at a glance."""
        if obj.pk is None:
            return "Saved first, it says here how long 1d and 1w are."
        try:
            counted = build(obj)
        except ValueError as problem:
            return f"It cannot be counted in, so office hours count instead. {problem}"
        day, week = (counted.seconds(one) for one in (Duration(days=1), Duration(weeks=1)))
        return f"1d is {_hours(day)}, 1w is {_hours(week)} of work."

    @admin.display(description="days off this year")
    def days_off(self, obj: BusinessCalendar) -> SafeString | str:
        """The year's public holidays and closures, to be checked by eye."""
        if obj.pk is None:
            return "Saved first, they are listed here."
        year = timezone.localdate().year
        try:
            rows = [*_holidays(obj, year), *_closures(obj, year)]
        except ValueError as problem:
            return str(problem)
        if not rows:
            return "None: choose a country above, or add closures below."
        lines = format_html_join("", "<li>{} {}</li>", sorted(rows))
        return format_html("<ul>{}</ul>", lines)

    @admin.display(description="named by")
    def used_by(self, obj: BusinessCalendar) -> str:
        """The workflows whose published map counts in it."""
        names = _published().filter(calendar=obj.key).values_list("name", flat=True)
        return ", ".join(names) or "no published map"


def _published() -> QuerySet[TemplateVersion]:
    return TemplateVersion.objects.filter(state=TemplateVersion.PUBLISHED)


def _hours(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _holidays(row: BusinessCalendar, year: int) -> Iterator[tuple[str, str]]:
    for day, name in public_holidays(row.country, row.subdivision).items():
        if day.year == year:
            yield f"{day:%Y-%m-%d, %a}:", name


def _closures(row: BusinessCalendar, year: int) -> Iterator[tuple[str, str]]:
    for one in row.closures.all():
        if one.first_day.year <= year <= one.last_day.year:
            until = "" if one.first_day == one.last_day else f" to {one.last_day:%Y-%m-%d, %a}"
            yield f"{one.first_day:%Y-%m-%d, %a}{until}:", one.name
