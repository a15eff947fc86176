"""Downloads: a document is given to whom its request may be shown, and never opened in place."""

from pathlib import PurePath

from django.http import FileResponse, HttpRequest
from django.views.decorators.http import require_safe

from approvals.pages import page, person_of
from workflows.engine.errors import NotFound
from workflows.models import Document
from workflows.permissions import visible_requests

SAFE_TYPES = {
    ".csv": "text/csv",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".txt": "text/plain",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
}
"""What may be named as what it is; anything else, HTML and SVG above all, is just bytes."""


@require_safe
@page
def download(request: HttpRequest, document_id: int) -> FileResponse:
    """One version of a document, as an attachment, streamed."""
    document = Document.objects.filter(
        pk=document_id, request__in=visible_requests(person_of(request))
    ).first()
    if document is None:
        raise NotFound("There is no such document, or it is not yours to see.")
    try:
        content = document.file.open("rb")
    except FileNotFoundError:
        raise NotFound(
            f"The file of {document} is missing from the store. Tell the people who run Handoff."
        ) from None
    kind = SAFE_TYPES.get(PurePath(document.name).suffix.lower(), "application/octet-stream")
    answer = FileResponse(content, as_attachment=True, filename=document.name, content_type=kind)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
