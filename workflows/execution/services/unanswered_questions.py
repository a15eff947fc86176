"""What was asked of a requester who has left: nobody answers it, so their task goes on without.

A task rests while its requester is asked. Whose account is closed never answers, and nobody would
look at a task that rests; so the clock lets the question lapse, and the task is again with whoever
asked.
"""

from datetime import datetime

from django.db import transaction

from workflows.execution.choices import QuestionKind
from workflows.execution.models import ASKED, TaskQuestion, WorkflowInstance
from workflows.execution.services.task_clocks.requester_pauses import end_requester_pause
from workflows.execution.services.unit_of_work import (
    find_locked_task,
    open_unit_of_work,
    write_trail,
)
from workflows.trail.choices import TrailCommand

UNANSWERED = "unanswered"
"""What the trail calls it when a task goes on because its requester has left."""


def find_tasks_asking_nobody() -> list[int]:
    """The tasks that rest for a requester whose account is closed."""
    questions = TaskQuestion.objects.filter(
        kind=QuestionKind.REQUESTER,
        state=TaskQuestion.OPEN,
        asked_of__is_active=False,
        request__state=WorkflowInstance.RUNNING,
    )
    return list(questions.order_by("pk").values_list("work_item_id", flat=True))


def go_on_without_answer(task_id: int, *, now: datetime) -> None:
    """Let the question lapse and the task go on with whoever had it, unless somebody did so."""
    with transaction.atomic():
        work = open_unit_of_work(actor=None, now=now, work_item_id=task_id)
        item = find_locked_task(work, task_id)
        if item is None or item.state != ASKED or work.instance.state != WorkflowInstance.RUNNING:
            return
        before = item.state
        end_requester_pause(work, item)
        work.touch(item, before)
        work.save(TrailCommand.WATCH)  # what was asked lapses with the rest
        write_trail(work, TrailCommand.WATCH, item=item, from_state=before, outcome=UNANSWERED)
