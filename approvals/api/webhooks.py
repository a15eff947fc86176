"""The webhook trigger: a call that is signed with a workflow's key starts a request."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from ninja import Router

from approvals.api.rate_limits import HOOKS
from approvals.api.responses import (
    KEY_PARAMETER,
    documented_responses,
    request_out,
    run_command_once,
)
from approvals.api.schemas.common import RequestOut
from workflows.automation.triggers import webhooks
from workflows.trail.services.channel import note_channel_token

router = Router(tags=["webhooks"])


def _header_parameter(name: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": description,
        "schema": {"type": "string"},
    }


HEADERS = [
    KEY_PARAMETER,
    _header_parameter("X-Handoff-Timestamp", "When it was signed, in seconds since 1970."),
    _header_parameter(
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
    url_name="hook",
    summary="Hook",
    response=documented_responses(RequestOut, status=201),
    openapi_extra={"parameters": HEADERS, "requestBody": BODY},
)
def start_by_webhook_call(request: HttpRequest, workflow: str) -> JsonResponse:
    """Start a request in the name of the key's person. A call is taken once."""
    now, body = timezone.now(), request.body
    signature = request.headers.get("X-Handoff-Signature", "")
    timestamp = request.headers.get("X-Handoff-Timestamp", "")
    key = webhooks.find_signing_key(
        workflow, timestamp=timestamp, signature=signature, body=body, now=now
    )
    maker = key.created_by
    note_channel_token(f"{key.pk}: {key.name}", made_by=maker.get_username() if maker else "")

    def answer_webhook() -> RequestOut:
        return request_out(request, webhooks.start_by_webhook_key(key, body, now))

    with transaction.atomic():
        # In the start's transaction: a call whose start is refused may come again as it is.
        webhooks.record_delivery_once(key, signature, now)
        return run_command_once(
            request, key.acts_as, answer_webhook, status=201, key_scope=f"hook-{key.pk}"
        )
