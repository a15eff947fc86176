"""The mirror: figures, event logs in, bottleneck report, audit CSV."""

from django.apps import AppConfig


class ReportingConfig(AppConfig):
    """The mirror: figures, event logs in, bottleneck report, audit CSV."""

    name = "reporting"
    default_auto_field = "django.db.models.BigAutoField"
