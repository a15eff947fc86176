"""The health page: every step of every workflow in use, worst first, and what to do."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from django.db.models import QuerySet

from reporting.health.actions import HealthToDo, collect_outbox_todos, collect_step_todos
from workflows.definitions.models import MapFinding, WorkflowTemplate
from workflows.monitoring.facts import ReadinessCheck
from workflows.monitoring.queries.readiness import check_background_processes
from workflows.monitoring.queries.step_health import (
    AMBER,
    GREEN,
    GREY,
    RED,
    STATES_WORST_FIRST,
    OutboxHealth,
    StepHealth,
    compute_outbox_health,
    compute_step_health,
    open_findings_by_workflow,
    responsible_person_name,
    steps_in_use,
    worst_state,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepHealthLine:
    """A step with its figures and what to do about it."""

    health: StepHealth
    todo: list[HealthToDo]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowHealth:
    """A workflow with its steps, the worst first."""

    template: WorkflowTemplate
    owner: str
    state: str
    steps: list[StepHealthLine]
    findings: list[MapFinding] = field(default_factory=list)

    @property
    def finding_states(self) -> list[tuple[str, MapFinding]]:
        """What the audit says of the map now, with its colour."""
        return [(RED if row.severity == MapFinding.ERROR else AMBER, row) for row in self.findings]

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
    outbox_todo: list[HealthToDo]
    machine: list[ReadinessCheck]
    workflows: list[WorkflowHealth] = field(default_factory=list)

    @property
    def machine_is_well(self) -> bool:
        """Whether worker, clock and what they keep do well."""
        return all(check.is_well for check in self.machine)


def build_health_page(templates: QuerySet[WorkflowTemplate], *, now: datetime) -> HealthPage:
    """The health of these workflows and of the outbox, in a few statements, however many
    workflows there are."""
    workflows = _collect_workflows(compute_step_health(steps_in_use(templates), now=now), now)
    outbox, checks = compute_outbox_health(now=now), check_background_processes(now=now)
    lit = GREEN if all(check.is_well for check in checks) else RED
    counted = Counter(
        line.health.state for workflow_health in workflows for line in workflow_health.steps
    )
    return HealthPage(
        now=now,
        state=worst_state(
            [outbox.state, lit, *(workflow_health.state for workflow_health in workflows)]
        ),
        counts={state: counted[state] for state in STATES_WORST_FIRST},
        outbox=outbox,
        outbox_todo=collect_outbox_todos(outbox, now),
        machine=checks,
        workflows=workflows,
    )


def _collect_workflows(steps: Iterable[StepHealth], now: datetime) -> list[WorkflowHealth]:
    by_template = [
        (template, list(template_steps))
        for template, template_steps in groupby(
            steps, key=lambda entry: entry.step.version.template
        )
    ]
    wrong = open_findings_by_workflow([template for template, _ in by_template])
    workflows = [
        _build_workflow_health(template, template_steps, now, wrong.get(template.pk, []))
        for template, template_steps in by_template
    ]
    return sorted(
        workflows, key=lambda entry: (STATES_WORST_FIRST.index(entry.state), entry.template.name)
    )


def _build_workflow_health(
    template: WorkflowTemplate, steps: list[StepHealth], now: datetime, findings: list[MapFinding]
) -> WorkflowHealth:
    lights = [RED if entry.severity == MapFinding.ERROR else AMBER for entry in findings]
    ordered = sorted(steps, key=lambda entry: STATES_WORST_FIRST.index(entry.state))
    return WorkflowHealth(
        template=template,
        owner=responsible_person_name(template),
        state=worst_state([*lights, *(entry.state for entry in steps)]),
        findings=findings,
        steps=[
            StepHealthLine(health=entry, todo=collect_step_todos(entry, now)) for entry in ordered
        ],
    )
