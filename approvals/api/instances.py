"""Calls on requests: start, read, and change the course."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from ninja import Router

from approvals.api.authentication import authorized_user
from approvals.api.resources import holds_out
from approvals.api.responses import (
    READ_REFUSALS,
    command_operation,
    documented_responses,
    open_tasks_out,
    questions_out,
    request_out,
    request_values,
    run_command_once,
    schema_response,
)
from approvals.api.schemas.bodies import CorrectionIn, ReasonIn, StartIn
from approvals.api.schemas.common import RequestOut
from approvals.api.schemas.requests import (
    DocumentOut,
    IncidentOut,
    InstanceOut,
    KeptMessageOut,
    SignatureOut,
    TrailOut,
)
from approvals.api.uploads import read_body
from workflows.access.models import ApiToken
from workflows.access.permissions import may_audit
from workflows.definitions.queries.published_versions import require_known_workflow
from workflows.documents.queries.instance_documents import documents_of
from workflows.engine.values.field_types.documents import is_document
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.instance_record import trail_of
from workflows.execution.queries.position import InstancePosition, find_position
from workflows.execution.queries.questions import questions_on_request
from workflows.execution.queries.sight.field_sight import (
    hidden_facts,
    hidden_fields,
    mask_changes,
    visible_data,
)
from workflows.execution.queries.visible_instances import find_visible_request
from workflows.execution.services import instances as requests
from workflows.execution.services.corrections import correct_values
from workflows.execution.services.extensions import extend_request
from workflows.execution.services.messages.keeping import kept_messages_of
from workflows.trail.models import TrailEvent

router = Router(tags=["requests"])

ON_THE_PAGE = (
    *("start", "claim", "start_work", "pause", "release", "decide"),
    *("ask_opinion", "give_opinion", "ask_requester", "answer_question", "withdraw_question"),
)
"""The commands that a request's page shows to everybody who may see it."""


@router.post("", **command_operation("start", RequestOut, status=201, takes=StartIn))
def start_request_call(request: HttpRequest) -> JsonResponse:
    """Start a request on the workflow's published version; documents come as files beside the
    JSON."""
    user = authorized_user(request, ApiToken.START)
    body, files = read_body(request, StartIn)
    require_known_workflow(user, body.workflow)

    def answer_start() -> RequestOut:
        instance = requests.start(
            body.workflow,
            actor=user,
            now=timezone.now(),
            data=body.data,
            files=files,
            title=body.title,
            source=WorkflowInstance.API,
        )
        return request_out(request, instance)

    return run_command_once(request, user, answer_start, status=201)


# -- reading ----------------------------------------------------------------------------------


@router.get(
    "/{slug:reference}",
    operation_id="read",
    summary="Read",
    url_name="instance",
    response=documented_responses(InstanceOut, refusals=READ_REFUSALS),
)
def read_request_call(request: HttpRequest, reference: str) -> JsonResponse:
    """Where the request is: its state, result and values, its open work, and the trail."""
    user = authorized_user(request, ApiToken.READ)
    instance = find_visible_request(user, reference)
    seen_data = visible_data(user, instance)
    position = find_position(instance)
    return schema_response(
        InstanceOut(
            **request_values(request, instance),
            version=position.map.number,
            requester=instance.requester_name,
            source=instance.source,
            started_at=instance.started_at,
            completed_at=instance.completed_at,
            data=seen_data,
            documents=_documents_out(instance, seen_data),
            work_items=open_tasks_out(position),
            incidents=_open_incidents_out(position),
            questions=questions_out(questions_on_request(instance)),
            holds=holds_out(user, instance, position.map),
            kept_messages=_kept_messages_out(instance, hidden_fields(user, instance)),
            trail=_trail_rows_out(
                instance,
                audits=may_audit(user, instance.template),
                hidden=hidden_fields(user, instance) | hidden_facts(user, instance),
            ),
        )
    )


def _kept_messages_out(instance: WorkflowInstance, hidden: Collection[str]) -> list[KeptMessageOut]:
    """What came early and waits. One statement, or none where the map keeps no message."""
    return [
        KeptMessageOut(
            message=row.name,
            sender=row.sender.get_username(),
            fields=sorted(row.data.keys() - set(hidden)),
            received_at=row.received_at,
            kept_until=row.keep_until,
        )
        for row in kept_messages_of(instance, timezone.now())
    ]


def _documents_out(instance: WorkflowInstance, seen_data: Mapping[str, Any]) -> list[DocumentOut]:
    """Every version of the documents that it has now and the reader may see, the newest of each
    field first. One statement, or none where it has none."""
    fields = {key for key, value in seen_data.items() if _holds_document(value)}
    rows = documents_of(instance) if fields else []
    return [
        DocumentOut(
            id=row.pk,
            field=row.field,
            version=row.version,
            name=row.name,
            size=row.size,
            sha256=row.sha256,
            uploaded_at=row.uploaded_at,
        )
        for row in rows
        if row.field in fields
    ]


def _holds_document(value: Any) -> bool:
    return is_document(value) or (isinstance(value, list) and any(map(is_document, value)))


def _open_incidents_out(position: InstancePosition) -> list[IncidentOut]:
    """What holds the request up, oldest first."""
    return [
        IncidentOut(
            code=incident.code,
            message=incident.message,
            step=step.key,
            owner=incident.owner.get_username() if incident.owner else None,
            since=incident.opened_at,
        )
        for step, incident in position.incidents
    ]


def _trail_rows_out(
    instance: WorkflowInstance, *, audits: bool, hidden: frozenset[str]
) -> list[TrailOut]:
    """The newest rows, oldest of them first. As on the page, who may not audit the workflow
    reads what was done on its tasks."""
    newest = trail_of(instance, None if audits else ON_THE_PAGE)
    return [_trail_row_out(row, audits=audits, hidden=hidden) for row in reversed(newest)]


def _signature_out(row: TrailEvent) -> SignatureOut | None:
    signature = row.changes.get("signature")
    return SignatureOut(**signature) if signature else None


def _trail_row_out(row: TrailEvent, *, audits: bool, hidden: frozenset[str]) -> TrailOut:
    return TrailOut(
        at=row.recorded_at,
        command=row.command,
        step=row.step,
        round=row.round,
        actor=row.actor_name,
        acted_for=row.acted_for,
        outcome=row.outcome,
        comment=row.comment,
        from_state=row.from_state,
        to_state=row.to_state,
        channel=row.channel,
        capacity=row.capacity,
        role=row.role,
        votes=row.votes,
        signature=_signature_out(row),
        changes=mask_changes(row.changes, hidden) if audits else None,
    )


# -- the course of a request ------------------------------------------------------------------


@router.post("/{slug:reference}/cancel", **command_operation("cancel", RequestOut))
def cancel_request_call(request: HttpRequest, reference: str, body: ReasonIn) -> JsonResponse:
    """Call the request off; for its requester and the workflow's owner and deputy."""
    return _run_steering_command(request, reference, body, requests.cancel)


@router.post("/{slug:reference}/suspend", **command_operation("suspend", RequestOut))
def suspend_request_call(request: HttpRequest, reference: str, body: ReasonIn) -> JsonResponse:
    """Halt the request: nothing can be decided until it is resumed."""
    return _run_steering_command(request, reference, body, requests.suspend)


@router.post("/{slug:reference}/resume", **command_operation("resume", RequestOut))
def resume_request_call(request: HttpRequest, reference: str, body: ReasonIn) -> JsonResponse:
    """Let a suspended request go on where it stood."""
    return _run_steering_command(request, reference, body, requests.resume)


@router.post("/{slug:reference}/reopen", **command_operation("reopen", RequestOut))
def reopen_request_call(request: HttpRequest, reference: str, body: ReasonIn) -> JsonResponse:
    """Let a finished request go back to the step that its end names."""
    return _run_steering_command(request, reference, body, requests.reopen)


@router.post("/{slug:reference}/extend", **command_operation("extend_request", RequestOut))
def extend_request_call(request: HttpRequest, reference: str, body: ReasonIn) -> JsonResponse:
    """Give the request as a whole more time, where its map lets it be given."""
    return _run_steering_command(request, reference, body, extend_request)


@router.post("/{slug:reference}/correct", **command_operation("correct_values", RequestOut))
def correct_values_call(request: HttpRequest, reference: str, body: CorrectionIn) -> JsonResponse:
    """Put values of a running request right. What hangs on them follows, and approvals that were
    given on others are asked for again, unless the map lets them hold."""
    return _run_steering_command(request, reference, body, partial(correct_values, data=body.data))


def _run_steering_command(
    request: HttpRequest, reference: str, body: ReasonIn, run: Callable[..., Any]
) -> JsonResponse:
    user = authorized_user(request, ApiToken.COURSE)
    instance = find_visible_request(user, reference)

    def answer_steering() -> RequestOut:
        changed = run(instance.pk, actor=user, reason=body.reason, now=timezone.now())
        return request_out(request, changed)

    return run_command_once(request, user, answer_steering)
