"""Drafts of decisions that a command on their task leaves without a use: they go with it."""

from collections.abc import Collection
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


def discard_overtaken_drafts(task: WorkItem, drafted: DraftedTask, *, actor_id: int | None) -> None:
    """Delete the drafts that a command on the task leaves without a use: all where it is over, the
    voter's where several decide it, and those of others where it was put into somebody's hands.
    A statement, or none where all may still be sent."""
    drafts = FormDraft.objects.filter(work_item=task)
    if not task.is_open:
        drafts.delete()
    elif len(task.votes) > drafted.vote_count:
        drafts.filter(writer=actor_id).delete()
    elif task.assignee_id not in (None, drafted.assignee_id):
        drafts.exclude(writer__in=_holders(task, actor_id)).delete()


def _holders(task: WorkItem, actor_id: int | None) -> Collection[int]:
    """Who has the task, and who took it: for somebody who is away, say."""
    return [person for person in (task.assignee_id, actor_id) if person is not None]
