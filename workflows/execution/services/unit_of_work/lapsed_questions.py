"""Questions to the requester whose task went on before they had answered."""

from collections.abc import Collection
from datetime import datetime

from workflows.execution.choices import QuestionKind
from workflows.execution.models import TaskQuestion
from workflows.trail.changes import QuestionClosed


def lapse_requester_questions(task_ids: Collection[int], now: datetime) -> list[QuestionClosed]:
    """Close what the requester was asked on these tasks and has not answered; gives what the trail
    says of it. A statement, and one for each question."""
    open_questions = TaskQuestion.objects.filter(
        work_item__in=task_ids, kind=QuestionKind.REQUESTER, state=TaskQuestion.OPEN
    ).select_related("asked_by", "asked_of")
    lapsed = list(open_questions)
    for question in lapsed:
        question.lapse(now=now)
        save_question_end(question)
    return [note_question_end(question) for question in lapsed]


def save_question_end(question: TaskQuestion) -> None:
    """Write that a question is not open any more."""
    question.save(update_fields=["state", "answer", "closed_at", "is_after_decision"])


def note_question_end(question: TaskQuestion) -> QuestionClosed:
    """What the trail says of a question that is not open any more."""
    return QuestionClosed(
        question=question.pk,
        kind=str(question.kind),
        state=str(question.state),
        asked_by=question.asked_by.get_username(),
        to=question.asked_of.get_username(),
        is_after_decision=question.is_after_decision,
    )
