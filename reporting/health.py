"""The health page: every step of every workflow in use, worst first, and what to do in words."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db.models import QuerySet

from reporting.wording import span
from workflows.admin.base import list_url
from workflows.models import (
    Attempt,
    Incident,
    MapFinding,
    OutboxMessage,
    WorkflowTemplate,
    WorkItem,
)
from workflows.models.outbox import ASIDE
from workflows.services.health import (
    AMBER,
    GREEN,
    GREY,
    ORDER,
    RED,
    OutboxHealth,
    StepHealth,
    answers_for,
    health_of,
    open_findings,
    outbox_health,
    steps_in_use,
    worst,
)
from workflows.services.readiness import Check, machine


@dataclass(frozen=True, slots=True)
class ToDo:
    """What somebody should do, and the filtered list in the admin where it is done."""

    text: str
    address: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """A step with its figures and what to do about it."""

    health: StepHealth
    todo: list[ToDo]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowHealth:
    """A workflow with its steps, the worst first."""

    template: WorkflowTemplate
    owner: str
    state: str
    steps: list[StepLine]
    findings: list[MapFinding] = field(default_factory=list)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has to be done."""
        return self.state in (GREEN, GREY)


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPage:
    """The whole page."""

    now: datetime
    state: str
    counts: Mapping[str, int]
    outbox: OutboxHealth
    outbox_todo: list[ToDo]
    machine: list[Check]
    workflows: list[WorkflowHealth] = field(default_factory=list)

    @property
    def machine_is_well(self) -> bool:
        """Whether worker, clock and what they keep do well."""
        return all(check.is_well for check in self.machine)


def health_page(templates: QuerySet[WorkflowTemplate], *, now: datetime) -> HealthPage:
    """The health of these workflows and of the outbox, in a few statements, however many
    workflows there are."""
    workflows = _workflows(health_of(steps_in_use(templates), now=now), now)
    outbox, checks = outbox_health(now=now), machine(now=now)
    lit = GREEN if all(check.is_well for check in checks) else RED
    counted = Counter(line.health.state for one in workflows for line in one.steps)
    return HealthPage(
        now=now,
        state=worst([outbox.state, lit, *(one.state for one in workflows)]),
        counts={state: counted[state] for state in ORDER},
        outbox=outbox,
        outbox_todo=_outbox_todo(outbox, now),
        machine=checks,
        workflows=workflows,
    )


def _workflows(steps: Iterable[StepHealth], now: datetime) -> list[WorkflowHealth]:
    by_template = [
        (template, list(its))
        for template, its in groupby(steps, key=lambda one: one.step.version.template)
    ]
    wrong = open_findings([template for template, _ in by_template])
    found = [
        _workflow(template, its, now, wrong.get(template.pk, [])) for template, its in by_template
    ]
    return sorted(found, key=lambda one: (ORDER.index(one.state), one.template.name))


def _workflow(
    template: WorkflowTemplate,
    steps: list[StepHealth],
    now: datetime,
    findings: list[MapFinding],
) -> WorkflowHealth:
    lights = [RED if one.severity == MapFinding.ERROR else AMBER for one in findings]
    ordered = sorted(steps, key=lambda one: ORDER.index(one.state))
    return WorkflowHealth(
        template=template,
        owner=answers_for(template),
        state=worst([*lights, *(one.state for one in steps)]),
        findings=findings,
        steps=[StepLine(health=one, todo=what_to_do(one, now)) for one in ordered],
    )


# -- what to do -------------------------------------------------------------------------------


def what_to_do(one: StepHealth, now: datetime) -> list[ToDo]:
    """What is to be done about a step, the most pressing first; nothing where it is well."""
    return [*_mend(one), *_look(one), *_hurry(one, now)]


def _mend(one: StepHealth) -> Iterable[ToDo]:
    if one.open_incidents:
        verb = "Retry" if one.step.kind == "automation" else "Put right"
        address = list_url(Incident, state__exact=Incident.OPEN, step__id__exact=one.step.pk)
        yield ToDo(f"{verb} {counted(one.open_incidents, 'incident')}", address, "incident")


def _look(one: StepHealth) -> Iterable[ToDo]:
    """What failed lately and asks for no command: it is looked at, before it comes again."""
    is_automatic = one.step.kind == "automation"
    address = list_url(Attempt if is_automatic else Incident, step__id__exact=one.step.pk)
    kind = "attempt" if is_automatic else "incident"
    if one.last_run_failed and not one.open_incidents:
        yield ToDo(f"See why the last attempt failed ({one.last_error})", address, kind)
    elif one.failed_week and not one.open_incidents:
        yield ToDo(f"See what failed {times(one.failed_week)} in 7 days", address, kind)


def _hurry(one: StepHealth, now: datetime) -> Iterable[ToDo]:
    if one.overdue and one.overdue_since:
        late = span((now - one.overdue_since).total_seconds())
        address = list_url(WorkItem, waiting="late", step__id__exact=one.step.pk)
        text = f"Remind or reassign {counted(one.overdue, 'overdue task')}, the oldest by {late}"
        yield ToDo(text, address, "workitem")


def _outbox_todo(outbox: OutboxHealth, now: datetime) -> list[ToDo]:
    return [*_start(outbox, now), *_look_into(outbox, now)]


def _look_into(outbox: OutboxHealth, now: datetime) -> Iterable[ToDo]:
    """What does not get through."""
    if outbox.aside:
        address = list_url(OutboxMessage, state__exact=ASIDE)
        text = f"Look at {counted(outbox.aside, 'message')} set aside: send again, or give up"
        yield ToDo(text, address, "outboxmessage")
    if outbox.failing and outbox.failing_since:
        since = span((now - outbox.failing_since).total_seconds())
        kinds = dict(OutboxMessage.KINDS)
        what = ", ".join(kinds.get(kind, kind) for kind in outbox.failing_kinds)
        text = f"See why {counted(outbox.failing, 'message')} fail since {since} ago ({what})"
        yield ToDo(text, list_url(OutboxMessage, failing="yes"), "outboxmessage")


def _start(outbox: OutboxHealth, now: datetime) -> list[ToDo]:
    if outbox.is_ticking:
        return []
    waiting = list_url(OutboxMessage, due="yes")
    late = f", the oldest for {span((now - outbox.oldest_due).total_seconds())}" if (
        outbox.oldest_due) else ""  # fmt: skip
    stuck = counted(outbox.due + outbox.abandoned, "message")
    text = f"Start the clock and the workers: {stuck} wait{late}"
    return [ToDo(text, waiting, "outboxmessage")]


def counted(number: int, what: str) -> str:
    """'1 incident', '12 incidents'."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def times(number: int) -> str:
    """'once', '3 times'."""
    return "once" if number == 1 else f"{number:,} times"


# -- the same as JSON -------------------------------------------------------------------------


def health_json(page: HealthPage) -> dict[str, Any]:
    """The page's facts for a machine that watches; times are ISO 8601, in UTC."""
    outbox = page.outbox
    return {
        "now": page.now,
        "state": page.state,
        "steps": page.counts,
        "outbox": {
            "state": outbox.state,
            "is_ticking": outbox.is_ticking,
            "due": outbox.due,
            "oldest_due": outbox.oldest_due,
            "abandoned": outbox.abandoned,
            "given_up_7_days": outbox.given_up,
            "set_aside": outbox.aside,
            "failing": outbox.failing,
            "failing_since": outbox.failing_since,
            "failing_kinds": outbox.failing_kinds,
            "to_do": [todo.text for todo in page.outbox_todo],
        },
        "machine": [
            {"name": check.name, "ok": check.is_well, "text": check.text} for check in page.machine
        ],
        "workflows": [_workflow_json(one) for one in page.workflows],
    }


def _workflow_json(one: WorkflowHealth) -> dict[str, Any]:
    return {
        "key": one.template.key,
        "name": one.template.name,
        "state": one.state,
        "owner": one.owner,
        "map_findings": [_finding_json(finding) for finding in one.findings],
        "steps": [_step_json(line) for line in one.steps],
    }


def _finding_json(one: MapFinding) -> dict[str, Any]:
    return {
        "code": one.code,
        "severity": one.severity,
        "step": one.step or None,
        "since": one.found_at,
        "message": one.message,
        "remedy": one.remedy,
    }


def _step_json(line: StepLine) -> dict[str, Any]:
    one = line.health
    return {
        "version": one.step.version.number,
        "key": one.step.key,
        "name": str(one.step),
        "kind": one.step.kind,
        "state": one.state,
        "owner": one.owner,
        "last_success": one.last_success,
        "runs_7_days": one.runs_week,
        "failed_7_days": one.failed_week,
        "runs_90_days": one.runs_quarter,
        "failed_90_days": one.failed_quarter,
        "last_error": one.last_error,
        "last_error_at": one.last_error_at,
        "open_incidents": one.open_incidents,
        "oldest_incident": _oldest(one),
        "overdue": one.overdue,
        "overdue_since": one.overdue_since,
        "to_do": [todo.text for todo in line.todo],
    }


def _oldest(one: StepHealth) -> str | None:
    """The request that has waited longest."""
    return one.oldest_incident.request.reference if one.oldest_incident else None


# -- the same as a table ----------------------------------------------------------------------


COLUMNS = (
    *("workflow", "version", "step", "name", "kind", "state", "last_success", "runs_7_days"),
    *("failed_7_days", "runs_90_days", "failed_90_days", "last_error", "last_error_at"),
    *("open_incidents", "oldest_incident", "overdue", "overdue_since", "owner", "to_do"),
)


def health_rows(page: HealthPage) -> Iterable[list[Any]]:
    """The page's lines in its order, under `COLUMNS`."""
    for workflow in page.workflows:
        for line in workflow.steps:
            told = _step_json(line)
            told |= {"workflow": workflow.template.key, "step": told["key"]}
            told["to_do"] = "; ".join(told["to_do"])
            yield [told[name] for name in COLUMNS]
