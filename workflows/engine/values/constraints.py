"""Whether a value satisfies what its field asks of it: the one place that says so.

Forms, the API, webhooks, messages, answers, corrections, logs and moves all ask here; what a
browser is told beforehand is help and no more. Whether there is such a person is for who knows
people to say.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, tzinfo
from decimal import Decimal
from typing import Any, Protocol

from workflows.engine.texts import Text, text
from workflows.engine.values.bounds import (
    BoundContext,
    Limit,
    money_limit,
    parse_bound,
    parse_day_from_today,
    too_high,
    too_low,
)
from workflows.engine.values.field_types.base import FieldSpec, type_of_field
from workflows.engine.values.field_types.rows import CellRefused, RowsRefused, columns_of
from workflows.engine.values.patterns import compile_pattern


class ConstrainedSpec(FieldSpec, Protocol):
    """A declared field with what it asks of its values."""

    @property
    def min(self) -> str | int | float | None:
        """The least: a constant, a day counted from today, or another field's key."""

    @property
    def max(self) -> str | int | float | None:
        """The most, written like `min`."""

    @property
    def max_length(self) -> int | None:
        """So many characters at most."""

    @property
    def pattern(self) -> str | None:
        """The form that the whole text has."""


Fields = Mapping[str, ConstrainedSpec]


def refused_values(
    fields: Fields,
    data: Mapping[str, Any],
    written: Collection[str],
    *,
    today: date | None = None,
    zone: tzinfo = UTC,
) -> Iterator[tuple[str, Text]]:
    """The fields whose canonical value in `data` is not what they ask for, each with what to write.

    Asked are those that are `written` now, and of all others the bounds that are one of these.
    Without `today` bounds that are counted from it are not asked.
    """
    context = BoundContext(fields, data, today, zone)
    for key, spec in fields.items():
        value = data.get(key)
        if value is None:
            continue
        if key in written:
            refused = _refusal(spec, value, context)
        else:
            refused = _bound_refusal(spec, value, context, named=written)
        if refused is not None:
            yield key, refused


def constraint_refusal(
    spec: ConstrainedSpec,
    value: Any,
    fields: Fields,
    data: Mapping[str, Any],
    *,
    today: date | None = None,
    zone: tzinfo = UTC,
) -> Text | None:
    """What is wrong with a canonical value among the others of its request (or of its row), as the
    end of a sentence that names the field; None where it is what the field asks for."""
    return _refusal(spec, value, BoundContext(fields, data, today, zone))


def _refusal(spec: ConstrainedSpec, value: Any, context: BoundContext) -> Text | None:
    if type_of_field(spec).holds_rows:
        return _rows_refusal(spec, value, context)
    return (
        _length_refusal(spec, value)
        or _pattern_refusal(spec, value)
        or _bound_refusal(spec, value, context)
    )


def _rows_refusal(spec: FieldSpec, rows: Any, context: BoundContext) -> Text | None:
    """What is wrong in the first cells that are not what their columns ask for; bounds of columns
    are held against the others of the row."""
    refused = _refused_cells(spec, enumerate(rows, 1), context)
    return RowsRefused(refused).text if refused else None


def refused_cells(
    spec: FieldSpec,
    rows: Iterable[tuple[int, Mapping[str, Any]]],
    *,
    today: date | None = None,
    zone: tzinfo = UTC,
) -> list[CellRefused]:
    """The cells of numbered rows, as far as they could be read, that are not what their columns ask
    for."""
    return _refused_cells(spec, rows, BoundContext({}, {}, today, zone))


def _refused_cells(
    spec: FieldSpec, rows: Iterable[tuple[int, Mapping[str, Any]]], context: BoundContext
) -> list[CellRefused]:
    columns: Any = columns_of(spec)
    return [
        CellRefused(number, key, column.label or key, why)
        for number, row in rows
        for key, column in columns.items()
        if row.get(key) is not None
        and (why := _refusal(column, row[key], replace(context, fields=columns, data=row)))
    ]


def _length_refusal(spec: ConstrainedSpec, value: Any) -> Text | None:
    if spec.max_length is None or not isinstance(value, str) or len(value) <= spec.max_length:
        return None
    return text(
        "write at most %(most)s characters; these are %(count)s.",
        most=spec.max_length,
        count=len(value),
    )


def _pattern_refusal(spec: ConstrainedSpec, value: Any) -> Text | None:
    if spec.pattern is None or not isinstance(value, str):
        return None
    pattern = compile_pattern(spec.pattern)
    if pattern.matches(value):
        return None
    return text("write it in the form of %(example)s.", example=pattern.example or spec.pattern)


def _bound_refusal(
    spec: ConstrainedSpec,
    value: Any,
    context: BoundContext,
    *,
    named: Collection[str] | None = None,
) -> Text | None:
    """With `named` only bounds that are one of these fields are asked."""
    if spec.min is None and spec.max is None:
        return None
    found = context.comparable(spec, value)
    for end, is_least in ((spec.min, True), (spec.max, False)):
        if end is None or found is None:
            continue
        bound = parse_bound(type_of_field(spec).kind, end)
        is_asked = named is None or bound.field in named
        limit = context.limit(bound, spec.currency) if is_asked else None
        if limit is not None and _is_beyond(context, found, limit, is_least=is_least):
            other = _title(context.fields, bound.field)
            return (too_low if is_least else too_high)(bound, limit, other, spec.currency)
    return None


def _title(fields: Mapping[str, FieldSpec], key: str | None) -> str:
    spec = fields.get(key or "")
    return (spec.label if spec else None) or (key or "").replace("_", " ").capitalize()


def _is_beyond(context: BoundContext, found: Limit, limit: Limit, *, is_least: bool) -> bool:
    return context.is_below(found, limit) if is_least else context.is_below(limit, found)


# -- for others -------------------------------------------------------------------------------


def constraint_schema(spec: ConstrainedSpec) -> dict[str, Any]:
    """What JSON Schema can say of a field's constraints, beside its type. Numbers that are texts,
    dates and other fields have no bounds there; `description` says them."""
    schema: dict[str, Any] = {}
    if spec.max_length is not None:
        schema["maxLength"] = spec.max_length
    if spec.pattern is not None:
        schema["pattern"] = f"^(?:{compile_pattern(spec.pattern).portable})$"
    if type_of_field(spec).is_whole:
        schema |= _whole_number_bounds(spec)
    sentence = "; ".join(filter(None, (bounds_in_words(spec), _conditions_in_words(spec))))
    default = getattr(spec, "default", None)
    if isinstance(default, str | int | float) and parse_day_from_today(default) is None:
        schema["default"] = default
    return schema | ({"description": sentence} if sentence else {})


def _whole_number_bounds(spec: ConstrainedSpec) -> dict[str, Any]:
    bounds: dict[str, Any] = {}
    for name, end in (("minimum", spec.min), ("maximum", spec.max)):
        limit = parse_bound("number", end).constant if end is not None else None
        if isinstance(limit, Decimal):
            bounds[name] = int(limit) if limit == limit.to_integral_value() else float(limit)
    return bounds


def _conditions_in_words(spec: ConstrainedSpec) -> str:
    """Under which rules the field is asked for, and required, as they are written."""
    rules = {"asked when": getattr(spec, "when", None)}
    rules["required when"] = getattr(spec, "required_when", None)
    return "; ".join(f"{word} {rule}" for word, rule in rules.items() if rule)


def bounds_in_words(spec: ConstrainedSpec) -> str:
    """Both ends as they are written: `min today, max needed_by`; amounts with their currency:
    `max 500.00 EUR`."""
    ends = {"min": spec.min, "max": spec.max}
    written = {name: _bound_text(spec, end) for name, end in ends.items() if end is not None}
    return ", ".join(f"{name} {end}" for name, end in written.items())


def _bound_text(spec: ConstrainedSpec, end: str | int | float) -> str:
    """One end as it is written; an amount with its currency."""
    limit = parse_bound(type_of_field(spec).kind, end).constant
    if spec.currency and isinstance(limit, Decimal):
        said = money_limit(limit, spec.currency)
        return f"{said.amount:.{said.decimals}f} {said.currency}"
    return str(end)
