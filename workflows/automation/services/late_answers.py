"""An answer that nothing waits for any more: it changes nothing, and what it said is kept and told.

What the other side has done may be known nowhere else, and somebody has to undo it.
"""

from contextlib import suppress
from typing import Any

from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.format.actions import ActionFailed, ActionResult
from workflows.engine.values.json_paths import PathProblem, find_single_value
from workflows.engine.values.serialization import render_value_text
from workflows.execution.models import WorkflowInstance
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.outbox.delivery_problems import (
    AnsweredLate,
    AttemptFailed,
    AttemptNote,
    RequestSuspended,
)
from workflows.outbox.models import Attempt
from workflows.trail.choices import TrailCommand
from workflows.trail.fact_changes import LateAnswerKept
from workflows.trail.services.recording import write_instance_fact


def late_answer_columns(
    row: Attempt, outcome: ActionResult | ActionFailed | None
) -> dict[str, Any]:
    """What an attempt keeps of an answer that changes nothing any more."""
    if outcome is None:
        return {}
    columns = {"status": outcome.status, "answer": outcome.answer_text}
    if isinstance(outcome, ActionFailed):
        return columns | note_columns(AttemptFailed(outcome.code, outcome.text))
    step = cached_map(row.step.version_id).graph[row.step.key]
    readings = {}
    for key, path in (getattr(step, "outputs", None) or {}).items():
        with suppress(PathProblem):
            readings[key] = render_value_text(find_single_value(outcome.answer, path))[:200]
    return columns | note_columns(AnsweredLate(readings))


def suspended_columns(row: Attempt, outcome: ActionResult | ActionFailed | None) -> dict[str, Any]:
    """What an attempt keeps whose request was suspended meanwhile."""
    late = late_answer_columns(row, outcome)
    late_answer = {**late["parameters"], "code": late["code"]} if late else None
    return late | note_columns(RequestSuspended(late_answer))


def note_columns(note: AttemptNote) -> dict[str, Any]:
    """What became of an attempt, for its row."""
    return {"code": note.code[:40], "parameters": note.parameters}


def record_late_answer(
    case: UnitOfWork, row: Attempt, outcome: ActionResult | ActionFailed | None
) -> None:
    """The request's trail says that something was done which nothing waits for; by that its owner
    is told. Of a call that failed nothing was done."""
    instance: WorkflowInstance = case.instance
    if not isinstance(outcome, ActionResult):
        return
    fact = LateAnswerKept(step=row.step.key, attempt=row.number, action=row.action)
    write_instance_fact(instance, TrailCommand.LATE_ANSWER, now=case.now, fact=fact)
