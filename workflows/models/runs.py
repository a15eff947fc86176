"""What runs: requests, their tasks, merges and incidents.

The classes guard life cycles (django-fsm); rules live in the engine, writing in the services.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, FSMModelMixin, transition
from simple_history.models import HistoricalRecords

from workflows.models.definitions import Step, TemplateVersion, WorkflowTemplate

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ENABLED, CLAIMED, STARTED, PAUSED, DONE, CANCELLED = (
    "enabled",
    "claimed",
    "started",
    "paused",
    "done",
    "cancelled",
)
OPEN_STATES = (ENABLED, CLAIMED, STARTED, PAUSED)


class InstanceQuerySet(models.QuerySet["WorkflowInstance"]):
    """Reading requests."""

    def by_reference(self, reference: str) -> "InstanceQuerySet":
        """The request with this reference, if there is one; any other text finds nothing."""
        prefix, _, number = reference.strip().upper().rpartition("-")
        if not prefix or not (number.isascii() and number.isdigit()) or len(number) > 18:
            return self.none()
        return self.filter(pk=int(number), prefix=prefix)

    def running(self) -> "InstanceQuerySet":
        """Requests that are not over."""
        return self.filter(state__in=WorkflowInstance.LIVE)


_InstanceManager = models.Manager.from_queryset(InstanceQuerySet)


class HereManager(_InstanceManager):
    """The requests that are here: not those of a log that is still coming in, or was taken out."""

    def get_queryset(self) -> InstanceQuerySet:  # type: ignore[override]
        """All but those."""
        return (
            super()
            .get_queryset()
            .exclude(  # type: ignore[return-value]
                state__in=WorkflowInstance.NOT_HERE
            )
        )


class WorkflowInstance(FSMModelMixin, models.Model):
    """One run of a version (on the screen: a request)."""

    RUNNING, SUSPENDED, COMPLETED, CANCELLED = "running", "suspended", "completed", "cancelled"
    LIVE = (RUNNING, SUSPENDED)
    ARRIVING, TAKEN_OUT = "arriving", "taken_out"
    NOT_HERE = (ARRIVING, TAKEN_OUT)
    """A log comes in, or is taken out, in pieces: until it is whole nobody sees its requests."""
    STATES = [
        (RUNNING, "running"),
        (SUSPENDED, "suspended"),
        (COMPLETED, "completed"),
        (CANCELLED, "cancelled"),
        (ARRIVING, "coming in from a log"),
        (TAKEN_OUT, "of a log that was taken out"),
    ]
    FORM, LOG, REPLAY, DEMO = "form", "log", "replay", "demo"
    API, WEBHOOK, SCHEDULE, WORKFLOW = "api", "webhook", "schedule", "workflow"
    SOURCES = [
        (FORM, "start form"),
        (API, "HTTP API"),
        (WEBHOOK, "webhook"),
        (SCHEDULE, "schedule"),
        (WORKFLOW, "another workflow"),
        (LOG, "imported log"),
        (REPLAY, "replayed log"),
        (DEMO, "demo"),
    ]

    PAST = (LOG, REPLAY)
    """Sources that tell what has happened: nothing outside follows from these requests."""

    template = models.ForeignKey(
        WorkflowTemplate, models.PROTECT, related_name="instances", verbose_name="workflow"
    )
    version = models.ForeignKey(TemplateVersion, models.PROTECT, related_name="instances")
    prefix = models.CharField("prefix", max_length=8, editable=False)
    title = models.CharField("title", max_length=200, blank=True)
    case_ref = models.CharField(
        "case in the log", max_length=200, null=True, editable=False, default=None
    )
    source = models.CharField("came by", max_length=10, choices=SOURCES, default=FORM)
    state = FSMField("state", default=RUNNING, protected=True, choices=STATES)
    result = models.CharField("result", max_length=60, blank=True)
    data = models.JSONField("data", default=dict, encoder=DjangoJSONEncoder)
    marking = models.JSONField("marking", default=dict, editable=False)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="requests"
    )
    requester_name = models.CharField("requester", max_length=150, blank=True)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        editable=False,
        default=None,
        related_name="children",
        verbose_name="started by the request",
    )
    parent_activation = models.PositiveIntegerField(
        "step that waits", null=True, editable=False, default=None
    )
    log_import = models.ForeignKey(
        "workflows.LogImport",
        models.PROTECT,
        null=True,
        editable=False,
        default=None,
        related_name="requests",
        verbose_name="came in with the log",
    )
    started_at = models.DateTimeField("started at")
    completed_at = models.DateTimeField("completed at", null=True, blank=True)
    history = HistoricalRecords(excluded_fields=["marking", "log_import"])

    objects = HereManager()
    everything = InstanceQuerySet.as_manager()

    class Meta:
        verbose_name = "request"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["template", "case_ref"], name="a_logs_case_comes_once")
        ]
        indexes = [
            models.Index(fields=["template", "state", "-id"], name="requests_of_a_workflow"),
            models.Index(fields=["requester", "-id"], name="requests_of_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}".strip()

    @property
    def reference(self) -> str:
        """What people call the request: 'PA-1042'."""
        return f"{self.prefix}-{self.pk}"

    @property
    def is_live(self) -> bool:
        """Whether the request is not over."""
        return self.state in self.LIVE

    @transition(field=state, source=RUNNING, target=COMPLETED)
    def complete(self, *, now: datetime, result: str) -> None:
        """It reached an end."""
        self.completed_at, self.result = now, result

    @transition(field=state, source=LIVE, target=CANCELLED)
    def cancel(self, *, now: datetime) -> None:
        """It was called off."""
        self.completed_at, self.result = now, "cancelled"

    @transition(field=state, source=RUNNING, target=SUSPENDED)
    def suspend(self) -> None:
        """Nothing may happen to it until it is resumed."""

    @transition(field=state, source=SUSPENDED, target=RUNNING)
    def resume(self) -> None:
        """Work on it goes on."""

    @transition(field=state, source=COMPLETED, target=RUNNING)
    def reopen(self) -> None:
        """It goes back to a step that its end names."""
        self.completed_at, self.result = None, ""


class WorkItemQuerySet(models.QuerySet["WorkItem"]):
    """Reading tasks."""

    def here(self) -> "WorkItemQuerySet":
        """Those of requests that are here: not of a log that is on its way in or out."""
        return self.exclude(request__state__in=WorkflowInstance.NOT_HERE)

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

    STATES = [
        (ENABLED, "waiting"),
        (CLAIMED, "taken"),
        (STARTED, "in work"),
        (PAUSED, "paused"),
        (DONE, "done"),
        (CANCELLED, "cancelled"),
    ]

    request = models.ForeignKey(
        WorkflowInstance, models.PROTECT, related_name="work_items", verbose_name="request"
    )
    step = models.ForeignKey(Step, models.PROTECT, related_name="work_items")
    activation = models.PositiveIntegerField("activation")
    round = models.PositiveIntegerField("round", default=1)
    state = FSMField("state", default=ENABLED, protected=True, choices=STATES)
    is_open = models.BooleanField("open", default=True, editable=False)
    in_queue = models.BooleanField("in the queue", default=True, editable=False)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="with",
    )
    came_from = models.CharField("came from", max_length=80, blank=True)
    needed = models.PositiveIntegerField("people needed", default=1)
    votes = models.JSONField("agreed so far", default=list, encoder=DjangoJSONEncoder)
    enabled_at = models.DateTimeField("waiting since", null=True)
    started_at = models.DateTimeField("taken up at", null=True, blank=True)
    completed_at = models.DateTimeField("done at", null=True, blank=True)
    due_at = models.DateTimeField("due", null=True, blank=True)
    paused_at = models.DateTimeField("paused at", null=True, blank=True)
    paused_seconds = models.FloatField("paused (s)", default=0)
    paused_business_seconds = models.FloatField("paused (business s)", default=0)
    waiting_seconds = models.FloatField("waiting (s)", null=True, blank=True)
    working_seconds = models.FloatField("working (s)", null=True, blank=True)
    lead_in_seconds = models.FloatField("lead-in (s)", null=True, blank=True)
    waiting_business_seconds = models.FloatField("waiting (business s)", null=True, blank=True)
    working_business_seconds = models.FloatField("working (business s)", null=True, blank=True)
    outcome = models.CharField("outcome", max_length=80, blank=True)
    comment = models.TextField("comment", blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    performer_name = models.CharField("done by", max_length=150, blank=True)
    document_versions = models.JSONField("documents seen", default=dict)
    cancel_reason = models.CharField("cancelled because", max_length=400, blank=True)
    history = HistoricalRecords()

    objects = WorkItemQuerySet.as_manager()

    class Meta:
        verbose_name = "task"
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
            models.Index("step", "due_at", "id", condition=Q(in_queue=True), name="queue_by_due"),
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
    def finish(self, *, now: datetime, outcome: str, comment: str, by: "User | None") -> None:
        """It is decided."""
        self.completed_at, self.outcome, self.comment, self.decided_by = now, outcome, comment, by
        self.performer_name = by.get_username() if by is not None else ""
        self.is_open = self.in_queue = False

    @transition(field=state, source=OPEN_STATES, target=CANCELLED)
    def cancel(self, *, reason: str) -> None:
        """It is not needed any more."""
        self.cancel_reason = reason[:400]
        self.is_open = self.in_queue = False


class AddedPerson(models.Model):
    """Somebody who may act on one task besides its step's people.

    Late work was escalated to them: then they may act as long as they are in the role that it
    escalated to. Or they stand in for somebody (`stand_in`), put there by a person who answers for
    the workflow: then as long as their account is active. Separation of duties holds for both.
    """

    work_item = models.ForeignKey(WorkItem, models.PROTECT, related_name="added_people")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    role = models.CharField("role", max_length=60)
    stand_in = models.BooleanField("stands in", default=False)
    added_at = models.DateTimeField("added at")

    class Meta:
        verbose_name_plural = "added people"
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["work_item", "user"], name="a_person_is_added_once")
        ]
        indexes = [models.Index("user", "work_item", name="escalated_to_a_person")]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"


class MergeRecord(FSMModelMixin, models.Model):
    """One activation of a parallel step: what its join waited for, what came, what it did.

    It is its own log (arrivals carry their times), so it needs no row history.
    """

    WAITING, CONFLICT, FIRED, LEFT = "waiting", "conflict", "fired", "left"
    STATES = [
        (WAITING, "waiting for branches"),
        (CONFLICT, "branches disagree"),
        (FIRED, "merged"),
        (LEFT, "left before the merge"),
    ]

    request = models.ForeignKey(WorkflowInstance, models.PROTECT, related_name="merges")
    activation = models.PositiveIntegerField("activation")
    parallel = models.ForeignKey(Step, models.PROTECT, related_name="+")
    join = models.ForeignKey(Step, models.PROTECT, related_name="+")
    round = models.PositiveIntegerField("round", default=1)
    state = FSMField("state", default=WAITING, protected=True, choices=STATES)
    waits_for = models.JSONField("branches", default=dict)
    needs = models.PositiveIntegerField("arrivals needed", default=1)
    arrivals = models.JSONField("arrivals", default=list, encoder=DjangoJSONEncoder)
    not_needed = models.JSONField("branches not needed", default=list)
    conflicts = models.JSONField("disagreements", default=dict, encoder=DjangoJSONEncoder)
    resolution = models.JSONField("resolution", default=dict, encoder=DjangoJSONEncoder)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    reason = models.CharField("reason", max_length=400, blank=True)
    opened_at = models.DateTimeField("opened at")
    closed_at = models.DateTimeField("closed at", null=True)

    class Meta:
        verbose_name = "merge"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "activation"], name="one_merge_per_activation"
            )
        ]

    def __str__(self) -> str:
        return f"{self.join} of {self.request.reference}"

    @transition(field=state, source=WAITING, target=CONFLICT)
    def disagree(self, *, fields: dict[str, Any]) -> None:
        """Branches gave different values; a person must choose."""
        self.conflicts = fields

    @transition(field=state, source=[WAITING, CONFLICT], target=FIRED)
    def fire(self, *, now: datetime, not_needed: list[int]) -> None:
        """The request goes on behind the join."""
        self.closed_at, self.not_needed = now, not_needed

    @transition(field=state, source=[WAITING, CONFLICT], target=LEFT)
    def leave(self, *, now: datetime, reason: str) -> None:
        """The block was left or called off before the join fired."""
        self.closed_at, self.reason = now, reason[:400]


class Incident(FSMModelMixin, models.Model):
    """Something that only a person can put right, with that person's name on it."""

    OPEN, RESOLVED = "open", "resolved"
    STATES = [(OPEN, "open"), (RESOLVED, "resolved")]

    request = models.ForeignKey(WorkflowInstance, models.PROTECT, related_name="incidents")
    step = models.ForeignKey(Step, models.PROTECT, related_name="+")
    activation = models.PositiveIntegerField("activation")
    code = models.CharField("code", max_length=40)
    message = models.TextField("what happened")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="incidents"
    )
    state = FSMField("state", default=OPEN, protected=True, choices=STATES)
    opened_at = models.DateTimeField("opened at")
    resolved_at = models.DateTimeField("resolved at", null=True)
    resolution = models.CharField("resolution", max_length=400, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index("request", condition=Q(state="open"), name="open_incidents"),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.step} ({self.request.reference})"

    @transition(field=state, source=OPEN, target=RESOLVED)
    def resolve(self, *, now: datetime, resolution: str) -> None:
        """It is over, and this is how."""
        self.resolved_at, self.resolution = now, resolution[:400]
