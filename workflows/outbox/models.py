"""What is still to be done outside a decision's transaction, and what was tried.

A message exists exactly if the decision that asked for it does: both are written in one
transaction. The broker only rings a bell; the clock delivers what the bell did not.
"""

from datetime import datetime

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, gettext_lazy, gettext_noop
from django_fsm import FSMModelMixin, transition

from workflows.definitions.models import Step
from workflows.outbox.choices import AttemptState, MessageKind, MessageState
from workflows.outbox.delivery_problems import AnsweredLate, DeliveryProblem
from workflows.outbox.messages import describe_attempt, describe_kept_problem
from workflows.persistence.state_field import StateField

WAITING, TAKEN, HELD = MessageState.WAITING, MessageState.TAKEN, MessageState.HELD
ASIDE, DROPPED, DELIVERED = MessageState.ASIDE, MessageState.DROPPED, MessageState.DELIVERED


class OutboxMessage(FSMModelMixin, models.Model):
    """One thing to do at or after a moment: an attempt, a timer, a mail, a start.

    A worker takes it with a lease; a message whose worker died is taken again when the lease
    has run out. `ticket` is the mark of the one who took it: only with it may the message be
    closed, in the transaction that does what it asks for.

    *Held* is not *failed*: while its request is suspended a message waits, however long, and is
    due again when the request goes on. What cannot be read, taken or delivered at all is set
    *aside* with its error, and stops nothing else; whoever runs the site sends it again or gives
    it up.
    """

    kind = models.CharField(gettext_lazy("kind"), max_length=20, choices=MessageKind.choices)
    request = models.ForeignKey(
        "workflows.WorkflowInstance",
        models.PROTECT,
        null=True,
        related_name="messages",
        verbose_name=gettext_lazy("request"),
    )
    activation = models.PositiveIntegerField(gettext_lazy("activation"), null=True)
    payload = models.JSONField(gettext_lazy("payload"), default=dict, encoder=DjangoJSONEncoder)
    key = models.CharField(
        gettext_lazy("once"), max_length=200, null=True, unique=True, default=None
    )
    state = StateField(
        gettext_lazy("state"), default=WAITING, protected=True, choices=MessageState.choices
    )
    run_after = models.DateTimeField(gettext_lazy("not before"))
    taken_until = models.DateTimeField(gettext_lazy("lease until"), null=True)
    ticket = models.CharField(gettext_lazy("taken by"), max_length=40, blank=True)
    tries = models.PositiveIntegerField(gettext_lazy("tries"), default=0)
    failing_since = models.DateTimeField(gettext_lazy("fails since"), null=True)
    error_code = models.CharField(gettext_lazy("last error"), max_length=40, blank=True)
    error_parameters = models.JSONField(gettext_lazy("last error of"), default=dict, blank=True)
    created_at = models.DateTimeField(gettext_lazy("written at"))
    closed_at = models.DateTimeField(gettext_lazy("closed at"), null=True)

    class Meta:
        verbose_name_plural = gettext_lazy("messages")
        verbose_name = gettext_lazy("message")
        ordering = ["id"]
        default_permissions = ("view",)
        permissions = [
            ("resend_outboxmessage", gettext_noop("Can send messages again, or give them up"))
        ]
        indexes = [
            models.Index("state", condition=Q(failing_since__isnull=False), name="outbox_failing"),
            models.Index("run_after", "id", condition=Q(state="waiting"), name="outbox_due"),
            models.Index("taken_until", condition=Q(state="taken"), name="outbox_leases"),
            models.Index("request", "activation", name="outbox_of_a_step"),
            models.Index("closed_at", condition=Q(closed_at__isnull=False), name="outbox_closed"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def last_error(self) -> str:
        """Why it was not delivered the last time, in words."""
        return describe_kept_problem(self.error_code, self.error_parameters)

    def _note_problem(self, problem: DeliveryProblem) -> None:
        self.error_code, self.error_parameters = problem.code, problem.parameters

    @transition(field=state, source=[WAITING, TAKEN], target=TAKEN)
    def take(self, *, ticket: str, until: datetime) -> None:
        """A worker has it until the lease runs out."""
        self.ticket, self.taken_until = ticket, until
        self.tries += 1

    @transition(field=state, source=TAKEN, target=WAITING)
    def put_off(
        self, *, until: datetime, why: DeliveryProblem, now: datetime | None = None
    ) -> None:
        """It is to be tried again later; `now` where that is because it failed."""
        self.ticket, self.taken_until, self.run_after = "", None, until
        self._note_problem(why)
        self.failing_since = self.failing_since or now

    @transition(field=state, source=TAKEN, target=HELD)
    def hold(self) -> None:
        """Its request is suspended. That is no try, and no error."""
        self.ticket, self.taken_until, self.tries = "", None, 0
        self.failing_since, self.error_code, self.error_parameters = None, "", {}

    @transition(field=state, source=[WAITING, TAKEN], target=ASIDE)
    def set_aside(self, *, why: DeliveryProblem, now: datetime) -> None:
        """It cannot be delivered as it is; somebody has to look at it."""
        self.ticket, self.taken_until = "", None
        self._note_problem(why)
        self.failing_since = self.failing_since or now

    @transition(field=state, source=[ASIDE, DROPPED, WAITING], target=WAITING)
    def send_again(self, *, now: datetime) -> None:
        """It is due now, and counts as new."""
        self.ticket, self.taken_until, self.run_after, self.tries = "", None, now, 0
        self.failing_since = self.closed_at = None

    @transition(field=state, source=TAKEN, target=DELIVERED)
    def deliver(self, *, now: datetime) -> None:
        """What it asks for is done."""
        self.ticket, self.taken_until, self.closed_at = "", None, now
        self.failing_since = None

    @transition(field=state, source=[WAITING, TAKEN, HELD, ASIDE], target=DROPPED)
    def drop(self, *, now: datetime, why: DeliveryProblem) -> None:
        """It cannot be done, or need not be any more, and this is why."""
        self.ticket, self.taken_until, self.closed_at = "", None, now
        self._note_problem(why)


class Attempt(models.Model):
    """One try of one automation step: when, how long, and what came back.

    `answer` is the first 2 kB of what the other side said, with secrets masked.
    """

    is_concealed = False
    RUNNING, SUCCEEDED = AttemptState.RUNNING, AttemptState.SUCCEEDED
    FAILED, LOST = AttemptState.FAILED, AttemptState.LOST

    request = models.ForeignKey(
        "workflows.WorkflowInstance",
        models.PROTECT,
        related_name="attempts",
        verbose_name=gettext_lazy("request"),
    )
    step = models.ForeignKey(
        Step, models.PROTECT, related_name="attempts", verbose_name=gettext_lazy("step")
    )
    activation = models.PositiveIntegerField(gettext_lazy("activation"))
    number = models.PositiveIntegerField(gettext_lazy("number"))
    action = models.CharField(gettext_lazy("action"), max_length=200)
    idempotency_key = models.CharField(gettext_lazy("idempotency key"), max_length=64)
    state = models.CharField(
        gettext_lazy("state"), max_length=10, choices=AttemptState.choices, default=RUNNING
    )
    started_at = models.DateTimeField(gettext_lazy("started at"))
    finished_at = models.DateTimeField(gettext_lazy("finished at"), null=True)
    milliseconds = models.PositiveIntegerField(gettext_lazy("took (ms)"), null=True)
    status = models.PositiveIntegerField(gettext_lazy("HTTP status"), null=True)
    code = models.CharField(gettext_lazy("error code"), max_length=40, blank=True)
    parameters = models.JSONField(gettext_lazy("what happened"), default=dict, blank=True)
    answer = models.TextField(gettext_lazy("answer"), blank=True)

    class Meta:
        verbose_name = gettext_lazy("attempt")
        verbose_name_plural = gettext_lazy("attempts")
        ordering = ["id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["request", "activation", "number"], name="one_attempt_per_number"
            )
        ]
        indexes = [models.Index(fields=["step", "-started_at"], name="attempts_of_a_step")]

    def __str__(self) -> str:
        return f"{self.step} #{self.number} ({self.get_state_display()})"

    @property
    def is_late(self) -> bool:
        """Whether it was answered when nothing waited for it any more."""
        return self.code == AnsweredLate.CODE

    def conceal(self) -> None:
        """Keep what came back from a reader who may not see a field that it may tell of."""
        self.is_concealed, self.answer = True, ""

    @property
    def message(self) -> str:
        """What became of it, in words; nothing where that goes without saying."""
        if self.is_concealed:
            return gettext("What came back is not shown to you.")
        return describe_attempt(self.code, self.parameters)
