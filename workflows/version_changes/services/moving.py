"""Moving one running request to another version: a command of its own, in its own transaction.

What becomes of it is worked out again under the request's lock, by the same function as in a dry
run; where that is anything but a move, nothing is written.
"""

from datetime import datetime

from django.db import transaction

from workflows.access.permissions import management_capacity
from workflows.definitions.models import WorkflowTemplate
from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.engine.errors import NotAllowed
from workflows.engine.format.definition import ParallelStep
from workflows.engine.routing.known_facts import asked_facts, with_known
from workflows.engine.routing.marking import Marking
from workflows.engine.routing.merge import needed_arrivals
from workflows.engine.rules.fact_names import rename_in_rule
from workflows.engine.texts import text
from workflows.engine.versions.move_planning import MovePlan
from workflows.execution.models import Incident, MergeRecord
from workflows.execution.services.effect_handlers import collect_effects
from workflows.execution.services.holding.settling import move_holds
from workflows.execution.services.known_facts import find_newly_asked
from workflows.execution.services.task_clocks.dated_work import follow_dates
from workflows.execution.services.unit_of_work import (
    ActingCapacity,
    UnitOfWork,
    open_unit_of_work,
    write_trail,
)
from workflows.execution.services.unit_of_work.deadlines import move_deadline
from workflows.execution.services.unit_of_work.search_values import replace_search_values
from workflows.people.models import User
from workflows.persistence.kept_text import validate_text
from workflows.trail.changes import VersionChanged
from workflows.trail.choices import TrailCommand
from workflows.trail.models import TrailEvent
from workflows.version_changes.models import MovedRequest
from workflows.version_changes.queries.move_plans import RequestVerdict, plan_request, verdict_on
from workflows.version_changes.queries.target_versions import MoveTarget
from workflows.version_changes.services.kept_rows import compare_rows, read_request_rows
from workflows.version_changes.services.moved_tasks import move_task, settle_people

NOT_YOURS = text("Only the owner or deputy of '%(name)s' may move its requests.")


def require_may_move(template: WorkflowTemplate, actor: User | None) -> None:
    """Refuse whoever does not answer for the workflow (NotAllowed)."""
    if actor is not None and management_capacity(actor, template) is None:
        raise NotAllowed(NOT_YOURS.filled({"name": template.name}))


def move_request(
    instance_id: int,
    target: MoveTarget,
    *,
    actor: User | None,
    reason: str,
    now: datetime,
    run: str,
) -> RequestVerdict:
    """Move a request, if it moves; else say why not, and write nothing. `run` is shared by all that
    are moved together. Raises NotAllowed or NotFound."""
    validate_text("reason", reason, 2000)
    with transaction.atomic():
        work = open_unit_of_work(actor=actor, now=now, instance_id=instance_id)
        template = work.instance.template
        require_may_move(template, actor)
        if actor is not None:
            work.acting = ActingCapacity(management_capacity(actor, template))
        plan = plan_request(work.instance, target, actor)
        verdict = verdict_on(work.instance, plan.reason)
        if plan.marking is not None:
            _move(work, target, plan, reason.strip(), run)
    return verdict


def _move(
    work: UnitOfWork, target: MoveTarget, plan: MovePlan, reason: str, run: str
) -> TrailEvent:
    from_version = work.instance.version_id
    before = read_request_rows(work.instance.pk)
    _change_map(work, target, plan)
    work.save(TrailCommand.CHANGE_VERSION)
    kept = compare_rows(before, read_request_rows(work.instance.pk, before))
    event = write_trail(
        work, TrailCommand.CHANGE_VERSION, from_state=work.instance.state, comment=reason
    )
    MovedRequest.objects.create(
        request=work.instance,
        from_version_id=from_version,
        to_version=target.version,
        run=run,
        event=event,
        kept=kept.to_json(),
        moved_by=work.actor,
        moved_at=work.now,
    )
    return event


def _change_map(work: UnitOfWork, target: MoveTarget, plan: MovePlan) -> None:
    """Everything of the request that names steps of the old map names those of the new one."""
    assert plan.marking is not None
    old_map, old_marking = work.map, work.marking
    steps = target.steps_from(work.instance.version_id)
    work.note(
        VersionChanged(
            before=old_map.number,
            to=target.map.number,
            steps=steps.to_json(),
            passes=list(plan.passes),
        )
    )
    if plan.skips:
        work.changes.facts.past_approvals = list(plan.skips)
    work.map, work.marking = target.map, plan.marking
    _learn_what_is_asked_now(work, old_map, target)
    work.roles.clear()  # those of the actor were of the old map
    work.instance.version = target.version
    work.changed_columns |= {"version_id", "marking"}
    data = work.instance.data
    work.set_values(work.map.graph.worked_out.completed(data))
    moved = [
        move_task(work, item, old_map, steps)
        for item in list(work.items.values())
        if work.marking.token(item.activation) is not None
    ]
    follow_dates(work, data)
    move_deadline(work, old_map)
    _move_merges(work, old_marking)
    _move_incidents(work, {old_map.step_ids[key]: steps.target(key) for key in old_map.step_ids})
    move_holds(work, old_map.graph, steps.target, plan.effects)
    collect_effects(work, old_marking, plan.effects)
    settle_people(work, [task for task in moved if work.map.graph.is_human(task.step)])
    replace_search_values(work.instance, old_map.searchable_fields, work.map.searchable_fields)


def _learn_what_is_asked_now(work: UnitOfWork, old_map: VersionMap, target: MoveTarget) -> None:
    """What the new map's rules ask beside the values and the old one's did not: from now on it
    stays as it is said now."""
    steps = target.steps_from(old_map.version_id)
    names = {key: steps.target(key) or key for key in old_map.graph.steps}
    asked = [rename_in_rule(name, names) for name in asked_facts(old_map.graph)]
    known = find_newly_asked(work, asked, target.key_here)
    work.marking = with_known(work.marking, known)
    work.changes.facts.known = known or None


def _move_merges(work: UnitOfWork, before: Marking) -> None:
    """The records of running blocks, by the branches' new numbers."""
    running = {block.id: block for block in work.marking.blocks}
    for old in before.blocks:
        block = running[old.id]
        parallel = work.map.graph[block.step]
        assert isinstance(parallel, ParallelStep)
        assert parallel.join is not None
        numbers = dict(zip(old.waits_for, block.waits_for, strict=True))
        rows = MergeRecord.objects.filter(request=work.instance, activation=block.id)
        arrivals = rows.values_list("arrivals", flat=True).get()
        rows.update(
            parallel=work.map.step_ids[block.step],
            join=work.map.step_ids[parallel.join],
            waits_for={str(n): parallel.branches[n].to for n in numbers.values()},
            arrivals=[came | {"branch": numbers[came["branch"]]} for came in arrivals],
            needs=needed_arrivals(work.map.graph, block),
        )


def _move_incidents(work: UnitOfWork, targets: dict[int, str | None]) -> None:
    """What waits on a person waits at the step of the new map."""
    rows = Incident.objects.filter(request=work.instance, state=Incident.OPEN)
    for pk, step_id in rows.values_list("pk", "step_id"):
        key = targets.get(step_id)
        if key is not None:
            Incident.objects.filter(pk=pk).update(step=work.map.step_ids[key])
