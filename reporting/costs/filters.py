"""What the page of costs can be narrowed by."""

from datetime import UTC, datetime

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from reporting.ui.filters import PeriodFilter, WorkflowFilter
from workflows.definitions.models import WorkflowTemplate

MONTHS = 12


class CostsFilter(PeriodFilter):
    """Period and workflow; without a period, the last twelve months."""

    workflow = WorkflowFilter(label=gettext_lazy("Workflow"), field_name="key")

    def filter_queryset(self, queryset: QuerySet[WorkflowTemplate]) -> QuerySet[WorkflowTemplate]:
        """The workflows; the period chooses their costs, not them."""
        key = self.cleaned.get("workflow")
        return queryset.filter(key=key) if key else queryset

    def period(self, now: datetime) -> tuple[datetime, datetime]:
        """From when on, and until when, costs are added up."""
        first = now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - MONTHS
        begin = datetime(first // 12, first % 12 + 1, 1, tzinfo=UTC)
        return self.cleaned.get("since") or begin, self.cleaned.get("until") or now
