"""How calls answer: rows as shapes, JSON, and commands that are done once a key."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils import timezone
from ninja import Schema

from approvals.api.shapes import Problem, RequestOut, TaskOut, WorkItemOut
from workflows.engine.errors import InvalidInput
from workflows.models import WorkflowInstance, WorkItem
from workflows.services.case import votes_of
from workflows.services.maps import VersionMap, cached_map
from workflows.services.replies import Reply, once
from workflows.services.seen import digest_shown

READING = (401, 403, 404, 405, 422, 429, 500)
COMMANDS = (400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500)

LONGEST_KEY = 200
KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and call again gives the first answer again, for 7 days.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
}
REPLAYED = "Idempotent-Replayed"


def documented(
    shape: type[Schema], *, status: int = 200, refusals: Sequence[int] = COMMANDS
) -> dict[int, type[Schema]]:
    """The answers of a call, for the OpenAPI document."""
    return {status: shape, **dict.fromkeys(refusals, Problem)}


def command(operation_id: str, shape: type[Schema], *, status: int = 200) -> dict[str, Any]:
    """What all commands say of themselves in the OpenAPI document."""
    return {
        "operation_id": operation_id,
        "response": documented(shape, status=status),
        "openapi_extra": {"parameters": [KEY_PARAMETER]},
    }


def shown(shape: Schema) -> JsonResponse:
    """A shape as the answer."""
    return JsonResponse(shape.model_dump(mode="json"))


def done(
    request: HttpRequest,
    user: User,
    act: Callable[[], Schema],
    *,
    status: int = 200,
    key_of: str = "",
) -> JsonResponse:
    """Run a command and answer; by `Idempotency-Key` once, and then with the same answer again.

    `key_of` keeps the keys of a webhook's callers apart from those of the person it acts as.
    """

    def reply() -> Reply:
        return Reply(status, act().model_dump(mode="json"))

    key = _key(request)
    if key is None:
        return _answer(reply())
    if key_of:
        key = f"{key_of}:{hashlib.sha256(key.encode()).hexdigest()}"
    return _answer(
        once(key, user=user, fingerprint=_fingerprint(request), now=timezone.now(), act=reply)
    )


def _answer(reply: Reply) -> JsonResponse:
    response = JsonResponse(reply.body, status=reply.status)
    if reply.again:
        response[REPLAYED] = "true"
    if reply.status == 201:
        response["Location"] = reply.body["status_url"]
    return response


def _key(request: HttpRequest) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= LONGEST_KEY or not all("!" <= letter <= "~" for letter in key):
        raise InvalidInput(
            f"The Idempotency-Key must have 1 to {LONGEST_KEY} letters, digits or signs, no blanks."
        )
    return key


def _fingerprint(request: HttpRequest) -> str:
    said = f"{request.method} {request.get_full_path()}\n".encode() + request.body
    return hashlib.sha256(said).hexdigest()


# -- rows as shapes ---------------------------------------------------------------------------


def request_values(request: HttpRequest, instance: WorkflowInstance) -> dict[str, Any]:
    """What every answer says of a request."""
    address = reverse("api-v1:instance", args=[instance.reference])
    return {
        "reference": instance.reference,
        "workflow": cached_map(instance.version_id).graph.definition.key,
        "title": instance.title,
        "state": instance.state,
        "result": instance.result or None,
        "status_url": request.build_absolute_uri(address),
    }


def request_out(request: HttpRequest, instance: WorkflowInstance) -> RequestOut:
    """Where a request stands."""
    return RequestOut(**request_values(request, instance))


def task_values(version_map: VersionMap, item: WorkItem, data: Mapping[str, Any]) -> dict[str, Any]:
    """What every answer says of a task; `data` are its request's values."""
    key = version_map.step_keys[item.step_id]
    graph = version_map.graph
    shows = item.is_open and graph.is_human(key)
    return {
        "id": item.pk,
        "step": key,
        "title": graph.title(key),
        "role": graph.human(key).role if graph.is_human(key) else None,
        "state": item.state,
        "holder": item.assignee.get_username() if item.assignee else None,
        "since": item.enabled_at,
        "due": item.due_at,
        "needed": item.needed,
        "agreed": len(item.votes),
        "outcome": item.outcome or None,
        "votes": votes_of(item),
        "seen": digest_shown(version_map, key, data) if shows else None,
    }


def work_item_out(version_map: VersionMap, item: WorkItem, data: Mapping[str, Any]) -> WorkItemOut:
    """An open task of a request with these values."""
    return WorkItemOut(**task_values(version_map, item, data))


def task_out(request: HttpRequest, item: WorkItem) -> TaskOut:
    """A task after a command on it."""
    values = task_values(cached_map(item.request.version_id), item, item.request.data)
    return TaskOut(**values, request=request_out(request, item.request))
