"""Tasks: one activation of one step each, and who was added to them."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy
from django_fsm import RETURN_VALUE, FSMModelMixin, transition
from simple_history.models import HistoricalRecords

from workflows.definitions.models import Step
from workflows.engine.routing.cancel_reasons import CancelReason
from workflows.execution.choices import TaskState
from workflows.execution.messages import describe_closing
from workflows.execution.models.instances import WorkflowInstance
from workflows.persistence.sql_constants import written_out
from workflows.persistence.state_field import StateField

if TYPE_CHECKING:
    from workflows.people.models import User

ENABLED, CLAIMED, STARTED = TaskState.ENABLED, TaskState.CLAIMED, TaskState.STARTED
PAUSED, DONE, CANCELLED = TaskState.PAUSED, TaskState.DONE, TaskState.CANCELLED
ASKED = TaskState.ASKED
OPEN_STATES = (ENABLED, CLAIMED, STARTED, PAUSED, ASKED)


class WorkItemQuerySet(models.QuerySet["WorkItem"]):
    """Reading tasks."""

    def of_visible_instances(self) -> "WorkItemQuerySet":
        """Those of requests that are here: not of a log that is on its way in or out."""
        return self.exclude(request__state__in=written_out(WorkflowInstance.NOT_HERE))

    def open(self) -> "WorkItemQuerySet":
        """Tasks that wait for somebody or something."""
        return self.filter(is_open=True)

    def by_due(self) -> "WorkItemQuerySet":
        """Oldest due first; tasks without a due date last."""
        return self.order_by(F("due_at").asc(nulls_last=True), "id")


class WorkItem(FSMModelMixin, models.Model):
    """One activation of one step in one request (on the screen: a task).

    The three moments are `enabled_at`, `started_at` and `completed_at`. The seconds are filled
    in when it is done: wall clock, and business time of the workflow's calendar. Where nobody knows
    when it was taken up, waiting and working stay empty, and `lead_in_seconds` is the time from
    when it was there (in logs also: from the step before) to its end.
    `in_queue` keeps an open task in the queue of its step's people; a task that one person has
    is theirs alone.
    """

    request = models.ForeignKey(
        WorkflowInstance,
        models.PROTECT,
        related_name="work_items",
        verbose_name=gettext_lazy("request"),
    )
    step = models.ForeignKey(
        Step, models.PROTECT, related_name="work_items", verbose_name=gettext_lazy("step")
    )
    activation = models.PositiveIntegerField(gettext_lazy("activation"))
    round = models.PositiveIntegerField(gettext_lazy("round"), default=1)
    state = StateField(
        gettext_lazy("state"), default=ENABLED, protected=True, choices=TaskState.choices
    )
    is_open = models.BooleanField(gettext_lazy("open"), default=True, editable=False)
    in_queue = models.BooleanField(gettext_lazy("in the queue"), default=True, editable=False)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("with"),
    )
    rows = models.CharField(
        gettext_lazy("rows"), max_length=20, blank=True, default="", db_default="", editable=False
    )
    """In an each-branch the row that it is about, from 0 (`3`; `3.0` in a branch within one)."""
    row_label = models.CharField(
        gettext_lazy("row"), max_length=200, blank=True, default="", db_default=""
    )
    came_from = models.CharField(gettext_lazy("came from"), max_length=80, blank=True)
    needed = models.PositiveIntegerField(gettext_lazy("people needed"), default=1)
    votes = models.JSONField(gettext_lazy("agreed so far"), default=list, encoder=DjangoJSONEncoder)
    enabled_at = models.DateTimeField(gettext_lazy("waiting since"), null=True)
    started_at = models.DateTimeField(gettext_lazy("taken up at"), null=True, blank=True)
    completed_at = models.DateTimeField(gettext_lazy("done at"), null=True, blank=True)
    due_at = models.DateTimeField(gettext_lazy("due"), null=True, blank=True)
    due_record = models.JSONField(
        gettext_lazy("how it came to be due"), null=True, blank=True, editable=False
    )
    expires_at = models.DateTimeField(gettext_lazy("expires"), null=True, blank=True)
    paused_at = models.DateTimeField(gettext_lazy("paused at"), null=True, blank=True)
    paused_seconds = models.FloatField(gettext_lazy("paused (s)"), default=0)
    paused_business_seconds = models.FloatField(gettext_lazy("paused (business s)"), default=0)
    waiting_seconds = models.FloatField(gettext_lazy("waiting (s)"), null=True, blank=True)
    working_seconds = models.FloatField(gettext_lazy("working (s)"), null=True, blank=True)
    lead_in_seconds = models.FloatField(gettext_lazy("lead-in (s)"), null=True, blank=True)
    waiting_business_seconds = models.FloatField(
        gettext_lazy("waiting (business s)"), null=True, blank=True
    )
    working_business_seconds = models.FloatField(
        gettext_lazy("working (business s)"), null=True, blank=True
    )
    outcome = models.CharField(gettext_lazy("outcome"), max_length=80, blank=True)
    comment = models.TextField(gettext_lazy("comment"), blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("decided by"),
    )
    decided_for = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("in place of"),
    )
    performer_name = models.CharField(gettext_lazy("done by"), max_length=150, blank=True)
    document_versions = models.JSONField(gettext_lazy("documents seen"), default=dict)
    closing_code = models.CharField(gettext_lazy("closed because"), max_length=40, blank=True)
    closing_parameters = models.JSONField(
        gettext_lazy("closed because of"), default=dict, blank=True
    )
    history = HistoricalRecords()

    objects = WorkItemQuerySet.as_manager()

    class Meta:
        verbose_name_plural = gettext_lazy("tasks")
        verbose_name = gettext_lazy("task")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "activation"], name="one_task_per_activation"
            ),
            models.CheckConstraint(
                name="a_closed_task_is_in_no_queue", condition=Q(is_open=True) | Q(in_queue=False)
            ),
        ]
        indexes = [
            # A search walks queues and asks of which request each task is, and of nothing else.
            models.Index(
                *("step", "due_at", "id"),
                include=["request"],
                condition=Q(in_queue=True),
                name="queue_by_due",
            ),
            models.Index(
                "step", "enabled_at", "id", condition=Q(is_open=True), name="open_by_step"
            ),
            models.Index(
                "assignee",
                "due_at",
                "id",
                condition=Q(is_open=True, assignee__isnull=False),
                name="own_by_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step} ({self.request.reference})"

    @property
    def closing_reason(self) -> str:
        """Why it was closed without having been decided, in words."""
        return describe_closing(self.closing_code, self.closing_parameters)

    @transition(field=state, source=ENABLED, target=CLAIMED)
    def claim(self, *, now: datetime, by: "User") -> None:
        """Somebody takes it up."""
        self.assignee, self.started_at = by, now

    @transition(field=state, source=[ENABLED, CLAIMED], target=STARTED)
    def begin(self, *, now: datetime, by: "User") -> None:
        """Work on it begins; who had not claimed it takes it up now."""
        self.assignee, self.started_at = by, self.started_at or now

    @transition(field=state, source=[CLAIMED, STARTED], target=PAUSED)
    def pause(self, *, now: datetime) -> None:
        """Work rests; the time until it goes on is not working time."""
        self.paused_at = now

    @transition(field=state, source=PAUSED, target=STARTED)
    def unpause(self, *, rested: float, rested_business: float) -> None:
        """Work goes on after a rest of so many seconds."""
        self.paused_at = None
        self.paused_seconds += rested
        self.paused_business_seconds += rested_business

    @transition(field=state, source=[ENABLED, CLAIMED, STARTED, PAUSED], target=ASKED)
    def await_requester(self, *, now: datetime) -> None:
        """The requester was asked something: it rests until they have answered."""
        self.paused_at = now

    @transition(field=state, source=ASKED, target=RETURN_VALUE(STARTED, ENABLED))
    def return_from_requester(self, *, rested: float, rested_business: float) -> TaskState:
        """It goes on after a rest of so many seconds: with whoever had it, or with all of its
        people where nobody has it alone."""
        self.paused_at = None
        self.paused_seconds += rested
        self.paused_business_seconds += rested_business
        return ENABLED if self.assignee_id is None else STARTED

    def is_held(self) -> bool:
        """Whether one person has it."""
        return self.assignee_id is not None

    @transition(field=state, source=OPEN_STATES, target=ENABLED, conditions=[is_held])  # type: ignore[list-item]
    def release(self, *, to: "User | None") -> None:
        """It goes back to the queue, or to the one person whom its role names."""
        self.assignee, self.started_at, self.paused_at = to, None, None
        self.paused_seconds = self.paused_business_seconds = 0

    @transition(field=state, source=OPEN_STATES, target=ENABLED)
    def reassign(self, *, to: "User") -> None:
        """It is put into another person's hands."""
        self.assignee, self.started_at, self.paused_at = to, None, None
        self.paused_seconds = self.paused_business_seconds = 0

    @transition(field=state, source=OPEN_STATES, target=DONE)
    def finish(
        self,
        *,
        now: datetime,
        outcome: str,
        comment: str,
        by: "User | None",
        acted_for: "User | None" = None,
    ) -> None:
        """It is decided, perhaps in place of somebody who is away."""
        self.completed_at, self.outcome, self.comment, self.decided_by = now, outcome, comment, by
        self.decided_for = acted_for
        self.performer_name = by.get_username() if by is not None else ""
        self.is_open = self.in_queue = False

    @transition(field=state, source=OPEN_STATES, target=CANCELLED)
    def cancel(self, *, reason: CancelReason) -> None:
        """It is not needed any more."""
        self.closing_code, self.closing_parameters = reason.code, reason.parameters
        self.is_open = self.in_queue = False


class AddedPerson(models.Model):
    """Somebody who may act on one task besides its step's people.

    Late work was escalated to them: then they may act as long as they are in the role that it
    escalated to. Or they stand in for somebody (`stand_in`), put there by a person who answers for
    the workflow: then as long as their account is active. Separation of duties holds for both.

    Or they are one of several whom the step's own role finds in the request (`found`): the row lets
    lists find the task by the person, and gives no right; who is in the role is asked each time.
    """

    work_item = models.ForeignKey(
        WorkItem,
        models.PROTECT,
        related_name="added_people",
        verbose_name=gettext_lazy("work item"),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=gettext_lazy("user"),
    )
    role = models.CharField(gettext_lazy("role"), max_length=60)
    stand_in = models.BooleanField(gettext_lazy("stands in"), default=False)
    found = models.BooleanField(gettext_lazy("found by the role"), default=False)
    added_at = models.DateTimeField(gettext_lazy("added at"))

    class Meta:
        verbose_name = gettext_lazy("added person")
        verbose_name_plural = gettext_lazy("added people")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["work_item", "user"], name="a_person_is_added_once")
        ]
        indexes = [models.Index("user", "work_item", name="escalated_to_a_person")]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"
