"""The one table from the engine's effects to rows.

Handlers collect rows on the case; nothing is written here, and no rule is decided here.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from workflows.engine.authority.eligibility import EligibilityGap
from workflows.engine.errors import WrongState
from workflows.engine.format.definition import HumanStep
from workflows.engine.routing import effects as fx
from workflows.engine.routing.advance import AdvanceResult, advance
from workflows.engine.routing.cancel_reasons import TriedAgain
from workflows.engine.routing.marking import Marking, Token
from workflows.engine.routing.rows import Rows, branch_row, label_of_row, with_chains, write_rows
from workflows.engine.routing.separation import people_kept_from_step
from workflows.engine.routing.step_troubles import StepTrouble
from workflows.execution.facts import (
    BranchChosen,
    BranchesDisagree,
    NotNeeded,
    Resolution,
    StepDone,
    StepRetried,
    TaskStaffed,
)
from workflows.execution.messages import describe_trouble
from workflows.execution.models import Incident, MergeRecord, WorkflowInstance, WorkItem
from workflows.execution.services.assignment import assign_open_tasks, reassign_by_changed_values
from workflows.execution.services.holding.settling import HoldEffect, settle_holds
from workflows.execution.services.openings import enqueue_outside_work
from workflows.execution.services.task_clocks.dated_work import due_columns, follow_dates
from workflows.execution.services.task_clocks.expiry_timers import plan_expiry
from workflows.execution.services.task_clocks.late_work_timers import schedule_task_timers
from workflows.execution.services.task_clocks.requester_pauses import end_requester_pause
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.outbox.payloads import ChildCancelPayload, EndedPayload
from workflows.people.models import User
from workflows.people.queries.eligibility import find_task_eligibility, open_task_of
from workflows.people.services.recipients import incident_owner_for
from workflows.trail import changes as notes

MOST_ROWS_NOTED = 50
"""So many rows of a table that collects are named in the trail."""


def apply_event(work: UnitOfWork, event: fx.Event) -> AdvanceResult:
    """Advance the request by one event and collect on the case what its effects ask for."""
    before, data_before = work.marking, work.instance.data
    work.ahead = getattr(event, "writes", None) or getattr(event, "values", None) or {}
    result = advance(
        work.map.graph,
        before,
        work.instance.data,
        event,
        work.electorate,
        asks_again=work.instance.source not in WorkflowInstance.PAST,
        people_named=work.people_named,
        find_chain=work.find_chain,
    )
    work.marking = result.marking
    work.note_names()
    work.set_values(result.data)
    work.changed_columns.add("marking")
    hindered = settle_holds(work, event, result.effects)
    collect_effects(work, before, [fx_ for fx_ in result.effects if not _calls_for(fx_, hindered)])
    follow_changed_values(work)
    follow_dates(work, data_before)
    for activation, trouble in hindered.items():
        apply_event(work, fx.Hinder(activation, trouble))
    return result


def _calls_for(effect: fx.Effect, hindered: Mapping[int, StepTrouble]) -> bool:
    """Whether an effect asks for work outside of a step that cannot have what it needs."""
    return isinstance(effect, fx.ExternalWorkRequested) and effect.activation in hindered


def follow_changed_values(work: UnitOfWork) -> None:
    """Let open tasks follow the values that name their people; where nobody is there then, an
    incident says so."""
    for activation, trouble in reassign_by_changed_values(work).items():
        item = work.item(activation)
        if item is not None and not work.may_have_incident:
            step = work.map.step_keys[item.step_id]
            work.new_incidents.append(report_incident(work, step, activation, trouble))


def collect_effects(work: UnitOfWork, before: Marking, effects: Iterable[fx.Effect]) -> None:
    """Collect the rows of all effects, in order, then find the people for what was opened."""
    opened = []
    for effect in effects:
        if not isinstance(effect, HoldEffect):  # these are settled before
            _HANDLERS[type(effect)](work, before, effect)
        if isinstance(effect, fx.ActivationOpened):
            opened.append(effect)
    here = {token.id for token in work.marking.tokens}
    still_open = [opening for opening in opened if opening.activation in here]
    _assign_people(work, still_open)


def _build_work_item(work: UnitOfWork, effect: fx.ActivationOpened) -> WorkItem:
    step = work.map.graph[effect.step]
    return WorkItem(
        request=work.instance,
        step_id=work.map.step_ids[effect.step],
        activation=effect.activation,
        round=effect.round,
        came_from=effect.came_from or "",
        needed=effect.needed,
        enabled_at=work.now,
        **due_columns(work, effect.step, effect.rows, work.now),
        rows=write_rows(effect.rows),
        row_label=_row_label(work, effect.step, effect.rows),
        in_queue=isinstance(step, HumanStep),
    )


def _row_label(work: UnitOfWork, step: str, rows: Rows) -> str:
    """What people read of the row that a task is about; nothing where it is about none."""
    graph = work.map.graph
    scopes = graph.row_scopes[step]
    data = with_chains(work.instance.data, work.marking.chains)
    return label_of_row(graph.definition, scopes, rows, data)[:200]


def _handle_opened(work: UnitOfWork, before: Marking, effect: fx.ActivationOpened) -> None:
    step = work.map.graph[effect.step]
    item = _build_work_item(work, effect)
    work.new_items.append(item)
    schedule_task_timers(work, step, item)
    plan_expiry(work, item)
    work.note(
        notes.StepOpened(
            activation=effect.activation,
            step=effect.step,
            round=effect.round,
            needed=effect.needed,
            row=write_rows(effect.rows),
        )
    )


def _handle_asked_again(work: UnitOfWork, before: Marking, effect: fx.ApprovalAskedAgain) -> None:
    work.note(notes.ApprovalReopened(step=effect.step, fields=list(effect.fields)))


def _handle_changed_after(work: UnitOfWork, before: Marking, effect: fx.ApprovalOutdated) -> None:
    """The step's map says to tell: owner and deputy, who know what it means, hear of the note."""
    work.note(notes.ChangedAfterApproval(step=effect.step, fields=list(effect.fields)))


def _handle_kept(work: UnitOfWork, before: Marking, effect: fx.ApprovalKept) -> None:
    work.note(notes.KeptAfterChange(step=effect.step, fields=list(effect.fields)))


def _handle_votes_void(work: UnitOfWork, before: Marking, effect: fx.VotesVoided) -> None:
    """Who had agreed may agree again to what stands there now; the trail keeps who it was."""
    item = work.item(effect.activation)
    work.note(notes.VotesDropped(step=effect.step, fields=list(effect.fields)))
    if item is not None:
        item.votes = []
        work.touch(item, item.state)


def _handle_voted(work: UnitOfWork, before: Marking, effect: fx.VoteCounted) -> None:
    work.note(notes.VoteAdded(votes=effect.votes, needed=effect.needed))


def _handle_vote_back(work: UnitOfWork, before: Marking, effect: fx.VoteTakenBack) -> None:
    """The service that takes it back takes it out of the task's row itself."""
    work.note(notes.VoteWithdrawn(votes=effect.votes, needed=effect.needed))


def _handle_added(work: UnitOfWork, before: Marking, effect: fx.ApproverAdded) -> None:
    """Whom, and in whose place, the service that adds them notes."""
    item = work.item(effect.activation)
    assert item is not None
    item.needed = effect.needed
    work.touch(item, item.state)


def _handle_completed(work: UnitOfWork, before: Marking, effect: fx.ActivationCompleted) -> None:
    """The service that decides fills in the task's row itself; the incident on it is over."""
    _resolve_incident(work, effect.activation, StepDone())


def _handle_called(work: UnitOfWork, before: Marking, effect: fx.ExternalWorkRequested) -> None:
    enqueue_outside_work(work, effect.activation, effect.step)


def _handle_cancelled(work: UnitOfWork, before: Marking, effect: fx.ActivationCancelled) -> None:
    item = work.item(effect.activation)
    token = before.token(effect.activation)
    if item is not None:
        state = item.state
        item.cancel(reason=effect.reason)
        work.touch(item, state)
    step = token.step if token else ""
    work.note(notes.WorkCancelled(activation=effect.activation, step=step, reason=effect.reason))
    _resolve_incident(work, effect.activation, NotNeeded(effect.reason))
    if token is not None and work.map.graph[token.step].kind == "subworkflow":
        work.message(ChildCancelPayload(reason=effect.reason), activation=token.id)


def _handle_took(work: UnitOfWork, before: Marking, effect: fx.RouteTaken) -> None:
    rows = list(effect.rows[:MOST_ROWS_NOTED])
    work.note(notes.WayTaken(step=effect.step, way=effect.route, to=effect.to, rows=rows))


def _handle_stuck(work: UnitOfWork, before: Marking, effect: fx.ActivationStuck) -> None:
    work.new_incidents.append(report_incident(work, effect.step, effect.activation, effect.trouble))


def _handle_unstuck(work: UnitOfWork, before: Marking, effect: fx.ActivationUnstuck) -> None:
    item = work.item(effect.activation)
    if item is not None and not effect.resumed:
        state = item.state
        item.cancel(reason=TriedAgain())
        work.touch(item, state)
    _resolve_incident(work, effect.activation, StepRetried())


def _handle_chain(work: UnitOfWork, before: Marking, effect: fx.ChainFound) -> None:
    work.note(
        notes.ChainFound(
            step=effect.step, key=effect.key, people=list(effect.people), until=effect.until
        )
    )


def _handle_split(work: UnitOfWork, before: Marking, effect: fx.BlockOpened) -> None:
    work.new_merges.append(
        MergeRecord(
            request=work.instance,
            activation=effect.block,
            parallel_id=work.map.step_ids[effect.step],
            join_id=work.map.step_ids[effect.join],
            round=effect.round,
            waits_for={str(branch): step for branch, step in effect.branches.items()},
            needs=effect.needs,
            opened_at=work.now,
        )
    )
    rows = sum(branch_row(branch) is not None for branch in effect.branches)
    branches = list(effect.branches.values())
    work.note(
        notes.BlockSplit(
            step=effect.step,
            block=effect.block,
            branches=list(dict.fromkeys(branches)) if rows else branches,
            rows=rows,
        )
    )


def _handle_arrived(work: UnitOfWork, before: Marking, effect: fx.BranchArrived) -> None:
    merge = work.merge(effect.block, before)
    merge.arrivals = [
        *merge.arrivals,
        {"branch": effect.branch, "from": effect.came_from, "at": work.now},
    ]
    work.touch_merge(merge, merge.state)
    work.note(notes.BranchCame(block=effect.block, branch=effect.branch))


def _handle_conflicted(work: UnitOfWork, before: Marking, effect: fx.MergeConflicted) -> None:
    merge = work.merge(effect.block, before)
    work.touch_merge(merge, merge.state)
    merge.disagree(fields={key: dict(values) for key, values in effect.fields.items()})
    work.note(notes.BranchesDiffer(join=effect.join, fields=sorted(effect.fields)))
    trouble = BranchesDisagree(work.map.graph.title(effect.join), sorted(effect.fields))
    work.new_incidents.append(report_incident(work, effect.join, effect.block, trouble))


def _handle_fired(work: UnitOfWork, before: Marking, effect: fx.JoinFired) -> None:
    merge = work.merge(effect.block, before)
    state = merge.state
    merge.fire(now=work.now, not_needed=list(effect.cancelled))
    work.touch_merge(merge, state)
    work.note(notes.JoinPassed(join=effect.join, not_needed=list(effect.cancelled)))
    if state == MergeRecord.CONFLICT:
        _resolve_incident(work, effect.block, BranchChosen())


def _handle_left(work: UnitOfWork, before: Marking, effect: fx.BlockLeft) -> None:
    merge = work.merge(effect.block, before)
    state = merge.state
    merge.leave(now=work.now, reason=effect.reason)
    work.touch_merge(merge, state)
    work.note(notes.BlockClosed(block=effect.block, reason=effect.reason))
    if state == MergeRecord.CONFLICT:
        _resolve_incident(work, effect.block, NotNeeded(effect.reason))


def _handle_ended(work: UnitOfWork, before: Marking, effect: fx.RequestEnded) -> None:
    work.instance.complete(now=work.now, result=effect.result)
    work.note(notes.EndReached(step=effect.step, result=effect.result))
    work.message(EndedPayload())


_HANDLERS: dict[type, Callable[[UnitOfWork, Marking, Any], None]] = {
    fx.ActivationOpened: _handle_opened,
    fx.ApprovalAskedAgain: _handle_asked_again,
    fx.ApprovalOutdated: _handle_changed_after,
    fx.ApprovalKept: _handle_kept,
    fx.VotesVoided: _handle_votes_void,
    fx.VoteCounted: _handle_voted,
    fx.VoteTakenBack: _handle_vote_back,
    fx.ApproverAdded: _handle_added,
    fx.ActivationCompleted: _handle_completed,
    fx.ActivationCancelled: _handle_cancelled,
    fx.RouteTaken: _handle_took,
    fx.ActivationStuck: _handle_stuck,
    fx.ActivationUnstuck: _handle_unstuck,
    fx.ExternalWorkRequested: _handle_called,
    fx.ChainFound: _handle_chain,
    fx.BlockOpened: _handle_split,
    fx.BranchArrived: _handle_arrived,
    fx.MergeConflicted: _handle_conflicted,
    fx.JoinFired: _handle_fired,
    fx.BlockLeft: _handle_left,
    fx.RequestEnded: _handle_ended,
}


# -- people and incidents -----------------------------------------------------------------------


def _assign_people(work: UnitOfWork, opened: list[fx.ActivationOpened]) -> None:
    """Name the person where the role names one; open an incident where nobody is there."""
    human = [effect for effect in opened if work.map.graph.is_human(effect.step)]
    items = [item for effect in human if (item := work.item(effect.activation)) is not None]
    missing = assign_open_tasks(work, items) if items else {}
    for effect in human:
        if effect.activation in missing:
            work.new_incidents.append(
                report_incident(work, effect.step, effect.activation, missing[effect.activation])
            )


def retry_assignment(work: UnitOfWork, token: Token) -> None:
    """Find people for a task that nobody could finish. Raises WrongState where still nobody can.

    A task whose holder may not act on it any more goes back to those whose it is.
    """
    item = work.item(token.id)
    assert item is not None
    before = item.state
    (standing,) = find_task_eligibility([open_task_of(work, item)])
    if standing.lack is EligibilityGap.HOLDER:
        release_from_holder(work, item)
    missing = assign_open_tasks(work, [item])
    if missing:
        raise WrongState(describe_trouble(missing[item.activation]))
    work.touch(item, before)
    _resolve_incident(work, token.id, TaskStaffed())


def release_from_holder(work: UnitOfWork, item: WorkItem) -> None:
    """Take a task from a holder who may not act on it any more."""
    holder = item.assignee
    end_requester_pause(work, item)
    item.release(to=None)
    role = work.map.role_of(work.map.step_keys[item.step_id])
    item.in_queue = role is None or role.is_shared(work.instance.data)
    login = holder.get_username() if holder else ""
    work.note(notes.AssigneeChanged(before=login, to="", activation=item.activation))


def report_incident(work: UnitOfWork, step: str, activation: int, trouble: StepTrouble) -> Incident:
    """An open incident in the name of who answers for the step, noted in the trail, of
    which owner and deputy, or who stands in for them, are told."""
    code, parameters = trouble.code[:40], trouble.parameters
    work.note(notes.IncidentOpened(step=step, code=code, parameters=parameters))
    away = find_barred_people(work, step)
    return Incident(
        request=work.instance,
        step_id=work.map.step_ids[step],
        activation=activation,
        code=code,
        parameters=parameters,
        owner=_incident_owner(work, work.map.step_ids[step], away),
        opened_at=work.now,
    )


def _incident_owner(work: UnitOfWork, step_id: int, away: frozenset[int]) -> User | None:
    """In whose name a step's incidents stand; asked once, however many rows find nobody."""
    asked = (step_id, away)
    if asked not in work.incident_owners:
        work.incident_owners[asked] = incident_owner_for(
            work.instance, away, step_id=step_id, now=work.now
        )
    return work.incident_owners[asked]


def find_barred_people(work: UnitOfWork, step: str) -> frozenset[int]:
    """Who does not put right what happens at a step, because separation of duties keeps them
    from it."""
    if not work.map.graph.is_human(step):
        return frozenset()
    return frozenset(
        int(person) for person in people_kept_from_step(work.map.human(step), work.marking)
    )


def _resolve_incident(work: UnitOfWork, activation: int, resolution: Resolution) -> None:
    if work.may_have_incident or any(
        new_incident.activation == activation for new_incident in work.new_incidents
    ):
        work.over_incidents[activation] = resolution
