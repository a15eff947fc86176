"""The type of fields that hold a document: its name, its version, and the digest of its file."""

import re
from collections.abc import Mapping
from datetime import tzinfo
from decimal import Decimal
from typing import Any, Final

from workflows.engine.texts import text
from workflows.engine.values.field_types.base import (
    FIELD_TYPES,
    FieldSpec,
    FieldType,
    ValueRefused,
    require_number,
    single_line,
)
from workflows.engine.values.field_types.storable import refuse_unstorable

MAX_FILE_NAME: Final = 255
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_PARTS: Final = frozenset({"name", "version", "sha256"})


def is_document(value: Any) -> bool:
    """Whether this is a document as a record keeps it."""
    return isinstance(value, Mapping) and set(value) == _PARTS


class DocumentType(FieldType):
    """A file; rules see which version it is."""

    name = "document"
    title = text("document")
    kind = "number"
    is_whole = True
    holds_document = True
    fits_column = False

    def clean(self, spec: FieldSpec, raw: object) -> dict[str, Any]:
        """What names the file that was stored."""
        if isinstance(raw, Mapping) and is_document(raw):
            name, version, digest = raw["name"], raw["version"], raw["sha256"]
            version_is_good = type(version) is int and 1 <= version < 10**9
            if single_line(name, MAX_FILE_NAME) and version_is_good and _is_digest(digest):
                refuse_unstorable(name)
                return {"name": name, "version": version, "sha256": digest}
        raise ValueRefused("upload a file; text cannot stand for a document.")

    def python_value(self, value: Any, zone: tzinfo) -> Decimal:
        """Its version."""
        return require_number(value["version"])

    def json_schema(self, spec: FieldSpec) -> dict[str, Any]:
        """Its three parts."""
        return {
            "type": "object",
            "properties": {
                "name": {"type": "string", "maxLength": MAX_FILE_NAME},
                "version": {"type": "integer", "minimum": 1},
                "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            },
            "required": ["name", "version", "sha256"],
            "additionalProperties": False,
        }

    def log_value(self, value: Any) -> bool | int | str:
        """Its name and version."""
        return f"{value['name']} (version {value['version']})" if is_document(value) else str(value)


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


DOCUMENT = FIELD_TYPES.register(DocumentType.name, DocumentType())
