"""One command's work on one request: what is locked, what is collected, what is written."""

from workflows.execution.services.unit_of_work.guarded_rows import update_guarded
from workflows.execution.services.unit_of_work.trail_rows import serialize_votes, write_trail
from workflows.execution.services.unit_of_work.unit import (
    NO_CAPACITY,
    ActingCapacity,
    UnitOfWork,
    find_locked_task,
    open_unit_of_work,
)

__all__ = [
    "NO_CAPACITY",
    "ActingCapacity",
    "UnitOfWork",
    "find_locked_task",
    "open_unit_of_work",
    "serialize_votes",
    "update_guarded",
    "write_trail",
]
