"""The type of fields that hold several files, each as a document of its own."""

import json
from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from workflows.engine.texts import text
from workflows.engine.values.field_types.base import (
    FIELD_TYPES,
    FieldSpec,
    FieldType,
    ValueRefused,
    require_text,
)
from workflows.engine.values.field_types.documents import (
    DOCUMENT,
    MOST_FILES,
    are_documents,
    max_files_of,
)
from workflows.engine.values.field_types.several import read_json_list


class DocumentsType(FieldType):
    """Several files, in the order in which they came; rules see their names.

    What is written into such a field are those of its files that stay; new ones are uploaded.
    """

    name = "documents"
    title = text("several documents")
    kind = "list"
    holds_document = True
    holds_several = True
    fits_column = False

    def clean(self, spec: FieldSpec, raw: object) -> list[dict[str, Any]]:
        """What names the files that were stored, each once."""
        given = read_json_list(raw)
        if not isinstance(given, Sequence) or isinstance(given, str | bytes):
            raise ValueRefused("upload files; text cannot stand for documents.")
        files: dict[int, dict[str, Any]] = {}
        for part in given[: MOST_FILES + 1]:
            file = DOCUMENT.clean(spec, part)
            files.setdefault(file["version"], file)
        if len(files) > MOST_FILES:
            raise ValueRefused("keep it to %(most)s files.", most=MOST_FILES)
        return list(files.values())

    def python_value(self, value: Any, zone: tzinfo) -> tuple[str, ...]:
        """Their names."""
        if not isinstance(value, list):
            raise TypeError("no documents")
        return tuple(require_text(file["name"]) for file in value)

    def json_schema(self, spec: FieldSpec) -> dict[str, Any]:
        """A list of documents."""
        items = DOCUMENT.json_schema(spec)
        return {"type": "array", "items": items, "maxItems": max_files_of(spec)}

    def log_value(self, value: Any) -> bool | int | str:
        """Their names as JSON."""
        if not are_documents(value):
            return str(value)
        return json.dumps([file["name"] for file in value], ensure_ascii=False)

    def search_texts(self, value: Any) -> set[str] | None:
        """A list is no text."""
        return None


DOCUMENTS = FIELD_TYPES.register(DocumentsType.name, DocumentsType())
