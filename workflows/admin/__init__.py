"""The Django admin for ops staff: declarations, and actions that call one service."""

from workflows.admin import (
    connections,
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
    "connections",
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
