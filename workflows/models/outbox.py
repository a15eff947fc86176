"""What is still to be done outside a decision's transaction, and what was tried.

A message exists exactly if the decision that asked for it does: both are written in one
transaction. The broker only rings a bell; the clock delivers what the bell did not.
"""

from datetime import datetime

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, FSMModelMixin, transition

from workflows.models.definitions import Step
from workflows.models.runs import WorkflowInstance

WAITING, TAKEN, DELIVERED, DROPPED = "waiting", "taken", "delivered", "dropped"
HELD, ASIDE = "held", "aside"


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

    ATTEMPT, WAKE, REMIND, ESCALATE = "attempt", "wake", "remind", "escalate"
    CHILD, CHILD_ENDED, CHILD_CANCEL = "child", "child_ended", "child_cancel"
    ENDED, START, SCHEDULE, MAIL = "ended", "start", "schedule", "mail"
    HEAD = "head"
    KINDS = [
        (ATTEMPT, "run an automation"),
        (WAKE, "end a wait"),
        (REMIND, "remind"),
        (ESCALATE, "escalate"),
        (CHILD, "start a subworkflow"),
        (CHILD_ENDED, "a subworkflow ended"),
        (CHILD_CANCEL, "call a subworkflow off"),
        (ENDED, "follow a request's end"),
        (START, "start after another workflow"),
        (SCHEDULE, "start by schedule"),
        (MAIL, "send a mail"),
        (HEAD, "send the trail's head outside"),
    ]
    OUTSIDE = (ATTEMPT, MAIL, HEAD)
    """Kinds that wait for somebody else's machine."""
    NOT_ARRIVED = (WAITING, TAKEN, HELD, ASIDE, DROPPED)
    """States of a message whose request has not heard of it."""
    STATES = [
        (WAITING, "waiting"),
        (TAKEN, "in work"),
        (HELD, "held: the request is suspended"),
        (ASIDE, "set aside"),
        (DELIVERED, "done"),
        (DROPPED, "given up"),
    ]

    kind = models.CharField("kind", max_length=20, choices=KINDS)
    request = models.ForeignKey(
        WorkflowInstance, models.PROTECT, null=True, related_name="messages"
    )
    activation = models.PositiveIntegerField("activation", null=True)
    payload = models.JSONField("payload", default=dict, encoder=DjangoJSONEncoder)
    key = models.CharField("once", max_length=200, null=True, unique=True, default=None)
    state = FSMField("state", default=WAITING, protected=True, choices=STATES)
    run_after = models.DateTimeField("not before")
    taken_until = models.DateTimeField("lease until", null=True)
    ticket = models.CharField("taken by", max_length=40, blank=True)
    tries = models.PositiveIntegerField("tries", default=0)
    failing_since = models.DateTimeField("fails since", null=True)
    last_error = models.TextField("last error", blank=True)
    created_at = models.DateTimeField("written at")
    closed_at = models.DateTimeField("closed at", null=True)

    class Meta:
        verbose_name = "message"
        ordering = ["id"]
        default_permissions = ("view",)
        permissions = [("resend_outboxmessage", "Can send messages again, or give them up")]
        indexes = [
            models.Index("state", condition=Q(failing_since__isnull=False), name="outbox_failing"),
            models.Index("run_after", "id", condition=Q(state="waiting"), name="outbox_due"),
            models.Index("taken_until", condition=Q(state="taken"), name="outbox_leases"),
            models.Index("request", "activation", name="outbox_of_a_step"),
            models.Index("closed_at", condition=Q(closed_at__isnull=False), name="outbox_closed"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @transition(field=state, source=[WAITING, TAKEN], target=TAKEN)
    def take(self, *, ticket: str, until: datetime) -> None:
        """A worker has it until the lease runs out."""
        self.ticket, self.taken_until = ticket, until
        self.tries += 1

    @transition(field=state, source=TAKEN, target=WAITING)
    def put_off(self, *, until: datetime, why: str, now: datetime | None = None) -> None:
        """It is to be tried again later; `now` where that is because it failed."""
        self.ticket, self.taken_until, self.run_after, self.last_error = "", None, until, why
        self.failing_since = self.failing_since or now

    @transition(field=state, source=TAKEN, target=HELD)
    def hold(self) -> None:
        """Its request is suspended. That is no try, and no error."""
        self.ticket, self.taken_until, self.tries = "", None, 0
        self.failing_since, self.last_error = None, ""

    @transition(field=state, source=[WAITING, TAKEN], target=ASIDE)
    def set_aside(self, *, why: str, now: datetime) -> None:
        """It cannot be delivered as it is; somebody has to look at it."""
        self.ticket, self.taken_until, self.last_error = "", None, why
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
    def drop(self, *, now: datetime, why: str) -> None:
        """It cannot be done, or need not be any more, and this is why."""
        self.ticket, self.taken_until, self.closed_at, self.last_error = "", None, now, why


class Attempt(models.Model):
    """One try of one automation step: when, how long, and what came back.

    `answer` is the first 2 kB of what the other side said, with secrets masked.
    """

    RUNNING, SUCCEEDED, FAILED, LOST = "running", "succeeded", "failed", "lost"
    STATES = [
        (RUNNING, "running"),
        (SUCCEEDED, "succeeded"),
        (FAILED, "failed"),
        (LOST, "its worker died"),
    ]

    request = models.ForeignKey(WorkflowInstance, models.PROTECT, related_name="attempts")
    step = models.ForeignKey(Step, models.PROTECT, related_name="attempts")
    activation = models.PositiveIntegerField("activation")
    number = models.PositiveIntegerField("number")
    action = models.CharField("action", max_length=200)
    idempotency_key = models.CharField("idempotency key", max_length=64)
    state = models.CharField("state", max_length=10, choices=STATES, default=RUNNING)
    started_at = models.DateTimeField("started at")
    finished_at = models.DateTimeField("finished at", null=True)
    milliseconds = models.PositiveIntegerField("took (ms)", null=True)
    status = models.PositiveIntegerField("HTTP status", null=True)
    code = models.CharField("error code", max_length=40, blank=True)
    message = models.TextField("message", blank=True)
    answer = models.TextField("answer", blank=True)

    class Meta:
        ordering = ["id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["request", "activation", "number"], name="one_attempt_per_number"
            )
        ]
        indexes = [models.Index(fields=["step", "-started_at"], name="attempts_of_a_step")]

    def __str__(self) -> str:
        return f"{self.step} #{self.number} ({self.state})"
