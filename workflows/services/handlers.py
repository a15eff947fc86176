"""The one table from the engine's effects to rows.

Handlers collect rows on the case; nothing is written here, and no rule is decided here.
"""

from collections.abc import Callable, Iterable
from typing import Any

from workflows.engine import effects as fx
from workflows.engine.advance import NOBODY, Advance, advance
from workflows.engine.calendar import parse_duration
from workflows.engine.definition import HumanStep
from workflows.engine.errors import WrongState
from workflows.engine.marking import Marking, Token
from workflows.models import Incident, MergeRecord, OutboxMessage, WorkItem
from workflows.services.asking import ask_in_time, ask_outside, tell_of_incident
from workflows.services.case import Case
from workflows.services.people import Found, find_people


def apply(case: Case, event: fx.Event) -> Advance:
    """Advance the request by one event and collect on the case what its effects ask for."""
    before = case.marking
    result = advance(case.map.graph, before, case.instance.data, event, case.electorate)
    case.marking = result.marking
    case.set_values(result.data)
    case.changed_columns.add("marking")
    _handle(case, before, result.effects)
    return result


def _handle(case: Case, before: Marking, happened: Iterable[fx.Effect]) -> None:
    """Collect the rows of all effects, in order, then find the people for what was opened."""
    opened = []
    for effect in happened:
        _HANDLERS[type(effect)](case, before, effect)
        if isinstance(effect, fx.Opened):
            opened.append(effect)
    still_open = [e for e in opened if case.marking.token(e.activation) is not None]
    _give_to_people(case, still_open)


def _opened(case: Case, before: Marking, effect: fx.Opened) -> None:
    step = case.map.graph[effect.step]
    due = getattr(step, "due", None)
    item = WorkItem(
        request=case.instance,
        step_id=case.map.step_ids[effect.step],
        activation=effect.activation,
        round=effect.round,
        came_from=effect.came_from or "",
        needed=effect.needed,
        enabled_at=case.now,
        due_at=case.map.calendar.add(case.now, parse_duration(due)) if due else None,
        in_queue=isinstance(step, HumanStep),
    )
    case.new_items.append(item)
    ask_in_time(case, step, item)
    case.note(
        "opened",
        {
            "activation": effect.activation,
            "step": effect.step,
            "round": effect.round,
            "needed": effect.needed,
        },
    )


def _voted(case: Case, before: Marking, effect: fx.Voted) -> None:
    case.note("agreed", {"votes": effect.votes, "needed": effect.needed})


def _completed(case: Case, before: Marking, effect: fx.Completed) -> None:
    """The service that decides fills in the task's row itself; the incident on it is over."""
    _over(case, effect.activation, "It is done.")


def _called(case: Case, before: Marking, effect: fx.Called) -> None:
    ask_outside(case, effect.activation, case.map.graph[effect.step])


def _cancelled(case: Case, before: Marking, effect: fx.Cancelled) -> None:
    item = case.item(effect.activation)
    token = before.token(effect.activation)
    if item is not None:
        state = item.state
        item.cancel(reason=effect.reason)
        case.touch(item, state)
    case.note(
        "cancelled",
        {
            "activation": effect.activation,
            "step": token.step if token else "",
            "reason": effect.reason,
        },
    )
    _over(case, effect.activation, f"Not needed any more: {effect.reason}.")
    if token is not None and case.map.graph[token.step].kind == "subworkflow":
        case.message(OutboxMessage.CHILD_CANCEL, activation=token.id, why=effect.reason)


def _took(case: Case, before: Marking, effect: fx.Took) -> None:
    case.note("took", {"step": effect.step, "way": effect.way, "to": effect.to})


def _stuck(case: Case, before: Marking, effect: fx.Stuck) -> None:
    case.new_incidents.append(
        incident(case, effect.step, effect.activation, effect.code, effect.message)
    )


def _unstuck(case: Case, before: Marking, effect: fx.Unstuck) -> None:
    item = case.item(effect.activation)
    if item is not None and not effect.kept:
        state = item.state
        item.cancel(reason="tried again")
        case.touch(item, state)
    _over(case, effect.activation, "Tried again.")


def _split(case: Case, before: Marking, effect: fx.Split) -> None:
    case.new_merges.append(
        MergeRecord(
            request=case.instance,
            activation=effect.block,
            parallel_id=case.map.step_ids[effect.step],
            join_id=case.map.step_ids[effect.join],
            round=effect.round,
            waits_for={str(branch): step for branch, step in effect.branches.items()},
            needs=effect.needs,
            opened_at=case.now,
        )
    )
    case.note("split", {"block": effect.block, "branches": list(effect.branches.values())})


def _arrived(case: Case, before: Marking, effect: fx.Arrived) -> None:
    merge = case.merge(effect.block, before)
    merge.arrivals = [
        *merge.arrivals,
        {"branch": effect.branch, "from": effect.came_from, "at": case.now},
    ]
    case.touch_merge(merge, merge.state)
    case.note("arrived", {"block": effect.block, "branch": effect.branch})


def _conflicted(case: Case, before: Marking, effect: fx.Conflicted) -> None:
    merge = case.merge(effect.block, before)
    case.touch_merge(merge, merge.state)
    merge.disagree(fields={key: dict(values) for key, values in effect.fields.items()})
    case.note("conflict", {"join": effect.join, "fields": sorted(effect.fields)})
    message = (
        f"The branches before '{case.map.graph.title(effect.join)}' disagree on"
        f" {', '.join(sorted(effect.fields))}. Choose which value holds."
    )
    case.new_incidents.append(incident(case, effect.join, effect.block, "merge_conflict", message))


def _fired(case: Case, before: Marking, effect: fx.Fired) -> None:
    merge = case.merge(effect.block, before)
    state = merge.state
    merge.fire(now=case.now, not_needed=list(effect.cancelled))
    case.touch_merge(merge, state)
    case.note("merged", {"join": effect.join, "not_needed": list(effect.cancelled)})
    if state == MergeRecord.CONFLICT:
        _over(case, effect.block, "A person chose between the branches.")


def _left(case: Case, before: Marking, effect: fx.Left) -> None:
    merge = case.merge(effect.block, before)
    state = merge.state
    merge.leave(now=case.now, reason=effect.reason)
    case.touch_merge(merge, state)
    case.note("left", {"block": effect.block, "reason": effect.reason})
    if state == MergeRecord.CONFLICT:
        _over(case, effect.block, f"Not needed any more: {effect.reason}.")


def _ended(case: Case, before: Marking, effect: fx.Ended) -> None:
    case.instance.complete(now=case.now, result=effect.result)
    case.note("ended", {"step": effect.step, "result": effect.result})
    case.message(OutboxMessage.ENDED)


_HANDLERS: dict[type, Callable[[Case, Marking, Any], None]] = {
    fx.Opened: _opened,
    fx.Voted: _voted,
    fx.Completed: _completed,
    fx.Cancelled: _cancelled,
    fx.Took: _took,
    fx.Stuck: _stuck,
    fx.Unstuck: _unstuck,
    fx.Called: _called,
    fx.Split: _split,
    fx.Arrived: _arrived,
    fx.Conflicted: _conflicted,
    fx.Fired: _fired,
    fx.Left: _left,
    fx.Ended: _ended,
}


# -- people and incidents -----------------------------------------------------------------------


def _give_to_people(case: Case, opened: list[fx.Opened]) -> None:
    """Name the person where the role names one; open an incident where nobody is there."""
    human = [effect for effect in opened if case.map.graph.is_human(effect.step)]
    for effect, found in find_people(case, human):
        if found.missing:
            trouble = incident(case, effect.step, effect.activation, NOBODY, found.missing)
            case.new_incidents.append(trouble)
        else:
            _give(case, effect, found)


def _give(case: Case, effect: fx.Opened, found: Found) -> WorkItem:
    """The task in the queue of its step's people, or with the one person whom its role names."""
    item = case.item(effect.activation)
    assert item is not None
    if found.person is not None:
        item.assignee = found.person
        item.in_queue = bool(case.map.outcome_roles(effect.step))
    return item


def look_again(case: Case, token: Token) -> None:
    """Find people for a task that had nobody. Raises WrongState where there is still nobody."""
    effect = fx.Opened(token.id, token.step, token.round, None, token.needed)
    for _, found in find_people(case, [effect]):
        if found.missing:
            raise WrongState(found.missing)
        item = _give(case, effect, found)
        case.touch(item, item.state)
        _over(case, token.id, "Somebody is there now.")


def incident(case: Case, step: str, activation: int, code: str, message: str) -> Incident:
    """An open incident in the name of the step's owner, noted in the trail; owner and deputy
    are told."""
    case.note("incident", {"step": step, "code": code, "message": message})
    tell_of_incident(case, step, code, message)
    return Incident(
        request=case.instance,
        step_id=case.map.step_ids[step],
        activation=activation,
        code=code,
        message=message,
        owner_id=case.instance.template.owner_id or case.instance.template.deputy_id,
        opened_at=case.now,
    )


def _over(case: Case, activation: int, resolution: str) -> None:
    if case.troubled or any(one.activation == activation for one in case.new_incidents):
        case.over_incidents[activation] = resolution
