"""How calls answer: rows as shapes, JSON, and commands that are done once a key."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.core.files.base import ContentFile
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils import timezone
from ninja import Schema

from approvals.api.schemas.bodies import CarriedFileIn
from approvals.api.schemas.common import Problem, RequestOut
from approvals.api.schemas.conversation import CarriedFileOut, QuestionOut
from approvals.api.schemas.tasks import AwayOut, RowOut, TaskOut, WorkItemOut
from approvals.api.uploads import body_with_files, fingerprint_content
from workflows.access.services.idempotency import Reply, answer_once
from workflows.definitions.queries.compiled_versions import VersionMap, cached_map
from workflows.documents.models import Document
from workflows.engine.errors import InvalidInput
from workflows.engine.routing.rows import read_rows
from workflows.execution.choices import QuestionKind, QuestionState
from workflows.execution.models import NEVER, TaskQuestion, WorkflowInstance, WorkItem
from workflows.execution.queries.holders import HolderKind
from workflows.execution.queries.instance_record import find_awaited_people
from workflows.execution.queries.position import InstancePosition, StepPosition, build_step_position
from workflows.execution.queries.questions import files_of_answers
from workflows.execution.services.review_digest import digest_of_shown_values
from workflows.execution.services.unit_of_work import serialize_votes
from workflows.people.models import User
from workflows.people.queries.stand_ins import AwayNote

READ_REFUSALS = (400, 401, 403, 404, 405, 422, 429, 500)
COMMAND_REFUSALS = (400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500)

LONGEST_KEY = 200
KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and call again gives the first answer again, for 7 days.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
}
REPLAYED = "Idempotent-Replayed"


def documented_responses(
    shape: type[Schema], *, status: int = 200, refusals: Sequence[int] = COMMAND_REFUSALS
) -> dict[int, type[Schema]]:
    """The answers of a call, for the OpenAPI document."""
    return {status: shape, **dict.fromkeys(refusals, Problem)}


SUMMARIES = {
    "start_work": "Start",
    "comment": "Write a comment",
    "edit_comment": "Edit a comment",
    "withdraw_comment": "Withdraw a comment",
    "ask_opinion": "Ask for an opinion",
    "ask_requester": "Ask the requester",
    "answer_question": "Answer",
    "withdraw_question": "Take back",
}
"""What the document calls a command that is not called by its id."""


def command_operation(
    operation_id: str,
    shape: type[Schema],
    *,
    status: int = 200,
    takes: type[Schema] | None = None,
) -> dict[str, Any]:
    """What all commands say of themselves in the OpenAPI document; `takes` is the body of one that
    may carry files."""
    body = {"requestBody": body_with_files(takes)} if takes is not None else {}
    return {
        "operation_id": operation_id,
        "url_name": operation_id,
        "summary": SUMMARIES.get(operation_id, operation_id.capitalize()),
        "response": documented_responses(shape, status=status),
        "openapi_extra": {"parameters": [KEY_PARAMETER], **body},
    }


def schema_response(shape: Schema) -> JsonResponse:
    """A shape as the answer."""
    return JsonResponse(shape.model_dump(mode="json"))


def run_command_once(
    request: HttpRequest,
    user: User,
    execute: Callable[[], Schema],
    *,
    status: int = 200,
    key_scope: str = "",
) -> JsonResponse:
    """Run a command and answer; by `Idempotency-Key` once, and then with the same answer again.

    `key_of` keeps the keys of a webhook's callers apart from those of the person it acts as.
    """

    def build_reply() -> Reply:
        return Reply(status, execute().model_dump(mode="json"))

    key = _idempotency_key(request)
    if key is None:
        return _reply_response(build_reply())
    if key_scope:
        key = f"{key_scope}:{hashlib.sha256(key.encode()).hexdigest()}"
    return _reply_response(
        answer_once(
            key,
            user=user,
            fingerprint=_call_fingerprint(request),
            now=timezone.now(),
            command=build_reply,
        )
    )


def _reply_response(reply: Reply) -> JsonResponse:
    response = JsonResponse(reply.body, status=reply.status)
    if reply.is_repeated:
        response[REPLAYED] = "true"
    if reply.status == 201 and "status_url" in reply.body:
        response["Location"] = reply.body["status_url"]
    return response


def _idempotency_key(request: HttpRequest) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= LONGEST_KEY or not all("!" <= letter <= "~" for letter in key):
        raise InvalidInput(
            "The Idempotency-Key must have 1 to %(longest)s letters, digits or signs, no blanks.",
            longest=LONGEST_KEY,
        )
    return key


def _call_fingerprint(request: HttpRequest) -> str:
    place = f"{request.method} {request.get_full_path()}\n".encode()
    content = place + fingerprint_content(request)
    return hashlib.sha256(content).hexdigest()


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
        "deadline": instance.deadline_at if instance.deadline_at < NEVER else None,
    }


def request_out(request: HttpRequest, instance: WorkflowInstance) -> RequestOut:
    """Where a request stands."""
    return RequestOut(**request_values(request, instance))


def task_values(
    version_map: VersionMap, step: StepPosition, item: WorkItem, instance: WorkflowInstance
) -> dict[str, Any]:
    """What every answer says of a task of a request, from where it stands."""
    shows = step.is_human and step.holder.kind != HolderKind.OVER
    return {
        "id": item.pk,
        "step": step.key,
        "title": step.title,
        "role": version_map.graph.human(step.key).role if step.is_human else None,
        "state": item.state,
        "holder": step.holder.person.get_username() if step.holder.person else None,
        "holder_kind": step.holder.kind.value,
        "since": step.since,
        "due": step.due,
        "expires": item.expires_at,
        "needed": item.needed,
        "agreed": len(item.votes),
        "awaited": [person.get_username() for person in find_awaited_people(item)],
        "outcome": item.outcome or None,
        "decided_by": item.performer_name or None,
        "acted_for": item.decided_for.get_username() if item.decided_for else None,
        "holder_away": _away_out(step.holder.away),
        "votes": serialize_votes(item),
        "seen": _seen_digest(version_map, step.key, item, instance) if shows else None,
        "row": _row_out(item) if item.rows else None,
        "sign": version_map.graph.human(step.key).sign if step.is_human else None,
    }


def _seen_digest(
    version_map: VersionMap, step: str, item: WorkItem, instance: WorkflowInstance
) -> str:
    return digest_of_shown_values(version_map, step, instance.data, item.rows, instance.chains)


def _row_out(item: WorkItem) -> RowOut:
    return RowOut(index=list(read_rows(item.rows)), label=item.row_label)


def _away_out(note: AwayNote | None) -> AwayOut | None:
    if note is None:
        return None
    deputy = note.deputy
    return AwayOut(until=note.until, stands_in=deputy.get_username() if deputy else None)


def open_tasks_out(position: InstancePosition) -> list[WorkItemOut]:
    """The open tasks of a request."""
    return [
        WorkItemOut(**task_values(position.map, step, task, position.instance))
        for step, task in position.tasks
    ]


def task_out(request: HttpRequest, item: WorkItem) -> TaskOut:
    """A task after a command on it."""
    version_map = cached_map(item.request.version_id)
    step = build_step_position(version_map, item)
    values = task_values(version_map, step, item, item.request)
    return TaskOut(**values, request=request_out(request, item.request))


def questions_out(questions: Iterable[TaskQuestion]) -> list[QuestionOut]:
    """What was asked, and what came back. One statement for what the answers carry, or none."""
    rows = list(questions)
    files = files_of_answers(rows)
    return [question_out(row, files.get(row.pk, ())) for row in rows]


def question_out(question: TaskQuestion, files: Iterable[Document] = ()) -> QuestionOut:
    """What was asked, and what came back."""
    return QuestionOut(
        id=question.pk,
        kind=QuestionKind(question.kind),
        state=QuestionState(question.state),
        work_item=question.work_item_id,
        asked_by=question.asked_by.get_username(),
        asked_of=question.asked_of.get_username(),
        question=question.question,
        asked_at=question.asked_at,
        answer=question.answer,
        closed_at=question.closed_at,
        after_decision=question.is_after_decision,
        files=carried_files_out(files),
    )


def carried_files_out(files: Iterable[Document]) -> list[CarriedFileOut]:
    """What a comment or an answer carries."""
    return [
        CarriedFileOut(id=file.pk, name=file.name, size=file.size, sha256=file.sha256)
        for file in files
    ]


def decoded_files(files: Iterable[CarriedFileIn]) -> list[ContentFile]:
    """The files that came with a comment or an answer. Raises InvalidInput."""
    return [_decode_file(sent) for sent in files]


def _decode_file(sent: CarriedFileIn) -> ContentFile:
    try:
        return ContentFile(base64.b64decode(sent.content, validate=True), name=sent.name)
    except (binascii.Error, ValueError):
        raise InvalidInput(
            "The content of '%(name)s' is not base64; encode the file's bytes.", name=sent.name
        ) from None
