"""The review's record: reviews with their facts, findings, and what was decided on them.

Only `reporting.reviews.services` writes them; each of its commands is one transaction with its
row in the trail.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, gettext_lazy
from django_fsm import FSMModelMixin, transition

from reporting.reviews.facts.choices import (
    OPEN_REVIEW_STATES,
    FindingKind,
    MeasureUnit,
    ReviewState,
    RunningRequests,
    Verdict,
)
from reporting.reviews.facts.measures import MeasureDetails, details_from_json
from reporting.reviews.facts.review_facts import ReviewFacts
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.persistence.state_field import StateField

if TYPE_CHECKING:
    from workflows.people.models import User


class Review(FSMModelMixin, models.Model):
    """One look at one workflow over one period; its facts never change once it is closed."""

    template = models.ForeignKey(
        WorkflowTemplate,
        models.PROTECT,
        related_name="reviews",
        verbose_name=gettext_lazy("workflow"),
    )
    state = StateField(
        gettext_lazy("state"),
        default=ReviewState.DUE,
        protected=True,
        choices=ReviewState.choices,
        editable=False,
    )
    period_start = models.DateTimeField(gettext_lazy("period from"))
    period_end = models.DateTimeField(gettext_lazy("period until"))
    due_at = models.DateTimeField(gettext_lazy("due at"))
    opened_at = models.DateTimeField(gettext_lazy("opened at"), null=True)
    facts = models.JSONField(
        gettext_lazy("facts"), default=dict, help_text=gettext_lazy("As `ReviewFacts` writes them.")
    )
    gathered_at = models.DateTimeField(gettext_lazy("facts gathered at"), null=True)
    told = models.JSONField(gettext_lazy("who was told"), default=list)
    closed_at = models.DateTimeField(gettext_lazy("closed at"), null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("closed by"),
    )
    closed_by_name = models.CharField(gettext_lazy("closed by"), max_length=150, blank=True)

    class Meta:
        verbose_name = gettext_lazy("review")
        verbose_name_plural = gettext_lazy("reviews")
        ordering = ["-period_end", "-id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["template", "period_end"], name="one_review_per_period"
            ),
            models.UniqueConstraint(
                fields=["template"],
                condition=~Q(state="closed"),
                name="one_open_review_per_workflow",
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(template)s, %(period_start)s to %(period_end)s") % {
            "template": self.template,
            "period_start": format(self.period_start, "%Y-%m-%d"),
            "period_end": format(self.period_end, "%Y-%m-%d"),
        }

    @property
    def waits_since(self) -> datetime:
        """Since when its people can decide: it fell due, and it was there to be opened."""
        return max(self.due_at, self.opened_at or self.due_at)

    @property
    def is_open(self) -> bool:
        """Whether decisions may still be made."""
        return self.state in OPEN_REVIEW_STATES

    def read_facts(self) -> ReviewFacts:
        """Its facts, typed."""
        return ReviewFacts.from_json(self.facts)

    @transition(field=state, source=OPEN_REVIEW_STATES, target=ReviewState.IN_PROGRESS)
    def begin(self) -> None:
        """Somebody has begun to decide."""

    @transition(field=state, source=OPEN_REVIEW_STATES, target=ReviewState.CLOSED)
    def close(self, *, now: datetime, by: "User | None") -> None:
        """All is decided; from now on the facts stay as they are."""
        self.closed_at, self.closed_by = now, by
        self.closed_by_name = by.get_username() if by is not None else ""


def workflow_reviews(template: WorkflowTemplate) -> models.QuerySet[Review]:
    """A workflow's reviews, the newest period first."""
    return Review.objects.filter(template=template)


class Finding(models.Model):
    """One thing that the facts point at. `key` is the same in every review that finds it."""

    review = models.ForeignKey(
        Review, models.CASCADE, related_name="findings", verbose_name=gettext_lazy("review")
    )
    kind = models.CharField(gettext_lazy("kind"), max_length=40, choices=FindingKind.choices)
    key = models.CharField(gettext_lazy("key"), max_length=200)
    step = models.CharField(gettext_lazy("step"), max_length=80, blank=True)
    figure = models.FloatField(gettext_lazy("figure"))
    unit = models.CharField(gettext_lazy("unit"), max_length=20, choices=MeasureUnit.choices)
    details = models.JSONField(
        gettext_lazy("details"),
        default=dict,
        help_text=gettext_lazy("As `MeasureDetails` writes them."),
    )
    kept_until = models.DateField(gettext_lazy("kept until"), null=True)
    kept_because = models.CharField(gettext_lazy("kept because"), max_length=400, blank=True)
    times = models.PositiveIntegerField(gettext_lazy("reviews in a row"), default=1)

    class Meta:
        verbose_name = gettext_lazy("finding")
        verbose_name_plural = gettext_lazy("findings")
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["review", "key"], name="one_finding_per_key")
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def decision(self) -> "Decision | None":
        """What holds: the last decision made on it."""
        return max(self.decisions.all(), key=lambda decision: decision.pk, default=None)

    @property
    def is_undecided(self) -> bool:
        """Whether it is still to be decided: nothing was, and no earlier decision holds."""
        return self.decision is None and self.kept_until is None

    def read_details(self) -> MeasureDetails:
        """What was measured, typed."""
        return details_from_json(self.details)


class Decision(models.Model):
    """What was decided on a finding; written once. A later one takes the place of it."""

    finding = models.ForeignKey(
        Finding, models.CASCADE, related_name="decisions", verbose_name=gettext_lazy("finding")
    )
    verdict = models.CharField(gettext_lazy("decision"), max_length=10, choices=Verdict.choices)
    reason = models.CharField(gettext_lazy("reason"), max_length=400)
    until = models.DateField(gettext_lazy("until"), null=True, blank=True)
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("who sees to it"),
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("made by"),
    )
    made_by_name = models.CharField(gettext_lazy("decided by"), max_length=150, blank=True)
    made_at = models.DateTimeField(gettext_lazy("decided at"))
    draft = models.ForeignKey(
        TemplateVersion,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("draft opened"),
    )
    running = models.CharField(
        gettext_lazy("running requests"),
        max_length=10,
        choices=RunningRequests.choices,
        blank=True,
        default="",
    )

    class Meta:
        verbose_name = gettext_lazy("decision")
        verbose_name_plural = gettext_lazy("decisions")
        ordering = ["id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.verdict}: {self.reason}"
