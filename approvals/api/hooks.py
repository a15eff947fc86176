"""The webhook trigger: a call that is signed with a workflow's key starts a request."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from ninja import Router

from approvals.api.answers import KEY_PARAMETER, documented, done, request_out
from approvals.api.limits import HOOKS
from approvals.api.shapes import RequestOut
from workflows.services import webhooks
from workflows.services.channel import show_token

router = Router(tags=["webhooks"])


def _header(name: str, description: str) -> dict[str, Any]:
    return {
        "name": name, "in": "header", "required": True, "description": description,
        "schema": {"type": "string"},
    }  # fmt: skip


HEADERS = [
    KEY_PARAMETER,
    _header("X-Handoff-Timestamp", "When it was signed, in seconds since 1970."),
    _header(
        "X-Handoff-Signature",
        "'sha256=' and the hexadecimal HMAC-SHA256 of the timestamp, a point and the body.",
    ),
]
BODY = {"required": True, "content": {"application/json": {"schema": {}}}}


@router.post(
    "/{slug:workflow}",
    auth=None,
    throttle=[HOOKS],
    operation_id="hook",
    response=documented(RequestOut, status=201),
    openapi_extra={"parameters": HEADERS, "requestBody": BODY},
)
def hook(request: HttpRequest, workflow: str) -> JsonResponse:
    """Start a request in the name of the key's person. A call is taken once."""
    now, body = timezone.now(), request.body
    signature = request.headers.get("X-Handoff-Signature", "")
    timestamp = request.headers.get("X-Handoff-Timestamp", "")
    key = webhooks.signer(workflow, timestamp=timestamp, signature=signature, body=body, now=now)
    maker = key.created_by
    show_token(f"{key.pk}: {key.name}", made_by=maker.get_username() if maker else "")

    def act() -> RequestOut:
        return request_out(request, webhooks.start_by(key, body, now))

    with transaction.atomic():
        webhooks.take_once(key, signature, now)
        return done(request, key.acts_as, act, status=201, key_of=f"hook-{key.pk}")
