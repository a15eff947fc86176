"""The documents of a request, in all their versions."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from workflows.definitions.queries.compiled_versions import cached_map
from workflows.documents.models import Document
from workflows.engine.values.field_types.base import type_of_field
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.facets import RowsFacet
from workflows.execution.queries.sight.field_sight import hidden_fields
from workflows.execution.queries.visible_instances import of_visible_request
from workflows.people.models import User
from workflows.persistence.prepared_queries import ANY_ROW


def _documents_of_any() -> QuerySet[Document]:
    return Document.objects.filter(request=ANY_ROW).select_related("uploaded_by").order_by()


DOCUMENTS = RowsFacet(_documents_of_any)
"""All of a request, with those that comments and answers carry."""


def documents_of(request: WorkflowInstance, *, until: datetime | None = None) -> list[Document]:
    """Every version of every document field of the request (that was there at a moment), the
    newest of each field first; not what comments and answers carry. One statement, or none where
    they came with the request."""
    documents = (
        document
        for document in DOCUMENTS.rows_of(request)
        if document.field and (until is None or document.uploaded_at <= until)
    )
    return mark_one_of_several(request, sorted(documents, key=_by_field_and_version))


def mark_one_of_several(request: WorkflowInstance, documents: list[Document]) -> list[Document]:
    """The documents, of which each knows whether its field holds several: then its version is no
    more than its number."""
    fields = cached_map(request.version_id).graph.definition.fields
    for document in documents:
        field = fields.get(document.field)
        document.is_one_of_several = field is not None and type_of_field(field).holds_several
    return documents


def _by_field_and_version(document: Document) -> tuple[str, int]:
    return document.field, -document.version


def documents_by_request(request_ids: Iterable[int]) -> dict[int, list[Document]]:
    """Every version of every document of these requests, by request. One statement."""
    documents: dict[int, list[Document]] = {}
    rows = Document.objects.filter(request__in=list(request_ids)).select_related("uploaded_by")
    for row in rows.order_by("field", "-version"):
        documents.setdefault(row.request_id, []).append(row)
    return documents


def find_visible_document(user: User, document_id: int) -> Document | None:
    """The document, if its request, and its field, may be shown to this person. What a comment
    carried is withdrawn with it."""
    rows = Document.objects.filter(
        of_visible_request(user), pk=document_id, comment__withdrawn_at=None
    )
    document = rows.select_related("request__template", "uploaded_by").first()
    if document is None or document.field in hidden_fields(user, document.request):
        return None
    return mark_one_of_several(document.request, [document])[0]


def versions_of_document(document: Document) -> list[Document]:
    """All versions of the same document, the newest first; what a comment or an answer
    carries, and each of several files of a field, has but one. One statement, or none."""
    if not document.field or document.is_one_of_several:
        return [document]
    rows = Document.objects.filter(request=document.request_id, field=document.field)
    return list(rows.select_related("uploaded_by").order_by("-version"))
