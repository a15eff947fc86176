"""Resources: set up here with their owner, switched off and never deleted."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from workflows.admin_site.base import HistoryAdmin, RefusalMessageMixin, actor_of
from workflows.calendars.models import BusinessCalendar
from workflows.engine.errors import HandoffError
from workflows.engine.values.resource_amounts import amount_of_units, units_of_amount
from workflows.language.formats import money_text
from workflows.persistence.row_edits import RowEdits
from workflows.resources.models import BudgetPeriod, Resource
from workflows.resources.services.resources import (
    may_change_resource,
    save_resource,
    validate_resource,
)


class ResourceForm(forms.ModelForm):
    """A resource; what its service refuses stands above the form, which keeps what was typed."""

    actor: Any

    class Meta:
        model = Resource
        fields = (
            *("key", "name", "kind", "group", "description", "capacity", "calendar"),
            *("currency", "owner", "deputy", "person", "is_active"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "calendar" in self.fields:
            keys = [*BusinessCalendar.objects.order_by("name").values_list("key", "name")]
            current = self.instance.calendar
            gone = [(current, current)] if current and current not in dict(keys) else []
            self.fields["calendar"] = forms.ChoiceField(
                label=self.fields["calendar"].label,
                help_text=self.fields["calendar"].help_text,
                required=False,
                choices=[("", gettext("at any time")), *keys, *gone],
                widget=UnfoldAdminSelectWidget,
            )

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        before = Resource.objects.filter(pk=self.instance.pk).first()
        try:
            validate_resource(self.instance, before=before, by=self.actor)
        except HandoffError as refused:
            self.add_error(None, str(refused))


class PeriodForm(forms.ModelForm):
    """How much a budget has for some days, as an amount of its currency."""

    amount = forms.DecimalField(
        label=gettext_lazy("Amount"),
        min_value=0,
        max_digits=18,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
    )

    class Meta:
        model = BudgetPeriod
        fields = ("first_day", "last_day")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            self.initial.setdefault("amount", self.instance.amount)

    def clean(self) -> dict[str, Any]:
        """The amount is kept in the smallest unit of the budget's currency; which that is, the
        head of the page says, which is read when all is."""
        cleaned: dict[str, Any] = super().clean() or {}
        self.instance.entered_amount = cleaned.get("amount")
        return cleaned


class PeriodInline(TabularInline):
    """The periods of a budget, with what is held and spent of each."""

    model = BudgetPeriod
    form = PeriodForm
    extra = 0
    fields = ("first_day", "last_day", "amount", "used")
    readonly_fields = ("used",)

    @admin.display(description=gettext_lazy("held, spent, left"))
    def used(self, row: BudgetPeriod) -> str:
        """How much of it is gone."""
        if row.pk is None:
            return ""
        currency = row.resource.currency
        return " / ".join(
            money_text(amount_of_units(units, currency), currency)
            for units in (row.held_units, row.spent_units, row.left_units)
        )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may change the budget."""
        return self._may_change(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may change the budget."""
        return self._may_change(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may change the budget; the service keeps what was drawn on."""
        return self._may_change(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever sees the budget."""
        return bool(request.user.has_perm("workflows.view_resource"))

    def _may_change(self, request: HttpRequest, obj: Any) -> bool:
        if not request.user.has_perm("workflows.change_resource"):
            return False
        return obj is None or may_change_resource(actor_of(request), obj)


@admin.register(Resource)
class ResourceAdmin(RefusalMessageMixin, HistoryAdmin):
    """What can be booked and drawn on."""

    of_workflow = ""
    form = ResourceForm
    inlines = [PeriodInline]
    list_display = ("name", "key", "group", "kind", "owner", "is_active")
    list_select_related = ("owner",)
    list_filter = ("kind", "group", "is_active")
    search_fields = ("name", "key", "group")
    fields = (
        ("name", "key"),
        ("kind", "group"),
        ("owner", "deputy"),
        "is_active",
        ("capacity", "calendar"),
        "person",
        "currency",
        "description",
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Requests were reckoned by its key, kind and currency, so these stay."""
        return ("key", "kind", "currency") if obj is not None else ()

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """A form that knows who fills it in."""
        form = super().get_form(request, obj, change=change, **kwargs)
        form.actor = actor_of(request)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """People set up resources of their own, and hand them over."""
        initial = super().get_changeform_initial_data(request)
        return {"owner": actor_of(request).pk, **initial}

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its owner, its deputy or a superuser; others read."""
        allowed_here = super().has_change_permission(request, obj)
        return allowed_here and (obj is None or may_change_resource(actor_of(request), obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: requests name it. It is switched off instead."""
        return False

    def write_rows(
        self, request: HttpRequest, form: Any, edits: RowEdits[Any], *, is_new: bool
    ) -> None:
        """One service writes the resource and its periods."""
        for row in (*edits.added, *edits.changed):
            amount = getattr(row, "entered_amount", None)
            if isinstance(row, BudgetPeriod) and amount is not None:
                units = units_of_amount(amount, form.instance.currency)
                row.units = -1 if units is None else units  # the service says what is wrong
        save_resource(form.instance, edits, by=actor_of(request), now=timezone.now())
