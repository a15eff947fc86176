"""A box for numbers as people of the reader's language write them: '1.234,50' or '1,234.50'.

What can be read in one way only is read so. What can be read in two ('12.500') is asked about: the
box comes back with what was typed and both numbers to choose from, and nothing is guessed.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.formats import get_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from workflows.engine.values.field_types.base import FieldSpec, type_of_field
from workflows.engine.values.field_types.numbers import Shape, plain_number, possible_readings
from workflows.language.formats import decimal_text, exact_number_text, typed_number_text

THOUSANDS = 3
"""So many digits may be thousands, or what a dinar has behind its point."""


class TypedNumber(str):
    """What somebody typed: it is shown again to the letter, and not as a number of the record."""

    __slots__ = ()


class NumberBox(forms.TextInput):
    """The box; it knows what numbers its field keeps."""

    def __init__(self, spec: FieldSpec, attrs: Mapping[str, Any]) -> None:
        super().__init__(attrs={**attrs, "autocomplete": "off"})
        self.shape = type_of_field(spec).shape(spec)

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        """What was typed; the number that was meant, where it was chosen for this very text."""
        typed, meant = data.get(name), data.get(f"{name}-means")
        if not isinstance(typed, str):
            return typed
        meanings = {str(number): number for number in meanings_of(typed, self.shape)}
        return meanings.get(meant or "", TypedNumber(typed))

    def asks_about(self, typed: Any) -> str:
        """What the page asks where a text may be two numbers; empty where it does not."""
        return describe_two_readings(typed, self.shape) if isinstance(typed, str) else ""

    def render(
        self, name: str, value: Any, attrs: Mapping[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """The box, and under it the numbers that may be meant."""
        meant = value if isinstance(value, Decimal) else None
        shown = number_text(value, self.shape) if meant is not None else value
        box = super().render(name, shown, dict(attrs or {}), renderer)
        numbers = meanings_of(value, self.shape) if isinstance(value, str) else []
        if not numbers:
            return box
        context = {
            "box": box,
            "name": name,
            "numbers": [(str(number), _meaning_text(number, self.shape)) for number in numbers],
        }
        return SafeString(render_to_string("approvals/_number_box.html", context))


def _meaning_text(number: Decimal, shape: Shape | None) -> str:
    """A number as people read it, with the digits of its currency."""
    if shape is not None and shape.fixed:
        return decimal_text(number, shape.decimals)
    return exact_number_text(number)


def describe_two_readings(typed: str, shape: Shape | None) -> str:
    """What is asked where a text may be two numbers; empty where it is clear, or none of them is
    of the field."""
    if not meanings_of(typed, shape):
        return ""
    texts = [_typed_reading(number, shape) for number in possible_readings(typed.strip())[:2]]
    return gettext("This can be read as %(larger)s or as %(smaller)s. Which is meant?") % {
        "larger": texts[0],
        "smaller": texts[1],
    }


def _typed_reading(number: Decimal, shape: Shape | None) -> str:
    if shape is not None and shape.holds(number):
        return str(number_text(shape.written(number), shape))
    plain = plain_number(number)
    return typed_number_text(number, len(plain.partition(".")[2]))


def meanings_of(typed: str, shape: Shape | None) -> list[Decimal]:
    """The numbers that a text may mean in this field, the largest first; none where it is clear."""
    written = typed.strip()
    readings = possible_readings(written)
    if shape is None or len(readings) < 2 or _has_own_decimals(written, shape):
        return []
    return [number for number in readings if shape.holds(number)]


def _has_own_decimals(written: str, shape: Shape) -> bool:
    """Whether a text has behind the reader's own point the three digits that each amount of such a
    currency has; behind the other separator they may be thousands."""
    point = re.escape(str(get_format("DECIMAL_SEPARATOR")))
    is_whole_amount = shape.fixed and shape.decimals == THOUSANDS
    return is_whole_amount and re.fullmatch(rf"[+-]?[0-9]+{point}[0-9]{{3}}", written) is not None


def read_typed_number(typed: Any, shape: Shape | None) -> Any:
    """What was typed as the number that it is, where it can be read in one way; else as it is."""
    if not isinstance(typed, str) or shape is None:
        return typed
    readings = possible_readings(typed.strip())
    if readings and _has_own_decimals(typed.strip(), shape):
        return readings[-1]
    is_clear = len(readings) == 1 and _is_written_here(typed.strip(), readings[0])
    return readings[0] if is_clear else typed


def _is_written_here(written: str, number: Decimal) -> bool:
    """Whether the separators are those of the reader's language; a point is a point everywhere."""
    separators = [each for each in written if not (each.isdigit() or each in "+-")]
    if not separators:
        return True
    last, decimals = separators[-1], -int(number.as_tuple().exponent)
    is_point = len(written.rpartition(last)[2]) == decimals
    if is_point and last == ".":
        return len(separators) == 1 or separators[0] != "."
    here = str(get_format("DECIMAL_SEPARATOR"))
    return last == here if is_point else last != here


def number_text(value: Any, shape: Shape | None) -> Any:
    """A canonical number as people type it here; what was typed as it is."""
    if isinstance(value, TypedNumber):
        return str(value)
    if shape is None or (isinstance(value, str) and not _is_canonical(value, shape)):
        return value
    if not isinstance(value, str | int | Decimal) or isinstance(value, bool):
        return value
    written = shape.written(Decimal(value))
    return typed_number_text(Decimal(written), len(written.partition(".")[2]))


def _is_canonical(written: str, shape: Shape) -> bool:
    try:
        return shape.written(Decimal(written)) == written
    except (ArithmeticError, ValueError):
        return False
