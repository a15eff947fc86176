"""Who owns this, and who stands in now: one question, of whatever has an owner.

A workflow, a step, a schedule, a connection and a webhook key have an owner and a deputy. What a
step or a schedule leaves out is its workflow's. A closed account owns nothing any more; who is away
comes behind who is there.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from workflows.definitions.models import PartOwner, WorkflowTemplate
from workflows.people.models import User
from workflows.people.queries.stand_ins import read_away_notes


class Owned(Protocol):
    """What has an owner and a deputy: each of them may be missing."""

    @property
    def owner(self) -> User | None:
        """Who answers for it."""

    @property
    def deputy(self) -> User | None:
        """Who does where the owner cannot."""


@dataclass(frozen=True, slots=True)
class Owners:
    """Who answers for a thing: the owner, and the deputy."""

    owner: User | None
    deputy: User | None

    @property
    def active(self) -> list[User]:
        """Those of them whose account is open, the owner first."""
        people = dict.fromkeys(person for person in (self.owner, self.deputy) if person is not None)
        return [person for person in people if person.is_active]

    def present_first(self, workflow_id: int | None, now: datetime) -> list[User]:
        """The same, and who is away just now behind who is not: the first of them acts. One
        statement, or none where there is no choice."""
        people = self.active
        if len(people) < 2:
            return people
        away = read_away_notes([person.pk for person in people], now)
        return sorted(people, key=lambda person: away.of(person.pk, workflow_id) is not None)


def owners_of(thing: Owned, workflow: WorkflowTemplate | None = None) -> Owners:
    """Who owns a thing now; of a step or a schedule what is left out is its `workflow`'s."""
    owner = thing.owner or (workflow.owner if workflow is not None else None)
    deputy = thing.deputy or (workflow.deputy if workflow is not None else None)
    return Owners(owner, deputy if deputy != owner else None)


def part_owners_by_step(step_ids: Collection[int]) -> dict[int, PartOwner]:
    """Of these steps those that have owners of their own. One statement, or none."""
    if not step_ids:
        return {}
    rows = PartOwner.objects.filter(step__in=step_ids).select_related("owner", "deputy")
    return {row.step_id: row for row in rows if row.step_id is not None}


def find_step_owners(step_id: int | None) -> Sequence[User]:
    """The active people whom a step has for its own, the owner first. One statement."""
    row = part_owners_by_step([step_id]).get(step_id) if step_id is not None else None
    return owners_of(row).active if row is not None else []


def find_trigger_owners(version_id: int, number: int) -> Sequence[User]:
    """The active people whom a trigger of a version has for its own. One statement."""
    rows = PartOwner.objects.filter(version=version_id, trigger=number)
    row = rows.select_related("owner", "deputy").first()
    return owners_of(row).active if row is not None else []
