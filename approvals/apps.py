"""The people: inbox, decision and request pages, start forms."""

from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    """The people: inbox, decision and request pages, start forms."""

    name = "approvals"
    default_auto_field = "django.db.models.BigAutoField"
