"""The people: inbox, decision and request pages, start forms."""

from importlib import import_module

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.utils.translation import gettext_lazy


class ApprovalsConfig(AppConfig):
    """The people: inbox, decision and request pages, start forms."""

    name = "approvals"
    verbose_name = gettext_lazy("Inbox and requests")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """A session knows when it began; each type of fields has its control."""
        for module in ("field_presentations", "files_box", "several_values", "rows_box"):
            import_module(f"approvals.forms.{module}")
        from approvals.ui.sessions import record_sign_in, remember_resources

        user_logged_in.connect(record_sign_in, dispatch_uid="session_begins")
        user_logged_in.connect(remember_resources, dispatch_uid="sees_resources")
