"""The map and the run: definitions, engine, services, record."""

from importlib import import_module

from django.apps import AppConfig
from django.conf import settings

ACTIONS = ("calls", "inside", "mails")
"""The modules with the built-in actions of automations."""


class WorkflowsConfig(AppConfig):
    """The app that holds definitions, requests and the trail."""

    name = "workflows"
    verbose_name = "Workflows"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make the actions known that maps may call, the built-in ones and the company's own; let
        changes of rights be recorded."""
        for name in ACTIONS:
            import_module(f"workflows.automation.{name}")
        for module in settings.HANDOFF_ACTIONS:
            import_module(module)
        import_module("workflows.services.facts").listen()
