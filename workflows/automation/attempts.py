"""One attempt of an automation step: begin it, run its action, write down what came of it.

Three transactions at most, and none is open while the other side is waited for. Whatever dies in
between leaves an attempt that is seen to be lost, and a message that comes back with its lease.
"""

import hashlib
import logging
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from workflows.engine.actions import Action, ActionFailed, Done, Job, action_named
from workflows.engine.calendar import parse_duration
from workflows.engine.definition import AutomationStep, RetryDef
from workflows.engine.errors import HandoffError
from workflows.engine.paths import PathProblem, pick
from workflows.engine.rounding import as_the_map_rounds
from workflows.engine.spelling import in_text
from workflows.engine.templates import PlaceholderProblem
from workflows.models import Attempt, OutboxMessage, WorkflowInstance, WorkflowTemplate
from workflows.services import outbox
from workflows.services.case import Case
from workflows.services.foreign import NotGranted, check_now, uses_of_step
from workflows.services.maps import cached_map
from workflows.services.outside import case_of, complete, fail, waiting_token

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

ATTEMPTS, FIRST_DELAY, FACTOR = 5, "10s", 2
LONGEST_DELAY = timedelta(hours=1)
NAMESPACE = uuid.UUID("6d1a3a0c-58b4-4c0e-9d5f-0f3d7c1f4b6e")


def attempt(message: OutboxMessage, clock: Clock) -> None:
    """Try once. Raises TicketLost where another worker has the message by now."""
    begun = _begin(message, clock())
    if begun is None:
        return
    action, job, row = begun
    if action.inside:
        _finish(message, row, lambda: _run(action, job), clock)
        return
    outcome = _outcome(action, job)
    try:
        _finish(message, row, lambda: _given(outcome), clock, outcome=outcome)
    except outbox.TicketLost:
        _note(row, Attempt.LOST, clock(), **_late(row, outcome))
        raise


def _outcome(action: Action, job: Job) -> Done | ActionFailed:
    try:
        return _run(action, job)
    except ActionFailed as failed:
        return failed
    except Exception as problem:
        log.exception("The action '%s' failed at %s.", job.step.action, job.reference)
        return crashed(problem)


def _run(action: Action, job: Job) -> Done:
    """Run an action, where the workflow's owner may do now what it does."""
    wanted = list(uses_of_step(job.step_key, job.step))
    if wanted:
        workflows = WorkflowTemplate.objects.select_related("owner", "deputy")
        try:
            check_now(workflows.get(instances=job.request_id), wanted)
        except NotGranted as refused:
            raise ActionFailed(refused.code, str(refused)) from None
    return action.run(job)


def _given(outcome: Done | ActionFailed) -> Done:
    if isinstance(outcome, ActionFailed):
        raise outcome
    return outcome


def crashed(problem: Exception) -> ActionFailed:
    """An error that the action did not foresee: only its kind is told, for its text may hold
    anything."""
    return ActionFailed(
        "action_crashed",
        f"The action ended with {type(problem).__name__}; the worker's log has the details.",
        retry=True,
    )


# -- beginning --------------------------------------------------------------------------------


def _begin(message: OutboxMessage, now: datetime) -> tuple[Action, Job, Attempt] | None:
    """Write the attempt down, if there is still something to try."""
    assert message.request_id is not None
    assert message.activation is not None
    with transaction.atomic():
        case = case_of(message.request_id, now=now)
        if case.instance.state == WorkflowInstance.SUSPENDED:
            outbox.hold(message)
            return None
        token = waiting_token(case, message.activation)
        if token is None or case.instance.state != WorkflowInstance.RUNNING:
            outbox.close(message, now=now)
            return None
        step = case.map.graph[token.step]
        assert isinstance(step, AutomationStep)
        action = action_named(step.action)
        if action is None:
            outbox.close(message, now=now)
            fail(case, token.id, code="action_unknown", message=_unknown(step.action))
            return None
        job = _job(case, token.step, step, message.activation)
        row = _write_attempt(case, token.id, job)
        message.payload["tried"] = message.payload.get("tried", 0) + 1
        outbox.keep(message, until=now + lease_of(job))
    return action, job, row


def _unknown(name: str) -> str:
    return (
        f"There is no action '{name}' on this site. Add its module to HANDOFF_ACTIONS, or correct"
        " the map."
    )


def lease_of(job: Job) -> timedelta:
    """How long an attempt may take before its worker counts as dead."""
    asked = job.told.get("timeout")
    longest = float(asked) if isinstance(asked, int | float) else 120.0
    return timedelta(seconds=min(longest, 120.0) + settings.OUTBOX_LEASE_SECONDS)


def _job(case: Case, key: str, step: AutomationStep, activation: int) -> Job:
    instance = case.instance
    return Job(
        step_key=key,
        step=step,
        definition=case.map.graph.definition,
        request_id=instance.pk,
        reference=instance.reference,
        link=_link(instance),
        data=dict(instance.data),
        idempotency_key=idempotency_key(instance, activation),
        now=case.now,
    )


def facts_of_request(instance: WorkflowInstance, activation: int) -> Mapping[str, str]:
    """What placeholders may name of a request besides its fields, where no action is run."""
    return {
        "request.reference": instance.reference,
        "request.link": _link(instance),
        "request.key": idempotency_key(instance, activation),
    }


def _link(instance: WorkflowInstance) -> str:
    return f"{settings.SITE_URL}/requests/{instance.reference}/"


def idempotency_key(instance: WorkflowInstance, activation: int) -> str:
    """The key of all attempts of one activation: the same after a crash, a retry by hand, or a
    restored backup; another one for every other activation of any site."""
    name = f"{instance.started_at.isoformat()}/{instance.reference}/{activation}"
    return str(uuid.uuid5(NAMESPACE, name))


def _write_attempt(case: Case, activation: int, job: Job) -> Attempt:
    mine = Attempt.objects.filter(request=case.instance, activation=activation)
    mine.filter(state=Attempt.RUNNING).update(
        state=Attempt.LOST,
        finished_at=case.now,
        code="worker_lost",
        message="The worker ended before an answer was written down; the same key is tried again.",
    )
    last = mine.aggregate(last=Max("number"))["last"] or 0
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


def _finish(
    message: OutboxMessage,
    row: Attempt,
    result: Callable[[], Done],
    clock: Clock,
    *,
    outcome: Done | ActionFailed | None = None,
) -> None:
    """Go on with the request, or set the next try, or give up: one transaction each way.

    `outcome` is what an action outside has done already, whatever becomes of the request.
    """
    try:
        with transaction.atomic():
            _succeed(message, row, result, clock(), outcome)
    except ActionFailed as failed:
        _fail(message, row, failed, clock())
    except (HandoffError, PathProblem, PlaceholderProblem) as refused:
        code = getattr(refused, "code", "output_unfit")
        shown = outcome.shown if outcome is not None else ""
        status = outcome.status if outcome is not None else None
        _fail(message, row, ActionFailed(code, str(refused), shown=shown, status=status), clock())
    except outbox.TicketLost:
        raise
    except Exception as problem:
        if not _is_inside(row):
            raise
        log.exception("The action '%s' failed.", row.action)
        _fail(message, row, crashed(problem), clock())


def _is_inside(row: Attempt) -> bool:
    action = action_named(row.action)
    return action is not None and action.inside


def _succeed(
    message: OutboxMessage,
    row: Attempt,
    result: Callable[[], Done],
    now: datetime,
    outcome: Done | ActionFailed | None,
) -> None:
    assert message.request_id is not None
    case = case_of(message.request_id, now=now)
    token = waiting_token(case, message.activation)
    if token is None:
        outbox.close(message, now=now)
        failed = isinstance(outcome, ActionFailed)
        _note(row, Attempt.FAILED if failed else Attempt.SUCCEEDED, now, **_late(row, outcome))
    elif case.instance.state == WorkflowInstance.SUSPENDED:
        outbox.hold(message)  # the same key is tried when the request goes on
        late = _late(row, outcome)
        said = f"The request was suspended. {late.get('message', '')}".strip()
        _note(row, Attempt.LOST, now, **late | {"code": "suspended", "message": said})
    else:
        done = result()
        outbox.close(message, now=now)
        given = outputs(case.map.graph[token.step], done)
        complete(case, token.id, how="done", given=given, since=_since(row))
        _note(row, Attempt.SUCCEEDED, now, status=done.status, answer=done.shown)


def _late(row: Attempt, outcome: Done | ActionFailed | None) -> dict[str, Any]:
    """What an attempt keeps of an answer that changes nothing any more: what the other side has
    done may be known nowhere else."""
    if outcome is None:
        return {}
    kept = {"status": outcome.status, "answer": outcome.shown}
    if isinstance(outcome, ActionFailed):
        return kept | {"code": outcome.code, "message": outcome.message}
    step = cached_map(row.step.version_id).graph[row.step.key]
    found = []
    for key, path in (getattr(step, "outputs", None) or {}).items():
        with suppress(PathProblem):
            found.append(f"{key}: {in_text(pick(outcome.answer, path))[:200]}")
    gives = f" It gives {'; '.join(found)}." if found else ""
    words = f"The answer came when nothing waited for it any more, and changed nothing.{gives}"
    return kept | {"code": "answered_late", "message": words}


def outputs(step: Any, done: Done) -> Mapping[str, Any]:
    """The values that the step's `outputs` find in the answer, and those given outright, rounded
    as the step says."""
    found = {key: pick(done.answer, path) for key, path in (step.outputs or {}).items()}
    return rounded_outputs(step, {**done.given, **found})


def rounded_outputs(step: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values for fields, those rounded that the step's `round` names."""
    rules = step.round or {}
    return {key: as_the_map_rounds(value, rules.get(key)) for key, value in values.items()}


def _fail(message: OutboxMessage, row: Attempt, failed: ActionFailed, now: datetime) -> None:
    assert message.request_id is not None
    with transaction.atomic():
        case = case_of(message.request_id, now=now)
        token = waiting_token(case, message.activation)
        if token is None or not case.instance.is_live:
            outbox.close(message, now=now)
        else:
            _again_or_give_up(case, message, row, failed)
        _note(
            row, Attempt.FAILED, now, status=failed.status, code=failed.code,
            message=failed.message, answer=failed.shown,
        )  # fmt: skip


def _again_or_give_up(
    case: Case, message: OutboxMessage, row: Attempt, failed: ActionFailed
) -> None:
    step = case.map.graph.steps[row.step.key]
    assert isinstance(step, AutomationStep)
    tried, allowed = message.payload.get("tried", 1), _policy(step)[0]
    if failed.retry and tried < allowed:
        salt = f"{case.instance.started_at.isoformat()}/{message.activation}"
        wait = max(delay(step, tried, salt=salt), timedelta(seconds=failed.wait))
        outbox.put_off(message, until=case.now + min(wait, LONGEST_DELAY), why=failed.message)
        return
    if case.instance.state == WorkflowInstance.SUSPENDED:
        outbox.hold(message)
        return
    assert message.activation is not None
    outbox.close(message, now=case.now)
    fail(
        case, message.activation, code=failed.code, since=_since(row),
        message=f"{failed.message} Tried {tried} time{'s' if tried != 1 else ''}.",
    )  # fmt: skip


def _policy(step: AutomationStep) -> tuple[int, float, float]:
    """How many attempts, the first delay in seconds, and how much longer each next one is."""
    said = step.retry or RetryDef()
    return (
        said.attempts or ATTEMPTS,
        _seconds(said.first_delay or FIRST_DELAY),
        float(said.factor or FACTOR),
    )


def _seconds(text: str) -> float:
    """A pause on the clock: `10s`, or a duration with 24-hour days."""
    if text.endswith("s"):
        return float(text[:-1])
    said = parse_duration(text)
    return ((said.weeks * 7 + said.days) * 24 + said.hours) * 3600.0 + said.minutes * 60.0


def delay(step: AutomationStep, tried: int, *, salt: str) -> timedelta:
    """The pause after so many attempts: exponential, moved by up to a fifth either way so that
    many requests that failed together do not come back together; an hour at most."""
    _, first, factor = _policy(step)
    digest = hashlib.sha256(f"{salt}:{tried}".encode()).digest()
    jitter = 0.8 + 0.4 * int.from_bytes(digest[:4]) / 2**32
    longest = LONGEST_DELAY.total_seconds()
    # Past 64 doublings any factor is beyond the longest pause; without the cap it overflows.
    return timedelta(seconds=min(first * factor ** min(tried - 1, 64) * jitter, longest))


def _since(row: Attempt) -> datetime:
    """When work on the activation began: its first attempt."""
    first = Attempt.objects.filter(request_id=row.request_id, activation=row.activation).first()
    return first.started_at if first is not None else row.started_at


def _note(row: Attempt, state: str, now: datetime, **more: Any) -> None:
    """Write down how the attempt ended."""
    took = max(0, round((now - row.started_at).total_seconds() * 1000))
    Attempt.objects.filter(pk=row.pk).update(
        state=state, finished_at=now, milliseconds=took, **more
    )
