"""A request's open tasks, as they were locked at the start of a command."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.persistence.bulk_sql import RowReader


class OpenTasks(Mapping[int, WorkItem]):
    """The tasks by their activations. Each is made from what the database gave when somebody asks
    for it: of the thousand of an each-branch a decision needs one."""

    def __init__(
        self, instance: WorkflowInstance | None = None, records: Iterable[Sequence[Any]] = ()
    ) -> None:
        self._instance, self._reader = instance, RowReader(WorkItem)
        key, activation = self._reader.place_of("id"), self._reader.place_of("activation")
        self._records = {record[activation]: record for record in records}
        self._activations = {record[key]: record[activation] for record in self._records.values()}
        self._made: dict[int, WorkItem] = {}

    def __getitem__(self, activation: int) -> WorkItem:
        item = self._made.get(activation)
        if item is None:
            item = self._made[activation] = self._reader.make_row(self._records[activation])
            if self._instance is not None:
                item.request = self._instance
        return item

    def __iter__(self) -> Iterator[int]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def find_by_id(self, pk: int) -> WorkItem | None:
        """The task with this id, if it was open."""
        return self[self._activations[pk]] if pk in self._activations else None

    def at_steps(self, step_ids: Collection[int]) -> list[WorkItem]:
        """Those at one of these steps."""
        place, records = self._reader.place_of("step_id"), self._records.items()
        return [self[key] for key, record in records if record[place] in step_ids]

    def find_earliest_due(self) -> datetime | None:
        """When the first of those that are still open is due; None where none is ever."""
        now = [item.due_at for item in self._made.values() if item.is_open and item.due_at]
        place = self._reader.place_of("due_at")
        written = [record[place] for record in self._untouched()]
        first = min((moment for moment in written if moment is not None), default=None)
        if first is not None:
            now.append(self._reader.convert_value("due_at", first))
        return min(now, default=None)

    def has_open_in(self, state: str) -> bool:
        """Whether one that is still open stands in this state."""
        place = self._reader.place_of("state")
        return any(item.is_open and item.state == state for item in self._made.values()) or any(
            record[place] == state for record in self._untouched()
        )

    def _untouched(self) -> Iterator[Sequence[Any]]:
        """What nobody has asked for yet, and so nobody has changed."""
        records = self._records.items()
        return (record for activation, record in records if activation not in self._made)
