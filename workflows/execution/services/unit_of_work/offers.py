"""To whom a task is offered whose role finds several people in its request: rows by which lists
find the task, and which give nobody a right. Who is in the role is asked each time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from workflows.execution.models import AddedPerson, WorkItem
from workflows.people.models import User


@dataclass(slots=True)
class Offers:
    """What one command leaves behind of this, by the activations of the tasks."""

    by_activation: dict[int, tuple[WorkItem, str, list[User]]] = field(default_factory=dict)

    def set_people(self, item: WorkItem, role: str, people: Sequence[User]) -> None:
        """The task is offered to these; one person alone is just given it."""
        shared = list(people) if len(people) > 1 or item.needed > 1 else []
        if shared or item.pk is not None:
            self.by_activation[item.activation] = (item, role, shared)

    def save(self, now: datetime) -> None:
        """Write it. No statement where no task is offered to several."""
        for item, role, people in self.by_activation.values():
            offer_task(item, role, people, now)
        self.by_activation.clear()


def offer_task(item: WorkItem, role: str, people: Sequence[User], now: datetime) -> None:
    """Let the lists of just these people find the task. Whoever was added otherwise stays so."""
    AddedPerson.objects.filter(work_item=item.pk, found=True).exclude(user__in=people).delete()
    AddedPerson.objects.bulk_create(
        (
            AddedPerson(work_item=item, user=person, role=role, found=True, added_at=now)
            for person in people
        ),
        ignore_conflicts=True,
    )
