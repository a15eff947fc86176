"""Rates in the admin: what an hour of a role and a call of a connection cost, from which day on."""

from django.contrib import admin

from reporting.reviews.models import CallRate, RoleRate
from workflows.admin.base import HistoryAdmin


@admin.register(RoleRate)
class RoleRateAdmin(HistoryAdmin):
    """What an hour of work costs, by role or group."""

    of_workflow = ""
    list_display = ("__str__", "since")
    list_filter = ("currency",)
    search_fields = ("role", "group__name")
    list_select_related = ("group",)
    fields = ("role", "group", "per_hour", "currency", "since")


@admin.register(CallRate)
class CallRateAdmin(HistoryAdmin):
    """What a call costs, by connection."""

    of_workflow = ""
    list_display = ("__str__", "since")
    list_filter = ("currency",)
    search_fields = ("connection__key", "connection__name")
    list_select_related = ("connection",)
    fields = ("connection", "per_call", "currency", "since")
