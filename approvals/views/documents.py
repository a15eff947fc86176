"""Documents: shown in a page as far as that is safe, and downloads.

A document is given to whom its request may be shown. What a browser is sent of one is never a page
of this site: pictures and PDF come from an address of their own with a policy that lets nothing in
them run, text is escaped into a page, and everything else is a download.
"""

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from approvals.pages.document import (
    document_comparison,
    document_page,
    require_visible_document,
)
from approvals.ui.downloads import attachment_response
from approvals.ui.responses import signed_in_page, signed_in_user
from workflows.documents.queries.previews import open_stored_file, read_preview
from workflows.engine.errors import NotFound

NOTHING_RUNS = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
"""The policy of what is shown in a frame: it loads nothing, runs nothing, and has no origin."""


@require_safe
@signed_in_page
def document_page_view(request: HttpRequest, document_id: int) -> HttpResponse:
    """One version of a document with a preview, and what became of it."""
    page = document_page(signed_in_user(request), document_id)
    return render(request, "approvals/document.html", {"page": page})


@require_safe
@signed_in_page
def compare_documents_view(
    request: HttpRequest, document_id: int, other_id: int | None = None
) -> HttpResponse:
    """What two versions of a document are, and how their texts differ. The other version may come
    from a form's choice."""
    if other_id is None:
        chosen = request.GET.get("with", "")
        if not (chosen.isascii() and chosen.isdigit() and len(chosen) < 19):
            raise NotFound("There is no such document, or it is not yours to see.")
        return HttpResponseRedirect(
            reverse("approvals:documents-compare", args=[document_id, int(chosen)])
        )
    comparison = document_comparison(signed_in_user(request), document_id, other_id)
    return render(request, "approvals/document_compare.html", {"comparison": comparison})


@require_safe
@signed_in_page
def document_content_view(request: HttpRequest, document_id: int) -> FileResponse:
    """A PDF or a picture for the frame of the document's page; nothing else is sent in place."""
    document = require_visible_document(signed_in_user(request), document_id)
    preview = read_preview(document)
    if not preview.media_type:
        raise NotFound("This document cannot be shown in a page; download it.")
    answer = FileResponse(
        open_stored_file(document), filename=document.name, content_type=preview.media_type
    )
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    answer.headers["Content-Security-Policy"] = NOTHING_RUNS
    return answer


@require_safe
@signed_in_page
def download_document_view(request: HttpRequest, document_id: int) -> FileResponse:
    """One version of a document, as an attachment, streamed."""
    return attachment_response(require_visible_document(signed_in_user(request), document_id))
