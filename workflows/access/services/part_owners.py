"""Who owns the steps and triggers of a map, written down when it is published."""

from collections.abc import Iterator
from datetime import datetime

from workflows.definitions.models import PartOwner, TemplateVersion
from workflows.engine.format.definition import BaseStep, Definition, TriggerDef
from workflows.people.models import User
from workflows.persistence.row_history import write_history


def record_part_owners(version: TemplateVersion, definition: Definition, *, now: datetime) -> None:
    """Write down whom a version's steps and triggers name as owner and deputy. Nobody is written
    where the name is nobody's: what is empty is the workflow's."""
    parts = list(_owned_parts(version, definition))
    names = {name for _, part in parts for name in (part.owner, part.deputy) if name}
    people = {person.username: person for person in User.objects.filter(username__in=names)}
    for row, part in parts:
        row.owner = people.get(part.owner or "")
        row.deputy = people.get(part.deputy or "") if part.deputy != part.owner else None
    rows = PartOwner.objects.bulk_create(row for row, _ in parts)
    write_history(
        [("+", row) for row in rows],
        by=version.published_by,
        now=now,
        why="publish",
    )


def _owned_parts(
    version: TemplateVersion, definition: Definition
) -> Iterator[tuple[PartOwner, BaseStep | TriggerDef]]:
    owned = {key: step for key, step in definition.steps.items() if step.owner or step.deputy}
    rows = version.steps.filter(key__in=owned) if owned else ()
    for row in rows:
        yield PartOwner(version=version, step=row), owned[row.key]
    triggers = (definition.start.triggers if definition.start else None) or []
    for number, trigger in enumerate(triggers):
        if trigger.owner or trigger.deputy:
            yield PartOwner(version=version, trigger=number), trigger
