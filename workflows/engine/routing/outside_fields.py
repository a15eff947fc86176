"""The fields whose values a step carries out of the request, or brings in."""

from workflows.engine.format.definition import AutomationStep, Step, SubworkflowStep
from workflows.engine.values.placeholders import PlaceholderProblem, placeholder_names

SET_FIELDS = "set_fields"
"""The action that carries nothing out: it fills in fields of the request itself."""


def fields_sent_outside(step: Step) -> frozenset[str]:
    """The fields whose values a step tells other systems, people or workflows."""
    is_inside = isinstance(step, AutomationStep) and step.action == SET_FIELDS
    return frozenset() if is_inside else _fields_read(step)


def fields_in_reports(step: Step) -> frozenset[str]:
    """The fields whose values may stand in what is kept of a step's attempts: in an answer, and in
    why something failed."""
    filled = set[str](getattr(step, "outputs", None) or ())
    if isinstance(step, AutomationStep) and step.action == SET_FIELDS:
        filled |= (step.with_ or {}).keys()
    return _fields_read(step) | filled


def _fields_read(step: Step) -> frozenset[str]:
    payload = None
    if isinstance(step, SubworkflowStep):
        payload = step.data
    elif isinstance(step, AutomationStep):
        payload = step.with_
    try:
        return frozenset(placeholder_names(payload))
    except PlaceholderProblem:
        return frozenset()
