"""The map and the run: definitions, engine, services, record."""

from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    """The app that holds definitions, requests and the trail."""

    name = "workflows"
    verbose_name = "Workflows"
    default_auto_field = "django.db.models.BigAutoField"
