"""What a row of the trail says was changed, in a line."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.translation import gettext, gettext_noop

register = template.Library()

KNOWN_FACTS = (
    *(gettext_noop("account"), gettext_noop("changed"), gettext_noop("deputy")),
    *(gettext_noop("done"), gettext_noop("findings"), gettext_noop("group")),
    *(gettext_noop("groups"), gettext_noop("name"), gettext_noop("owner")),
    *(gettext_noop("people"), gettext_noop("permissions"), gettext_noop("review")),
    *(gettext_noop("roles"), gettext_noop("scopes"), gettext_noop("users")),
    *(gettext_noop("person"), gettext_noop("stands in"), gettext_noop("workflows")),
    *(gettext_noop("first day"), gettext_noop("last day")),
)
"""Names of facts that are words; others are shown as they were written."""


@register.filter
def facts(changes: Mapping[str, Any]) -> str:
    """Changes of rights and maps, as they were written: 'people: sam; groups: finance'."""
    return "; ".join(
        f"{_fact_name(name)}: {_render_change(value)}" for name, value in changes.items()
    )


def _fact_name(name: str) -> str:
    words = name.replace("_", " ")
    return gettext(words) if words in KNOWN_FACTS else words


def _render_change(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(
            f"{_fact_name(name)} ({_render_change(inner)})" for name, inner in value.items()
        )
    if isinstance(value, list):
        return ", ".join(_render_change(item) for item in value) or gettext("none")
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return gettext("nothing") if value in (None, "") else str(value)
