"""Questions on tasks: opinions that are asked of others, and what the requester is asked."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy
from django_fsm import FSMModelMixin, transition

from workflows.execution.choices import QuestionKind, QuestionState
from workflows.execution.models.instances import WorkflowInstance
from workflows.execution.models.work_items import WorkItem
from workflows.persistence.state_field import StateField


class TaskQuestion(FSMModelMixin, models.Model):
    """What somebody who works on a task asked of one other person, and what came back.

    An opinion blocks nothing. A question to the requester lets the task rest: of these a task has
    one open at most. Its times are in the row, so it needs no row history.
    """

    OPEN, ANSWERED = QuestionState.OPEN, QuestionState.ANSWERED
    WITHDRAWN, LAPSED = QuestionState.WITHDRAWN, QuestionState.LAPSED

    request = models.ForeignKey(
        WorkflowInstance,
        models.PROTECT,
        related_name="questions",
        verbose_name=gettext_lazy("request"),
    )
    work_item = models.ForeignKey(
        WorkItem, models.PROTECT, related_name="questions", verbose_name=gettext_lazy("task")
    )
    kind = models.CharField(gettext_lazy("kind"), max_length=10, choices=QuestionKind.choices)
    state = StateField(
        gettext_lazy("state"), default=OPEN, protected=True, choices=QuestionState.choices
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=gettext_lazy("asked by"),
    )
    asked_of = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=gettext_lazy("asked of"),
    )
    question = models.TextField(gettext_lazy("question"))
    asked_at = models.DateTimeField(gettext_lazy("asked at"))
    answer = models.TextField(gettext_lazy("answer"), blank=True)
    closed_at = models.DateTimeField(gettext_lazy("closed at"), null=True, blank=True)
    is_after_decision = models.BooleanField(gettext_lazy("after the decision"), default=False)

    class Meta:
        verbose_name = gettext_lazy("question")
        verbose_name_plural = gettext_lazy("questions")
        default_permissions = ("view",)
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["work_item"],
                condition=Q(kind="requester", state="open"),
                name="the_requester_is_asked_once_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["work_item", "asked_of"],
                condition=Q(kind="opinion", state="open"),
                name="a_person_is_asked_once_at_a_time",
            ),
        ]
        indexes = [
            models.Index("asked_of", "id", condition=Q(state="open"), name="questions_to_a_person"),
            models.Index("asked_by", "id", condition=Q(state="open"), name="questions_by_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.asked_of} ({self.request.reference})"

    @property
    def is_open(self) -> bool:
        """Whether an answer is still waited for."""
        return bool(self.state == self.OPEN)

    @transition(field=state, source=OPEN, target=ANSWERED)
    def give_answer(self, *, now: datetime, answer: str, is_after_decision: bool) -> None:
        """The person answers; after the decision that is kept, and said."""
        self.answer, self.closed_at, self.is_after_decision = answer, now, is_after_decision

    @transition(field=state, source=OPEN, target=WITHDRAWN)
    def withdraw(self, *, now: datetime) -> None:
        """It is taken back; no answer is waited for."""
        self.closed_at = now

    @transition(field=state, source=OPEN, target=LAPSED)
    def lapse(self, *, now: datetime) -> None:
        """Its task went on another way."""
        self.closed_at = now
