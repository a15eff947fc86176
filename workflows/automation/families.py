"""Requests that start one another: subworkflows, and what follows the end of a workflow."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from workflows.automation.attempts import facts_of_request, rounded_outputs
from workflows.automation.inside import form_of, start_child
from workflows.engine.actions import ActionFailed
from workflows.engine.definition import SubworkflowStep, TriggerDef
from workflows.engine.errors import HandoffError
from workflows.engine.paths import PathProblem, pick
from workflows.engine.spelling import in_form, told_inside
from workflows.models import OutboxMessage, TemplateVersion, WorkflowInstance
from workflows.services import outbox, requests
from workflows.services.case import Case
from workflows.services.foreign import LISTEN, NotGranted, Use, check_now, uses_of_step
from workflows.services.maps import cached_map, map_of
from workflows.services.outside import case_of, complete, fail, waiting_token
from workflows.services.pausing import note_skipped


def start_subworkflow(case: Case, message: OutboxMessage) -> None:
    """Start the request that a subworkflow step waits for; where it cannot start, the step
    fails."""
    token = waiting_token(case, message.activation)
    if token is None or _is_there(case, token.id):
        return
    step = case.map.graph[token.step]
    assert isinstance(step, SubworkflowStep)
    fields = case.map.graph.definition.fields
    facts = {
        **told_inside(fields, case.instance.data),
        **facts_of_request(case.instance, token.id),
    }
    try:
        check_now(case.instance.template, uses_of_step(token.step, step))
        with transaction.atomic():
            start_child(
                case.instance, step.workflow, form_of(step.data or {}, facts),
                now=case.now, activation=token.id,
            )  # fmt: skip
    except (ActionFailed, NotGranted) as refused:
        fail(case, token.id, code=refused.code, message=str(refused))


def _is_there(case: Case, activation: int) -> bool:
    """Whether the step's request is there already, so that none is started beside it: it is
    under way, or it has ended and the news of that did not arrive; then it is sent again."""
    child = WorkflowInstance.objects.filter(
        parent=case.instance, parent_activation=activation
    ).order_by("-pk").first()  # fmt: skip
    if child is None or child.state == WorkflowInstance.CANCELLED:
        return False
    if child.is_live:
        return True
    news = OutboxMessage.objects.filter(
        kind=OutboxMessage.CHILD_ENDED, request=case.instance, activation=activation,
        payload__child=child.pk, state__in=OutboxMessage.NOT_ARRIVED,
    )  # fmt: skip
    if not news.exists():
        return False
    outbox.put(
        OutboxMessage.CHILD_ENDED, now=case.now, request=case.instance.pk, activation=activation,
        child=child.pk,
    )  # fmt: skip
    return True


def follow(message: OutboxMessage, now: datetime) -> None:
    """A request is over: tell the request that waits for it, and start what its end triggers."""
    assert message.request_id is not None
    ended = WorkflowInstance.objects.select_related("template", "requester").get(
        pk=message.request_id
    )
    if ended.parent_id is not None and ended.parent_activation is not None:
        outbox.put(
            OutboxMessage.CHILD_ENDED, now=now, request=ended.parent_id,
            activation=ended.parent_activation, child=ended.pk,
        )  # fmt: skip
    if ended.state == WorkflowInstance.COMPLETED:
        for version, trigger in _listeners(ended):
            outbox.put(
                OutboxMessage.START, now=now, version=version.pk, after=ended.pk,
                data=dict(trigger.data or {}), mapping=dict(trigger.mapping or {}),
            )  # fmt: skip


def _listeners(ended: WorkflowInstance) -> Iterator[tuple[TemplateVersion, TriggerDef]]:
    """The published versions that start when this workflow ends like this."""
    published = TemplateVersion.objects.filter(
        state=TemplateVersion.PUBLISHED, start_triggers__isnull=False
    )
    for version in published.select_related("template").order_by("pk"):
        start = map_of(version).graph.definition.start
        for trigger in (start.triggers if start else None) or []:
            if (
                trigger.kind == "workflow_end"
                and trigger.workflow == ended.template.key
                and trigger.result in (None, ended.result)
            ):
                yield version, trigger


def start_after(message: OutboxMessage, now: datetime) -> None:
    """Start the request that another one's end triggers. Raises ActionFailed."""
    said = message.payload
    ended = WorkflowInstance.objects.select_related("requester", "template").get(pk=said["after"])
    version = TemplateVersion.objects.select_related("template").get(pk=said["version"])
    if version.state != TemplateVersion.PUBLISHED:
        version = requests.published_version(version.template.key)
    try:
        check_now(version.template, [Use(LISTEN, ended.template.key)])
        mapped = _picked(ended, said["mapping"])
        start_child(ended, version.template.key, said["data"] | mapped, now=now, how="listened")
    except NotGranted as refused:
        raise ActionFailed(refused.code, f"{version} was not started: {refused}") from None
    except (PathProblem, HandoffError) as refused:
        raise ActionFailed("start_refused", f"{version} was not started: {refused}") from None


def note_not_started(message: OutboxMessage, now: datetime) -> None:
    """Record that the workflow was paused when another one's end would have started it."""
    version = TemplateVersion.objects.select_related("template").get(pk=message.payload["version"])
    note_skipped(version, planned=message.created_at, now=now)


def child_ended(case: Case, message: OutboxMessage) -> None:
    """The request that a subworkflow step waits for is over: the step goes on, or fails."""
    child = WorkflowInstance.objects.get(pk=message.payload["child"])
    token = waiting_token(case, message.activation)
    if token is None:
        return
    if child.state != WorkflowInstance.COMPLETED:
        fail(case, token.id, code="subworkflow_cancelled", message=_called_off(child))
        return
    step = case.map.graph[token.step]
    assert isinstance(step, SubworkflowStep)
    try:
        given = rounded_outputs(step, _picked(child, step.outputs or {}))
        with transaction.atomic():
            complete(case, token.id, how=child.result[:80], given=given, comment=child.reference)
    except (PathProblem, HandoffError) as refused:
        again = case_of(case.instance.pk, now=case.now)
        fail(again, token.id, code="output_unfit", message=f"{child.reference}: {refused}")


def _called_off(child: WorkflowInstance) -> str:
    return (
        f"The request {child.reference}, which this step waited for, was cancelled. Try again to"
        " start another one, or skip the step."
    )


def document(instance: WorkflowInstance) -> Mapping[str, Any]:
    """A request as the `outputs` and the `mapping` of another one look into it."""
    fields = cached_map(instance.version_id).graph.definition.fields
    return {
        "reference": instance.reference,
        "state": instance.state,
        "result": instance.result,
        "data": told_inside(fields, instance.data),
    }


def _picked(instance: WorkflowInstance, paths: Mapping[str, str]) -> dict[str, Any]:
    """What these paths find in a request, for the fields of another one."""
    found = document(instance)
    return {key: in_form(pick(found, path)) for key, path in paths.items()}


def cancel_child(message: OutboxMessage, now: datetime) -> None:
    """The step that waited for a request is not needed any more, so the request is not either."""
    children = WorkflowInstance.objects.running().filter(
        parent_id=message.request_id, parent_activation=message.activation
    )
    why = message.payload.get("why", "the request that started it does not need it any more")
    for child in children:
        requests.cancel(child.pk, actor=None, reason=f"Not needed any more: {why}"[:1000], now=now)
