"""A whole map from a few lines: what is done, by whom, one after the other or at the same time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from workflows.engine.editing.adding import add_in_order
from workflows.engine.editing.new_steps import NewStep, end_step
from workflows.engine.editing.ways import Form

ENDS = ("approved", "rejected", "withdrawn")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One step of the sequence; `beside` where it goes on at the same time as the one before."""

    step: NewStep
    beside: bool = False


@dataclass(frozen=True, kw_only=True)
class StepSequence:
    """The parts of a map beside its head."""

    steps: Sequence[Line]
    roles: Mapping[str, Any]
    fields: Mapping[str, Any]
    start_role: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


def write_sequence(said: StepSequence) -> Form:
    """The parts of the definition file: roles, fields, start and steps."""
    start: Form = {"role": said.start_role} if said.start_role else {}
    if said.fields:
        start["fields"] = list(said.fields)
    form: Form = {
        "roles": dict(said.roles),
        "fields": dict(said.fields),
        "start": {**start, "first": ENDS[0]},
        "steps": {ENDS[0]: end_step(ENDS[0], said.labels)},
    }
    labelled = [(replace(line.step, labels=said.labels), line.beside) for line in said.steps]
    form = add_in_order(form, labelled).form
    return {name: part for name, part in form.items() if part}
