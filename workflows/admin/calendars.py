"""Calendars: the hours in which a company works, its holidays and its own closures."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import TabularInline

from workflows.admin.base import HistoryAdmin
from workflows.engine.calendar import BUILT_IN, Calendar
from workflows.models import BusinessCalendar, Closure, TemplateVersion
from workflows.services.calendars import (
    forget_calendars,
    public_holidays,
    read_hours,
    zone_of,
)


class CalendarForm(forms.ModelForm):
    """A calendar that could not be counted in is refused in words."""

    class Meta:
        model = BusinessCalendar
        fields = ("key", "name", "zone", "hours", "country", "subdivision")

    def clean_key(self) -> str:
        """The built-in names are taken."""
        key: str = self.cleaned_data["key"]
        if key in BUILT_IN:
            raise ValidationError(f"'{key}' is built in; choose another key.")
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


class ClosureInline(TabularInline):
    """The company's own days off."""

    model = Closure
    extra = 0
    fields = ("first_day", "last_day", "name")


@admin.register(BusinessCalendar)
class BusinessCalendarAdmin(HistoryAdmin):
    """Set up here, named by maps."""

    form = CalendarForm
    inlines = [ClosureInline]
    list_display = ("name", "key", "zone", "country", "used_by")
    search_fields = ("name", "key")
    readonly_fields = ("days_off", "used_by")
    fields = (
        *("name", "key", "zone", "hours", "country", "subdivision"),
        *("days_off", "used_by"),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Published maps name it by its key, so the key stays."""
        return (*self.readonly_fields, "key") if obj is not None else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not while a map names it."""
        named = obj is not None and TemplateVersion.objects.filter(calendar=obj.key).exists()
        return not named and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """What is kept of it in this process is stale now."""
        obj.changed_at = timezone.now()
        super().save_model(request, obj, form, change)
        forget_calendars()

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Deleting in bulk would pass over the maps that name it."""
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    @admin.display(description="days off this year")
    def days_off(self, obj: BusinessCalendar) -> SafeString | str:
        """The year's public holidays and closures, to be checked by eye."""
        if obj.pk is None:
            return "Saved first, they are listed here."
        year = timezone.localdate().year
        rows = [*_holidays(obj, year), *_closures(obj, year)]
        if not rows:
            return "None: choose a country above, or add closures below."
        lines = format_html_join("", "<li>{} {}</li>", sorted(rows))
        return format_html("<ul>{}</ul>", lines)

    @admin.display(description="named by")
    def used_by(self, obj: BusinessCalendar) -> str:
        """The workflows whose published map counts in it."""
        versions = TemplateVersion.objects.filter(calendar=obj.key, state=TemplateVersion.PUBLISHED)
        return ", ".join(versions.values_list("name", flat=True)) or "no published map"


def _holidays(row: BusinessCalendar, year: int) -> Iterable[tuple[str, str]]:
    days = public_holidays(row.country, row.subdivision)
    return [(f"{day:%Y-%m-%d, %a}:", name) for day, name in days.items() if day.year == year]


def _closures(row: BusinessCalendar, year: int) -> Iterable[tuple[str, str]]:
    for one in row.closures.all():
        if one.first_day.year <= year <= one.last_day.year:
            until = "" if one.first_day == one.last_day else f" to {one.last_day:%Y-%m-%d, %a}"
            yield f"{one.first_day:%Y-%m-%d, %a}{until}:", one.name
