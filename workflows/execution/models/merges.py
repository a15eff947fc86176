"""Merges: what a join waited for, what came, and what it did."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext, gettext_lazy
from django_fsm import FSMModelMixin, transition

from workflows.definitions.models import Step
from workflows.engine.routing.cancel_reasons import CancelReason
from workflows.execution.choices import MergeState
from workflows.execution.messages import describe_closing
from workflows.execution.models.instances import WorkflowInstance
from workflows.persistence.state_field import StateField


class MergeRecord(FSMModelMixin, models.Model):
    """One activation of a parallel step: what its join waited for, what came, what it did.

    It is its own log (arrivals carry their times), so it needs no row history.
    """

    WAITING, CONFLICT = MergeState.WAITING, MergeState.CONFLICT
    FIRED, LEFT = MergeState.FIRED, MergeState.LEFT

    request = models.ForeignKey(
        WorkflowInstance,
        models.PROTECT,
        related_name="merges",
        verbose_name=gettext_lazy("request"),
    )
    activation = models.PositiveIntegerField(gettext_lazy("activation"))
    parallel = models.ForeignKey(
        Step, models.PROTECT, related_name="+", verbose_name=gettext_lazy("parallel")
    )
    join = models.ForeignKey(
        Step, models.PROTECT, related_name="+", verbose_name=gettext_lazy("join")
    )
    round = models.PositiveIntegerField(gettext_lazy("round"), default=1)
    state = StateField(
        gettext_lazy("state"), default=WAITING, protected=True, choices=MergeState.choices
    )
    waits_for = models.JSONField(gettext_lazy("branches"), default=dict)
    needs = models.PositiveIntegerField(gettext_lazy("arrivals needed"), default=1)
    arrivals = models.JSONField(gettext_lazy("arrivals"), default=list, encoder=DjangoJSONEncoder)
    not_needed = models.JSONField(gettext_lazy("branches not needed"), default=list)
    conflicts = models.JSONField(
        gettext_lazy("disagreements"), default=dict, encoder=DjangoJSONEncoder
    )
    resolution = models.JSONField(
        gettext_lazy("resolution"), default=dict, encoder=DjangoJSONEncoder
    )
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("resolved by"),
    )
    closing_code = models.CharField(gettext_lazy("left because"), max_length=40, blank=True)
    closing_parameters = models.JSONField(gettext_lazy("left because of"), default=dict, blank=True)
    opened_at = models.DateTimeField(gettext_lazy("opened at"))
    closed_at = models.DateTimeField(gettext_lazy("closed at"), null=True)

    class Meta:
        verbose_name_plural = gettext_lazy("merges")
        verbose_name = gettext_lazy("merge")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "activation"], name="one_merge_per_activation"
            )
        ]

    def __str__(self) -> str:
        return gettext("%(join)s of %(reference)s") % {
            "join": self.join,
            "reference": self.request.reference,
        }

    @property
    def reason(self) -> str:
        """Why the block was left before the join fired, in words."""
        return describe_closing(self.closing_code, self.closing_parameters)

    @transition(field=state, source=WAITING, target=CONFLICT)
    def disagree(self, *, fields: dict[str, Any]) -> None:
        """Branches gave different values; a person must choose."""
        self.conflicts = fields

    @transition(field=state, source=[WAITING, CONFLICT], target=FIRED)
    def fire(self, *, now: datetime, not_needed: list[int]) -> None:
        """The request goes on behind the join."""
        self.closed_at, self.not_needed = now, not_needed

    @transition(field=state, source=[WAITING, CONFLICT], target=LEFT)
    def leave(self, *, now: datetime, reason: CancelReason) -> None:
        """The block was left or called off before the join fired."""
        self.closed_at = now
        self.closing_code, self.closing_parameters = reason.code, reason.parameters
