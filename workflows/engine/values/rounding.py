"""Rounding where a map asks for it, and where a sum gives more digits than its field keeps."""

from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from workflows.engine.values.field_types.base import FieldSpec, type_of_field
from workflows.engine.values.field_types.numbers import NotANumber, exact_number, round_decimal


class RoundingRule(Protocol):
    """How many digits a map keeps after the point of a number, and which way it rounds."""

    @property
    def digits(self) -> int:
        """So many digits after the point."""

    @property
    def mode(self) -> str | None:
        """Half up where it is left out."""


def apply_rounding_rule(value: Any, rule: RoundingRule | None) -> Any:
    """A number rounded as the map says; anything else, and all where it says nothing, as it is."""
    if rule is None:
        return value
    try:
        return round_decimal(exact_number(value), rule.digits, rule.mode or "half_up")
    except (NotANumber, InvalidOperation):  # the field says what is wrong with it
        return value


def round_for_field(spec: FieldSpec, number: Decimal, rule: RoundingRule | None) -> Decimal:
    """The result of a sum as its field keeps it: rounded as the map says, else half up to what a
    `number` or an amount can hold. A whole number is never rounded unasked."""
    field_type = type_of_field(spec)
    shape = field_type.shape(spec)
    if rule is not None or shape is None or field_type.is_whole:
        rounded: Decimal = apply_rounding_rule(number, rule)
        return rounded
    try:
        return round_decimal(number, shape.decimals)
    except InvalidOperation:
        return number
