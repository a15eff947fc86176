"""Between which numbers something lies: as far as rules and bounds say, never too narrowly."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

_FAR: Final = Decimal("Infinity")
_NOUGHT: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class NumberRange:
    """From `low` to `high`; an end that is `open` is not in it itself, and with `not_zero` 0 is
    left out."""

    low: Decimal = -_FAR
    high: Decimal = _FAR
    low_open: bool = False
    high_open: bool = False
    not_zero: bool = False

    @property
    def may_be_zero(self) -> bool:
        """Whether 0 is in it."""
        is_above = self.low > 0 or (self.low == 0 and self.low_open)
        is_below = self.high < 0 or (self.high == 0 and self.high_open)
        return not (self.not_zero or is_above or is_below)

    @property
    def may_be_negative(self) -> bool:
        """Whether a number below 0 is in it."""
        return self.low < 0

    @property
    def single(self) -> Decimal | None:
        """The only number in it."""
        return self.low if self.low == self.high and self.low.is_finite() else None


ANY_NUMBER: Final = NumberRange()
NOT_NEGATIVE: Final = NumberRange(low=_NOUGHT)
NOT_ZERO: Final = NumberRange(not_zero=True)
AT_LEAST_ONE: Final = NumberRange(low=Decimal(1))


def only(number: Decimal) -> NumberRange:
    """This number alone."""
    return NumberRange(number, number)


def from_on(number: Decimal, *, is_open: bool = False) -> NumberRange:
    """This number, and all that are greater."""
    return NumberRange(low=number, low_open=is_open)


def up_to(number: Decimal, *, is_open: bool = False) -> NumberRange:
    """This number, and all that are less."""
    return NumberRange(high=number, high_open=is_open)


def meet(one: NumberRange, other: NumberRange) -> NumberRange:
    """The numbers that are in both."""
    low, low_open = max((one.low, one.low_open), (other.low, other.low_open))
    high, high_closed = min((one.high, not one.high_open), (other.high, not other.high_open))
    return NumberRange(low, high, low_open, not high_closed, one.not_zero or other.not_zero)


def hull(one: NumberRange, other: NumberRange) -> NumberRange:
    """The numbers that may be in one of the two."""
    low, low_open = min((one.low, one.low_open), (other.low, other.low_open))
    high, high_closed = max((one.high, not one.high_open), (other.high, not other.high_open))
    not_zero = not one.may_be_zero and not other.may_be_zero
    return NumberRange(low, high, low_open, not high_closed, not_zero)


def negated(one: NumberRange) -> NumberRange:
    """The same numbers with the other sign."""
    return NumberRange(-one.high, -one.low, one.high_open, one.low_open, one.not_zero)


def plus(one: NumberRange, other: NumberRange) -> NumberRange:
    """What a number of one and a number of the other add up to."""
    return NumberRange(
        one.low + other.low,
        one.high + other.high,
        one.low_open or other.low_open,
        one.high_open or other.high_open,
    )


def times(one: NumberRange, other: NumberRange) -> NumberRange:
    """What they multiply to: their least, where none is negative, and else their sign."""
    if one.high < 0:
        return negated(times(negated(one), other))
    if other.high < 0:
        return negated(times(one, negated(other)))
    if one.low < 0 or other.low < 0:
        return _signed(one, other)
    low = one.low * other.low
    low_open = one.low_open or other.low_open
    if not low:
        low_open = not one.may_be_zero and not other.may_be_zero
    return NumberRange(low=low, low_open=low_open)


def _signed(one: NumberRange, other: NumberRange) -> NumberRange:
    return replace(ANY_NUMBER, not_zero=not one.may_be_zero and not other.may_be_zero)


def divided(one: NumberRange, other: NumberRange) -> NumberRange:
    """What one divided by the other may be: its sign."""
    if one.low >= 0 and other.low >= 0:
        return NumberRange(low=_NOUGHT, low_open=not one.may_be_zero)
    return replace(ANY_NUMBER, not_zero=not one.may_be_zero)
