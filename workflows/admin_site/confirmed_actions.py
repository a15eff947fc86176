"""Actions that ask first: a page with a reason, then one service call for each selected row."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.contrib.admin import action as admin_action
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminTextareaWidget

from workflows.admin_site.base import StaffAdmin, actor_of
from workflows.admin_site.elements import render_include
from workflows.engine.errors import HandoffError
from workflows.people.models import User

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

SPELT_OUT_REFUSALS = 500
"""How many refusals a message spells out, a line each."""


class ActionReasonForm(forms.Form):
    """Why it is done; it is kept in the trail."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=1000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=gettext_lazy("Kept in the trail, for everybody who may read it."),
    )


class ActionReassignForm(ActionReasonForm):
    """To whom the tasks go, and why."""

    to = forms.ModelChoiceField(
        User.objects.filter(is_active=True).order_by("username"),
        label=gettext_lazy("New holder"),
        widget=UnfoldAdminSelect2Widget,
    )
    field_order = ("to", "reason")


@dataclass(frozen=True, kw_only=True)
class ActionQuestion:
    """What the page asks, and the command that each row gets: it is called with the row's key,
    the `actor`, `now`, and what the form asked for under the form's own names. `done` is a
    sentence with a place for the `count` of rows that got it."""

    action: str
    title: "_StrOrPromise"
    button: "_StrOrPromise"
    done: "_StrOrPromise"
    command: Callable[..., object]
    form: type[forms.Form] = ActionReasonForm


def build_confirmed_action(
    question: ActionQuestion, *, description: "_StrOrPromise", permission: str
) -> Callable[..., TemplateResponse | None]:
    """An action of a list that asks this question of every selection."""

    @admin_action(description=description, permissions=[permission])
    def ask_question(
        page: StaffAdmin, request: HttpRequest, rows: QuerySet[Any]
    ) -> TemplateResponse | None:
        return ask_then_run(page, request, rows, question)

    ask_question.__name__ = question.action  # by which Django tells actions apart
    return ask_question


def ask_then_run(
    admin: StaffAdmin, request: HttpRequest, rows: QuerySet[Any], question: ActionQuestion
) -> TemplateResponse | None:
    """The page that asks; once it is filled in, the commands, and a message that sums them up."""
    form = question.form(request.POST if "confirmed" in request.POST else None)
    if form.is_valid():
        _run_for_each(admin, request, rows, question, form.cleaned_data)
        return None
    context = {
        **admin.admin_site.each_context(request),
        "title": question.title,
        "opts": admin.model._meta,
        "media": admin.media + form.media,
        "form": form,
        "question": question,
        "count": rows.count(),
        "some": list(rows[:20]),
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "checkbox": ACTION_CHECKBOX_NAME,
        "select_across": request.POST.get("select_across", "0"),
    }
    return TemplateResponse(request, "admin/workflows/ask.html", context)


def _run_for_each(
    admin: StaffAdmin,
    request: HttpRequest,
    rows: QuerySet[Any],
    question: ActionQuestion,
    answers: dict[str, Any],
) -> None:
    done, refused = 0, []
    for pk in list(rows.values_list("pk", flat=True)):
        try:
            question.command(pk, actor=actor_of(request), now=timezone.now(), **answers)
            done += 1
        except HandoffError as problem:
            refused.append((pk, str(problem)))
    if done:
        admin.message_user(request, question.done % {"count": done}, messages.SUCCESS)
    if refused:
        admin.message_user(request, _render_refusals(admin, refused), messages.ERROR)


def _render_refusals(admin: StaffAdmin, refused: list[tuple[int, str]]) -> SafeString:
    names = admin.model._default_manager.in_bulk([pk for pk, _ in refused[:SPELT_OUT_REFUSALS]])
    lines = [f"{names.get(pk, pk)}: {why}" for pk, why in refused[:SPELT_OUT_REFUSALS]]
    if len(refused) > SPELT_OUT_REFUSALS:
        remainder = len(refused) - SPELT_OUT_REFUSALS
        lines.append(gettext("And %(count)s more.") % {"count": remainder})
    return render_include("refusals", count=len(refused), lines=lines)
