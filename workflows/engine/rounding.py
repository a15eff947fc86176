"""Rounding where a map asks for it, and where a sum gives more digits than its field keeps."""

from decimal import Decimal, InvalidOperation
from typing import Any

from workflows.engine.definition_parts import RoundingDef
from workflows.engine.fields import FieldSpec
from workflows.engine.numbers import NotANumber, exact_number, rounded, shape_of


def as_the_map_rounds(value: Any, rule: RoundingDef | None) -> Any:
    """A number rounded as the map says; anything else, and all where it says nothing, as it is."""
    if rule is None:
        return value
    try:
        return rounded(exact_number(value), rule.digits, rule.mode or "half_up")
    except (NotANumber, InvalidOperation):  # the field says what is wrong with it
        return value


def worked_out(spec: FieldSpec, number: Decimal, rule: RoundingDef | None) -> Decimal:
    """The result of a sum as its field keeps it: rounded as the map says, else half up to what a
    `number` or an amount can hold. A whole number is never rounded unasked."""
    shape = shape_of(spec.type, spec.currency)
    if rule is not None or shape is None or spec.type == "integer":
        return as_the_map_rounds(number, rule)  # type: ignore[no-any-return]
    try:
        return rounded(number, shape.decimals)
    except InvalidOperation:
        return number
