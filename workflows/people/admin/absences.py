"""Absences: who is away, who stands in, said for somebody by an administrator."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from workflows.access.permissions import may_set_absence
from workflows.admin_site.base import HistoryAdmin, RefusalMessageMixin, actor_of
from workflows.admin_site.service_writes import give_key
from workflows.people.models import Absence, User
from workflows.people.services.absences import (
    AbsencePlan,
    change_absence,
    end_absence,
    set_absence,
)
from workflows.persistence.row_edits import RowEdits


class AbsenceAdminForm(forms.ModelForm):
    """The days, who stands in, and where."""

    class Meta:
        model = Absence
        fields = ("person", "deputy", "first_day", "last_day", "every_workflow", "workflows")

    def plan(self) -> AbsencePlan:
        """What was said."""
        cleaned = self.cleaned_data
        return AbsencePlan(
            deputy=cleaned["deputy"],
            first_day=cleaned["first_day"],
            last_day=cleaned["last_day"],
            workflows=None if cleaned["every_workflow"] else list(cleaned["workflows"]),
        )


class WhenFilter(admin.SimpleListFilter):
    """Who is away now, who will be, and what is over."""

    title = gettext_lazy("when")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """In the order in which they are looked for."""
        return [
            ("now", gettext("away now")),
            ("later", gettext("away later")),
            ("over", gettext("over")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By the moments."""
        now = timezone.now()
        chosen = {
            "now": Q(begins_at__lte=now, ends_at__gt=now),
            "later": Q(begins_at__gt=now, ended_at=None),
            "over": Q(ends_at__lte=now) | Q(ended_at__isnull=False),
        }.get(self.value() or "")
        return queryset if chosen is None else queryset.filter(chosen)


@admin.action(description=gettext_lazy("End these absences"), permissions=["command"])
def end_selected(page: "AbsenceAdmin", request: HttpRequest, rows: QuerySet[Absence]) -> None:
    """Each of them is over now, or is said why not."""
    for row in rows:
        with page.refusals(request):
            end_absence(row.pk, by=actor_of(request), now=timezone.now())


@admin.register(Absence)
class AbsenceAdmin(RefusalMessageMixin, HistoryAdmin):
    """Who is away and who stands in. People say it themselves on the page of their account."""

    of_workflow = ""
    form = AbsenceAdminForm
    list_display = ("person", "deputy", "first_day", "last_day", "every_workflow", "ended_at")
    list_select_related = ("person", "deputy")
    list_filter = (WhenFilter,)
    search_fields = ("person__username", "deputy__username")
    autocomplete_fields = ("person", "deputy")
    filter_horizontal = ("workflows",)
    fields = (
        *("person", "deputy", ("first_day", "last_day"), "every_workflow", "workflows"),
        ("begins_at", "ends_at", "ended_at"),
        ("set_by", "set_at"),
    )
    readonly_fields = ("begins_at", "ends_at", "ended_at", "set_by", "set_at")
    actions = (end_selected,)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Whose it is stays."""
        return (*self.readonly_fields, "person") if obj is not None else self.readonly_fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not of an account that is above one's own, and not what is over."""
        allowed: bool = super().has_change_permission(request, obj)
        if obj is None or not allowed:
            return allowed
        is_over = obj.ended_at is not None or obj.ends_at <= timezone.now()
        return not is_over and may_set_absence(actor_of(request), obj.person)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: it is a record. It is ended."""
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """People who are here."""
        kwargs["queryset"] = User.objects.filter(is_active=True).order_by("username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def write_rows(
        self, request: HttpRequest, form: Any, edits: RowEdits[Absence], *, is_new: bool
    ) -> None:
        """One service writes it."""
        actor, now, plan = actor_of(request), timezone.now(), form.plan()
        if is_new:
            row = set_absence(form.cleaned_data["person"], plan, by=actor, now=now)
            give_key(form, row)
        else:
            change_absence(form.instance.pk, plan, by=actor, now=now)
