"""A request's values with their labels and documents, ready to be shown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from approvals.forms.field_presentations import FIELD_PRESENTATIONS, value_text
from approvals.forms.rows_box import DisplayedRows, displayed_rows
from workflows.documents.models import Document
from workflows.documents.queries.instance_documents import documents_of
from workflows.engine.format.definition import Definition, FieldDef, display_title
from workflows.engine.values.field_types.base import type_of_field
from workflows.engine.values.field_types.documents import are_documents
from workflows.execution.models import WorkflowInstance
from workflows.people.queries.person_names import full_names_of


@dataclass(frozen=True, slots=True)
class DisplayedValue:
    """One value on a page; documents come with their rows, for the links."""

    key: str
    label: str
    text: str
    long: bool = False
    version: int | None = None
    document: Document | None = None
    files: Sequence[Document] = ()
    section: str | None = None
    rows: DisplayedRows | None = None
    is_hidden: bool = False


def displayed_values(
    definition: Definition,
    request: WorkflowInstance,
    keys: list[str] | None = None,
    documents: Sequence[Document] | None = None,
    names: Mapping[str, str] | None = None,
    hidden: frozenset[str] = frozenset(),
    data: Mapping[str, Any] | None = None,
) -> list[DisplayedValue]:
    """These values of the request, empty ones too; without `keys` all that are there. Of `hidden`
    ones it is only said that they are not shown. `data` are the request's values as a task in an
    each-branch sees them.

    At most two statements, whatever the number of fields: one for the names of people, and one for
    the documents, each where the caller has not read them.
    """
    declared = definition.fields if keys is None else definition.all_fields
    chosen = [key for key in declared if keys is None or key in keys]
    data = request.data if data is None else data
    if keys is None:
        chosen = [key for key in chosen if data.get(key) is not None]
    fields = {key: declared[key] for key in chosen}
    names = full_names_of(usernames_in_fields(fields, data)) if names is None else names
    if documents is None:
        has_files = any(
            type_of_field(field).holds_document and data.get(key) for key, field in fields.items()
        )
        documents = documents_of(request) if has_files else []
    by_version = {(row.field, row.version): row for row in documents}
    return [
        _hidden_value(key, field)
        if key in hidden
        else _displayed_value(key, field, data.get(key), names, by_version)
        for key, field in fields.items()
    ]


def _displayed_value(
    key: str,
    field: FieldDef,
    value: Any,
    names: Mapping[str, str],
    documents: Mapping[tuple[str, int], Document],
) -> DisplayedValue:
    is_file = type_of_field(field).holds_document and isinstance(value, dict)
    found = (
        [documents.get((key, each["version"])) for each in value] if are_documents(value) else []
    )
    files = [row for row in found if row is not None]
    return DisplayedValue(
        key=key,
        label=display_title(key, field.label),
        text=value_text(field, value, names),
        long=FIELD_PRESENTATIONS[field.type].is_long,
        version=value["version"] if is_file else None,
        document=documents.get((key, value["version"])) if is_file else None,
        files=files if len(files) == len(found) else (),
        section=field.section,
        rows=displayed_rows(field, value, names) if type_of_field(field).holds_rows else None,
    )


def _hidden_value(key: str, field: FieldDef) -> DisplayedValue:
    return DisplayedValue(
        key=key,
        label=display_title(key, field.label),
        text=gettext("not shown to you"),
        section=field.section,
        is_hidden=True,
    )


def visible_documents(documents: Iterable[Document], hidden: frozenset[str]) -> list[Document]:
    """Without those of fields that are not shown."""
    return [document for document in documents if document.field not in hidden]


def usernames_in_fields(fields: Mapping[str, FieldDef], data: Mapping[str, Any]) -> set[str]:
    """Whom these fields name."""
    return {
        name
        for key, field in fields.items()
        if data.get(key)
        for name in type_of_field(field).people_in(field, data[key])
    }


def superseded_documents(
    documents: Iterable[Document], values: Iterable[DisplayedValue]
) -> list[Document]:
    """The versions that no value shows: those before the newest, and files that were taken out."""
    displayed_ids = {
        row.pk for value in values for row in (value.document, *value.files) if row is not None
    }
    return [document for document in documents if document.pk not in displayed_ids]
