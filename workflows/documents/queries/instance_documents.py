"""The documents of a request, in all their versions."""

from collections.abc import Iterable
from datetime import datetime

from workflows.documents.models import Document
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.facets import facet_of_rows
from workflows.execution.queries.visible_instances import of_visible_request
from workflows.people.models import User

DOCUMENTS = facet_of_rows(
    f"{Document._meta.db_table} WHERE request_id = %(request)s AND field <> ''"
)


def documents_of(request: WorkflowInstance, *, until: datetime | None = None) -> list[Document]:
    """Every version of every document field of the request (that was there at a moment), the
    newest of each field first; not what comments and answers carry. One statement, or none where
    it is known that there are none."""
    if DOCUMENTS.is_absent(request):
        return []
    rows = Document.objects.filter(request=request).exclude(field="")
    rows = rows.select_related("uploaded_by")
    if until is not None:
        rows = rows.filter(uploaded_at__lte=until)
    return sorted(rows.order_by(), key=by_field_and_version)


def by_field_and_version(document: Document) -> tuple[str, int]:
    """What puts documents in order: by field, of each the newest first."""
    return document.field, -document.version


def documents_by_request(request_ids: Iterable[int]) -> dict[int, list[Document]]:
    """Every version of every document of these requests, by request. One statement."""
    documents: dict[int, list[Document]] = {}
    rows = Document.objects.filter(request__in=list(request_ids)).select_related("uploaded_by")
    for row in rows.order_by("field", "-version"):
        documents.setdefault(row.request_id, []).append(row)
    return documents


def find_visible_document(user: User, document_id: int) -> Document | None:
    """The document, if its request may be shown to this person. What a comment carried is
    withdrawn with it."""
    rows = Document.objects.filter(
        of_visible_request(user), pk=document_id, comment__withdrawn_at=None
    )
    return rows.select_related("request__template", "uploaded_by").first()


def versions_of_document(document: Document) -> list[Document]:
    """All versions of the same document, the newest first; what a comment or an answer
    carries has but one. One statement, or none."""
    if not document.field:
        return [document]
    rows = Document.objects.filter(request=document.request_id, field=document.field)
    return list(rows.select_related("uploaded_by").order_by("-version"))
