"""Away: when I am not there and who stands in, and for whom I stand in myself."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods

from approvals.forms.people_boxes import PersonBox, offer_people
from approvals.ui.responses import (
    button_only_view,
    refusal_context,
    signed_in_page,
    signed_in_user,
    status_of_form_page,
    submit_and_redirect,
)
from workflows.access.services.once_only_forms import FormSubmission, Twins
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.errors import HandoffError
from workflows.execution.queries.instance_lists import related_workflows
from workflows.language.formats import date_text, join_words
from workflows.people.models import Absence, StandInPeriod, User
from workflows.people.queries.absences import (
    current_absences_of,
    find_own_absence,
    periods_of_standing_in,
)
from workflows.people.queries.person_names import full_name_of
from workflows.people.services.absences import (
    AbsencePlan,
    change_absence,
    end_absence,
    set_absence,
)

EVERY, CHOSEN = "every", "chosen"


def _day_field(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )


class AbsenceForm(forms.Form):
    """From when until when, who stands in, and where."""

    first_day = _day_field(gettext_lazy("First day away"))
    last_day = _day_field(gettext_lazy("Last day away"))
    deputy = forms.CharField(label=gettext_lazy("Who stands in"), max_length=150)
    where = forms.ChoiceField(
        label=gettext_lazy("In which workflows"),
        choices=[
            (EVERY, gettext_lazy("in every workflow")),
            (CHOSEN, gettext_lazy("only in those chosen here")),
        ],
        widget=forms.RadioSelect,
        initial=EVERY,
    )
    workflows = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Workflows"),
        queryset=WorkflowTemplate.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *arguments: Any, person: User, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["deputy"].widget = PersonBox()
        offer_people(self, person)
        ids = [template.pk for template in related_workflows(person)]
        chosen: Any = self.fields["workflows"]
        chosen.queryset = WorkflowTemplate.objects.filter(pk__in=ids).order_by("name")
        if not ids:
            del self.fields["workflows"], self.fields["where"]

    def clean_deputy(self) -> User:
        """Somebody of this site."""
        person = User.objects.filter(username=self.cleaned_data["deputy"].strip()).first()
        if person is None:
            raise forms.ValidationError(gettext("Nobody has this login; choose somebody else."))
        return person

    def plan(self) -> AbsencePlan:
        """What was said."""
        cleaned = self.cleaned_data
        is_chosen = cleaned.get("where") == CHOSEN
        return AbsencePlan(
            deputy=cleaned["deputy"],
            first_day=cleaned["first_day"],
            last_day=cleaned["last_day"],
            workflows=list(cleaned["workflows"]) if is_chosen else None,
        )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in_page
def absence_list_view(request: HttpRequest) -> HttpResponse:
    """When I am away, for whom I stand in, and the form of a new absence."""
    user = signed_in_user(request)
    form = AbsenceForm(request.POST or None, person=user)

    def save(now: datetime) -> None:
        set_absence(user, form.plan(), by=user, now=now)

    return _save_or_show(request, form, save)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in_page
def change_absence_view(request: HttpRequest, absence_id: int) -> HttpResponse:
    """One of my absences, to be said otherwise."""
    user = signed_in_user(request)
    absence = find_own_absence(user, absence_id)
    initial = {
        "first_day": absence.first_day,
        "last_day": absence.last_day,
        "deputy": absence.deputy.get_username(),
        "where": EVERY if absence.every_workflow else CHOSEN,
        "workflows": list(absence.workflows.values_list("pk", flat=True)),
    }
    form = AbsenceForm(request.POST or None, person=user, initial=initial)

    def save(now: datetime) -> None:
        change_absence(absence.pk, form.plan(), by=user, now=now)

    return _save_or_show(request, form, save, absence)


def _save_or_show(
    request: HttpRequest,
    form: AbsenceForm,
    save: Callable[[datetime], None],
    absence: Absence | None = None,
) -> HttpResponse:
    error = None
    if request.method == "POST" and form.is_valid():
        try:
            return submit_and_redirect(request, lambda: _saved(form, save), Twins.LED)
        except HandoffError as refused:
            error = refused
    status = status_of_form_page(request, error)
    context = {"form": form, "changed": absence, **refusal_context(error)}
    context |= _page_context(signed_in_user(request), timezone.now())
    return render(request, "approvals/away.html", context, status=status)


def _saved(form: AbsenceForm, save: Callable[[datetime], None]) -> FormSubmission:
    save(timezone.now())
    cleaned = form.cleaned_data
    notice = gettext("From %(first)s to %(last)s %(person)s is to stand in for you.") % {
        "first": date_text(cleaned["first_day"]),
        "last": date_text(cleaned["last_day"]),
        "person": full_name_of(cleaned["deputy"]),
    }
    return FormSubmission(reverse("approvals:away"), notice)


@dataclass(frozen=True, slots=True)
class AbsenceLine:
    """One of my absences, in words."""

    absence: Absence
    days: str
    where: str
    deputies: list[str]


def _page_context(user: User, now: datetime) -> dict[str, Any]:
    return {
        "absences": [_describe_absence(row) for row in current_absences_of(user, now)],
        "standing_in": [_describe_standing_in(row) for row in periods_of_standing_in(user, now)],
    }


def _describe_absence(absence: Absence) -> AbsenceLine:
    names = [workflow.name for workflow in absence.workflows.all()]
    periods = sorted(absence.periods.all(), key=_begin_of)
    return AbsenceLine(
        absence=absence,
        days=_days_text(absence.begins_at, absence.ends_at),
        where=gettext("in every workflow") if absence.every_workflow else join_words(names),
        deputies=[_describe_period(period) for period in periods],
    )


def _begin_of(period: StandInPeriod) -> tuple[datetime, int]:
    return period.begins_at, period.pk


def _describe_period(period: StandInPeriod) -> str:
    """Who it is in the end: the deputy may be away, too."""
    places = {
        "days": _days_text(period.begins_at, period.ends_at),
        "workflow": period.workflow.name if period.workflow is not None else "",
    }
    if period.deputy is None or not period.deputy.is_active:
        if period.workflow is not None:
            return gettext("%(days)s, %(workflow)s: nobody stands in") % places
        return gettext("%(days)s: nobody stands in") % places
    places["person"] = full_name_of(period.deputy)
    if period.workflow is not None:
        return gettext("%(days)s, %(workflow)s: %(person)s stands in") % places
    return gettext("%(days)s: %(person)s stands in") % places


def _describe_standing_in(period: StandInPeriod) -> str:
    places = {
        "days": _days_text(period.begins_at, period.ends_at),
        "workflow": period.workflow.name if period.workflow is not None else "",
        "person": full_name_of(period.person),
    }
    if period.workflow is not None:
        return gettext("%(days)s: for %(person)s, in %(workflow)s") % places
    return gettext("%(days)s: for %(person)s") % places


def _days_text(begins_at: datetime, ends_at: datetime) -> str:
    """The days, as the reader's calendar shows them."""
    first, last = date_text(begins_at), date_text(ends_at - timedelta(seconds=1))
    if first == last:
        return first
    return gettext("%(first)s to %(last)s") % {"first": first, "last": last}


@signed_in_page
@button_only_view(lambda absence_id: reverse("approvals:away"))
def end_absence_view(request: HttpRequest, absence_id: int) -> HttpResponse:
    """I am back, or will not be away after all."""
    user = signed_in_user(request)

    def submit_end() -> FormSubmission:
        end_absence(find_own_absence(user, absence_id).pk, by=user, now=timezone.now())
        notice = gettext("You are back: nobody stands in for you by that any more.")
        return FormSubmission(reverse("approvals:away"), notice)

    return submit_and_redirect(request, submit_end)
