"""Incidents: what only a person can put right."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy
from django_fsm import FSMModelMixin, transition

from workflows.definitions.models import Step
from workflows.execution.choices import IncidentState, ResolutionCode
from workflows.execution.facts import Resolution
from workflows.execution.messages import describe_incident, describe_resolution
from workflows.execution.models.instances import WorkflowInstance
from workflows.persistence.state_field import StateField


class Incident(FSMModelMixin, models.Model):
    """Something that only a person can put right, with that person's name on it."""

    OPEN, RESOLVED = IncidentState.OPEN, IncidentState.RESOLVED

    request = models.ForeignKey(
        WorkflowInstance,
        models.PROTECT,
        related_name="incidents",
        verbose_name=gettext_lazy("request"),
    )
    step = models.ForeignKey(
        Step, models.PROTECT, related_name="+", verbose_name=gettext_lazy("step")
    )
    activation = models.PositiveIntegerField(gettext_lazy("activation"))
    code = models.CharField(gettext_lazy("code"), max_length=40)
    parameters = models.JSONField(gettext_lazy("what happened"), default=dict)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="incidents",
        verbose_name=gettext_lazy("owner"),
    )
    state = StateField(
        gettext_lazy("state"), default=OPEN, protected=True, choices=IncidentState.choices
    )
    opened_at = models.DateTimeField(gettext_lazy("opened at"))
    resolved_at = models.DateTimeField(gettext_lazy("resolved at"), null=True)
    resolution_code = models.CharField(
        gettext_lazy("resolution"), max_length=40, blank=True, choices=ResolutionCode.choices
    )
    resolution_parameters = models.JSONField(
        gettext_lazy("resolution of"), default=dict, blank=True
    )

    class Meta:
        verbose_name = gettext_lazy("incident")
        verbose_name_plural = gettext_lazy("incidents")
        ordering = ["id"]
        indexes = [
            models.Index("request", condition=Q(state="open"), name="open_incidents"),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.step} ({self.request.reference})"

    @property
    def message(self) -> str:
        """What happened, and what its owner can do, in words."""
        return describe_incident(self.code, self.parameters)

    @property
    def resolution(self) -> str:
        """How it came to its end, in words."""
        return describe_resolution(self.resolution_code, self.resolution_parameters)

    @transition(field=state, source=OPEN, target=RESOLVED)
    def resolve(self, *, now: datetime, resolution: Resolution) -> None:
        """It is over, and this is how."""
        self.resolved_at = now
        self.resolution_code = resolution.code
        self.resolution_parameters = resolution.parameters
