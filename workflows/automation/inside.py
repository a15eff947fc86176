"""The actions that only touch this database: `set_fields` and `start_workflow`."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from workflows.engine.actions import ActionFailed, Done, Job, action
from workflows.engine.days import Moment
from workflows.engine.errors import HandoffError, WorkflowPaused
from workflows.engine.rounding import worked_out
from workflows.engine.rules import RuleCannotBeEvaluated, RuleProblem, compile_expression
from workflows.engine.spelling import in_form, told_inside
from workflows.engine.templates import fill
from workflows.models import WorkflowInstance
from workflows.services import requests
from workflows.services.trail import write_about

PAUSED = "workflow_paused"
DEEPEST = 20
"""So many requests may have started one another; more is a map that starts itself for ever."""


@action("set_fields", inside=True)
def set_fields(job: Job) -> Done:
    """Give fields the values of expressions: `with: {net: "amount / 1.19"}`."""
    return Done(given={key: _worked_out(job, key, said) for key, said in job.told.items()})


def _worked_out(job: Job, key: str, said: Any) -> Any:
    if not isinstance(said, str):
        return said
    zone = timezone.get_default_timezone()
    try:
        value = compile_expression(said, job.definition.fields, zone=zone).value(job.data)
    except (RuleProblem, RuleCannotBeEvaluated) as problem:
        raise ActionFailed("expression_failed", f"'{key}': {problem}") from None
    return _raw(job, key, value)


def _raw(job: Job, key: str, value: Any) -> Any:
    """The value as its field takes it."""
    spec = job.definition.fields[key]
    if isinstance(value, Decimal):
        return worked_out(spec, value, (job.step.round or {}).get(key))
    if isinstance(value, Moment):
        return value.local_date if spec.type == "date" else value
    return value


@action("start_workflow", inside=True)
def start_workflow(job: Job) -> Done:
    """Start a request of another workflow and go on without waiting for it.

    `with: {workflow: key, data: {field: value}}`; the answer has its `reference`.
    """
    parent = WorkflowInstance.objects.select_related("requester").get(pk=job.request_id)
    facts = {**told_inside(job.definition.fields, job.data), **job.facts}
    started = start_child(
        parent,
        str(job.told.get("workflow", "")),
        form_of(job.told.get("data") or {}, facts),
        now=job.now,
    )
    return Done(answer={"reference": started.reference}, shown=started.reference)


def form_of(written: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a map says that another request begins with, with its placeholders filled in."""
    return {key: in_form(value) for key, value in fill(written, facts).items()}


def start_child(
    parent: WorkflowInstance,
    workflow: str,
    data: Mapping[str, Any],
    *,
    now: datetime,
    activation: int | None = None,
    how: str = "start_other",
) -> WorkflowInstance:
    """Start a request in the name of the parent's requester; the trails of both say so, the
    parent's by the command `how`. Raises ActionFailed.

    Who has left starts nothing, and is its requester all the same: separation of duties knows who
    asked, however many requests started one another.
    """
    if _depth(parent) >= DEEPEST:
        raise ActionFailed(
            "too_deep", f"{DEEPEST} requests have started one another; the maps go in a circle."
        )
    person: User | None = parent.requester
    try:
        started = requests.start_on(
            requests.published_version(workflow),
            actor=person if person is not None and person.is_active else None,
            requester=person,
            now=now,
            data=data,
            source=WorkflowInstance.WORKFLOW,
            parent=(parent, activation),
        )
    except WorkflowPaused as refused:
        raise ActionFailed(PAUSED, str(refused)) from None
    except HandoffError as refused:
        raise ActionFailed("start_refused", f"'{workflow}' was not started: {refused}") from None
    if parent.source not in WorkflowInstance.PAST:
        told = {"workflow": workflow, "reference": started.reference, "values": sorted(data)}
        write_about(parent, how, now=now, comment=started.reference, changes=told)
    return started


def _depth(instance: WorkflowInstance) -> int:
    depth, parent = 0, instance.parent_id
    while parent is not None and depth < DEEPEST:
        depth += 1
        parent = WorkflowInstance.objects.values_list("parent_id", flat=True).get(pk=parent)
    return depth
