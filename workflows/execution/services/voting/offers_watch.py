"""Offers to several people follow the directory: who comes into a group, or gets another manager,
finds the task in their lists a minute later, and who went does not any more."""

from collections.abc import Sequence
from datetime import datetime

from workflows.definitions.queries.compiled_versions import cached_map
from workflows.execution.models import AddedPerson, WorkItem
from workflows.execution.services.unit_of_work.offers import offer_task
from workflows.people.queries.eligibility import (
    OpenTask,
    find_offered_people,
    find_task_eligibility,
)


def refresh_offers(task_ids: Sequence[int], *, now: datetime) -> int:
    """Bring the offers of these open tasks up to whom their roles find now; returns how many tasks
    were changed. Four statements, and three for each that is changed."""
    rows = WorkItem.objects.filter(pk__in=task_ids, is_open=True, assignee=None)
    tasks = [
        OpenTask(
            instance=item.request,
            map=cached_map(item.request.version_id),
            marking=item.request.read_marking(),
            item=item,
        )
        for item in rows.prefetch_related("request__requester").order_by("pk")
    ]
    offered = _offered_people([task.item.pk for task in tasks])
    changed = 0
    for found in find_task_eligibility(tasks):
        people = find_offered_people(found)
        if {person.pk for person in people} != offered.get(found.task.item.pk, set()):
            changed += 1
            step = found.task.step
            offer_task(found.task.item, step.role or "", people, now)
    return changed


def _offered_people(task_ids: Sequence[int]) -> dict[int, set[int]]:
    offered: dict[int, set[int]] = {}
    rows = AddedPerson.objects.filter(work_item__in=task_ids, found=True)
    for task, person in rows.values_list("work_item_id", "user_id"):
        offered.setdefault(task, set()).add(person)
    return offered
