"""What the inbox is narrowed to, as its address says: the form, and what it comes to."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from approvals.ui.filters import AddressFilter, AddressForm, FilterSelect
from workflows.execution.models import WorkItem
from workflows.execution.queries.inbox_choices import InboxChoices
from workflows.execution.queries.inbox_narrowing import InboxNarrowing, InboxOrder
from workflows.execution.queries.request_search import (
    SearchTerm,
    read_person_terms,
    read_search_terms,
)
from workflows.language.typed_numbers import read_typed_number

LATE, TODAY, WEEK, UNDATED = "late", "today", "week", "none"
DUE_CHOICES = (
    (LATE, gettext_lazy("late")),
    (TODAY, gettext_lazy("until tonight")),
    (WEEK, gettext_lazy("within 7 days")),
    (UNDATED, gettext_lazy("without a due date")),
)
ORDER_CHOICES = (
    (InboxOrder.DUE.value, gettext_lazy("due first")),
    (InboxOrder.OLDEST.value, gettext_lazy("waiting longest")),
    (InboxOrder.NEWEST.value, gettext_lazy("newest first")),
)


class AmountField(forms.CharField):
    """An amount as the reader writes numbers."""

    def clean(self, value: Any) -> Decimal | None:
        """The amount. Raises ValidationError that shows what was typed."""
        typed = super().clean(value)
        if not typed:
            return None
        amount = read_typed_number(typed)
        if amount is None:
            raise ValidationError(
                gettext("“%(typed)s” is no amount; write one such as %(example)s.")
                % {"typed": typed[:40], "example": "1250"}
            )
        return amount


class AmountFilter(django_filters.Filter):
    """An amount that a request's value is at least, or at most."""

    field_class = AmountField


class InboxForm(AddressForm):
    """The filters, and what does not fit together."""

    def clean(self) -> dict[str, Any]:
        """Refuse amounts between which there is none."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        lowest, highest = cleaned.get("amount_from"), cleaned.get("amount_to")
        if lowest is not None and highest is not None and lowest > highest:
            raise ValidationError(
                gettext("The amounts are the wrong way round; write the smaller one first.")
            )
        return cleaned


class InboxFilter(AddressFilter):
    """What an inbox can be narrowed to, and its order."""

    q = django_filters.CharFilter(
        label=gettext_lazy("Reference, title, who asked, or a value"), max_length=200
    )
    workflow = django_filters.CharFilter(label=gettext_lazy("Workflow"), max_length=60)
    step = django_filters.CharFilter(label=gettext_lazy("Step"), max_length=80)
    team = django_filters.CharFilter(label=gettext_lazy("Team"), max_length=18)
    due = django_filters.ChoiceFilter(
        label=gettext_lazy("Due"),
        choices=DUE_CHOICES,
        empty_label=gettext_lazy("all"),
        widget=FilterSelect,
    )
    requester = django_filters.CharFilter(label=gettext_lazy("Asked by"), max_length=150)
    amount_from = AmountFilter(label=gettext_lazy("Amount from"))
    amount_to = AmountFilter(label=gettext_lazy("Amount to"))
    sort = django_filters.ChoiceFilter(
        label=gettext_lazy("Order"), choices=ORDER_CHOICES, empty_label=None, widget=FilterSelect
    )

    class Meta:
        form = InboxForm

    def __init__(self, address: Mapping[str, str]) -> None:
        super().__init__(address, WorkItem.objects.none())

    def offer_choices(self, choices: InboxChoices, steps: list[tuple[str, str]]) -> None:
        """Let the reader choose from what there is; the steps are those of the workflow that is
        chosen."""
        self.offer("workflow", choices.workflows)
        self.offer("team", choices.teams)
        self.offer("step", steps)

    @property
    def narrower(self) -> dict[str, str]:
        """What was chosen apart from the words and the order."""
        return {name: text for name, text in self.chosen.items() if name not in ("q", "sort")}

    def read_narrowing(self, now: datetime) -> InboxNarrowing:
        """What it comes to. What cannot be read narrows nothing; `problem` says so."""
        chosen = self.cleaned
        workflow = chosen.get("workflow") or ""
        return InboxNarrowing(
            terms=(
                *read_search_terms(chosen.get("q") or ""),
                *read_person_terms(chosen.get("requester") or ""),
                *_amount_terms(chosen.get("amount_from"), chosen.get("amount_to")),
            ),
            workflow=workflow,
            step=(chosen.get("step") or "") if workflow else "",
            team=_read_team(chosen.get("team") or ""),
            due_before=_due_bound(chosen.get("due"), now),
            is_undated=chosen.get("due") == UNDATED,
            order=InboxOrder(chosen.get("sort") or InboxOrder.DUE),
        )


def _amount_terms(lowest: Decimal | None, highest: Decimal | None) -> list[SearchTerm]:
    if lowest is None and highest is None:
        return []
    return [SearchTerm(amount_from=lowest, amount_to=highest)]


def _read_team(text: str) -> int | None:
    """The id of a group; one that nobody has for what is no id."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() else -1


def _due_bound(due: str | None, now: datetime) -> datetime | None:
    """Before which moment a task has to be due, in the reader's zone."""
    if due == LATE:
        return now
    days = {TODAY: 1, WEEK: 8}.get(due or "")
    if days is None:
        return None
    day = timezone.localdate(now) + timedelta(days=days)
    return timezone.make_aware(datetime.combine(day, time()), timezone.get_current_timezone())
