"""The Django admin for ops staff: declarations, and actions that call one service."""

from workflows.admin import (
    calendars,
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
    "calendars",
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
