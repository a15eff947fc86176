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
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI",
         "VND", "VUV", "XAF", "XOF", "XPF"), 0
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}  # fmt: skip
"""The currencies of ISO 4217 whose smallest unit is not a hundredth."""


class NotANumber(ValueError):
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
    example: str
    fixed: bool = False

    def holds(self, number: Decimal) -> bool:
        """Whether the number fits without being rounded."""
        return _decimals(number) <= self.decimals and _is_small(number)

    def written(self, number: Decimal) -> str:
        """A number that fits, as it is kept: to be read in one way only."""
        if self.fixed:
            return format(number, f".{self.decimals}f")
        text = format(_shortest(number), "f")
        return f"{text}0" if self.is_ambiguous(text) else text

    def is_ambiguous(self, text: str) -> bool:
        """Whether a text can be read as two numbers. What a currency of three decimals always
        has after its point is no group of thousands."""
        own = self.fixed and self.decimals == 3 and re.fullmatch(r"[+-]?[0-9]+\.[0-9]{3}", text)
        return not own and len(readings(text)) > 1


def shape_of(kind: str, currency: str | None = None) -> Shape | None:
    """The shape of a field type's numbers; None for types that are no numbers."""
    if kind == "integer":
        return Shape(0, "a whole number such as 12, without thousands separators")
    if kind == "number":
        example = "a number such as 1250.5, without thousands separators"
        return Shape(MAX_DECIMALS, example)
    if kind != "money":
        return None
    decimals = decimals_of(currency)
    such_as = f"{Decimal('1250.5'):.{decimals}f}" if decimals else "1250"
    unit = f" in {currency}" if currency else ""
    example = f"an amount{unit} such as {such_as}, without thousands separators or a currency sign"
    return Shape(decimals, example, fixed=True)


def decimals_of(currency: str | None) -> int:
    """How many digits after the point amounts of a currency have."""
    return _DECIMALS_OF.get(currency or "", MONEY_DECIMALS)


# -- reading ----------------------------------------------------------------------------------


def read_number(raw: object, shape: Shape) -> Decimal:
    """The number that was written, exactly, if it has one reading and fits. Raises NotANumber."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        raise NotANumber(f"write {shape.example}.")
    number = _from_text(raw.strip(), shape) if isinstance(raw, str) else _from_number(raw, shape)
    if not _is_small(number):
        raise _too_long()
    if _decimals(number) > shape.decimals:
        raise NotANumber(_too_fine(shape))
    return _shortest(number)


def exact_number(raw: object) -> Decimal:
    """A number of any size, where a value is one and has one reading. Raises NotANumber."""
    if isinstance(raw, str) and _NUMBER.fullmatch(raw.strip()) and len(readings(raw.strip())) < 2:
        return Decimal(raw.strip())
    if isinstance(raw, int | float | Decimal) and not isinstance(raw, bool):
        number = Decimal(str(raw)) if isinstance(raw, float) else Decimal(raw)
        if number.is_finite():
            return number
    raise NotANumber("write a number.")


def _from_text(text: str, shape: Shape) -> Decimal:
    if len(text) > LONGEST_TEXT:
        raise NotANumber(f"write {shape.example}.")
    if not _NUMBER.fullmatch(text) or shape.is_ambiguous(text):
        raise NotANumber(_unsure(text, shape))
    return Decimal(text)


def _from_number(raw: int | float | Decimal, shape: Shape) -> Decimal:
    """Floats count as they are written."""
    if isinstance(raw, int) and abs(raw) >= 10**MAX_WHOLE_DIGITS:
        raise _too_long()
    number = Decimal(raw) if isinstance(raw, int) else Decimal(str(raw))
    if not number.is_finite() or (number and abs(number.adjusted()) > 9999):
        raise NotANumber(f"write {shape.example}.")
    return number


def _too_long() -> NotANumber:
    return NotANumber(f"write at most {MAX_WHOLE_DIGITS} digits before the point.")


def _too_fine(shape: Shape) -> str:
    if not shape.decimals:
        return f"write {shape.example}."
    such_as = f", such as {shape.written(Decimal('1250.5'))}" if shape.fixed else ""
    return f"write at most {shape.decimals} digits after the point{such_as}."


def _unsure(text: str, shape: Shape) -> str:
    """Why a text is not taken, with each number that somebody may have meant by it."""
    found = readings(text)
    fitting = [shape.written(number) for number in found if shape.holds(number)]
    if not found:
        return f"write {shape.example}."
    if len(found) < 2:
        return f"write {shape.example}: {fitting[0]}." if fitting else _too_fine(shape)
    ways = [
        shape.written(number) if shape.holds(number) else format(number, "f") for number in found
    ]
    finer = f" It has at most {shape.decimals} digits after the point." if shape.decimals else ""
    return (
        f"write {shape.example}: '{text}' can be read as {' or as '.join(ways)}."
        f"{finer if len(fitting) < len(found) else ''}"
    )


def readings(text: str) -> list[Decimal]:
    """The numbers that a text of digits and separators may mean, the largest first: a separator
    parts thousands, or it is the point."""
    found = _SEPARATED.fullmatch(text)
    if found is None:
        return []
    numbers = {
        Decimal(f"{found['sign']}{whole}.{fraction or 0}")
        for whole, fraction in _parted(found["body"])
    }
    return sorted(numbers, key=abs, reverse=True)


def _parted(body: str) -> Iterator[tuple[str, str]]:
    """The whole part, without separators, and the fraction, in each way to see them."""
    whole = _ungrouped(body)
    if whole is not None:
        yield whole, ""
    for point in ".,":
        before, found, fraction = body.rpartition(point)
        whole = _ungrouped(before) if found and fraction.isdigit() and point not in before else None
        if whole is not None:
            yield whole, fraction


def _ungrouped(text: str) -> str | None:
    """The digits of a whole number, where separators, all alike, part groups of three."""
    if text.isdigit():
        return text
    separators = {character for character in text if not character.isdigit()}
    if len(separators) != 1:
        return None
    first, *groups = text.split(separators.pop())
    well_parted = 1 <= len(first) <= 3 and first[0] != "0" and all(len(g) == 3 for g in groups)
    return first + "".join(groups) if well_parted else None


# -- rounding ---------------------------------------------------------------------------------


def rounded(number: Decimal, decimals: int, mode: str = "half_up") -> Decimal:
    """The number with so many digits after the point; half goes away from zero by default."""
    return number.quantize(Decimal(1).scaleb(-decimals), _MODES[mode], _WIDE)


def _is_small(number: Decimal) -> bool:
    return not number or number.adjusted() < MAX_WHOLE_DIGITS


def _shortest(number: Decimal) -> Decimal:
    """The same number without trailing zeros or a sign on zero; never rounded."""
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    kept = list(digits)
    while exponent < 0 and kept and kept[-1] == 0:
        kept.pop()
        exponent += 1
    return Decimal((sign, tuple(kept), exponent)) if any(kept) else Decimal(0)


def _decimals(number: Decimal) -> int:
    exponent = _shortest(number).as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)
