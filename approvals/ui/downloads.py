"""A file of a request as a download: for its page, and for the API."""

from pathlib import PurePath

from django.http import FileResponse

from workflows.documents.models import Document
from workflows.documents.queries.previews import open_stored_file

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


def attachment_response(document: Document) -> FileResponse:
    """One version of a document, as an attachment, streamed."""
    content = open_stored_file(document)
    kind = SAFE_TYPES.get(PurePath(document.name).suffix.lower(), "application/octet-stream")
    answer = FileResponse(content, as_attachment=True, filename=document.name, content_type=kind)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
