"""The type of fields that hold a document: its name, its version, and the digest of its file.

A field of several files holds a list of such, each with a number of its own as its version.
"""

import re
from collections.abc import Mapping
from datetime import tzinfo
from decimal import Decimal
from typing import Any, Final

from workflows.engine.texts import Text, text
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
MOST_FILES: Final = 50
FILES_UNSAID: Final = 10
"""So many files a field of several takes where the map says nothing."""
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_PARTS: Final = frozenset({"name", "version", "sha256"})


def is_document(value: Any) -> bool:
    """Whether this is a document as a record keeps it."""
    return isinstance(value, Mapping) and set(value) == _PARTS


def are_documents(value: Any) -> bool:
    """Whether these are several documents as a record keeps them."""
    return isinstance(value, list) and bool(value) and all(map(is_document, value))


def version_numbers(value: Any) -> int | list[int] | None:
    """Which versions a value of a record names: a number, or one for each of several files."""
    if is_document(value):
        return int(value["version"])
    return [int(each["version"]) for each in value] if are_documents(value) else None


def names_version(numbers: Any, version: int) -> bool:
    """Whether what `version_numbers` gave speaks of this one."""
    return version in numbers if isinstance(numbers, list) else bool(numbers == version)


def min_files_of(spec: FieldSpec) -> int:
    """How many files a field of several has that is not empty."""
    return getattr(spec, "min_files", None) or 1


def max_files_of(spec: FieldSpec) -> int:
    """How many files a field of several may have."""
    return getattr(spec, "max_files", None) or FILES_UNSAID


def file_count_refusal(spec: FieldSpec, count: int) -> Text | None:
    """What to do where so many files are too few or too many; None where they are neither. No
    files are an empty field."""
    if count > max_files_of(spec):
        return text("keep it to %(most)s files.", most=max_files_of(spec))
    if 0 < count < min_files_of(spec):
        return text("choose at least %(least)s files.", least=min_files_of(spec))
    return None


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
