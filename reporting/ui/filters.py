"""What a report can be narrowed by: period, workflow, step, person; read from the address.

A filter set lists its filters once. From them come the form (`reporting/_filters.html`), what is
wrong with what was typed (`problem`), the narrowed rows (`qs`), and the query that leads from the
page to the same rows as CSV (`query`): `approvals/ui/filters.py`.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from approvals.ui.filters import AddressFilter, AddressForm
from approvals.ui.tables import Sentence
from reporting.metrics.timestamps import parse_day, parse_day_range
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.errors import InvalidInput


class DayField(forms.CharField):
    """A day as `2026-03-31`, or a full moment; its first moment in UTC."""

    widget = forms.DateInput(attrs={"type": "date"})

    def __init__(self, *, short_label: Sentence = "", **options: Any) -> None:
        super().__init__(**options)
        self.short_label = short_label or self.label or ""
        """What a refusal calls it."""

    def clean(self, value: Any) -> datetime | None:
        """The moment. Raises ValidationError that names the field."""
        try:
            return parse_day(super().clean(value), str(self.short_label))
        except InvalidInput as problem:
            raise ValidationError(str(problem)) from None


class DayFilter(django_filters.Filter):
    """Rows from a day on (`lookup_expr="gte"`), or before it (`"lt"`)."""

    field_class = DayField


class WorkflowField(forms.CharField):
    """A workflow by its key; the select is filled with those that the reader may see."""

    widget = forms.Select


class WorkflowFilter(django_filters.Filter):
    """Rows of one workflow; a key that is none of the reader's workflows leaves no row."""

    field_class = WorkflowField


class PeriodForm(AddressForm):
    """A period has to have a moment in it."""

    def clean(self) -> dict[str, Any]:
        """Refuse a period whose end is not after its beginning: all its figures would be zero."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until:
            names = (self._short_label("since"), self._short_label("until"))
            try:
                parse_day_range(self.data.get("since"), self.data.get("until"), names)
            except InvalidInput as problem:
                raise ValidationError(str(problem)) from None
        return cleaned

    def _short_label(self, name: str) -> str:
        field = self.fields[name]
        return str(field.short_label if isinstance(field, DayField) else field.label)


class ReportFilter(AddressFilter):
    """Filters of a report page. Subclasses list them."""


class PeriodFilter(ReportFilter):
    """Filters of a report page that looks at a period; subclasses name its column."""

    since = DayFilter(label=gettext_lazy("From"), lookup_expr="gte")
    until = DayFilter(
        label=gettext_lazy("Until, not included"),
        short_label=gettext_lazy("Until"),
        lookup_expr="lt",
    )
    period_column = "completed_at"

    class Meta:
        form = PeriodForm

    def __init__(self, data: Mapping[str, Any], queryset: QuerySet[Any], **options: Any) -> None:
        super().__init__(data, queryset, **options)
        for name in ("since", "until"):
            self.filters[name].field_name = self.period_column

    @property
    def days(self) -> tuple[date | None, date | None]:
        """The period in days (UTC), the last one not included."""
        since, until = self.cleaned.get("since"), self.cleaned.get("until")
        return _utc_day(since), _utc_day(until)


def _utc_day(moment: datetime | None) -> date | None:
    return moment.astimezone(UTC).date() if moment else None


def workflow_choices(templates: QuerySet[WorkflowTemplate]) -> list[tuple[str, str]]:
    """Workflows to choose from, by name."""
    return list(templates.order_by("name").values_list("key", "name"))
