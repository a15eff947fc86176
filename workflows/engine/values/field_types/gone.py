"""What stands for a type that a map was published with and that nothing here knows any more.

Values that are there are shown as they are kept. None is taken, and no rule reads one: a value
would pass a check that nobody makes.
"""

from datetime import tzinfo
from typing import Any

from workflows.engine.texts import text
from workflows.engine.values.field_types.base import FIELD_TYPES, FieldSpec, FieldType, ValueRefused


class GoneType(FieldType):
    """A type whose extension is not installed."""

    name = ""
    title = text("not installed")
    kind = "text"

    @property
    def can_be_worked_out(self) -> bool:
        """Nothing gives its values."""
        return False

    @property
    def is_searchable(self) -> bool:
        """Nobody knows how they are written."""
        return False

    def clean(self, spec: FieldSpec, raw: object) -> Any:
        """No value is one."""
        raise ValueRefused(
            text(
                "no value can be taken, as the field type '%(type)s' is not installed here; ask"
                " who runs the site to install its extension again.",
                type=spec.type,
            )
        )

    def python_value(self, value: Any, zone: tzinfo) -> Any:
        """Nothing can be made of it; what reads it waits on an incident."""
        raise ValueError("its field type is not installed here")

    def json_schema(self, spec: FieldSpec) -> dict[str, Any]:
        """Anything."""
        return {}

    def search_texts(self, value: Any) -> set[str] | None:
        """Rows cannot be searched for it."""
        return None


FIELD_TYPES.stand_in = GoneType()
