"""Requests that start one another: subworkflows, and what follows the end of a workflow."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from workflows.automation.actions.internal import start_child, start_form_values
from workflows.automation.services.attempts import facts_of_request, rounded_outputs
from workflows.definitions.lifecycle.pausing import record_skipped_start
from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.compiled_versions import cached_map, get_version_map
from workflows.definitions.queries.external_permissions import (
    LISTEN,
    ForeignUse,
    NotGranted,
    check_current_permissions,
    find_step_uses,
)
from workflows.definitions.queries.published_versions import get_published_version
from workflows.engine.errors import HandoffError, text_of
from workflows.engine.format.actions import ActionFailed
from workflows.engine.format.definition import SubworkflowStep, TriggerDef
from workflows.engine.format.trigger_kinds import WORKFLOW_END
from workflows.engine.routing.cancel_reasons import ParentGaveUp
from workflows.engine.routing.step_troubles import StepFailed
from workflows.engine.texts import Text, text
from workflows.engine.values.json_paths import PathProblem, find_single_value
from workflows.engine.values.serialization import canonical_values, render_form_value
from workflows.execution.facts import ChildCancelled
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.execution.services.automation_steps import (
    complete_waiting_step,
    fail_waiting_step,
    open_work_of_instance,
    waiting_token,
)
from workflows.execution.services.messages.handing_over import drop_messages_of_ended
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.links.services.public_entries import tell_of_public_end
from workflows.outbox.choices import NOT_ARRIVED_STATES, MessageKind
from workflows.outbox.models import OutboxMessage
from workflows.outbox.payloads import (
    ChildCancelPayload,
    ChildEndedPayload,
    StartPayload,
    read_payload,
)
from workflows.outbox.services import messages as outbox
from workflows.persistence.prepared_queries import PreparedQuery
from workflows.trail.choices import TrailCommand


def start_subworkflow(case: UnitOfWork, message: OutboxMessage) -> None:
    """Start the request that a subworkflow step waits for; where it cannot start, the step
    fails."""
    token = waiting_token(case, message.activation)
    if token is None or _has_child_request(case, token.id):
        return
    step = case.map.graph[token.step]
    assert isinstance(step, SubworkflowStep)
    fields = case.map.graph.definition.all_fields
    facts = {
        **canonical_values(fields, case.data_at_activation(token.id)),
        **facts_of_request(case.instance, token.id),
    }
    try:
        check_current_permissions(case.instance.template, find_step_uses(token.step, step))
        # A savepoint: a child that is refused leaves nothing, and the parent's step fails here.
        with transaction.atomic():
            start_child(
                case.instance,
                step.workflow,
                start_form_values(step.data or {}, facts),
                now=case.now,
                activation=token.id,
            )
    except (ActionFailed, NotGranted) as refused:
        fail_waiting_step(case, token.id, StepFailed(refused.code, text_of(refused)))


def _has_child_request(case: UnitOfWork, activation: int) -> bool:
    """Whether the step's request is there already, so that none is started beside it: it is
    under way, or it has ended and the news of that did not arrive; then it is sent again."""
    child = (
        WorkflowInstance.objects.filter(parent=case.instance, parent_activation=activation)
        .order_by("-pk")
        .first()
    )
    if child is None or child.state == WorkflowInstance.CANCELLED:
        return False
    if child.is_live:
        return True
    news = OutboxMessage.objects.filter(
        kind=MessageKind.CHILD_ENDED,
        request=case.instance,
        activation=activation,
        payload__child=child.pk,
        state__in=NOT_ARRIVED_STATES,
    )
    if not news.exists():
        return False
    outbox.enqueue_message(
        ChildEndedPayload(child=child.pk),
        now=case.now,
        request=case.instance.pk,
        activation=activation,
    )
    return True


def follow_request_end(message: OutboxMessage, now: datetime) -> None:
    """A request is over: tell the request that waits for it, start what its end triggers, and drop
    the messages that it keeps."""
    assert message.request_id is not None
    drop_messages_of_ended(message.request_id, now)
    ended = WorkflowInstance.objects.select_related("template", "requester").get(
        pk=message.request_id
    )
    if ended.source == WorkflowInstance.PUBLIC_FORM:
        tell_of_public_end(ended, now)
    if ended.parent_id is not None and ended.parent_activation is not None:
        outbox.enqueue_message(
            ChildEndedPayload(child=ended.pk),
            now=now,
            request=ended.parent_id,
            activation=ended.parent_activation,
        )
    if ended.state == WorkflowInstance.COMPLETED:
        for version, trigger in _listening_versions(ended):
            payload = StartPayload(
                version=version.pk,
                after=ended.pk,
                data=dict(trigger.data or {}),
                mapping=dict(trigger.mapping or {}),
            )
            outbox.enqueue_message(payload, now=now)


def _listening_versions(ended: WorkflowInstance) -> Iterator[tuple[TemplateVersion, TriggerDef]]:
    """The published versions that start when this workflow ends like this."""
    for version in _TRIGGERED.rows({}):
        start = get_version_map(version).graph.definition.start
        for trigger in (start.triggers if start else None) or []:
            if (
                trigger.kind == WORKFLOW_END
                and trigger.workflow == ended.template.key
                and trigger.result in (None, ended.result)
            ):
                yield version, trigger


def _triggered_versions() -> QuerySet[TemplateVersion]:
    published = TemplateVersion.objects.filter(
        state=TemplateVersion.PUBLISHED, start_triggers__isnull=False
    )
    return published.select_related("template").order_by("pk")


_TRIGGERED = PreparedQuery(_triggered_versions)


def start_triggered_request(message: OutboxMessage, now: datetime) -> None:
    """Start the request that another one's end triggers. Raises ActionFailed."""
    payload = read_payload(message, StartPayload)
    ended = WorkflowInstance.objects.select_related("requester", "template").get(pk=payload.after)
    version = TemplateVersion.objects.select_related("template").get(pk=payload.version)
    if version.state != TemplateVersion.PUBLISHED:
        version = get_published_version(version.template.key)
    try:
        check_current_permissions(version.template, [ForeignUse(LISTEN, ended.template.key)])
        mapped = _pick_values(ended, payload.mapping)
        start_child(
            ended,
            version.template.key,
            {**payload.data, **mapped},
            now=now,
            trail_command=TrailCommand.LISTENED,
        )
    except NotGranted as refused:
        raise ActionFailed(refused.code, _not_started_text(version, refused)) from None
    except (PathProblem, HandoffError) as refused:
        raise ActionFailed("start_refused", _not_started_text(version, refused)) from None


def _not_started_text(version: TemplateVersion, refused: Exception) -> Text:
    return text(
        "%(version)s was not started: %(problem)s", version=version, problem=text_of(refused)
    )


def note_not_started(message: OutboxMessage, now: datetime) -> None:
    """Record that the workflow was paused when another one's end would have started it."""
    version = TemplateVersion.objects.select_related("template").get(
        pk=read_payload(message, StartPayload).version
    )
    record_skipped_start(version, planned=message.created_at, now=now)


def resume_after_child(case: UnitOfWork, message: OutboxMessage) -> None:
    """The request that a subworkflow step waits for is over: the step goes on, or fails."""
    child = WorkflowInstance.objects.get(pk=read_payload(message, ChildEndedPayload).child)
    token = waiting_token(case, message.activation)
    if token is None:
        return
    if child.state != WorkflowInstance.COMPLETED:
        fail_waiting_step(case, token.id, ChildCancelled(child.reference))
        return
    step = case.map.graph[token.step]
    assert isinstance(step, SubworkflowStep)
    try:
        values = rounded_outputs(step, _pick_values(child, step.outputs or {}))
        with transaction.atomic():
            complete_waiting_step(
                case,
                token.id,
                outcome=child.result[:80],
                raw_values=values,
                comment=child.reference,
            )
    except (PathProblem, HandoffError) as refused:
        # What was refused has changed the unit in memory, so it is read anew.
        fresh_case = open_work_of_instance(case.instance.pk, now=case.now)
        sentence = text(
            "%(reference)s: %(problem)s", reference=child.reference, problem=text_of(refused)
        )
        fail_waiting_step(fresh_case, token.id, StepFailed("output_unfit", sentence))


def request_document(instance: WorkflowInstance) -> Mapping[str, Any]:
    """A request as the `outputs` and the `mapping` of another one look into it."""
    fields = cached_map(instance.version_id).graph.definition.fields
    return {
        "reference": instance.reference,
        "state": instance.state,
        "result": instance.result,
        "data": canonical_values(fields, instance.data),
    }


def _pick_values(instance: WorkflowInstance, paths: Mapping[str, str]) -> dict[str, Any]:
    """What these paths find in a request, for the fields of another one."""
    source_document = request_document(instance)
    return {
        key: render_form_value(find_single_value(source_document, path))
        for key, path in paths.items()
    }


def cancel_child(message: OutboxMessage, now: datetime) -> None:
    """The step that waited for a request is not needed any more, so the request is not either."""
    children = WorkflowInstance.objects.running().filter(
        parent_id=message.request_id, parent_activation=message.activation
    )
    cause = ParentGaveUp(read_payload(message, ChildCancelPayload).reason)
    for child in children:
        requests.cancel(child.pk, actor=None, reason="", now=now, cause=cause)
