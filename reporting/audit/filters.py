"""What the trail can be chosen by, on its page and in its file."""

from collections.abc import Mapping
from typing import Any

import django_filters
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy

from reporting.audit.queries.csv_lines import select_trail_rows
from reporting.ui.filters import PeriodFilter, WorkflowFilter, workflow_choices
from workflows.access.permissions import may_audit_site
from workflows.definitions.models import WorkflowTemplate
from workflows.people.models import User
from workflows.trail.choices import TrailCommand
from workflows.trail.models import TrailEvent

FIELD_ORDER = ("workflow", "reference", "person", "command", "since", "until")


class TrailFilter(PeriodFilter):
    """Rows by workflow, request, person, command and period; oldest first.

    Only of workflows that the person may audit; with those of the site, which belong to no
    workflow, for who may audit the site.
    """

    workflow = WorkflowFilter(label=gettext_lazy("Workflow"), method="filter_workflow")
    reference = django_filters.CharFilter(
        label=gettext_lazy("Request"),
        method="filter_reference",
        widget=forms.TextInput(attrs={"placeholder": "PA-1042", "autocomplete": "off"}),
    )
    person = django_filters.CharFilter(
        label=gettext_lazy("Person"),
        method="filter_person",
        widget=forms.TextInput(
            attrs={"placeholder": gettext_lazy("username"), "autocomplete": "off"}
        ),
    )
    command = django_filters.CharFilter(label=gettext_lazy("Did"), field_name="command")
    period_column = "recorded_at"

    def __init__(self, data: Mapping[str, Any], user: User | AnonymousUser) -> None:
        self.templates = WorkflowTemplate.objects.auditable_by(user)
        super().__init__(data, self._visible_events(user))
        self.form.order_fields(FIELD_ORDER)

    def offer_choices(self) -> None:
        """Fill the lists of workflows and commands to choose from."""
        self.offer("workflow", workflow_choices(self.templates))
        commands = {str(label): value for value, label in TrailCommand.choices}
        self.offer("command", [(value, label) for label, value in sorted(commands.items())])

    def _visible_events(self, user: User | AnonymousUser) -> QuerySet[TrailEvent]:
        events = select_trail_rows()
        if user.is_superuser:
            return events
        visible = Q(template__in=_template_ids(self.templates))
        return events.filter(visible | Q(template=None) if may_audit_site(user) else visible)

    def filter_workflow(
        self, events: QuerySet[TrailEvent], name: str, key: str
    ) -> QuerySet[TrailEvent]:
        """Rows of one workflow that may be audited."""
        return events.filter(template__in=_template_ids(self.templates.filter(key=key)))

    def filter_reference(
        self, events: QuerySet[TrailEvent], name: str, reference: str
    ) -> QuerySet[TrailEvent]:
        """Rows of one request, in small letters too."""
        return events.filter(reference=reference.upper())

    def filter_person(
        self, events: QuerySet[TrailEvent], name: str, username: str
    ) -> QuerySet[TrailEvent]:
        """What somebody did, or others did for them."""
        return events.filter(Q(actor_name=username) | Q(acted_for=username))


def _template_ids(templates: QuerySet[WorkflowTemplate]) -> list[int]:
    """The ids themselves: with them the database goes by the index of a workflow's rows. Where
    there is none, one that nothing has: a query that is known to be empty cannot be copied."""
    return list(templates.values_list("pk", flat=True)) or [0]
