"""The people: inbox, decision and request pages, start forms."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class ApprovalsConfig(AppConfig):
    """The people: inbox, decision and request pages, start forms."""

    name = "approvals"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """A session knows when it began."""
        from approvals.sessions import begin

        user_logged_in.connect(begin, dispatch_uid="session_begins")
