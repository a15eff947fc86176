"""Numbers as people and other systems write them: what is read, what is refused, how it is kept.

A text that can be read in two ways is refused, and both are shown: `12.500` is twelve and a half
to one reader and twelve thousand five hundred to another. A number of JSON, a Decimal or an int
has one reading only. What is kept is written so that it can be read in one way as well.
"""

import decimal
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from workflows.engine.errors import SentenceError
from workflows.engine.texts import Text, text

MAX_WHOLE_DIGITS: Final = 15
MAX_DECIMALS: Final = 10
MONEY_DECIMALS: Final = 2
LONGEST_TEXT: Final = 100

_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_SEPARATORS: Final = ".,_ '\u2019\u00a0\u202f\u2009"
_SEPARATED: Final = re.compile(
    rf"(?P<sign>[+-]?)(?P<body>[0-9](?:[0-9{re.escape(_SEPARATORS)}]*[0-9])?)"
)
_DECIMALS_OF: Final[Mapping[str, int]] = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
"""The currencies of ISO 4217 whose smallest unit is not a hundredth."""


class NotANumber(SentenceError, ValueError):
    """A value is no number that a field can take; the message says what to write."""


RoundingMode = Literal["half_up", "half_even", "up", "down", "ceiling", "floor"]
_MODES: Final[Mapping[str, str]] = {
    "half_up": decimal.ROUND_HALF_UP,
    "half_even": decimal.ROUND_HALF_EVEN,
    "up": decimal.ROUND_UP,
    "down": decimal.ROUND_DOWN,
    "ceiling": decimal.ROUND_CEILING,
    "floor": decimal.ROUND_FLOOR,
}
_WIDE: Final = decimal.Context(prec=200)


@dataclass(frozen=True)
class Shape:
    """What numbers a field can keep: so many digits after the point, and in messages an example.

    `fixed` says that all of them are written, as for money.
    """

    decimals: int
    example: Text
    fixed: bool = False

    def holds(self, number: Decimal) -> bool:
        """Whether the number fits without being rounded."""
        return _count_decimals(number) <= self.decimals and _is_small(number)

    def written(self, number: Decimal) -> str:
        """A number that fits, as it is kept: to be read in one way only."""
        if self.fixed:
            return format(number, f".{self.decimals}f")
        digits = format(_strip_trailing_zeros(number), "f")
        return f"{digits}0" if self.is_ambiguous(digits) else digits

    def is_ambiguous(self, written: str) -> bool:
        """Whether a text can be read as two numbers. What a currency of three decimals always
        has after its point is no group of thousands."""
        own = self.fixed and self.decimals == 3 and re.fullmatch(r"[+-]?[0-9]+\.[0-9]{3}", written)
        return not own and len(possible_readings(written)) > 1


def whole_number_shape() -> Shape:
    """Numbers without a point."""
    return Shape(0, text("a whole number such as 12, without thousands separators"))


def any_number_shape() -> Shape:
    """Numbers with as many digits after the point as a field keeps."""
    return Shape(MAX_DECIMALS, text("a number such as 1250.5, without thousands separators"))


def amount_shape(currency: str | None = None) -> Shape:
    """Amounts with the digits of their currency."""
    decimals = decimals_of(currency)
    amount = f"{Decimal('1250.5'):.{decimals}f}" if decimals else "1250"
    if currency:
        example = text(
            "an amount in %(currency)s such as %(amount)s, without thousands separators or a"
            " currency sign",
            currency=currency,
            amount=amount,
        )
    else:
        example = text(
            "an amount such as %(amount)s, without thousands separators or a currency sign",
            amount=amount,
        )
    return Shape(decimals, example, fixed=True)


def decimals_of(currency: str | None) -> int:
    """How many digits after the point amounts of a currency have."""
    return _DECIMALS_OF.get(currency or "", MONEY_DECIMALS)


# -- reading ----------------------------------------------------------------------------------


def read_number(raw: object, shape: Shape) -> Decimal:
    """The number that was written, exactly, if it has one reading and fits. Raises NotANumber."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        raise _not_this_kind(shape)
    number = _from_text(raw.strip(), shape) if isinstance(raw, str) else _from_number(raw, shape)
    if not _is_small(number):
        raise _too_long()
    if _count_decimals(number) > shape.decimals:
        raise NotANumber(_too_many_decimals(shape))
    return _strip_trailing_zeros(number)


def exact_number(raw: object) -> Decimal:
    """A number of any size, where a value is one and has one reading. Raises NotANumber."""
    if (
        isinstance(raw, str)
        and _NUMBER.fullmatch(raw.strip())
        and len(possible_readings(raw.strip())) < 2
    ):
        return Decimal(raw.strip())
    if isinstance(raw, int | float | Decimal) and not isinstance(raw, bool):
        number = Decimal(str(raw)) if isinstance(raw, float) else Decimal(raw)
        if number.is_finite():
            return number
    raise NotANumber("write a number.")


def _from_text(written: str, shape: Shape) -> Decimal:
    if len(written) > LONGEST_TEXT:
        raise _not_this_kind(shape)
    if not _NUMBER.fullmatch(written) or shape.is_ambiguous(written):
        raise NotANumber(_explain_number_refusal(written, shape))
    return Decimal(written)


def _from_number(raw: int | float | Decimal, shape: Shape) -> Decimal:
    """Floats count as they are written."""
    if isinstance(raw, int) and abs(raw) >= 10**MAX_WHOLE_DIGITS:
        raise _too_long()
    number = Decimal(raw) if isinstance(raw, int) else Decimal(str(raw))
    if not number.is_finite() or (number and abs(number.adjusted()) > 9999):
        raise _not_this_kind(shape)
    return number


def _not_this_kind(shape: Shape) -> NotANumber:
    return NotANumber("write %(example)s.", example=shape.example)


def _too_long() -> NotANumber:
    return NotANumber("write at most %(count)s digits before the point.", count=MAX_WHOLE_DIGITS)


def _too_many_decimals(shape: Shape) -> Text:
    if not shape.decimals:
        return text("write %(example)s.", example=shape.example)
    if not shape.fixed:
        return text("write at most %(count)s digits after the point.", count=shape.decimals)
    return text(
        "write at most %(count)s digits after the point, such as %(amount)s.",
        count=shape.decimals,
        amount=shape.written(Decimal("1250.5")),
    )


def _explain_number_refusal(written: str, shape: Shape) -> Text:
    """Why a text is not taken, with each number that somebody may have meant by it."""
    numbers = possible_readings(written)
    fitting = [shape.written(number) for number in numbers if shape.holds(number)]
    if not numbers:
        return text("write %(example)s.", example=shape.example)
    if len(numbers) > 1:
        return _explain_two_readings(written, shape, numbers, are_all_fit=len(fitting) > 1)
    if not fitting:
        return _too_many_decimals(shape)
    return text("write %(example)s: %(number)s.", example=shape.example, number=fitting[0])


def _explain_two_readings(
    written: str, shape: Shape, numbers: list[Decimal], *, are_all_fit: bool
) -> Text:
    larger, smaller = (
        shape.written(number) if shape.holds(number) else format(number, "f")
        for number in numbers[:2]
    )
    if are_all_fit or not shape.decimals:
        return text(
            "write %(example)s: '%(written)s' can be read as %(larger)s or as %(smaller)s.",
            example=shape.example,
            written=written,
            larger=larger,
            smaller=smaller,
        )
    return text(
        "write %(example)s: '%(written)s' can be read as %(larger)s or as %(smaller)s. It has at"
        " most %(count)s digits after the point.",
        example=shape.example,
        written=written,
        larger=larger,
        smaller=smaller,
        count=shape.decimals,
    )


def possible_readings(written: str) -> list[Decimal]:
    """The numbers that a text of digits and separators may mean, the largest first: a separator
    parts thousands, or it is the point."""
    match = _SEPARATED.fullmatch(written)
    if match is None:
        return []
    numbers = {
        Decimal(f"{match['sign']}{whole}.{fraction or 0}")
        for whole, fraction in _split_fraction(match["body"])
    }
    return sorted(numbers, key=abs, reverse=True)


def _split_fraction(body: str) -> Iterator[tuple[str, str]]:
    """The whole part, without separators, and the fraction, in each way to see them."""
    whole = _remove_grouping(body)
    if whole is not None:
        yield whole, ""
    for point in ".,":
        before, separator, fraction = body.rpartition(point)
        whole = (
            _remove_grouping(before)
            if separator and fraction.isdigit() and point not in before
            else None
        )
        if whole is not None:
            yield whole, fraction


def _remove_grouping(written: str) -> str | None:
    """The digits of a whole number, where separators, all alike, part groups of three."""
    if written.isdigit():
        return written
    separators = {character for character in written if not character.isdigit()}
    if len(separators) != 1:
        return None
    first, *groups = written.split(separators.pop())
    well_parted = 1 <= len(first) <= 3 and first[0] != "0" and all(len(g) == 3 for g in groups)
    return first + "".join(groups) if well_parted else None


# -- rounding ---------------------------------------------------------------------------------


def plain_number(number: Decimal) -> str:
    """A decimal with all its digits, without an exponent or trailing zeros."""
    digits = format(number, "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def round_decimal(number: Decimal, decimals: int, mode: str = "half_up") -> Decimal:
    """The number with so many digits after the point; half goes away from zero by default."""
    return number.quantize(Decimal(1).scaleb(-decimals), _MODES[mode], _WIDE)


def _is_small(number: Decimal) -> bool:
    return not number or number.adjusted() < MAX_WHOLE_DIGITS


def _strip_trailing_zeros(number: Decimal) -> Decimal:
    """The same number without trailing zeros or a sign on zero; never rounded."""
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    significant = list(digits)
    while exponent < 0 and significant and significant[-1] == 0:
        significant.pop()
        exponent += 1
    return Decimal((sign, tuple(significant), exponent)) if any(significant) else Decimal(0)


def _count_decimals(number: Decimal) -> int:
    exponent = _strip_trailing_zeros(number).as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)
