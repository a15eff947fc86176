"""Whether there is a moment to wait for, where a step waits until a date of the request."""

from collections.abc import Mapping
from typing import Any

from workflows.engine.format.definition import WaitStep
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.step_troubles import NoDate, StepTrouble
from workflows.engine.timing.due_dates import relative_moment
from workflows.engine.timing.working_time import Calendar
from workflows.engine.values.fields import field_moment


def find_wait_trouble(
    graph: Graph, key: str, step: WaitStep, data: Mapping[str, Any]
) -> StepTrouble | None:
    """Why there is no moment to wait for, where a date is waited for."""
    if step.until is None:
        return None
    field = awaited_field(step)
    value = data.get(field)
    if value is None:
        return NoDate(graph.title(key), field)
    try:
        field_moment(graph.definition.all_fields[field], value, zone=graph.zone)
        if not isinstance(step.until, str):
            relative_moment(step.until, value, calendar=Calendar.always(), zone=graph.zone)
    except (ValueError, TypeError, ArithmeticError):
        is_for_all = graph.definition.all_fields[field].visible_to is None
        return NoDate(graph.title(key), field, str(value) if is_for_all else "…")
    return None


def awaited_field(step: WaitStep) -> str:
    """The field whose date a wait is reckoned from; '' where it waits for something else."""
    if step.until is None:
        return ""
    return step.until if isinstance(step.until, str) else step.until.field
