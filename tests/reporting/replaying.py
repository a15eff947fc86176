"""A small map, its logs, and what the tests of replay share."""

from collections.abc import Callable
from typing import Any

from reporting.replay.log_replay import ReplayResult
from workflows.execution.models import Incident, WorkflowInstance, WorkItem
from workflows.trail.models import TrailEvent

SMALL: dict[str, Any] = {
    "format": 1,
    "key": "leave",
    "name": "Leave",
    "purpose": "Agree on leave.",
    "owner": "olivia",
    "deputy": "omar",
    "roles": {
        "staff": {"groups": ["staff"]},
        "boss": {"groups": ["bosses"]},
        "desk": {"users": ["fred"]},
        "lead": {"field": "lead"},
        "requester": {"requester": True},
    },
    "fields": {"lead": {"type": "user"}, "days": {"type": "integer"}, "note": {"type": "text"}},
    "start": {"role": "staff", "fields": ["lead", "days"], "first": "ask"},
    "steps": {
        "ask": {
            "kind": "task",
            "role": "requester",
            "expected": "1d",
            "due": "2d",
            "outcomes": {"send": "check", "drop": {"to": "dropped", "exception": True}},
        },
        "check": {
            "kind": "approval",
            "role": "boss",
            "expected": "1d",
            "due": "2d",
            "outputs": ["note"],
            "outcomes": {
                "agree": "look",
                "refuse": {"to": "dropped", "comment": "required", "exception": True},
            },
        },
        "look": {
            "kind": "task",
            "role": "lead",
            "expected": "1d",
            "due": "2d",
            "outcomes": {"seen": "file"},
        },
        "file": {
            "kind": "task",
            "role": "desk",
            "expected": "1d",
            "due": "2d",
            "outcomes": {"filed": "granted"},
        },
        "granted": {"kind": "end", "result": "granted"},
        "dropped": {"kind": "end", "result": "dropped"},
    },
}

Replay = Callable[..., ReplayResult]


def day(number: int, hour: int = 9) -> str:
    """A morning in March 2026, as a log writes it."""
    return f"2026-03-{number:02}T{hour:02}:00:00Z"


def whole_case(name: str = "c1") -> list[str]:
    """A case from start to end."""
    return [
        f"{name},start,sam,{day(2)}",
        f"{name},ask/send,sam,{day(2, 10)}",
        f"{name},check/agree,berta,{day(3)}",
        f"{name},look,lea,{day(4)}",
        f"{name},file,fred,{day(5)}",
    ]


def reason_of(outcome: ReplayResult) -> str:
    """The one refusal's reason; nothing of the case may have been written."""
    assert not WorkflowInstance.objects.exists()
    assert not WorkItem.objects.exists()
    assert not Incident.objects.exists()
    assert not TrailEvent.objects.filter(request__isnull=False).exists()
    (refusal,) = outcome.refused
    return refusal.reason
