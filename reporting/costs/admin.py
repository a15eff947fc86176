"""Rates in the admin: what an hour of a role and a call of a connection cost, from which day on."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from reporting.costs.models import CallRate, RoleRate
from reporting.costs.services import Rate, delete_rate, save_rate
from workflows.admin_site.base import HistoryAdmin, RefusalMessageMixin, actor_of
from workflows.persistence.row_edits import RowEdits


class RateAdmin(RefusalMessageMixin, HistoryAdmin):
    """Rates, which a service writes and records."""

    def write_rows(
        self, request: HttpRequest, form: Any, edits: RowEdits[Any], *, is_new: bool
    ) -> None:
        """One rate."""
        save_rate(form.instance, by=actor_of(request), now=timezone.now())

    def delete_rows(self, request: HttpRequest, row: Rate) -> None:
        """One rate."""
        delete_rate(row, by=actor_of(request), now=timezone.now())


@admin.register(RoleRate)
class RoleRateAdmin(RateAdmin):
    """What an hour of work costs, by role or group."""

    of_workflow = ""
    list_display = ("__str__", "since")
    list_filter = ("currency",)
    search_fields = ("role", "group__name")
    list_select_related = ("group",)
    fields = ("role", "group", "per_hour", "currency", "since")


@admin.register(CallRate)
class CallRateAdmin(RateAdmin):
    """What a call costs, by connection."""

    of_workflow = ""
    list_display = ("__str__", "since")
    list_filter = ("currency",)
    search_fields = ("connection__key", "connection__name")
    list_select_related = ("connection",)
    fields = ("connection", "per_call", "currency", "since")
