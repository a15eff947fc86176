"""Notices to look at: who was told of what, by which way, and what became of it."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from workflows.admin_site.base import StaffAdmin
from workflows.admin_site.elements import moment_column, render_state_badge
from workflows.admin_site.filters import YesFilter
from workflows.admin_site.request_links import RequestLinkMixin
from workflows.notices.choices import NoticeState
from workflows.notices.models import Notice

LOST_STATES = (NoticeState.FAILED, NoticeState.UNSURE)
LOOKS = {NoticeState.SENT: "running", NoticeState.NEEDLESS: "running"}


class LostFilter(YesFilter):
    """What failed for good, or broke off while it was handed over."""

    title = gettext_lazy("lost")
    parameter_name = "lost"
    choice = gettext_lazy("failed, or broke off")

    def condition(self) -> Q:
        """By the state."""
        return Q(state__in=LOST_STATES)


@admin.register(Notice)
class NoticeAdmin(RequestLinkMixin, StaffAdmin):
    """Nothing is written here: what was lost is sent again where its message is, in the outbox."""

    of_workflow = "request__template"
    list_display = (
        *("__str__", "its_request", "state_", "channel"),
        *(moment_column("created_at", gettext_lazy("written")), "error_code"),
    )
    list_select_related = ("person", "team", "request")
    list_filter = (LostFilter, "state", "event", "channel", "created_at")
    search_fields = ("=person__username", "=team__name")
    search_help_text = gettext_lazy("A login or a team's name in full")
    ordering = ("-id",)
    fields = (
        ("event", "kind"),
        ("person", "team"),
        ("its_request", "workflow"),
        ("state", "channel", "error_code"),
        ("created_at", "due_at", "settled_at"),
    )
    readonly_fields = ("its_request",)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_(self, notice: Notice) -> SafeString:
        """Marked where it was lost."""
        look = (
            "late"
            if notice.state in LOST_STATES
            else LOOKS.get(NoticeState(notice.state), "waiting")
        )
        return render_state_badge(look, notice.get_state_display())

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Notices come from events."""
        return False
