"""A request's values with their labels and documents, ready to be shown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from approvals.wording import person, value_text
from workflows.engine.definition import Definition, FieldDef, title
from workflows.models import Document, WorkflowInstance


@dataclass(frozen=True, slots=True)
class Shown:
    """One value on a page; a document comes with its row, for the link."""

    key: str
    label: str
    text: str
    long: bool = False
    version: int | None = None
    document: Document | None = None


def shown_values(
    definition: Definition, request: WorkflowInstance, keys: list[str] | None = None
) -> list[Shown]:
    """These values of the request, empty ones too; without `keys` all that are there.

    At most two statements, whatever the number of fields.
    """
    chosen = [key for key in definition.fields if keys is None or key in keys]
    data = request.data
    if keys is None:
        chosen = [key for key in chosen if data.get(key) is not None]
    fields = {key: definition.fields[key] for key in chosen}
    names = full_names(fields, data)
    documents = _by_version(request) if any(f.type == "document" for f in fields.values()) else {}
    return [_shown(key, field, data.get(key), names, documents) for key, field in fields.items()]


def _shown(
    key: str,
    field: FieldDef,
    value: Any,
    names: Mapping[str, str],
    documents: Mapping[tuple[str, int], Document],
) -> Shown:
    is_file = field.type == "document" and isinstance(value, dict)
    return Shown(
        key=key,
        label=title(key, field.label),
        text=value_text(field, value, names),
        long=field.type == "long_text",
        version=value["version"] if is_file else None,
        document=documents.get((key, value["version"])) if is_file else None,
    )


def full_names(fields: Mapping[str, FieldDef], data: Mapping[str, Any]) -> dict[str, str]:
    """The full names of the people in these fields, by username. One statement, or none."""
    people = {data[key] for key, f in fields.items() if f.type == "user" and data.get(key)}
    return names_of(people)


def names_of(usernames: Iterable[str]) -> dict[str, str]:
    """Full names by username."""
    wanted = set(usernames)
    found = User.objects.filter(username__in=wanted) if wanted else ()
    return {user.username: person(user) for user in found}


def documents_of(request: WorkflowInstance) -> list[Document]:
    """Every version of every document of the request, the newest of each field first."""
    rows = Document.objects.filter(request=request).select_related("uploaded_by")
    return list(rows.order_by("field", "-version"))


def other_versions(documents: Iterable[Document], values: Iterable[Shown]) -> list[Document]:
    """The versions that no value shows: those before the newest."""
    there = {value.document.pk for value in values if value.document}
    return [document for document in documents if document.pk not in there]


def _by_version(request: WorkflowInstance) -> dict[tuple[str, int], Document]:
    return {(row.field, row.version): row for row in documents_of(request)}
