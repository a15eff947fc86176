"""The past of a workflow as the learner sees it, whether it is from a log or our own: requests
with their tasks, up to a moment. All moments are whole seconds since 1970."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True)
class PastTask:
    """One task, as far as it was known at the moment of the history.

    `begun`, `completed`, `who` and `outcome` are empty for what had not happened yet; `enabled` is
    always there. `is_first` says that it is the first of a request whose log does not know since
    when it waited.
    """

    step: str
    activity: str
    who: str
    enabled: int
    begun: int | None
    completed: int | None
    outcome: str = ""
    came_from: str | None = None
    number: int = 1
    is_first: bool = False
    rested: int = 0


@dataclass(slots=True, kw_only=True)
class PastRequest:
    """One request, its tasks in the order in which they were begun. `start` is how a log writes
    that it was started, where it does: the activity and who. `known` is what the directory said of
    the requester when it started, by the names that rules have for it."""

    name: str
    started: int
    requester: str = ""
    is_over: bool = True
    tasks: list[PastTask] = field(default_factory=list)
    values: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)
    start: tuple[str, str] | None = None

    @property
    def last_completed(self) -> int | None:
        """When the last of its tasks was done."""
        return max((t.completed for t in self.tasks if t.completed is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All requests that were there before a moment. `knows_begun` says whether anything tells
    waiting and working apart; where nothing does, the whole lead-in counts as a delay."""

    until: int
    requests: tuple[PastRequest, ...]
    knows_begun: bool = True
    zone: str = "UTC"

    def tasks(self) -> Iterator[PastTask]:
        """Every task, request by request."""
        for request in self.requests:
            yield from request.tasks

    def done_tasks(self) -> Iterator[PastTask]:
        """Every task that was completed."""
        return (task for task in self.tasks() if task.completed is not None)

    @property
    def first_start(self) -> int:
        """When the first request came in."""
        return min((request.started for request in self.requests), default=self.until)
