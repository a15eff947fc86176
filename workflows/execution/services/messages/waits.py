"""The waits of a request for a message: which are open, which are still to come, whose it is."""

from collections.abc import Mapping
from typing import Any

from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import WaitStep
from workflows.engine.routing.awaited_messages import coming_waits
from workflows.engine.routing.marking import Token
from workflows.engine.routing.rows import write_rows
from workflows.engine.texts import text
from workflows.engine.values.field_types.base import FieldSpec
from workflows.engine.values.fields import canonical_field_value
from workflows.execution.models import WorkItem
from workflows.execution.services.automation_steps import validate_output_values
from workflows.execution.services.capacities import authorize_steering
from workflows.execution.services.field_values.values import read_field_value
from workflows.execution.services.unit_of_work import ActingCapacity, UnitOfWork
from workflows.people.models import User
from workflows.people.queries.eligibility import is_in_role
from workflows.trail.choices import TrailCapacity


def find_waits(
    work: UnitOfWork, message: str, rows: Mapping[str, Any] | None = None
) -> list[tuple[WaitStep, Token]]:
    """The open steps that wait for this message; within each-branches those whose row has these
    values. Raises InvalidInput where a value cannot be read."""
    return [
        (step, token)
        for token in work.marking.tokens
        if isinstance(step := work.map.graph[token.step], WaitStep)
        and step.message == message
        and has_row_values(work, token, rows or {})
    ]


def find_coming_waits(work: UnitOfWork, message: str) -> dict[str, WaitStep]:
    """The steps for which this message is kept, that the request can still come to."""
    return coming_waits(work.map.graph, work.marking, message)


def split_correlation(
    work: UnitOfWork, correlation: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of a correlation is said of the request, and what of the row of an each-branch."""
    definition = work.map.graph.definition
    of_rows = definition.all_fields.keys() - definition.fields.keys()
    own = {key: value for key, value in correlation.items() if key not in of_rows}
    return own, {key: value for key, value in correlation.items() if key in of_rows}


def has_row_values(work: UnitOfWork, token: Token, rows: Mapping[str, Any]) -> bool:
    """Whether a step stands in a branch whose row has these values."""
    if not rows:
        return True
    return bool(token.rows) and has_values(
        work.map.graph.definition.all_fields, work.data_at_activation(token.id), rows
    )


def has_values(
    fields: Mapping[str, FieldSpec], data: Mapping[str, Any], correlation: Mapping[str, Any]
) -> bool:
    """Whether these values are so, each read as its field reads it. Raises InvalidInput where the
    field cannot read one."""
    return all(
        key in fields
        and read_field_value(key, fields[key], value)
        == canonical_field_value(fields[key], data.get(key))
        for key, value in correlation.items()
    )


# -- whose it is ------------------------------------------------------------------------------


def is_awaited_from(work: UnitOfWork, message: str, actor: User) -> bool:
    """Whether the request waits for this message, or will, and of this person by the wait's own
    role."""
    return any(
        step.role is not None and is_accepted_from(work, step, actor, token)
        for step, token in find_waits(work, message)
    ) or any(
        step.role is not None and is_accepted_from(work, step, actor)
        for step in find_coming_waits(work, message).values()
    )


def authorize_sender(work: UnitOfWork, step: WaitStep, actor: User, token: Token | None) -> None:
    """The wait's own role, else the requester; and whoever manages the workflow."""
    work.acting = (
        ActingCapacity(TrailCapacity.ROLE, step.role)
        if step.role
        else ActingCapacity(TrailCapacity.REQUESTER)
    )
    if not is_accepted_from(work, step, actor, token):
        authorize_steering(
            work,
            text(
                "'%(message)s' is for the people of the role that waits for it.",
                message=step.message,
            ),
        )


def is_accepted_from(
    work: UnitOfWork, step: WaitStep, actor: User, token: Token | None = None
) -> bool:
    """Whether a wait takes its message from this person by its role; in an each-branch, by that of
    its row."""
    if work.map.graph.definition.roles.get(step.role or "") is None:
        return work.instance.requester_id == actor.pk
    return is_in_role(work, actor, step.role, _item_at(work, token))


def _item_at(work: UnitOfWork, token: Token | None) -> WorkItem | None:
    if token is None or not token.rows:
        return None
    return work.item(token.id) or WorkItem(
        request=work.instance,
        step_id=work.map.step_ids[token.step],
        rows=write_rows(token.rows),
    )


def check_fills_only(
    work: UnitOfWork, step: WaitStep, data: Mapping[str, Any], token: Token | None
) -> None:
    """A message gives the fields that the wait declares, and changes nothing that is there."""
    activation = token.id if token is not None else None
    validate_output_values(work, step, data, activation)
    there = work.data_at_activation(activation)
    filled_keys = [key for key in data if there.get(key) is not None]
    if filled_keys:
        raise InvalidInput(
            "The request has %(filled_keys)s already, and a message changes nothing; leave it out.",
            filled_keys=", ".join(filled_keys),
        )
