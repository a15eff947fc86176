"""What routes are called beside their arrows."""

from django.utils.translation import gettext_lazy

from workflows.definitions.models import Route
from workflows.engine.format.definition import Link, display_title

ROUTE_KIND_LABELS = {
    "otherwise": gettext_lazy("otherwise"),
    "on_error": gettext_lazy("on error"),
    "to": "",
    "reopen": gettext_lazy("reopened at"),
}


def route_label(route: Route) -> str:
    """What a way is called: its outcome, its rule, or what kind it is."""
    return _way_label(route.kind, route.name, route.label, route.when)


def link_label(link: Link) -> str:
    """The same of a way of a compiled map."""
    return _way_label(link.kind, link.name, link.route.label, link.route.when)


def _way_label(kind: str, name: str, label: str | None, when: str | None) -> str:
    if kind == "outcome":
        return label or display_title(name, None).lower()
    return str(ROUTE_KIND_LABELS.get(kind, when or ""))
