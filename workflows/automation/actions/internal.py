"""The actions that only touch this database: `set_fields` and `start_workflow`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from workflows.definitions.queries.published_versions import get_published_version
from workflows.engine.errors import HandoffError, WorkflowPaused, text_of
from workflows.engine.format.actions import ActionFailed, ActionResult, Job, action
from workflows.engine.rules.evaluation import RuleCannotBeEvaluated, RuleProblem, compile_expression
from workflows.engine.rules.field_sums import evaluate_for_field
from workflows.engine.texts import text
from workflows.engine.values.placeholders import fill_placeholders
from workflows.engine.values.serialization import canonical_values, render_form_value
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.people.models import User
from workflows.trail.choices import TrailCommand
from workflows.trail.fact_changes import OtherStarted
from workflows.trail.services.recording import write_instance_fact

PAUSED = "workflow_paused"
MAX_START_DEPTH = 20
"""So many requests may have started one another; more is a map that starts itself for ever."""


@action("set_fields", inside=True)
def set_fields(job: Job) -> ActionResult:
    """Give fields the values of expressions: `with: {net: "amount / 1.19"}`."""
    return ActionResult(
        field_values={
            key: _evaluate_expression(job, key, expression)
            for key, expression in job.parameters.items()
        }
    )


def _evaluate_expression(job: Job, key: str, expression: Any) -> Any:
    if not isinstance(expression, str):
        return expression
    zone = timezone.get_default_timezone()
    try:
        compiled = compile_expression(expression, job.definition.rule_fields(expression), zone=zone)
        rounding, spec = (job.step.round or {}).get(key), job.definition.all_fields[key]
        return evaluate_for_field(compiled, spec, {**job.known, **job.data}, rounding)
    except (RuleProblem, RuleCannotBeEvaluated) as problem:
        raise ActionFailed(
            "expression_failed",
            text("'%(field)s': %(problem)s", field=key, problem=text_of(problem)),
        ) from None


@action("start_workflow", inside=True)
def start_workflow(job: Job) -> ActionResult:
    """Start a request of another workflow and go on without waiting for it.

    `with: {workflow: key, data: {field: value}}`; the answer has its `reference`.
    """
    parent = WorkflowInstance.objects.select_related("requester").get(pk=job.request_id)
    facts = {**canonical_values(job.definition.all_fields, job.data), **job.facts}
    started = start_child(
        parent,
        str(job.parameters.get("workflow", "")),
        start_form_values(job.parameters.get("data") or {}, facts),
        now=job.now,
    )
    return ActionResult(answer={"reference": started.reference}, answer_text=started.reference)


def start_form_values(written: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a map says that another request begins with, with its placeholders filled in."""
    return {
        key: render_form_value(value) for key, value in fill_placeholders(written, facts).items()
    }


def start_child(
    parent: WorkflowInstance,
    workflow: str,
    data: Mapping[str, Any],
    *,
    now: datetime,
    activation: int | None = None,
    trail_command: TrailCommand = TrailCommand.START_OTHER,
) -> WorkflowInstance:
    """Start a request in the name of the parent's requester; the trails of both say so, the
    parent's by `trail_command`. Raises ActionFailed.

    Who has left starts nothing, and is its requester all the same: separation of duties knows who
    asked, however many requests started one another.
    """
    _require_start_depth(parent)
    started = _start_as_requester(parent, workflow, data, now=now, activation=activation)
    if parent.source not in WorkflowInstance.PAST:
        _record_child_start(parent, started, workflow, data, now=now, trail_command=trail_command)
    return started


def _require_start_depth(parent: WorkflowInstance) -> None:
    if _ancestor_count(parent) >= MAX_START_DEPTH:
        raise ActionFailed(
            "too_deep",
            text(
                "%(count)s requests have started one another; the maps go in a circle.",
                count=MAX_START_DEPTH,
            ),
        )


def _start_as_requester(
    parent: WorkflowInstance,
    workflow: str,
    data: Mapping[str, Any],
    *,
    now: datetime,
    activation: int | None,
) -> WorkflowInstance:
    person: User | None = parent.requester
    try:
        return requests.start_on_version(
            get_published_version(workflow),
            actor=person if person is not None and person.is_active else None,
            requester=person,
            now=now,
            data=data,
            source=WorkflowInstance.WORKFLOW,
            parent=(parent, activation),
        )
    except WorkflowPaused as refused:
        raise ActionFailed(PAUSED, refused.text) from None
    except HandoffError as refused:
        sentence = text(
            "'%(workflow)s' was not started: %(problem)s", workflow=workflow, problem=refused.text
        )
        raise ActionFailed("start_refused", sentence) from None


def _record_child_start(
    parent: WorkflowInstance,
    started: WorkflowInstance,
    workflow: str,
    data: Mapping[str, Any],
    *,
    now: datetime,
    trail_command: TrailCommand,
) -> None:
    """The parent's trail says which request it started, and which values it gave."""
    fact = OtherStarted(workflow=workflow, reference=started.reference, values=sorted(data))
    write_instance_fact(parent, trail_command, now=now, comment=started.reference, fact=fact)


def _ancestor_count(instance: WorkflowInstance) -> int:
    depth, parent = 0, instance.parent_id
    while parent is not None and depth < MAX_START_DEPTH:
        depth += 1
        parent = WorkflowInstance.objects.values_list("parent_id", flat=True).get(pk=parent)
    return depth
