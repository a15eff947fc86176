"""Who looked at figures by person."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext, gettext_lazy, gettext_noop

from workflows.definitions.models import WorkflowTemplate

NAME_PEOPLE = "reporting.name_people"
"""The permission to see figures by person."""


class LookAtPeople(models.Model):
    """Somebody looked at figures by person: that is allowed to few, and each look is kept."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=gettext_lazy("user"),
    )
    user_name = models.CharField(gettext_lazy("who looked"), max_length=150)
    template = models.ForeignKey(
        WorkflowTemplate, models.PROTECT, related_name="+", verbose_name=gettext_lazy("workflow")
    )
    looked_at = models.DateTimeField(gettext_lazy("looked at"))
    asked = models.CharField(gettext_lazy("what was asked"), max_length=200, blank=True)

    class Meta:
        verbose_name = gettext_lazy("look at figures by person")
        verbose_name_plural = gettext_lazy("looks at figures by person")
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [
            ("name_people", gettext_noop("Can see figures by person (each look is recorded)")),
            ("audit_everything", gettext_noop("Can audit every workflow, also those made later")),
        ]

    def __str__(self) -> str:
        return gettext("%(user_name)s looked at %(template)s, %(looked_at)s") % {
            "user_name": self.user_name,
            "template": self.template,
            "looked_at": format(self.looked_at, "%Y-%m-%d %H:%M"),
        }
