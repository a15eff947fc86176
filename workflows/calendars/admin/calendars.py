"""Calendars: the hours in which a company works, its holidays and its own closures."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy
from unfold.admin import TabularInline

from workflows.admin_site.base import HistoryAdmin, actor_of
from workflows.admin_site.drafts import without_bulk_deletion
from workflows.admin_site.elements import render_bullets
from workflows.calendars.admin.calendar_forms import CalendarForm, ClosureForm
from workflows.calendars.models import BusinessCalendar, Closure
from workflows.calendars.queries.working_calendars import (
    DaysOff,
    build_site_calendar,
    find_days_off,
)
from workflows.calendars.services.calendars import delete_calendar, is_named_by_maps, save_calendar
from workflows.definitions.models import TemplateVersion
from workflows.engine.timing.working_time import Duration
from workflows.persistence.row_edits import RowEdits


class ClosureInline(TabularInline):
    """The company's own days off."""

    model = Closure
    form = ClosureForm
    extra = 0
    fields = ("first_day", "last_day", "name")


class CalendarColumns:
    """Columns of the list and of the page of a calendar."""

    @admin.display(description=gettext_lazy("published maps"), ordering="map_count")
    def maps(self, obj: Any) -> int:
        """How many count in it."""
        return obj.map_count or 0

    @admin.display(description=gettext_lazy("in this calendar"))
    def lengths(self, obj: BusinessCalendar) -> str:
        """What a day and a week are, which the hours alone do not tell at a glance."""
        if obj.pk is None:
            return gettext("Saved first, it says here how long 1d and 1w are.")
        try:
            counted = build_site_calendar(obj)
        except ValueError as problem:
            return gettext(
                "It cannot be counted in, so office hours count instead. %(problem)s"
            ) % {"problem": problem}
        day, week = (
            counted.seconds(duration) for duration in (Duration(days=1), Duration(weeks=1))
        )
        return gettext("1d is %(day)s, 1w is %(week)s of work.") % {
            "day": _format_hours(day),
            "week": _format_hours(week),
        }

    @admin.display(description=gettext_lazy("days off this year"))
    def days_off(self, obj: BusinessCalendar) -> SafeString | str:
        """The year's public holidays and closures, to be checked by eye."""
        if obj.pk is None:
            return gettext("Saved first, they are listed here.")
        try:
            days = find_days_off(obj, timezone.localdate().year)
        except ValueError as problem:
            return str(problem)
        if not days:
            return gettext("None: choose a country above, or add closures below.")
        return render_bullets(map(_describe_days_off, days))

    @admin.display(description=gettext_lazy("named by"))
    def used_by(self, obj: BusinessCalendar) -> str:
        """The workflows whose published map counts in it."""
        naming = Q(calendar=obj.key) | Q(steps__config__calendar=obj.key)
        names = _published_versions().filter(naming).values_list("name", flat=True).distinct()
        return ", ".join(names) or gettext("no published map")


@admin.register(BusinessCalendar)
class BusinessCalendarAdmin(CalendarColumns, HistoryAdmin):
    """Set up here, named by maps."""

    of_workflow = ""
    form = CalendarForm
    inlines = [ClosureInline]
    list_display = ("name", "key", "zone", "country", "maps")
    search_fields = ("name", "key")
    readonly_fields = ("lengths", "days_off", "used_by")
    fields = (
        *("name", "key", "zone", "hours", "lengths", "half_days", "country", "subdivision"),
        *("days_off", "used_by"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[BusinessCalendar]:
        """With the number of published maps that count in each."""
        rows: QuerySet[BusinessCalendar] = super().get_queryset(request)
        naming = (
            _published_versions().filter(calendar=OuterRef("key")).order_by().values("calendar")
        )
        count = naming.annotate(count=Count("pk")).values("count")
        return rows.annotate(map_count=Subquery(count))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Published maps name it by its key, so the key stays."""
        return (*self.readonly_fields, "key") if obj is not None else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not while a map names it."""
        named = obj is not None and is_named_by_maps(obj)
        return not named and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Deleting in bulk would pass over the maps that name it."""
        return without_bulk_deletion(super().get_actions(request))

    def write_rows(
        self, request: HttpRequest, form: Any, edits: RowEdits[Any], *, is_new: bool
    ) -> None:
        """One service writes the calendar and its closures."""
        save_calendar(form.instance, edits, by=actor_of(request), now=timezone.now())

    def delete_rows(self, request: HttpRequest, row: BusinessCalendar) -> None:
        """Those that no map names."""
        delete_calendar(row, by=actor_of(request), now=timezone.now())


def _published_versions() -> QuerySet[TemplateVersion]:
    return TemplateVersion.objects.filter(state=TemplateVersion.PUBLISHED)


def _describe_days_off(days: DaysOff) -> str:
    first, last = (date_format(day, "Y-m-d, D") for day in (days.first_day, days.last_day))
    if days.first_day == days.last_day:
        return gettext("%(day)s: %(name)s") % {"day": first, "name": days.name}
    places = {"first_day": first, "last_day": last, "name": days.name}
    return gettext("%(first_day)s to %(last_day)s: %(name)s") % places


def _format_hours(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    if not minutes:
        return gettext("%(hours)s h") % {"hours": hours}
    return gettext("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}
