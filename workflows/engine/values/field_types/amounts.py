"""Types of fields that hold numbers: any, whole ones, amounts of money."""

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

from workflows.engine.texts import text
from workflows.engine.values.field_types.base import (
    FIELD_TYPES,
    FieldSpec,
    FieldType,
    ValueRefused,
    require_number,
)
from workflows.engine.values.field_types.numbers import (
    NotANumber,
    Shape,
    amount_shape,
    any_number_shape,
    plain_number,
    read_number,
    whole_number_shape,
)


class NumberType(FieldType):
    """A number with digits after its point, kept as text, so that none is lost."""

    name = "number"
    title = text("number")
    kind = "number"
    is_personal = False

    def shape(self, spec: FieldSpec) -> Shape:
        """So many digits as any number may have."""
        return any_number_shape()

    def clean(self, spec: FieldSpec, raw: object) -> Any:
        """The number as text, written so that it can be read in one way only."""
        shape = self.shape(spec)
        return shape.written(self._read(raw, shape))

    def _read(self, raw: object, shape: Shape) -> Decimal:
        try:
            return read_number(raw, shape)
        except NotANumber as refused:
            raise ValueRefused(*refused.args) from None

    def python_value(self, value: Any, zone: tzinfo) -> Decimal:
        """The exact number."""
        return require_number(value)

    def json_schema(self, spec: FieldSpec) -> dict[str, Any]:
        """Digits, perhaps with a sign and a point, as text."""
        return {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}

    def json_value(self, value: Any) -> Any:
        """Without the zeros that only keep it readable."""
        try:
            return plain_number(Decimal(value)) if isinstance(value, str) else value
        except InvalidOperation:
            return value

    def probe_values(self, spec: FieldSpec, constants: Sequence[str]) -> list[Any] | None:
        """Each number that a rule names, one between each two, and one beyond either end."""
        return [f"{number:f}" for number in _numbers_around([Decimal(t) for t in constants])]

    def search_texts(self, value: Any) -> set[str] | None:
        """As it is kept, without zeros, and as older versions kept it."""
        number = Decimal(value)
        return {value, plain_number(number), f"{number:.2f}"}


class IntegerType(NumberType):
    """A whole number."""

    name = "integer"
    title = text("whole number")
    is_whole = True

    def shape(self, spec: FieldSpec) -> Shape:
        """No digit after the point."""
        return whole_number_shape()

    def clean(self, spec: FieldSpec, raw: object) -> int:
        """The number."""
        return int(self._read(raw, self.shape(spec)))

    def json_schema(self, spec: FieldSpec) -> dict[str, Any]:
        """A whole number."""
        return {"type": "integer"}

    def json_value(self, value: Any) -> Any:
        """The number itself."""
        return value

    def probe_values(self, spec: FieldSpec, constants: Sequence[str]) -> list[Any] | None:
        """The numbers around each that a rule names."""
        middles = [Decimal(constant).to_integral_value() for constant in constants]
        return sorted({int(middle) + step for middle in middles for step in (-1, 0, 1)}) or [0]

    def search_texts(self, value: Any) -> set[str] | None:
        """As it is kept."""
        return {str(value)}


class MoneyType(NumberType):
    """An amount, with as many digits after its point as its currency has."""

    name = "money"
    title = text("money")
    has_currency = True

    def shape(self, spec: FieldSpec) -> Shape:
        """The digits of the currency."""
        return amount_shape(spec.currency)

    def json_value(self, value: Any) -> Any:
        """With all the digits of its currency."""
        return value


def _numbers_around(constants: Sequence[Decimal]) -> Iterator[Decimal]:
    points = sorted(set(constants)) or [Decimal(0)]
    yield points[0] - 1
    for lower, upper in zip(points, [*points[1:], points[-1] + 2], strict=True):
        yield lower
        yield (lower + upper) / 2


NUMBER = FIELD_TYPES.register(NumberType.name, NumberType())
INTEGER = FIELD_TYPES.register(IntegerType.name, IntegerType())
MONEY = FIELD_TYPES.register(MoneyType.name, MoneyType())
