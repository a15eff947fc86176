"""How a step that waits for the outside goes on: done, failed, or on to the next try.

Each function works on a case that its caller has opened, in the caller's transaction: there the
message that led here is closed too.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from workflows.engine.advance import Advance
from workflows.engine.definition import title
from workflows.engine.effects import Completed, Fail, Finish
from workflows.engine.errors import InvalidInput, NotFound, WrongState
from workflows.engine.marking import Token
from workflows.models import WorkflowInstance, WorkItem
from workflows.services.case import Case, open_case, write_trail
from workflows.services.handlers import apply
from workflows.services.moments import measure
from workflows.services.values import clean_values


def case_of(instance_id: int, *, now: datetime, actor: Any = None) -> Case:
    """The request, locked, for the clock and the workers (no actor) or for a person."""
    return open_case(actor=actor, now=now, instance_id=instance_id)


def waiting_token(case: Case, activation: int | None) -> Token | None:
    """The activation if it still waits for the outside: not over, and not on an incident."""
    token = case.marking.token(activation) if activation is not None else None
    return token if token is not None and token.stuck is None else None


def complete(
    case: Case,
    activation: int,
    *,
    how: str,
    given: Mapping[str, Any] | None = None,
    command: str = "finish",
    comment: str = "",
    since: datetime | None = None,
) -> WorkItem:
    """The step is done; `given` are raw values for its outputs, `since` when work on it began.

    Raises InvalidInput where a value does not fit its field; then nothing is written.
    """
    item = _item(case, activation)
    writes = clean_values(case.map, given or {})
    before = item.state
    by_hand = case.actor.pk if command == "skip" and case.actor else None
    result = apply(case, Finish(activation, how, writes, by_hand))
    case.changes["given"] = writes
    _close(case, item, how, comment, since)
    _save(case, item, before, command, outcome=how, comment=comment)
    _must_be_over(result, activation)
    return item


def fail(
    case: Case, activation: int, *, code: str, message: str, since: datetime | None = None
) -> WorkItem:
    """The step cannot be done: the request takes the step's error way, or waits on an incident."""
    item = _item(case, activation)
    before = item.state
    result = apply(case, Fail(activation, code, message))
    if _is_over(result, activation):
        _close(case, item, "error", message, since)
    _save(case, item, before, "fail", outcome=code, comment=message)
    return item


def check_given(case: Case, step: Any, given: Mapping[str, Any]) -> None:
    """Refuse values for fields that the step does not give, and a required one left empty."""
    fields = case.map.graph.definition.fields
    outputs = getattr(step, "outputs", None) or {}
    extra = [key for key in given if key not in outputs]
    if extra:
        raise InvalidInput(f"This step does not give {', '.join(extra)}; leave it out.")
    empty = [
        title(key, fields[key].label)
        for key in outputs
        if key in fields and fields[key].required
        and given.get(key, case.instance.data.get(key)) in (None, "")
    ]  # fmt: skip
    if empty:
        raise InvalidInput(f"Fill in {', '.join(empty)}; the steps after this one rely on it.")


def must_run(case: Case) -> None:
    """Refuse where the request does not run."""
    if case.instance.state != WorkflowInstance.RUNNING:
        raise WrongState(
            f"{case.instance.reference} is {case.instance.state}; only a running request goes on."
        )


def _item(case: Case, activation: int) -> WorkItem:
    item = case.item(activation)
    if item is None:
        raise NotFound("This step is over; nothing waits for it any more.")
    return item


def _close(case: Case, item: WorkItem, how: str, comment: str, since: datetime | None) -> None:
    item.started_at = min(since or case.now, case.now)
    item.finish(now=case.now, outcome=how, comment=comment, by=case.actor)
    measure(case.map.calendar, item)


def _is_over(result: Advance, activation: int) -> bool:
    return any(isinstance(e, Completed) and e.activation == activation for e in result.effects)


def _must_be_over(result: Advance, activation: int) -> None:
    assert _is_over(result, activation), f"activation {activation} is still open"


def _save(
    case: Case, item: WorkItem, before: str, command: str, *, outcome: str, comment: str
) -> None:
    case.touch(item, before)
    case.save(command)
    write_trail(case, command, item=item, from_state=before, outcome=outcome[:80], comment=comment)
