"""The Django admin for ops staff: declarations, and actions that call one service."""

from workflows.admin import (
    incidents,
    outside,
    people,
    records,
    requests,
    steps,
    tasks,
    tokens,
    versions,
    workflows,
)

__all__ = [
    "incidents",
    "outside",
    "people",
    "records",
    "requests",
    "steps",
    "tasks",
    "tokens",
    "versions",
    "workflows",
]
