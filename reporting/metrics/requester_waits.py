"""The time for which tasks rested with their requester, who had to answer a question: neither
waiting nor working of the step's people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from django.db.models import QuerySet

from workflows.definitions.models import WorkflowTemplate
from workflows.execution.choices import QuestionKind
from workflows.execution.models import TaskQuestion


@dataclass(slots=True)
class RequesterWaits:
    """The questions of one step: how many were asked and wait still, and the seconds by the clock
    until each of the others was answered, taken back or not needed any more."""

    step: str
    asked: int = 0
    waiting_now: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def median_seconds(self) -> float | None:
        """Half took at most so many seconds."""
        return median(self.seconds) if self.seconds else None

    @property
    def total(self) -> float:
        """All seconds together."""
        return sum(self.seconds)

    def to_json(self) -> dict[str, Any]:
        """As the figures' JSON has it."""
        return {
            "asked": self.asked,
            "open": self.waiting_now,
            "n": len(self.seconds),
            "median_s": self.median_seconds,
            "total_s": self.total,
        }


def requester_questions(template: WorkflowTemplate) -> QuerySet[TaskQuestion]:
    """What requesters of a workflow were asked."""
    return TaskQuestion.objects.filter(kind=QuestionKind.REQUESTER, request__template=template)


def collect_requester_waits(
    questions: QuerySet[TaskQuestion], titles: Mapping[int, str]
) -> list[RequesterWaits]:
    """These questions by what their steps are called, the most time first. One statement."""
    rows = questions.order_by("pk").values_list("work_item__step", "asked_at", "closed_at")
    waits: dict[str, RequesterWaits] = {}
    for step, asked_at, closed_at in rows:
        of_step = waits.setdefault(titles[step], RequesterWaits(titles[step]))
        of_step.asked += 1
        if closed_at is None:
            of_step.waiting_now += 1
        else:
            of_step.seconds.append((closed_at - asked_at).total_seconds())
    return sorted(waits.values(), key=lambda of_step: (-of_step.total, of_step.step))
