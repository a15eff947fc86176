"""What somebody should do about a step or the outbox, as codes with their parameters.

`reporting.health.messages` makes the sentences.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from reporting.ui.admin_links import admin_list_address
from workflows.execution.models import Incident, WorkItem
from workflows.monitoring.queries.step_health import OutboxHealth, StepHealth
from workflows.notices.models import Notice
from workflows.outbox.models import ASIDE, Attempt, OutboxMessage


class HealthAction(StrEnum):
    """What is to be done."""

    RETRY_INCIDENTS = "retry_incidents"
    RESOLVE_INCIDENTS = "resolve_incidents"
    READ_LAST_ERROR = "read_last_error"
    READ_FAILURES = "read_failures"
    REMIND_OR_REASSIGN = "remind_or_reassign"
    START_CLOCK_AND_WORKERS = "start_clock_and_workers"
    DECIDE_MESSAGES_ASIDE = "decide_messages_aside"
    READ_FAILING_MESSAGES = "read_failing_messages"
    READ_LOST_NOTICES = "read_lost_notices"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthToDo:
    """What somebody should do, and the filtered list in the admin where it is done."""

    action: HealthAction
    count: int = 0
    late_by: timedelta | None = None
    """How long the oldest has waited, or is overdue, or has failed."""
    error: str = ""
    message_kinds: tuple[str, ...] = ()
    address: str = ""
    model: str = ""


def collect_step_todos(step_health: StepHealth, now: datetime) -> list[HealthToDo]:
    """What is to be done about a step, the most pressing first; nothing where it is well."""
    return [
        *_incident_todos(step_health),
        *_failure_todos(step_health),
        *_overdue_todos(step_health, now),
    ]


def _incident_todos(step_health: StepHealth) -> Iterator[HealthToDo]:
    if step_health.open_incidents:
        is_automatic = step_health.step.kind == "automation"
        yield HealthToDo(
            action=HealthAction.RETRY_INCIDENTS if is_automatic else HealthAction.RESOLVE_INCIDENTS,
            count=step_health.open_incidents,
            address=admin_list_address(
                Incident, state__exact=Incident.OPEN, step__id__exact=step_health.step.pk
            ),
            model="incident",
        )


def _failure_todos(step_health: StepHealth) -> Iterator[HealthToDo]:
    """What failed lately and asks for no command: it is looked at, before it comes again."""
    if step_health.open_incidents:
        return
    model = Attempt if step_health.step.kind == "automation" else Incident
    address = admin_list_address(model, step__id__exact=step_health.step.pk)
    name = str(model._meta.model_name)
    if step_health.last_run_failed:
        yield HealthToDo(
            action=HealthAction.READ_LAST_ERROR,
            error=step_health.last_error,
            address=address,
            model=name,
        )
    elif step_health.failed_week:
        yield HealthToDo(
            action=HealthAction.READ_FAILURES,
            count=step_health.failed_week,
            address=address,
            model=name,
        )


def _overdue_todos(step_health: StepHealth, now: datetime) -> Iterator[HealthToDo]:
    if step_health.overdue and step_health.overdue_since:
        yield HealthToDo(
            action=HealthAction.REMIND_OR_REASSIGN,
            count=step_health.overdue,
            late_by=now - step_health.overdue_since,
            address=admin_list_address(
                WorkItem, waiting="late", step__id__exact=step_health.step.pk
            ),
            model="workitem",
        )


def collect_outbox_todos(outbox: OutboxHealth, now: datetime) -> list[HealthToDo]:
    """What is to be done about messages that wait or do not get through."""
    return [*_dispatch_todos(outbox, now), *_delivery_todos(outbox, now)]


def _dispatch_todos(outbox: OutboxHealth, now: datetime) -> Iterable[HealthToDo]:
    if not outbox.is_ticking:
        yield HealthToDo(
            action=HealthAction.START_CLOCK_AND_WORKERS,
            count=outbox.due + outbox.abandoned,
            late_by=now - outbox.oldest_due if outbox.oldest_due else None,
            address=admin_list_address(OutboxMessage, due="yes"),
            model="outboxmessage",
        )


def _delivery_todos(outbox: OutboxHealth, now: datetime) -> Iterator[HealthToDo]:
    """What does not get through."""
    if outbox.aside:
        yield HealthToDo(
            action=HealthAction.DECIDE_MESSAGES_ASIDE,
            count=outbox.aside,
            address=admin_list_address(OutboxMessage, state__exact=ASIDE),
            model="outboxmessage",
        )
    if outbox.failing and outbox.failing_since:
        yield HealthToDo(
            action=HealthAction.READ_FAILING_MESSAGES,
            count=outbox.failing,
            late_by=now - outbox.failing_since,
            message_kinds=tuple(outbox.failing_kinds),
            address=admin_list_address(OutboxMessage, failing="yes"),
            model="outboxmessage",
        )
    if outbox.lost_notices:
        yield HealthToDo(
            action=HealthAction.READ_LOST_NOTICES,
            count=outbox.lost_notices,
            address=admin_list_address(Notice, lost="yes"),
            model="notice",
        )
