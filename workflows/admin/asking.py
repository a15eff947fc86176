"""Actions that ask first: a page with a reason, then one service call for each selected row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminTextareaWidget

from workflows.admin.base import StaffAdmin
from workflows.engine.errors import HandoffError

SHOWN = 500
"""How many refusals a message spells out, a line each."""


class ReasonForm(forms.Form):
    """Why it is done; it is kept in the trail."""

    reason = forms.CharField(
        max_length=1000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Kept in the trail, for everybody who may read it.",
    )


class ReassignForm(ReasonForm):
    """To whom the tasks go, and why."""

    to = forms.ModelChoiceField(
        User.objects.filter(is_active=True).order_by("username"),
        label="New holder",
        widget=UnfoldAdminSelect2Widget,
    )
    field_order = ("to", "reason")


@dataclass(frozen=True, kw_only=True)
class Question:
    """What the page asks, and the command that each row gets."""

    action: str
    title: str
    button: str
    done: str
    command: Callable[[int, Mapping[str, Any]], object]
    form: type[forms.Form] = ReasonForm


def ask_then_do(
    admin: StaffAdmin, request: HttpRequest, rows: QuerySet[Any], question: Question
) -> TemplateResponse | None:
    """The page that asks; once it is filled in, the commands, and a message that sums them up."""
    form = question.form(request.POST if "confirmed" in request.POST else None)
    if form.is_valid():
        _do(admin, request, rows, question, form.cleaned_data)
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


def _do(
    admin: StaffAdmin,
    request: HttpRequest,
    rows: QuerySet[Any],
    question: Question,
    given: Mapping[str, Any],
) -> None:
    done, refused = 0, []
    for pk in list(rows.values_list("pk", flat=True)):
        try:
            question.command(pk, given)
            done += 1
        except HandoffError as problem:
            refused.append((pk, str(problem)))
    if done:
        admin.message_user(request, f"{done} {question.done}.", messages.SUCCESS)
    if refused:
        admin.message_user(request, _refusals(admin, refused), messages.ERROR)


def _refusals(admin: StaffAdmin, refused: list[tuple[int, str]]) -> SafeString:
    names = admin.model._default_manager.in_bulk([pk for pk, _ in refused[:SHOWN]])
    lines = [(f"{names.get(pk, pk)}: {why}",) for pk, why in refused[:SHOWN]]
    if len(refused) > SHOWN:
        lines.append((f"And {len(refused) - SHOWN} more.",))
    spelt = format_html_join("", "<li>{}</li>", lines)
    return format_html('{} refused.<ul class="handoff-ways">{}</ul>', len(refused), spelt)
