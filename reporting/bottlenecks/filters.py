"""What a workflow's report can be narrowed by: period, version, role; step and person, for those
who may see people."""

from collections.abc import Mapping
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_lazy

from reporting.bottlenecks.messages import report_role_name
from reporting.bottlenecks.people import finished_tasks
from reporting.bottlenecks.queries import Bottlenecks, Span
from reporting.rollups.models import StepRollUp
from reporting.ui.filters import PeriodFilter
from workflows.definitions.models import WorkflowTemplate


class VersionField(forms.CharField):
    """A version's number."""

    def clean(self, value: Any) -> int | None:
        """The number. Raises ValidationError that quotes what was typed."""
        number = super().clean(value)
        if not number:
            return None
        if not (number.isascii() and number.isdigit() and len(number) < 9):
            raise ValidationError(
                gettext("Version: '%(number)s' is not a version's number.")
                % {"number": number[:40]}
            )
        return int(number)


class VersionFilter(django_filters.Filter):
    """Rows of one version."""

    field_class = VersionField


class BottleneckFilter(PeriodFilter):
    """Period, version and role. The figures are read from roll-ups of days and weeks by `span`,
    `version` and `role`."""

    version = VersionFilter(label=gettext_lazy("Version"), field_name="version__number")
    role = django_filters.CharFilter(label=gettext_lazy("Role"))
    period_column = "day"

    def __init__(self, data: Mapping[str, Any], template: WorkflowTemplate) -> None:
        super().__init__(data, StepRollUp.objects.filter(template=template))

    @property
    def span(self) -> Span:
        """The period; without a bound where something is wrong with it."""
        since, until = self.days
        return Span() if self.problem else Span(since=since, until=until)

    @property
    def version_number(self) -> int | None:
        """The version whose figures are asked for."""
        return None if self.problem else self.cleaned["version"]

    @property
    def role_key(self) -> str | None:
        """The role whose figures are asked for."""
        return None if self.problem else self.cleaned["role"] or None

    def offer_choices(self, figures: Bottlenecks) -> None:
        """Let the reader choose among the versions and roles that there are."""
        versions = [str(version.number) for version in reversed(figures.versions)]
        roles = {row.role: report_role_name(row.role) for row in figures.steps.values() if row.role}
        self.offer("version", [(number, number) for number in versions] if versions[1:] else [])
        self.offer("role", sorted(roles.items(), key=lambda pair: pair[1]))


class PeopleFilter(PeriodFilter):
    """The tasks that somebody has done, by period, step and person."""

    step = django_filters.CharFilter(label=gettext_lazy("Step"), field_name="step__key")
    person = django_filters.CharFilter(label=gettext_lazy("Person"), field_name="performer_name")

    def __init__(self, data: Mapping[str, Any], template: WorkflowTemplate) -> None:
        super().__init__(data, finished_tasks(template))
