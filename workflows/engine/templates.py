"""Placeholders in what an automation is told: `{{ amount }}`, and nothing cleverer.

A text that is one placeholder becomes the value itself, with its type; in a longer text values
are put as text. There are no expressions, no attributes and no calls in it.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import quote

from workflows.engine.spelling import in_text

_PLACEHOLDER: Final = re.compile(
    r"\{\{\s*(?P<name>[a-z][a-z0-9_.]*)\s*(?:\|\s*(?P<filter>[a-z]+)\s*)?\}\}"
)
_OPEN: Final = re.compile(r"\{\{")

FACTS: Final = frozenset({"request.reference", "request.link", "request.key"})
"""What placeholders may name besides the request's fields."""


class PlaceholderProblem(ValueError):
    """A placeholder cannot be filled in; the message says which and what to change."""

    code = "placeholder_unknown"


def _number(value: Any) -> Any:
    """A JSON number with every digit of the value, which fields keep as text."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    try:
        exact = Decimal(str(value))
    except InvalidOperation:
        raise PlaceholderProblem(
            f"'{in_text(value)[:80]}' is no number; leave `| number` out."
        ) from None
    if exact == exact.to_integral_value():
        return int(exact)
    number = float(exact)
    if Decimal(repr(number)) != exact:
        raise PlaceholderProblem(f"{value} has too many digits for a JSON number; send it as text.")
    return number


def _url(value: Any) -> str:
    return quote(in_text(value), safe="")


FILTERS: Final[Mapping[str, Callable[[Any], Any]]] = {"number": _number, "url": _url}


def fill(value: Any, facts: Mapping[str, Any]) -> Any:
    """`value` with its placeholders filled in, at any depth of lists and mappings.

    Raises PlaceholderProblem for a name that is not among the facts, or an unknown filter.
    """
    if isinstance(value, Mapping):
        return {key: fill(part, facts) for key, part in value.items()}
    if isinstance(value, list):
        return [fill(part, facts) for part in value]
    if not isinstance(value, str):
        return value
    alone = _PLACEHOLDER.fullmatch(value.strip())
    if alone is not None:
        return _value(alone, facts)
    return _PLACEHOLDER.sub(lambda found: in_text(_value(found, facts)), value)


def fill_address(text: str, facts: Mapping[str, Any]) -> str:
    """A piece of an address with its placeholders filled in, each value quoted, so that no value
    can lead elsewhere. Raises PlaceholderProblem."""
    return _PLACEHOLDER.sub(lambda found: _in_address(found, facts), text)


def _in_address(found: re.Match[str], facts: Mapping[str, Any]) -> str:
    value = _value(found, facts)
    return in_text(value) if found["filter"] == "url" else _url(value)


def _value(found: re.Match[str], facts: Mapping[str, Any]) -> Any:
    name, filter_name = found["name"], found["filter"]
    if name not in facts and name not in FACTS:
        return None if name.isidentifier() else _unknown(name)
    value = facts.get(name)
    return value if filter_name is None else _filter(filter_name)(value)


def _filter(name: str) -> Callable[[Any], Any]:
    known = FILTERS.get(name)
    if known is None:
        raise PlaceholderProblem(f"There is no filter '{name}'; use {' or '.join(FILTERS)}.")
    return known


def _unknown(name: str) -> Any:
    raise PlaceholderProblem(f"'{{{{ {name} }}}}' names nothing; use a field of the request.")


def placeholders(value: Any) -> frozenset[str]:
    """The names in the placeholders of a value, at any depth.

    Raises PlaceholderProblem for braces that are no placeholder, and for unknown filters.
    """
    if isinstance(value, Mapping):
        return frozenset().union(*(placeholders(part) for part in value.values()))
    if isinstance(value, list):
        return frozenset().union(*(placeholders(part) for part in value))
    if not isinstance(value, str):
        return frozenset()
    found = list(_PLACEHOLDER.finditer(value))
    if len(found) != len(_OPEN.findall(value)):
        raise PlaceholderProblem(
            f"'{value[:80]}' has braces that are no placeholder; write {{{{ field }}}}."
        )
    for one in found:
        if one["filter"] is not None:
            _filter(one["filter"])
    return frozenset(one["name"] for one in found)


def only_placeholder(value: Any) -> str | None:
    """The name in a text that is nothing but one placeholder; None for any other value."""
    alone = _PLACEHOLDER.fullmatch(value.strip()) if isinstance(value, str) else None
    return alone["name"] if alone else None
