"""Placeholders in what an automation is told: `{{ amount }}`, and nothing cleverer.

A text that is one placeholder becomes the value itself, with its type; in a longer text values
are put as text. There are no expressions, no attributes and no calls in it.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from html import escape
from typing import Any, Final
from urllib.parse import quote

from workflows.engine.errors import SentenceError
from workflows.engine.values.serialization import render_value_text

_PLACEHOLDER: Final = re.compile(
    r"\{\{\s*(?P<name>[a-z][a-z0-9_.]*)\s*(?:\|\s*(?P<filter>[a-z]+)\s*)?\}\}"
)
_OPEN: Final = re.compile(r"\{\{")

FACTS: Final = frozenset({"request.reference", "request.link", "request.key"})
"""What placeholders may name besides the request's fields."""


class PlaceholderProblem(SentenceError, ValueError):
    """A placeholder cannot be filled in; the message says which and what to change."""

    code = "placeholder_unknown"


def _to_json_number(value: Any) -> Any:
    """A JSON number with every digit of the value, which fields keep as text."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    try:
        exact = Decimal(str(value))
    except InvalidOperation:
        raise PlaceholderProblem(
            "'%(value)s' is no number; leave `| number` out.",
            value=render_value_text(value)[:80],
        ) from None
    if exact == exact.to_integral_value():
        return int(exact)
    number = float(exact)
    if Decimal(repr(number)) != exact:
        raise PlaceholderProblem(
            "%(value)s has too many digits for a JSON number; send it as text.", value=value
        )
    return number


def _quote_for_url(value: Any) -> str:
    return quote(render_value_text(value), safe="")


def _escape_for_xml(value: Any) -> str:
    return escape(render_value_text(value))


FILTERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "number": _to_json_number,
    "url": _quote_for_url,
    "xml": _escape_for_xml,
}


def fill_placeholders(value: Any, facts: Mapping[str, Any]) -> Any:
    """`value` with its placeholders filled in, at any depth of lists and mappings.

    Raises PlaceholderProblem for a name that is not among the facts, or an unknown filter.
    """
    if isinstance(value, Mapping):
        return {key: fill_placeholders(part, facts) for key, part in value.items()}
    if isinstance(value, list):
        return [fill_placeholders(part, facts) for part in value]
    if not isinstance(value, str):
        return value
    alone = _PLACEHOLDER.fullmatch(value.strip())
    if alone is not None:
        return _placeholder_value(alone, facts)
    return _PLACEHOLDER.sub(
        lambda match: render_value_text(_placeholder_value(match, facts)), value
    )


def fill_address_placeholders(text: str, facts: Mapping[str, Any]) -> str:
    """A piece of an address with its placeholders filled in, each value quoted, so that no value
    can lead elsewhere. Raises PlaceholderProblem."""
    return _PLACEHOLDER.sub(lambda match: _render_in_address(match, facts), text)


def _render_in_address(match: re.Match[str], facts: Mapping[str, Any]) -> str:
    value = _placeholder_value(match, facts)
    return render_value_text(value) if match["filter"] == "url" else _quote_for_url(value)


def _placeholder_value(match: re.Match[str], facts: Mapping[str, Any]) -> Any:
    name, filter_name = match["name"], match["filter"]
    if name not in facts and name not in FACTS:
        return None if name.isidentifier() else _refuse_unknown_name(name)
    value = facts.get(name)
    return value if filter_name is None else _find_filter(filter_name)(value)


def _find_filter(name: str) -> Callable[[Any], Any]:
    filter_function = FILTERS.get(name)
    if filter_function is None:
        raise PlaceholderProblem(
            "There is no filter '%(name)s'; use %(filters)s.",
            name=name,
            filters=" or ".join(FILTERS),
        )
    return filter_function


def _refuse_unknown_name(name: str) -> Any:
    raise PlaceholderProblem(
        "'{{ %(name)s }}' names nothing; use a field of the request.", name=name
    )


def placeholder_names(value: Any) -> frozenset[str]:
    """The names in the placeholders of a value, at any depth.

    Raises PlaceholderProblem for braces that are no placeholder, and for unknown filters.
    """
    if isinstance(value, Mapping):
        return frozenset().union(*(placeholder_names(part) for part in value.values()))
    if isinstance(value, list):
        return frozenset().union(*(placeholder_names(part) for part in value))
    if not isinstance(value, str):
        return frozenset()
    matches = list(_PLACEHOLDER.finditer(value))
    if len(matches) != len(_OPEN.findall(value)):
        raise PlaceholderProblem(
            "'%(value)s' has braces that are no placeholder; write {{ field }}.",
            value=value[:80],
        )
    for match in matches:
        if match["filter"] is not None:
            _find_filter(match["filter"])
    return frozenset(match["name"] for match in matches)


def only_placeholder(value: Any) -> str | None:
    """The name in a text that is nothing but one placeholder; None for any other value."""
    alone = _PLACEHOLDER.fullmatch(value.strip()) if isinstance(value, str) else None
    return alone["name"] if alone else None
