"""The mirror: figures, event logs in, bottleneck report, audit CSV."""

from importlib import import_module

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.utils.translation import gettext_lazy


class ReportingConfig(AppConfig):
    """The mirror: figures, event logs in, bottleneck report, audit CSV."""

    name = "reporting"
    verbose_name = gettext_lazy("Reports")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The report pages are registered; who signs in and reads reports is shown the way."""
        import_module("reporting.site_reports")
        import_module("reporting.reviews.desk_entries")
        from reporting.ui.sessions import remember_report_reader

        user_logged_in.connect(remember_report_reader, dispatch_uid="reads_reports")
