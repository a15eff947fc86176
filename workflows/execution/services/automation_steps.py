"""How a step that waits for the outside goes on: done, failed, or on to the next try.

Each function works on a case that its caller has opened, in the caller's transaction: there the
message that led here is closed too.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.engine.authority.asked_fields import missing_answers
from workflows.engine.errors import InvalidInput, NotFound, WrongState
from workflows.engine.format.definition import display_title
from workflows.engine.routing.advance import AdvanceResult
from workflows.engine.routing.effects import ActivationCompleted, Fail, Finish
from workflows.engine.routing.marking import Token
from workflows.engine.routing.step_troubles import StepFailed, StepTrouble
from workflows.engine.texts import Text, text
from workflows.engine.values.records import fact_to_json
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.services.effect_handlers import apply_event
from workflows.execution.services.field_values.value_constraints import clean_writes
from workflows.execution.services.field_values.values import clean_values
from workflows.execution.services.task_clocks.task_times import measure_task_times
from workflows.execution.services.unit_of_work import UnitOfWork, open_unit_of_work, write_trail
from workflows.trail.choices import TrailCommand


def open_work_of_instance(instance_id: int, *, now: datetime, actor: Any = None) -> UnitOfWork:
    """The request, locked, for the clock and the workers (no actor) or for a person."""
    return open_unit_of_work(actor=actor, now=now, instance_id=instance_id)


def waiting_token(work: UnitOfWork, activation: int | None) -> Token | None:
    """The activation if it still waits for the outside: not over, and not on an incident."""
    token = work.marking.token(activation) if activation is not None else None
    return token if token is not None and token.stuck is None else None


def complete_waiting_step(
    work: UnitOfWork,
    activation: int,
    *,
    outcome: str,
    raw_values: Mapping[str, Any] | None = None,
    command: TrailCommand = TrailCommand.FINISH,
    comment: str = "",
    since: datetime | None = None,
) -> WorkItem:
    """The step is done; `given` are raw values for its outputs, `since` when work on it began.

    Raises InvalidInput where a value does not fit its field; then nothing is written.
    """
    item = _require_open_item(work, activation)
    writes = clean_writes(work, raw_values or {})
    before = item.state
    by_hand = work.actor.pk if command == TrailCommand.SKIP and work.actor else None
    result = apply_event(work, Finish(activation, outcome, writes, by_hand))
    work.changes.facts.given = writes
    _close_item(work, item, outcome, comment, since)
    _save_command(work, item, before, command, outcome=outcome, comment=comment)
    _assert_completed(result, activation)
    return item


def fail_waiting_step(
    work: UnitOfWork, activation: int, trouble: StepTrouble, *, since: datetime | None = None
) -> WorkItem:
    """The step cannot be done: the request takes the step's error way, or waits on an incident."""
    item = _require_open_item(work, activation)
    before = item.state
    if isinstance(trouble, StepFailed):
        said = text_for_all(work.map, work.map.step_keys[item.step_id], trouble.text)
        trouble = replace(trouble, text=said)
    result = apply_event(work, Fail(activation, trouble))
    if _is_completed(result, activation):
        _close_item(work, item, "error", "", since)
        item.closing_code, item.closing_parameters = trouble.code[:40], trouble.parameters
    work.changes.facts.failed = fact_to_json(trouble)
    _save_command(work, item, before, TrailCommand.FAIL, outcome=trouble.code, comment="")
    return item


def text_for_all(version_map: VersionMap, step: str, said: Text | str) -> Text | str:
    """Why a step failed, as incidents, mails and the trail say it to all who read them: nothing
    that may name a value of a field that only some may see. The attempt keeps the rest."""
    names = sorted(version_map.restricted_at(step))
    if not names:
        return said
    fields = version_map.graph.definition.all_fields
    titles = [display_title(name, fields[name].label) for name in names]
    return text(
        "What went wrong is not said here: it may name a value of %(fields)s, which only some may"
        " see.",
        fields=", ".join(titles),
    )


def validate_output_values(
    work: UnitOfWork, step: Any, raw_values: Mapping[str, Any], activation: int | None = None
) -> None:
    """Refuse values for fields that the step does not give, and a required one left empty."""
    fields = work.map.graph.definition.all_fields
    outputs = getattr(step, "outputs", None) or {}
    extra = [key for key in raw_values if key not in outputs]
    if extra:
        raise InvalidInput(
            "This step does not give %(extra)s; leave it out.", extra=", ".join(extra)
        )
    asked = [key for key in outputs if key in fields]
    is_conditional = any(fields[key].when or fields[key].required_when for key in asked)
    written = clean_values(work.map, raw_values) if is_conditional else raw_values
    given = {key: None if value == "" else value for key, value in written.items()}
    data = {**work.data_at_activation(activation), **given}
    empty = [
        display_title(key, fields[key].label)
        for key in missing_answers(work.map.graph, asked, data)
    ]
    if empty:
        raise InvalidInput(
            "Fill in %(empty)s; the steps after this one rely on it.", empty=", ".join(empty)
        )


def require_running_instance(work: UnitOfWork) -> None:
    """Refuse where the request does not run."""
    if work.instance.state != WorkflowInstance.RUNNING:
        raise WrongState(
            "%(reference)s is %(state)s; only a running request goes on.",
            reference=work.instance.reference,
            state=work.instance.get_state_display(),
        )


def _require_open_item(work: UnitOfWork, activation: int) -> WorkItem:
    item = work.item(activation)
    if item is None:
        raise NotFound("This step is over; nothing waits for it any more.")
    return item


def _close_item(
    work: UnitOfWork, item: WorkItem, outcome: str, comment: str, since: datetime | None
) -> None:
    item.started_at = min(since or work.now, work.now)
    item.finish(now=work.now, outcome=outcome, comment=comment, by=work.actor)
    measure_task_times(work.map.calendar_at(item.step_id), item)


def _is_completed(result: AdvanceResult, activation: int) -> bool:
    return any(
        isinstance(e, ActivationCompleted) and e.activation == activation for e in result.effects
    )


def _assert_completed(result: AdvanceResult, activation: int) -> None:
    assert _is_completed(result, activation), f"activation {activation} is still open"


def _save_command(
    work: UnitOfWork,
    item: WorkItem,
    before: str,
    command: TrailCommand,
    *,
    outcome: str,
    comment: str,
) -> None:
    work.touch(item, before)
    work.save(command)
    write_trail(work, command, item=item, from_state=before, outcome=outcome[:80], comment=comment)
