"""What a row of the trail says was changed, in a line."""

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def facts(changes: Mapping[str, Any]) -> str:
    """Changes of rights and maps, as they were written: 'people: sam; groups: finance'."""
    return "; ".join(f"{name.replace('_', ' ')}: {_said(value)}" for name, value in changes.items())


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} ({_said(inner)})" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(_said(one) for one in value) or "none"
    return WORDS.get(str(value), str(value))


WORDS = {"True": "yes", "False": "no", "None": "nothing", "": "nothing"}
