"""The queue of what is still going to happen, taken in the order of time."""

import heapq
from collections.abc import Callable
from datetime import datetime

QueuedAction = Callable[[], object]


class EventQueue:
    """Deeds by their moment, up to now; equal moments in the order in which they were noted."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._queue: list[tuple[datetime, int, QueuedAction]] = []
        self._noted = 0

    def at(self, when: datetime, action: QueuedAction) -> None:
        """Note a deed; what would happen after now does not happen."""
        if when <= self.now:
            heapq.heappush(self._queue, (when, self._noted, action))
            self._noted += 1

    def run(self, between: QueuedAction = lambda: None) -> None:
        """Do everything, and what comes of it; `between` is done around each deed."""
        between()
        while self._queue:
            _, _, action = heapq.heappop(self._queue)
            action()
            between()
