"""How values are told to others: in a text, a header, a query, a body, or another request's form.

A record keeps canonical values. Who reads them elsewhere knows neither Python's words for them nor
how a document is kept, so every way out asks here.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from workflows.engine.values.field_types.base import FieldSpec, type_of_field
from workflows.engine.values.field_types.documents import are_documents, is_document
from workflows.engine.values.field_types.numbers import plain_number
from workflows.engine.values.fields import canonical_field_value


def external_values(fields: Mapping[str, FieldSpec], data: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a request as other systems and people are told them: numbers without the
    zeros that only keep them readable; all else as it is kept."""
    return {
        key: type_of_field(fields[key]).told_value(fields[key], value)
        if key in fields and value is not None
        else value
        for key, value in data.items()
    }


def canonical_values(fields: Mapping[str, FieldSpec], data: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a request as paths and placeholders of another one look into them, each as
    its field would write it today."""
    return {
        key: canonical_field_value(fields[key], value) if key in fields else value
        for key, value in data.items()
    }


def render_value_text(value: Any) -> str:
    """A value within a sentence, a subject, an address: nothing where it is empty, true or false,
    a document by its name, a list with commas, rows with semicolons."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        number = Decimal(str(value))
        return plain_number(number) if number.is_finite() else ""
    if isinstance(value, Mapping):
        return str(value["name"]) if is_document(value) else _render_compact_json(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _render_list_text(value)
    return str(value)


def _render_list_text(values: Sequence[Any]) -> str:
    """Plain values with commas; where there are rows among them, each with the names of its
    columns: `item: Chair, net: 12.00; item: Desk`."""
    if not any(_is_row(part) for part in values):
        return ", ".join(render_value_text(part) for part in values)
    return "; ".join(
        _render_row_text(part) if _is_row(part) else render_value_text(part) for part in values
    )


def _is_row(value: Any) -> bool:
    return isinstance(value, Mapping) and not is_document(value)


def _render_row_text(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{column}: {render_value_text(cell)}" for column, cell in row.items())


def render_header_value(value: Any) -> str | None:
    """A header's value; None where there is nothing to say, and the header is left out."""
    return render_value_text(value).strip() or None


def render_query_values(value: Any) -> list[str]:
    """The values of a name in a query or a form: none where it is empty, several where it is a
    list; a row as JSON, for one name has no place for several."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [
            _render_compact_json(part) if _is_row(part) else render_value_text(part)
            for part in value
            if part is not None
        ]
    return [] if value is None else [render_value_text(value)]


def render_form_value(value: Any) -> Any:
    """A value for a field of another request: documents by their names, all else as it is."""
    return render_value_text(value) if is_document(value) or are_documents(value) else value


def _render_compact_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
