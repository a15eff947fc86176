"""The last app: it loads what a company added, and stops the program where that is unsound."""

from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy

from workflows.engine.registries import RegistryProblem


class ExtensionsConfig(AppConfig):
    """Loads extensions once every app has registered what is built in."""

    name = "workflows.extensions"
    label = "handoff_extensions"
    verbose_name = gettext_lazy("Extensions")

    def ready(self) -> None:
        """Load what entry points and the setting name. What cannot be used is named in one line,
        and the program ends."""
        from workflows.extensions.loading import load_extensions

        try:
            load_extensions(settings.HANDOFF_EXTENSIONS)
        except RegistryProblem as problem:
            raise SystemExit(f"Handoff cannot start: {problem}") from None
