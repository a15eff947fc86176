"""What the health page can be narrowed by."""

from django.utils.translation import gettext_lazy

from reporting.ui.filters import ReportFilter, WorkflowFilter


class HealthFilter(ReportFilter):
    """One workflow."""

    workflow = WorkflowFilter(label=gettext_lazy("Workflow"), field_name="key")
