"""The mirror: figures, event logs in, bottleneck report, audit CSV."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class ReportingConfig(AppConfig):
    """The mirror: figures, event logs in, bottleneck report, audit CSV."""

    name = "reporting"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Who signs in and reads reports is shown the way to them."""
        from reporting.sessions import remember

        user_logged_in.connect(remember, dispatch_uid="reads_reports")
