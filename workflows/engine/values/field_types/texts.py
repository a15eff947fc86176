"""Types of fields that hold words: a line, and a longer text."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any, Final

from workflows.engine.texts import text
from workflows.engine.values.field_types.base import (
    FIELD_TYPES,
    FieldSpec,
    FieldType,
    ValueRefused,
    distinct,
    number_as_text,
    require_text,
    single_line,
)

MAX_TEXT: Final = 500
MAX_LONG_TEXT: Final = 10_000
ANOTHER: Final = "\u2026another text\u2026"
"""A text that no rule names."""


class TextType(FieldType):
    """One line."""

    name = "text"
    title = text("text")
    kind = "text"

    def clean(self, spec: FieldSpec, raw: object) -> str:
        """One line without blanks around it."""
        line = single_line(number_as_text(raw), MAX_TEXT)
        if line is None:
            raise ValueRefused(
                "write one line of text, at most %(longest)s characters.", longest=MAX_TEXT
            )
        return line

    def python_value(self, value: Any, zone: tzinfo) -> str:
        """The text."""
        return require_text(value)

    def json_schema(self, spec: FieldSpec) -> dict[str, Any]:
        """A text of so many characters."""
        return {"type": "string", "maxLength": MAX_TEXT}

    def probe_values(self, spec: FieldSpec, constants: Sequence[str]) -> list[Any] | None:
        """Each text that a rule names, and one that none does."""
        return distinct([*constants, ANOTHER])


class LongTextType(TextType):
    """Text of several lines."""

    name = "long_text"
    title = text("long text")

    def clean(self, spec: FieldSpec, raw: object) -> str:
        """The text with line ends of one kind."""
        raw = number_as_text(raw)
        if isinstance(raw, str):
            lines = raw.replace("\r\n", "\n").replace("\r", "\n")
            if len(lines) <= MAX_LONG_TEXT:
                return lines
        raise ValueRefused("write text, at most %(longest)s characters.", longest=MAX_LONG_TEXT)

    def json_schema(self, spec: FieldSpec) -> dict[str, Any]:
        """A text of so many characters."""
        return {"type": "string", "maxLength": MAX_LONG_TEXT}


TEXT = FIELD_TYPES.register(TextType.name, TextType())
LONG_TEXT = FIELD_TYPES.register(LongTextType.name, LongTextType())
