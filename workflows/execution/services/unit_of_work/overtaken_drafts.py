"""Drafts of decisions that a command on their task leaves without a use: they go with it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from workflows.execution.models import FormDraft, WorkItem


@dataclass(frozen=True, slots=True)
class DraftedTask:
    """How a task on which somebody keeps a draft stood when it was locked."""

    assignee_id: int | None
    vote_count: int

    @classmethod
    def of_task(cls, task: WorkItem) -> "DraftedTask":
        """As the task stands now."""
        return cls(task.assignee_id, len(task.votes))


def discard_overtaken_drafts(
    tasks: Collection[WorkItem], drafted: Mapping[int, DraftedTask], *, actor_id: int | None
) -> None:
    """Delete the drafts that a command on these tasks leaves without a use; `drafted` says by id
    how they stood before. One statement for all that are over, and at most one for each other."""
    over = [task.pk for task in tasks if not task.is_open]
    if over:
        FormDraft.objects.filter(work_item__in=over).delete()
    for task in tasks:
        if task.is_open:
            _discard_of_open_task(task, drafted[task.pk], actor_id)


def _discard_of_open_task(task: WorkItem, before: DraftedTask, actor_id: int | None) -> None:
    """The voter's where several decide it, and those of others where it was put into somebody's
    hands. A statement, or none where all may still be sent."""
    drafts = FormDraft.objects.filter(work_item=task)
    if len(task.votes) > before.vote_count:
        drafts.filter(writer=actor_id).delete()
    elif task.assignee_id not in (None, before.assignee_id):
        drafts.exclude(writer__in=_holders(task, actor_id)).delete()


def _holders(task: WorkItem, actor_id: int | None) -> Collection[int]:
    """Who has the task, and who took it: for somebody who is away, say."""
    return [person for person in (task.assignee_id, actor_id) if person is not None]
