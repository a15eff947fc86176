"""Types of fields that hold one of a few words: yes or no, and a choice."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any, Final

from workflows.engine.texts import text
from workflows.engine.values.field_types.base import (
    FIELD_TYPES,
    FieldSpec,
    FieldType,
    ValueRefused,
    number_as_text,
    require_text,
)

_TRUE: Final = frozenset({"true", "yes", "on", "1"})
_FALSE: Final = frozenset({"false", "no", "off", "0"})


class BooleanType(FieldType):
    """Yes or no."""

    name = "boolean"
    title = text("yes or no")
    kind = "boolean"
    is_personal = False

    def clean(self, spec: FieldSpec, raw: object) -> bool:
        """True or false."""
        if isinstance(raw, int) and raw in (0, 1):
            return bool(raw)
        word = raw.strip().lower() if isinstance(raw, str) else ""
        if word in _TRUE | _FALSE:
            return word in _TRUE
        raise ValueRefused("write yes or no.")

    def python_value(self, value: Any, zone: tzinfo) -> bool:
        """True or false."""
        if not isinstance(value, bool):
            raise TypeError("not yes or no")
        return value

    def json_schema(self, spec: FieldSpec) -> dict[str, Any]:
        """True or false."""
        return {"type": "boolean"}

    def probe_values(self, spec: FieldSpec, constants: Sequence[str]) -> list[Any] | None:
        """Both."""
        return [True, False]

    def word_choices(self, spec: FieldSpec) -> Sequence[str] | None:
        """Yes and no."""
        return ("yes", "no")

    def search_texts(self, value: Any) -> set[str] | None:
        """Each database writes it in words of its own."""
        return None


class ChoiceType(FieldType):
    """One of the words that the map lists."""

    name = "choice"
    title = text("choice")
    kind = "text"
    has_choices = True
    is_personal = False

    def clean(self, spec: FieldSpec, raw: object) -> str:
        """The word as it is listed."""
        choices = list(spec.choices or ())
        raw = number_as_text(raw)
        if isinstance(raw, str):
            for candidate in (raw, raw.strip()):
                if candidate in choices:
                    return candidate
        raise ValueRefused("choose one of %(choices)s.", choices=", ".join(choices))

    def python_value(self, value: Any, zone: tzinfo) -> str:
        """The word."""
        return require_text(value)

    def json_schema(self, spec: FieldSpec) -> dict[str, Any]:
        """The words."""
        return {"enum": list(spec.choices or ())}

    def probe_values(self, spec: FieldSpec, constants: Sequence[str]) -> list[Any] | None:
        """Each word."""
        return list(spec.choices or ())

    def word_choices(self, spec: FieldSpec) -> Sequence[str] | None:
        """The words."""
        return spec.choices or ()


BOOLEAN = FIELD_TYPES.register(BooleanType.name, BooleanType())
CHOICE = FIELD_TYPES.register(ChoiceType.name, ChoiceType())
