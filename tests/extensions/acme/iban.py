"""A type of fields for account numbers: the engine's half."""

from datetime import tzinfo
from typing import Any

from workflows.engine.texts import text
from workflows.engine.values.field_types.base import FIELD_TYPES, FieldSpec, FieldType, ValueRefused


class IbanType(FieldType):
    """An international bank account number, kept without blanks."""

    name = "iban"
    title = text("bank account")
    kind = "text"

    def clean(self, spec: FieldSpec, raw: object) -> str:
        """Capital letters and digits whose check digits are right."""
        number = "".join(raw.split()).upper() if isinstance(raw, str) else ""
        digits = "".join(str(int(c, 36)) for c in number[4:] + number[:4] if c.isalnum())
        if len(number) < 15 or not number.isalnum() or int(digits or 0) % 97 != 1:
            raise ValueRefused(text("write an IBAN, such as DE89 3704 0044 0532 0130 00."))
        return number

    def python_value(self, value: Any, zone: tzinfo) -> str:
        """The number."""
        return str(value)

    def json_schema(self, spec: FieldSpec) -> dict[str, Any]:
        """Letters and digits."""
        return {"type": "string", "pattern": "^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$"}


FIELD_TYPES.register(IbanType.name, IbanType())
