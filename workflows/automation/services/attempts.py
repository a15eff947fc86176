"""One attempt of an automation step: begin it, run its action, write down what came of it.

Three transactions at most, and none is open while the other side is waited for. Whatever dies in
between leaves an attempt that is seen to be lost, and a message that comes back with its lease.
"""

import hashlib
import logging
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from workflows.automation.services.late_answers import (
    late_answer_columns,
    note_columns,
    record_late_answer,
    suspended_columns,
)
from workflows.definitions.models import WorkflowTemplate
from workflows.definitions.queries.external_permissions import (
    NotGranted,
    check_current_permissions,
    find_step_uses,
)
from workflows.engine.errors import HandoffError, text_of
from workflows.engine.format.actions import Action, ActionFailed, ActionResult, Job, action_named
from workflows.engine.format.definition import AutomationStep, RetryDef
from workflows.engine.routing.step_troubles import StepFailed
from workflows.engine.texts import text
from workflows.engine.timing.working_time import parse_duration
from workflows.engine.values.json_paths import PathProblem, find_single_value
from workflows.engine.values.placeholders import PlaceholderProblem
from workflows.engine.values.rounding import apply_rounding_rule
from workflows.execution.facts import ActionUnknown
from workflows.execution.models import WorkflowInstance
from workflows.execution.services.automation_steps import (
    complete_waiting_step,
    fail_waiting_step,
    open_work_of_instance,
    text_for_all,
    waiting_token,
)
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.outbox.delivery_problems import (
    ActionRefused,
    AttemptFailed,
    WorkerLost,
)
from workflows.outbox.models import Attempt, OutboxMessage
from workflows.outbox.payloads import AttemptPayload, read_payload
from workflows.outbox.services import messages as outbox

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

ATTEMPTS, FIRST_DELAY, FACTOR = 5, "10s", 2
LONGEST_DELAY = timedelta(hours=1)
NAMESPACE = uuid.UUID("6d1a3a0c-58b4-4c0e-9d5f-0f3d7c1f4b6e")


def run_attempt(message: OutboxMessage, clock: Clock) -> None:
    """Try once. Raises TicketLost where another worker has the message by now."""
    begun = _begin_attempt(message, clock())
    if begun is None:
        return
    action, job, row = begun
    if action.inside:
        _finish_attempt(message, row, lambda: _run_granted_action(action, job), clock)
        return
    outcome = _try_action(action, job)
    try:
        _finish_attempt(message, row, lambda: _unwrap_outcome(outcome), clock, outcome=outcome)
    except outbox.TicketLost:
        _keep_overtaken_outcome(row, outcome, clock())
        raise


def _keep_overtaken_outcome(
    row: Attempt, outcome: ActionResult | ActionFailed, now: datetime
) -> None:
    """Another worker has the turn: what came is kept, and told where nothing waits any more."""
    with transaction.atomic():
        case = open_work_of_instance(row.request_id, now=now)
        _record_outcome(row, Attempt.LOST, now, **late_answer_columns(row, outcome))
        if waiting_token(case, row.activation) is None:
            record_late_answer(case, row, outcome)


def _try_action(action: Action, job: Job) -> ActionResult | ActionFailed:
    try:
        return _run_granted_action(action, job)
    except ActionFailed as failed:
        return failed
    except (PlaceholderProblem, PathProblem) as refused:
        return ActionFailed(refused.code, text_of(refused))
    except Exception as problem:
        log.exception("The action '%s' failed at %s.", job.step.action, job.reference)
        return crash_failure(problem)


def _run_granted_action(action: Action, job: Job) -> ActionResult:
    """Run an action, where the workflow's owner may do now what it does."""
    uses = list(find_step_uses(job.step_key, job.step))
    if uses:
        workflows = WorkflowTemplate.objects.select_related("owner", "deputy")
        try:
            check_current_permissions(workflows.get(instances=job.request_id), uses)
        except NotGranted as refused:
            raise ActionFailed(refused.code, text_of(refused)) from None
    return action.run(job)


def _unwrap_outcome(outcome: ActionResult | ActionFailed) -> ActionResult:
    if isinstance(outcome, ActionFailed):
        raise outcome
    return outcome


def crash_failure(problem: Exception) -> ActionFailed:
    """An error that the action did not foresee: only its kind is told, for its text may hold
    anything."""
    return ActionFailed(
        "action_crashed",
        text(
            "The action ended with %(error)s; the worker's log has the details.",
            error=type(problem).__name__,
        ),
        retry=True,
    )


# -- beginning --------------------------------------------------------------------------------


def _begin_attempt(message: OutboxMessage, now: datetime) -> tuple[Action, Job, Attempt] | None:
    """Write the attempt down, if there is still something to try."""
    assert message.request_id is not None
    assert message.activation is not None
    with transaction.atomic():
        case = open_work_of_instance(message.request_id, now=now)
        if case.instance.state == WorkflowInstance.SUSPENDED:
            outbox.hold_message(message)
            return None
        token = waiting_token(case, message.activation)
        if token is None or case.instance.state != WorkflowInstance.RUNNING:
            outbox.mark_delivered(message, now=now)
            return None
        step = case.map.graph[token.step]
        assert isinstance(step, AutomationStep)
        action = action_named(step.action)
        if action is None:
            outbox.mark_delivered(message, now=now)
            fail_waiting_step(case, token.id, ActionUnknown(step.action))
            return None
        job = _build_job(case, token.step, step, message.activation)
        row = _write_attempt(case, token.id, job)
        # Counted before the call, not after: a worker that dies during it has tried, too.
        tried = read_payload(message, AttemptPayload).tried + 1
        message.payload = AttemptPayload(tried=tried).to_json()
        outbox.extend_lease(message, until=now + attempt_lease(job))
    return action, job, row


def attempt_lease(job: Job) -> timedelta:
    """How long an attempt may take before its worker counts as dead."""
    timeout = job.parameters.get("timeout")
    longest = float(timeout) if isinstance(timeout, int | float) else 120.0
    return timedelta(seconds=min(longest, 120.0) + settings.OUTBOX_LEASE_SECONDS)


def _build_job(case: UnitOfWork, key: str, step: AutomationStep, activation: int) -> Job:
    instance = case.instance
    return Job(
        step_key=key,
        step=step,
        definition=case.map.graph.definition,
        request_id=instance.pk,
        reference=instance.reference,
        link=_request_link(instance),
        data=dict(case.data_at_activation(activation)),
        idempotency_key=idempotency_key(instance, activation),
        now=case.now,
        known=case.known_at_activation(activation),
    )


def facts_of_request(instance: WorkflowInstance, activation: int) -> Mapping[str, str]:
    """What placeholders may name of a request besides its fields, where no action is run."""
    return {
        "request.reference": instance.reference,
        "request.link": _request_link(instance),
        "request.key": idempotency_key(instance, activation),
    }


def _request_link(instance: WorkflowInstance) -> str:
    return f"{settings.SITE_URL}/requests/{instance.reference}/"


def idempotency_key(instance: WorkflowInstance, activation: int) -> str:
    """The key of all attempts of one activation: the same after a crash, a retry by hand, or a
    restored backup; another one for every other activation of any site."""
    name = f"{instance.started_at.isoformat()}/{instance.reference}/{activation}"
    return str(uuid.uuid5(NAMESPACE, name))


def _write_attempt(case: UnitOfWork, activation: int, job: Job) -> Attempt:
    attempts = Attempt.objects.filter(request=case.instance, activation=activation)
    attempts.filter(state=Attempt.RUNNING).update(
        state=Attempt.LOST,
        finished_at=case.now,
        code=WorkerLost.CODE,
        parameters={},
    )
    last = attempts.aggregate(last=Max("number"))["last"] or 0
    return Attempt.objects.create(
        request=case.instance,
        step_id=case.map.step_ids[job.step_key],
        activation=activation,
        number=last + 1,
        action=job.step.action,
        idempotency_key=job.idempotency_key,
        started_at=case.now,
    )


# -- finishing --------------------------------------------------------------------------------


def _finish_attempt(
    message: OutboxMessage,
    row: Attempt,
    result: Callable[[], ActionResult],
    clock: Clock,
    *,
    outcome: ActionResult | ActionFailed | None = None,
) -> None:
    """Go on with the request, or set the next try, or give up: one transaction each way.

    `outcome` is what an action outside has done already, whatever becomes of the request.
    """
    try:
        with transaction.atomic():
            _complete_attempt(message, row, result, clock(), outcome)
    except ActionFailed as failed:
        _fail_attempt(message, row, failed, clock())
    except (HandoffError, PathProblem, PlaceholderProblem) as refused:
        _fail_attempt(message, row, _refused_output(refused, outcome), clock())
    except outbox.TicketLost:
        raise
    except Exception as problem:
        if not _is_inside_action(row):
            raise
        log.exception("The action '%s' failed.", row.action)
        _fail_attempt(message, row, crash_failure(problem), clock())


def _refused_output(
    refused: HandoffError | PathProblem | PlaceholderProblem,
    outcome: ActionResult | ActionFailed | None,
) -> ActionFailed:
    """What the request does not take of the answer, with what is known of the answer."""
    code = getattr(refused, "code", "output_unfit")
    excerpt = outcome.answer_text if outcome is not None else ""
    status = outcome.status if outcome is not None else None
    return ActionFailed(code, text_of(refused), answer_text=excerpt, status=status)


def _is_inside_action(row: Attempt) -> bool:
    action = action_named(row.action)
    return action is not None and action.inside


def _complete_attempt(
    message: OutboxMessage,
    row: Attempt,
    result: Callable[[], ActionResult],
    now: datetime,
    outcome: ActionResult | ActionFailed | None,
) -> None:
    assert message.request_id is not None
    case = open_work_of_instance(message.request_id, now=now)
    token = waiting_token(case, message.activation)
    if token is None:
        outbox.mark_delivered(message, now=now)
        state = Attempt.FAILED if isinstance(outcome, ActionFailed) else Attempt.SUCCEEDED
        _record_outcome(row, state, now, **late_answer_columns(row, outcome))
        record_late_answer(case, row, outcome)
    elif case.instance.state == WorkflowInstance.SUSPENDED:
        outbox.hold_message(message)  # the same key is tried when the request goes on
        _record_outcome(row, Attempt.LOST, now, **suspended_columns(row, outcome))
    else:
        done = result()
        outbox.mark_delivered(message, now=now)
        values = step_outputs(case.map.graph[token.step], done)
        complete_waiting_step(
            case, token.id, outcome="done", raw_values=values, since=_first_started_at(row)
        )
        _record_outcome(row, Attempt.SUCCEEDED, now, status=done.status, answer=done.answer_text)


def step_outputs(step: Any, done: ActionResult) -> Mapping[str, Any]:
    """The values that the step's `outputs` find in the answer, and those given outright, rounded
    as the step says."""
    picked = {
        key: find_single_value(done.answer, path) for key, path in (step.outputs or {}).items()
    }
    return rounded_outputs(step, {**done.field_values, **picked})


def rounded_outputs(step: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values for fields, those rounded that the step's `round` names."""
    rules = step.round or {}
    return {key: apply_rounding_rule(value, rules.get(key)) for key, value in values.items()}


def _fail_attempt(
    message: OutboxMessage, row: Attempt, failed: ActionFailed, now: datetime
) -> None:
    assert message.request_id is not None
    with transaction.atomic():
        case = open_work_of_instance(message.request_id, now=now)
        token = waiting_token(case, message.activation)
        if token is None or not case.instance.is_live:
            outbox.mark_delivered(message, now=now)
        else:
            _retry_or_give_up(case, message, row, failed)
        _record_outcome(
            row,
            Attempt.FAILED,
            now,
            status=failed.status,
            answer=failed.answer_text,
            **note_columns(AttemptFailed(failed.code, failed.text)),
        )


def _retry_or_give_up(
    case: UnitOfWork, message: OutboxMessage, row: Attempt, failed: ActionFailed
) -> None:
    step = case.map.graph.steps[row.step.key]
    assert isinstance(step, AutomationStep)
    tried = read_payload(message, AttemptPayload).tried or 1
    allowed = _retry_policy(step)[0]
    if failed.retry and tried < allowed:
        salt = f"{case.instance.started_at.isoformat()}/{message.activation}"
        wait = max(retry_delay(step, tried, salt=salt), timedelta(seconds=failed.wait))
        why = ActionRefused(failed.code, text_for_all(case.map, row.step.key, failed.text))
        outbox.put_off(message, until=case.now + min(wait, LONGEST_DELAY), why=why)
        return
    if case.instance.state == WorkflowInstance.SUSPENDED:
        outbox.hold_message(message)
        return
    assert message.activation is not None
    outbox.mark_delivered(message, now=case.now)
    fail_waiting_step(
        case,
        message.activation,
        StepFailed(failed.code, failed.text, tried),
        since=_first_started_at(row),
    )


def _retry_policy(step: AutomationStep) -> tuple[int, float, float]:
    """How many attempts, the first delay in seconds, and how much longer each next one is."""
    retry = step.retry or RetryDef()
    return (
        retry.attempts or ATTEMPTS,
        _pause_seconds(retry.first_delay or FIRST_DELAY),
        float(retry.factor or FACTOR),
    )


def _pause_seconds(text: str) -> float:
    """A pause on the clock: `10s`, or a duration with 24-hour days."""
    if text.endswith("s"):
        return float(text[:-1])
    duration = parse_duration(text)
    return (
        (duration.weeks * 7 + duration.days) * 24 + duration.hours
    ) * 3600.0 + duration.minutes * 60.0


def retry_delay(step: AutomationStep, tried: int, *, salt: str) -> timedelta:
    """The pause after so many attempts: exponential, moved by up to a fifth either way so that
    many requests that failed together do not come back together; an hour at most."""
    _, first, factor = _retry_policy(step)
    digest = hashlib.sha256(f"{salt}:{tried}".encode()).digest()
    jitter = 0.8 + 0.4 * int.from_bytes(digest[:4]) / 2**32
    longest = LONGEST_DELAY.total_seconds()
    # Past 64 doublings any factor is beyond the longest pause; without the cap it overflows.
    return timedelta(seconds=min(first * factor ** min(tried - 1, 64) * jitter, longest))


def _first_started_at(row: Attempt) -> datetime:
    """When work on the activation began: its first attempt."""
    first = Attempt.objects.filter(request_id=row.request_id, activation=row.activation).first()
    return first.started_at if first is not None else row.started_at


def _record_outcome(row: Attempt, state: str, now: datetime, **columns: Any) -> None:
    """Write down how the attempt ended."""
    took = max(0, round((now - row.started_at).total_seconds() * 1000))
    Attempt.objects.filter(pk=row.pk).update(
        state=state, finished_at=now, milliseconds=took, **columns
    )
