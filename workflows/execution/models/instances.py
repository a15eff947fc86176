"""Requests: one run of a version each."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django_fsm import FSMModelMixin, transition
from simple_history.models import HistoricalRecords

from workflows.access.conditions import Actor, sees_instance_condition
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.engine.routing.marking import Marking
from workflows.execution.choices import InstanceSource, InstanceState
from workflows.persistence.sql_constants import written_out
from workflows.persistence.state_field import StateField

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""When a request is due that is not: a moment, so that one index has all requests in their order
on both databases."""


def parse_reference(text: str) -> tuple[str, int] | None:
    """The prefix and the number that a reference is made of; None for any other text."""
    prefix, _, number = text.strip().upper().rpartition("-")
    if not prefix or not (number.isascii() and number.isdigit()) or len(number) > 18:
        return None
    return prefix, int(number)


class InstanceQuerySet(models.QuerySet["WorkflowInstance"]):
    """Reading requests."""

    def by_reference(self, reference: str) -> "InstanceQuerySet":
        """The request with this reference, if there is one; any other text finds nothing."""
        parts = parse_reference(reference)
        return self.none() if parts is None else self.filter(prefix=parts[0], pk=parts[1])

    def visible_to(self, user: Actor) -> "InstanceQuerySet":
        """Those that this person may read."""
        return self.filter(sees_instance_condition(user))

    def running(self) -> "InstanceQuerySet":
        """Requests that are not over."""
        return self.filter(state__in=written_out(WorkflowInstance.LIVE))


_InstanceManager = models.Manager.from_queryset(InstanceQuerySet)


class VisibleInstanceManager(_InstanceManager):
    """The requests that are here: not those of a log that is still coming in, or was taken out."""

    def get_queryset(self) -> InstanceQuerySet:  # type: ignore[override]
        """All but those."""
        return (
            super()
            .get_queryset()
            .exclude(  # type: ignore[return-value]
                state__in=written_out(WorkflowInstance.NOT_HERE)
            )
        )


class WorkflowInstance(FSMModelMixin, models.Model):
    """One run of a version (on the screen: a request)."""

    RUNNING, SUSPENDED = InstanceState.RUNNING, InstanceState.SUSPENDED
    COMPLETED, CANCELLED = InstanceState.COMPLETED, InstanceState.CANCELLED
    LIVE = (RUNNING, SUSPENDED)
    ARRIVING, TAKEN_OUT = InstanceState.ARRIVING, InstanceState.TAKEN_OUT
    NOT_HERE = (ARRIVING, TAKEN_OUT)
    """A log comes in, or is taken out, in pieces: until it is whole nobody sees its requests."""
    FORM, LOG = InstanceSource.FORM, InstanceSource.LOG
    REPLAY, DEMO = InstanceSource.REPLAY, InstanceSource.DEMO
    API, WEBHOOK = InstanceSource.API, InstanceSource.WEBHOOK
    SCHEDULE, WORKFLOW = InstanceSource.SCHEDULE, InstanceSource.WORKFLOW
    PUBLIC_FORM = InstanceSource.PUBLIC_FORM

    FILLED_IN = (FORM, API, PUBLIC_FORM)
    """Somebody is there who can be told what to change before it starts."""
    PAST = (LOG, REPLAY)
    """Sources that tell what has happened: nothing outside follows from these requests."""

    template = models.ForeignKey(
        WorkflowTemplate,
        models.PROTECT,
        related_name="instances",
        verbose_name=gettext_lazy("workflow"),
    )
    version = models.ForeignKey(
        TemplateVersion,
        models.PROTECT,
        related_name="instances",
        verbose_name=gettext_lazy("version"),
    )
    prefix = models.CharField(gettext_lazy("prefix"), max_length=8, editable=False)
    title = models.CharField(gettext_lazy("title"), max_length=200, blank=True)
    case_ref = models.CharField(
        gettext_lazy("case in the log"), max_length=200, null=True, editable=False, default=None
    )
    source = models.CharField(
        gettext_lazy("came by"), max_length=10, choices=InstanceSource.choices, default=FORM
    )
    state = StateField(
        gettext_lazy("state"), default=RUNNING, protected=True, choices=InstanceState.choices
    )
    result = models.CharField(gettext_lazy("result"), max_length=60, blank=True)
    data = models.JSONField(gettext_lazy("data"), default=dict, encoder=DjangoJSONEncoder)
    marking = models.JSONField(gettext_lazy("marking"), default=dict, editable=False)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="requests",
        verbose_name=gettext_lazy("requester"),
    )
    requester_name = models.CharField(gettext_lazy("requester"), max_length=150, blank=True)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        editable=False,
        default=None,
        related_name="children",
        verbose_name=gettext_lazy("started by the request"),
    )
    parent_activation = models.PositiveIntegerField(
        gettext_lazy("step that waits"), null=True, editable=False, default=None
    )
    log_import = models.ForeignKey(
        "workflows.LogImport",
        models.PROTECT,
        null=True,
        editable=False,
        default=None,
        related_name="requests",
        verbose_name=gettext_lazy("came in with the log"),
    )
    started_at = models.DateTimeField(gettext_lazy("started at"))
    completed_at = models.DateTimeField(gettext_lazy("completed at"), null=True, blank=True)
    due_at = models.DateTimeField(
        gettext_lazy("due"), default=NEVER, db_default=NEVER, editable=False
    )
    """When the first of its open steps that has a due date is due."""
    deadline_at = models.DateTimeField(
        gettext_lazy("to be done by"), default=NEVER, db_default=NEVER, editable=False
    )
    """When the request as a whole is due, where its map says so."""
    deadline_record = models.JSONField(
        gettext_lazy("how it came to be due"), null=True, blank=True, editable=False
    )
    moved_at = models.DateTimeField(
        gettext_lazy("last move"), default=timezone.now, db_default=Now(), editable=False
    )
    """When something was last done that takes it on its way (`MOVES`)."""
    history = HistoricalRecords(
        excluded_fields=["marking", "log_import", "due_at", "moved_at", "deadline_at"]
    )

    objects = VisibleInstanceManager()
    everything = InstanceQuerySet.as_manager()

    class Meta:
        verbose_name_plural = gettext_lazy("requests")
        verbose_name = gettext_lazy("request")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["template", "case_ref"], name="a_logs_case_comes_once")
        ]
        indexes = [
            models.Index(fields=["template", "state", "-id"], name="requests_of_a_workflow"),
            models.Index(fields=["requester", "-id"], name="requests_of_a_person"),
            models.Index(fields=["due_at", "id"], name="requests_by_due"),
            models.Index(fields=["deadline_at", "id"], name="requests_by_deadline"),
            models.Index(fields=["moved_at", "id"], name="requests_by_last_move"),
            models.Index(
                "template",
                "completed_at",
                condition=Q(state="completed"),
                name="ended_of_a_workflow",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}".strip()

    @property
    def reference(self) -> str:
        """What people call the request: 'PA-1042'."""
        return f"{self.prefix}-{self.pk}"

    def read_marking(self) -> Marking:
        """Where the request stands, as it was read or saved; worked out once for all its tasks."""
        kept: tuple[object, Marking] | None = self.__dict__.get("_marking_read")
        if kept is None or kept[0] is not self.marking:
            kept = self.__dict__["_marking_read"] = (
                self.marking,
                Marking.from_json(self.marking),
            )
        return kept[1]

    @property
    def is_live(self) -> bool:
        """Whether the request is not over."""
        return self.state in self.LIVE

    @property
    def chains(self) -> Mapping[str, Sequence[str]]:
        """The chains of managers that were found for it, as its marking keeps them."""
        found: Mapping[str, Sequence[str]] = self.marking.get("chains") or {}
        return found

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
