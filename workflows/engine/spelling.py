"""How values are told to others: in a text, a header, a query, a body, or another request's form.

A record keeps canonical values. Who reads them elsewhere knows neither Python's words for them nor
how a document is kept, so every way out asks here.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from workflows.engine.fields import FieldSpec, kept

_DOCUMENT: Final = {"name", "version", "sha256"}


def told_outside(fields: Mapping[str, FieldSpec], data: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a request as other systems and people are told them: numbers without the
    zeros that only keep them readable; all else as it is kept."""
    return {key: _outside(fields.get(key), value) for key, value in data.items()}


def told_inside(fields: Mapping[str, FieldSpec], data: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a request as paths and placeholders of another one look into them, each as
    its field would write it today."""
    return {key: kept(fields[key], v) if key in fields else v for key, v in data.items()}


def _outside(spec: FieldSpec | None, value: Any) -> Any:
    if spec is None or spec.type != "number" or not isinstance(value, str):
        return value
    try:
        return plain_number(Decimal(value))
    except InvalidOperation:
        return value


def plain_number(number: Decimal) -> str:
    """A decimal with all its digits, without an exponent or trailing zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def in_text(value: Any) -> str:
    """A value within a sentence, a subject, an address: nothing where it is empty, true or false,
    a document by its name, a list with commas."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        number = Decimal(str(value))
        return plain_number(number) if number.is_finite() else ""
    if isinstance(value, Mapping):
        return str(value["name"]) if is_document(value) else _compact(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(in_text(part) for part in value)
    return str(value)


def in_header(value: Any) -> str | None:
    """A header's value; None where there is nothing to say, and the header is left out."""
    return in_text(value).strip() or None


def in_query(value: Any) -> list[str]:
    """The values of a name in a query: none where it is empty, several where it is a list."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [in_text(part) for part in value if part is not None]
    return [] if value is None else [in_text(value)]


def in_form(value: Any) -> Any:
    """A value for a field of another request: a document by its name, all else as it is."""
    return in_text(value) if is_document(value) else value


def is_document(value: Any) -> bool:
    """Whether this is a document as a record keeps it."""
    return isinstance(value, Mapping) and set(value) == _DOCUMENT


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
