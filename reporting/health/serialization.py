"""The health page's facts for a machine that watches."""

from typing import Any

from reporting.health.messages import describe_todo
from reporting.health.queries import HealthPage, StepHealthLine, WorkflowHealth
from workflows.definitions.models import MapFinding
from workflows.monitoring.facts import ReadinessCheck
from workflows.monitoring.messages import describe_check
from workflows.monitoring.queries.step_health import StepHealth


def render_health_json(page: HealthPage) -> dict[str, Any]:
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
            "lost_notices_7_days": outbox.lost_notices,
            "to_do": [describe_todo(todo) for todo in page.outbox_todo],
        },
        "machine": [_check_json(check) for check in page.machine],
        "workflows": [_workflow_json(workflow_health) for workflow_health in page.workflows],
    }


def _check_json(check: ReadinessCheck) -> dict[str, Any]:
    return {"name": check.part, "ok": check.is_well, "text": describe_check(check)}


def _workflow_json(workflow_health: WorkflowHealth) -> dict[str, Any]:
    return {
        "key": workflow_health.template.key,
        "name": workflow_health.template.name,
        "state": workflow_health.state,
        "owner": workflow_health.owner,
        "map_findings": [_finding_json(finding) for finding in workflow_health.findings],
        "steps": [_step_json(line) for line in workflow_health.steps],
    }


def _finding_json(finding: MapFinding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "step": finding.step or None,
        "since": finding.found_at,
        "message": finding.message,
        "remedy": finding.remedy,
    }


def _step_json(line: StepHealthLine) -> dict[str, Any]:
    step_health = line.health
    return {
        "version": step_health.step.version.number,
        "key": step_health.step.key,
        "name": str(step_health.step),
        "kind": step_health.step.kind,
        "state": step_health.state,
        "owner": step_health.owner,
        "last_success": step_health.last_success,
        "runs_7_days": step_health.runs_week,
        "failed_7_days": step_health.failed_week,
        "runs_90_days": step_health.runs_quarter,
        "failed_90_days": step_health.failed_quarter,
        "last_error": step_health.last_error,
        "last_error_at": step_health.last_error_at,
        "open_incidents": step_health.open_incidents,
        "oldest_incident": _oldest_incident_reference(step_health),
        "overdue": step_health.overdue,
        "overdue_since": step_health.overdue_since,
        "to_do": [describe_todo(todo) for todo in line.todo],
    }


def _oldest_incident_reference(step_health: StepHealth) -> str | None:
    """The request that has waited longest."""
    return step_health.oldest_incident.request.reference if step_health.oldest_incident else None
