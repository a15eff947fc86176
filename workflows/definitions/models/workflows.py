"""A workflow: named and owned, apart from its numbered maps."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy
from simple_history.models import HistoricalRecords

from workflows.access.conditions import AUDIT, MANAGE, START, Actor, holds_verb_condition


class TemplateQuerySet(models.QuerySet["WorkflowTemplate"]):
    """Workflows, by who may what with them."""

    def with_verbs(self, user: Actor, *verbs: str) -> "TemplateQuerySet":
        """Those on which this person holds one of these verbs, by grant or by ownership."""
        return self.filter(holds_verb_condition(user, verbs))

    def auditable_by(self, user: Actor) -> "TemplateQuerySet":
        """Those whose reports and trail this person may read."""
        return self.with_verbs(user, AUDIT, MANAGE)

    def startable_by(self, user: Actor) -> "TemplateQuerySet":
        """Those that have a published version and that this person may start."""
        return self.with_verbs(user, START).filter(versions__state="published")


class WorkflowTemplate(models.Model):
    """A named, owned, repeatable sequence of work (on the screen: a workflow)."""

    key = models.SlugField(
        gettext_lazy("key"),
        max_length=60,
        unique=True,
        help_text=gettext_lazy("Short, unique; in links."),
    )
    name = models.CharField(gettext_lazy("name"), max_length=200)
    purpose = models.TextField(
        gettext_lazy("purpose"), blank=True, help_text=gettext_lazy("What this workflow is for.")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="owned_workflows",
        help_text=gettext_lazy(
            "The accountable owner. Incidents and merge conflicts come to this person."
        ),
        verbose_name=gettext_lazy("owner"),
    )
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="deputised_workflows",
        help_text=gettext_lazy("Stands in for the owner; never the owner."),
        verbose_name=gettext_lazy("deputy"),
    )
    created_at = models.DateTimeField(
        gettext_lazy("created at"), default=timezone.now, editable=False
    )
    paused_at = models.DateTimeField(gettext_lazy("paused since"), null=True, editable=False)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=gettext_lazy("paused by"),
    )
    paused_reason = models.CharField(
        gettext_lazy("paused because"), max_length=1000, blank=True, editable=False
    )
    history = HistoricalRecords()

    objects = TemplateQuerySet.as_manager()

    class Meta:
        verbose_name_plural = gettext_lazy("workflows")
        verbose_name = gettext_lazy("workflow")
        ordering = ["name"]
        permissions = [
            ("start_workflowtemplate", gettext_lazy("Can start requests")),
            (
                "listen_workflowtemplate",
                gettext_lazy("Can let maps start at its ends, with the data"),
            ),
            ("manage_workflowtemplate", gettext_lazy("Can manage the workflow and its requests")),
            (
                "audit_workflowtemplate",
                gettext_lazy("Can read all its requests, reports and trail"),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="deputy_is_not_the_owner",
                condition=Q(owner__isnull=True)
                | Q(deputy__isnull=True)
                | ~Q(owner=models.F("deputy")),
                violation_error_message=gettext_lazy(
                    "The deputy stands in for the owner: choose someone else."
                ),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def reference_prefix(self) -> str:
        """The letters in front of its requests' numbers: 'purchase-approval' → 'PA'."""
        return "".join(part[0] for part in self.key.split("-"))[:5].upper()
