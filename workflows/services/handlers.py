"""The one table from the engine's effects to rows.

Handlers collect rows on the case; nothing is written here, and no rule is decided here.
"""

from collections.abc import Callable, Iterable
from typing import Any

from workflows.engine import effects as fx
from workflows.engine.advance import NOBODY, Advance, advance
from workflows.engine.definition import HumanStep, title
from workflows.engine.due import due_moment
from workflows.engine.errors import WrongState
from workflows.engine.marking import Marking, Token
from workflows.engine.separation import kept_from
from workflows.engine.standing import Lack
from workflows.models import Incident, MergeRecord, OutboxMessage, WorkflowInstance, WorkItem
from workflows.services.asking import ask_in_time, ask_outside
from workflows.services.case import Case
from workflows.services.people import follow_values, give
from workflows.services.standing import standings, task_of
from workflows.services.whom import named_for, tell


def apply(case: Case, event: fx.Event) -> Advance:
    """Advance the request by one event and collect on the case what its effects ask for."""
    before = case.marking
    result = advance(
        case.map.graph, before, case.instance.data, event, case.electorate,
        asks_again=case.instance.source not in WorkflowInstance.PAST,
    )  # fmt: skip
    case.marking = result.marking
    case.set_values(result.data)
    case.changed_columns.add("marking")
    _handle(case, before, result.effects)
    follow(case)
    return result


def follow(case: Case) -> None:
    """Let open tasks follow the values that name their people; where nobody is there then, an
    incident says so."""
    for activation, message in follow_values(case).items():
        item = case.item(activation)
        if item is not None and not case.troubled:
            step = case.map.step_keys[item.step_id]
            case.new_incidents.append(incident(case, step, activation, NOBODY, message))


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
    due = due_moment(
        getattr(step, "due", None),
        calendar=case.map.calendar,
        zone=case.map.graph.zone,
        data=case.instance.data,
        now=case.now,
    )
    item = WorkItem(
        request=case.instance,
        step_id=case.map.step_ids[effect.step],
        activation=effect.activation,
        round=effect.round,
        came_from=effect.came_from or "",
        needed=effect.needed,
        enabled_at=case.now,
        due_at=due,
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


def _asked_again(case: Case, before: Marking, effect: fx.AskedAgain) -> None:
    case.note("asked_again", {"step": effect.step, "fields": list(effect.fields)})


def _changed_after(case: Case, before: Marking, effect: fx.ChangedAfter) -> None:
    """The step's map says to tell: owner and deputy, who know what it means."""
    case.note("changed_after", {"step": effect.step, "fields": list(effect.fields)})
    name = case.map.graph.title(effect.step)
    fields = case.map.graph.definition.fields
    said = ", ".join(title(key, fields[key].label) for key in effect.fields)
    tell(
        case,
        subject=f"Changed after its approval: {case.instance.reference}"
        f" ({case.instance.template.name})",
        text=f"{said} of {case.instance.reference} ({case.instance.title}) changed after"
        f" '{name}' had been approved. The map lets the request go on.",
        about="changed_after",
    )


def _votes_void(case: Case, before: Marking, effect: fx.VotesVoid) -> None:
    """Who had agreed may agree again to what stands there now; the trail keeps who it was."""
    item = case.item(effect.activation)
    case.note("votes_void", {"step": effect.step, "fields": list(effect.fields)})
    if item is not None:
        item.votes = []
        case.touch(item, item.state)


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
    fx.AskedAgain: _asked_again,
    fx.ChangedAfter: _changed_after,
    fx.VotesVoid: _votes_void,
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
    items = [item for effect in human if (item := case.item(effect.activation)) is not None]
    missing = give(case, items) if items else {}
    for effect in human:
        if effect.activation in missing:
            trouble = incident(
                case, effect.step, effect.activation, NOBODY, missing[effect.activation]
            )
            case.new_incidents.append(trouble)


def look_again(case: Case, token: Token) -> None:
    """Find people for a task that nobody could finish. Raises WrongState where still nobody can.

    A task whose holder may not act on it any more goes back to those whose it is.
    """
    item = case.item(token.id)
    assert item is not None
    before = item.state
    (standing,) = standings([task_of(case, item)])
    if standing.lack is Lack.HOLDER:
        release(case, item)
    missing = give(case, [item])
    if missing:
        raise WrongState(missing[item.activation])
    case.touch(item, before)
    _over(case, token.id, "Somebody is there now.")


def release(case: Case, item: WorkItem) -> None:
    """Take a task from a holder who may not act on it any more."""
    holder = item.assignee
    item.release(to=None)
    role = case.map.role_of(case.map.step_keys[item.step_id])
    item.in_queue = role is None or role.is_static
    case.note("assignee", {"from": holder.get_username() if holder else "", "to": ""})


def incident(case: Case, step: str, activation: int, code: str, message: str) -> Incident:
    """An open incident in the name of who answers for the step, noted in the trail; owner and
    deputy, or who stands in for them, are told."""
    case.note("incident", {"step": step, "code": code, "message": message})
    away = kept_away(case, step)
    tell(
        case,
        away,
        subject=f"Incident at '{case.map.graph.title(step)}' ({case.instance.template.name})",
        text=message,
        about="incident",
    )
    return Incident(
        request=case.instance,
        step_id=case.map.step_ids[step],
        activation=activation,
        code=code,
        message=message,
        owner=named_for(case.instance, away),
        opened_at=case.now,
    )


def kept_away(case: Case, step: str) -> frozenset[int]:
    """Who does not put right what happens at a step, because separation of duties keeps them
    from it."""
    if not case.map.graph.is_human(step):
        return frozenset()
    return frozenset(int(person) for person in kept_from(case.map.human(step), case.marking))


def _over(case: Case, activation: int, resolution: str) -> None:
    if case.troubled or any(one.activation == activation for one in case.new_incidents):
        case.over_incidents[activation] = resolution
