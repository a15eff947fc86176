"""The type of fields that name a resource: a room, a piece of equipment, a budget."""

import re
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
    single_line,
)

MAX_RESOURCE_KEY: Final = 60
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class ResourceType(FieldType):
    """A resource of a group, by its key."""

    name = "resource"
    title = text("resource")
    kind = "text"
    names_resource = True
    fits_column = False
    is_personal = False

    def clean(self, spec: FieldSpec, raw: object) -> str:
        """A key; whether there is such a resource is for who knows them to say."""
        key = single_line(number_as_text(raw), MAX_RESOURCE_KEY)
        if key is None or not _KEY.fullmatch(key):
            raise ValueRefused("write the key of a resource, such as room-1.")
        return key

    def python_value(self, value: Any, zone: tzinfo) -> str:
        """The key."""
        return require_text(value)

    def json_schema(self, spec: FieldSpec) -> dict[str, Any]:
        """A key."""
        return {"type": "string", "maxLength": MAX_RESOURCE_KEY, "pattern": f"^{_KEY.pattern}$"}


RESOURCE = FIELD_TYPES.register(ResourceType.name, ResourceType())
