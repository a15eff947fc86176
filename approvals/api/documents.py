"""The call on documents: the content of one, as its page gives it."""

from django.http import FileResponse, HttpRequest
from ninja import Router

from approvals.api.authentication import authorized_user
from approvals.api.responses import READ_REFUSALS
from approvals.api.schemas.common import Problem
from approvals.pages.document import require_visible_document
from approvals.ui.downloads import attachment_response
from workflows.access.models import ApiToken

router = Router(tags=["requests"])

CONTENT = {
    "responses": {
        200: {
            "description": "The file's bytes, as an attachment under its name.",
            "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
        }
    }
}


@router.get(
    "/documents/{int:document_id}",
    operation_id="document",
    url_name="document",
    summary="The content of a file",
    response=dict.fromkeys(READ_REFUSALS, Problem),
    openapi_extra=CONTENT,
)
def read_document_call(request: HttpRequest, document_id: int) -> FileResponse:
    """A file of a request that the caller may see: of a field, of a comment or of an answer. What
    a comment carried is withdrawn with it."""
    user = authorized_user(request, ApiToken.READ)
    return attachment_response(require_visible_document(user, document_id))
