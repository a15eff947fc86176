"""The map and the run: definitions, engine, services, record."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy

from workflows.engine.texts import install_translator
from workflows.language.translator import ActiveLanguage

ACTIONS = ("http_call", "internal", "mail")
"""The modules with the built-in actions of automations."""


class WorkflowsConfig(AppConfig):
    """The app that holds definitions, requests and the trail."""

    name = "workflows"
    verbose_name = gettext_lazy("Workflows")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make the built-in actions and channels known; let changes of rights be recorded, and
        lists of the admin be made without waste."""
        install_translator(ActiveLanguage())
        for name in ACTIONS:
            import_module(f"workflows.automation.actions.{name}")
        import_module("workflows.people.queries.directory_lookups")
        import_module("workflows.automation.chat")
        import_module("workflows.access.services.rights_trail").connect_fact_receivers()
        import_module("workflows.people.services.person_words").connect_word_receivers()
        import_module("workflows.admin_site.list_rendering").keep_list_headers()
