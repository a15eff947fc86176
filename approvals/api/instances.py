"""Calls on requests: start, read, and change the course."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from ninja import Router

from approvals.api.answers import (
    READING,
    command,
    documented,
    done,
    request_out,
    request_values,
    shown,
    work_item_out,
)
from approvals.api.callers import acting
from approvals.api.shapes import (
    IncidentOut,
    InstanceOut,
    ReasonIn,
    RequestOut,
    StartIn,
    TrailOut,
)
from approvals.reading import case_of, request_in_sight
from approvals.request_page import open_tasks
from approvals.request_record import MOST_TRAIL_ROWS
from workflows.engine.errors import NotFound
from workflows.models import ApiToken, Incident, TrailEvent, WorkflowInstance
from workflows.permissions import AUDIT, MANAGE, START, VIEW, may_audit, templates_with
from workflows.services import requests
from workflows.services.case import Case

router = Router(tags=["requests"])

ON_THE_PAGE = ("start", "claim", "start_work", "pause", "release", "decide")
"""The commands that a request's page shows to everybody who may see it."""


@router.post("", **command("start", RequestOut, status=201))
def start(request: HttpRequest, body: StartIn) -> JsonResponse:
    """Start a request on the workflow's published version."""
    user = acting(request, ApiToken.START)
    workflow_in_sight(user, body.workflow)

    def act() -> RequestOut:
        instance = requests.start(
            body.workflow,
            actor=user,
            now=timezone.now(),
            data=body.data,
            title=body.title,
            source=WorkflowInstance.API,
        )
        return request_out(request, instance)

    return done(request, user, act, status=201)


def workflow_in_sight(user: User, key: str) -> None:
    """Raises NotFound for a workflow that is none of this person's business."""
    if not templates_with(user, START, VIEW, MANAGE, AUDIT).filter(key=key).exists():
        raise NotFound("There is no such workflow, or it is not yours to see.")


# -- reading ----------------------------------------------------------------------------------


@router.get(
    "/{slug:reference}",
    operation_id="read",
    url_name="instance",
    response=documented(InstanceOut, refusals=READING),
)
def read(request: HttpRequest, reference: str) -> JsonResponse:
    """Where the request is: its state, result and values, its open work, and the trail."""
    user = acting(request, ApiToken.READ)
    instance = request_in_sight(user, reference)
    case = case_of(instance, user, timezone.now())
    tasks = open_tasks([instance])[instance.pk]
    return shown(
        InstanceOut(
            **request_values(request, instance),
            version=case.map.number,
            requester=instance.requester_name,
            source=instance.source,
            started_at=instance.started_at,
            completed_at=instance.completed_at,
            data=instance.data,
            work_items=[work_item_out(case.map, task, instance.data) for task in tasks],
            incidents=_incidents(case),
            trail=_trail(case, audits=may_audit(user, instance.template)),
        )
    )


def _incidents(case: Case) -> list[IncidentOut]:
    rows = Incident.objects.filter(request=case.instance, state=Incident.OPEN)
    return [
        IncidentOut(
            code=row.code,
            message=row.message,
            step=case.map.step_keys[row.step_id],
            owner=row.owner.get_username() if row.owner else None,
            since=row.opened_at,
        )
        for row in rows.select_related("owner").order_by("id")
    ]


def _trail(case: Case, *, audits: bool) -> list[TrailOut]:
    """The newest rows, oldest of them first. As on the page, who may not audit the workflow
    reads what was done on its tasks."""
    rows = TrailEvent.objects.filter(request=case.instance)
    if not audits:
        rows = rows.filter(command__in=ON_THE_PAGE)
    newest = list(rows.order_by("-id")[:MOST_TRAIL_ROWS])
    return [_event(row, audits=audits) for row in reversed(newest)]


def _event(row: TrailEvent, *, audits: bool) -> TrailOut:
    return TrailOut(
        at=row.recorded_at,
        command=row.command,
        step=row.step,
        round=row.round,
        actor=row.actor_name,
        outcome=row.outcome,
        comment=row.comment,
        from_state=row.from_state,
        to_state=row.to_state,
        channel=row.channel,
        capacity=row.capacity,
        role=row.role,
        votes=row.votes,
        changes=row.changes if audits else None,
    )


# -- the course of a request ------------------------------------------------------------------


@router.post("/{slug:reference}/cancel", **command("cancel", RequestOut))
def cancel(request: HttpRequest, reference: str, body: ReasonIn) -> JsonResponse:
    """Call the request off; for its requester and the workflow's owner and deputy."""
    return _course(request, reference, body, requests.cancel)


@router.post("/{slug:reference}/suspend", **command("suspend", RequestOut))
def suspend(request: HttpRequest, reference: str, body: ReasonIn) -> JsonResponse:
    """Halt the request: nothing can be decided until it is resumed."""
    return _course(request, reference, body, requests.suspend)


@router.post("/{slug:reference}/resume", **command("resume", RequestOut))
def resume(request: HttpRequest, reference: str, body: ReasonIn) -> JsonResponse:
    """Let a suspended request go on where it stood."""
    return _course(request, reference, body, requests.resume)


@router.post("/{slug:reference}/reopen", **command("reopen", RequestOut))
def reopen(request: HttpRequest, reference: str, body: ReasonIn) -> JsonResponse:
    """Let a finished request go back to the step that its end names."""
    return _course(request, reference, body, requests.reopen)


def _course(
    request: HttpRequest, reference: str, body: ReasonIn, run: Callable[..., Any]
) -> JsonResponse:
    user = acting(request, ApiToken.COURSE)
    instance = request_in_sight(user, reference)

    def act() -> RequestOut:
        changed = run(instance.pk, actor=user, reason=body.reason, now=timezone.now())
        return request_out(request, changed)

    return done(request, user, act)
