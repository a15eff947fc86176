"""The page on which somebody leaves: how far they reach, who takes it over, and the account's end.

And what is asked before an account is closed, or taken out of a group, on its own page: it says
what would be nobody's then.
"""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanWidget,
)

from workflows.admin_site.base import PageContextMixin, actor_of
from workflows.engine.errors import HandoffError
from workflows.people.admin.reach_sections import (
    ReachSection,
    describe_group_reach,
    describe_reach,
    describe_stranded,
    describe_tasks,
    natural_candidate,
    propose_successors,
)
from workflows.people.lifecycle.off_boarding import HandoverPlan, HandoverResult, off_board
from workflows.people.models import User
from workflows.people.queries.person_names import full_name_of
from workflows.people.queries.reach import (
    find_reach,
    find_steps_stranded_without,
    find_tasks_lost_with,
)

SEEN = "stranding_seen"
"""In a form that was shown once more with what it strands, and sent all the same."""
TO_ROLES, TO_SUCCESSOR = "roles", "successor"


class LeavingForm(forms.Form):
    """Who takes over what, and why."""

    successor = forms.ModelChoiceField(
        User.objects.filter(is_active=True, service_account=None).order_by("username"),
        label=gettext_lazy("Who takes over"),
        required=False,
        widget=UnfoldAdminSelect2Widget,
        help_text=gettext_lazy(
            "Takes what falls to nobody by itself, and the place in running requests that name"
            " who leaves."
        ),
    )
    to_deputies = forms.BooleanField(
        label=gettext_lazy("What has a deputy goes to the deputy"),
        required=False,
        initial=True,
        widget=UnfoldBooleanWidget,
    )
    tasks = forms.ChoiceField(
        label=gettext_lazy("Tasks in hand"),
        choices=[
            (TO_ROLES, gettext_lazy("go back to their roles")),
            (TO_SUCCESSOR, gettext_lazy("go to who takes over")),
        ],
        initial=TO_ROLES,
        widget=UnfoldAdminRadioSelectWidget,
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=1000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=gettext_lazy("Kept in the trail, for everybody who may read it."),
    )
    closes = forms.BooleanField(
        label=gettext_lazy("Close the account then"),
        required=False,
        initial=True,
        widget=UnfoldBooleanWidget,
        help_text=gettext_lazy(
            "Ends sessions, tokens, links and standing in. What is left over is an incident for who"
            " answers for it."
        ),
    )

    def __init__(self, person: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["successor"]
        field.queryset = field.queryset.exclude(pk=person.pk)

    def clean(self) -> Any:
        """Who is to take tasks has to be named."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("tasks") == TO_SUCCESSOR and not cleaned.get("successor"):
            self.add_error("successor", gettext("Choose who takes over the tasks."))
        return cleaned

    @property
    def plan(self) -> HandoverPlan:
        """What is to be done."""
        return HandoverPlan(
            reason=self.cleaned_data["reason"],
            successor=self.cleaned_data["successor"],
            to_deputies=self.cleaned_data["to_deputies"],
            tasks_to_successor=self.cleaned_data["tasks"] == TO_SUCCESSOR,
            closes=self.cleaned_data["closes"],
        )


class LeavingMixin(PageContextMixin):
    """The page of who leaves, and the way to it from an account."""

    def page_context(self, request: HttpRequest, row: User) -> dict[str, Any]:
        """The way to the page, for who may change the account."""
        address = reverse("admin:account_leaves", args=[row.pk])
        return {"leave_url": address if self._may_end(request, row) else ""}

    def get_urls(self) -> list[URLPattern]:
        """With the page of who leaves."""
        page: Any = self
        view = page.admin_site.admin_view(self.leave_view)
        return [path("<int:pk>/leave/", view, name="account_leaves"), *super().get_urls()]  # type: ignore[misc]

    def _may_end(self, request: HttpRequest, person: User) -> bool:
        page: Any = self
        allowed: bool = page.has_change_permission(request, person)
        return allowed and person.pk != request.user.pk

    def leave_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """How far they reach, and the form that hands it over.

        A form that comes twice hands over what is left, and that is nothing: each thing is a
        transaction of its own, so it is not wrapped into one as other forms are.
        """
        person = User.objects.filter(pk=pk).first()
        if person is None:
            raise Http404
        if not self._may_end(request, person):
            raise PermissionDenied
        form = LeavingForm(person, request.POST or None, initial=self._initial(person))
        if request.method == "POST" and form.is_valid():
            try:
                result = off_board(person, form.plan, by=actor_of(request), now=timezone.now())
            except HandoffError as refused:
                form.add_error(None, str(refused))
            else:
                _tell_result(request, person, result)
                return HttpResponseRedirect(request.path)
        return self._render(request, person, form)

    def _initial(self, person: User) -> dict[str, Any]:
        heir = natural_candidate(find_reach(person, now=timezone.now()))
        return {"successor": heir.pk if heir is not None else None}

    def _render(self, request: HttpRequest, person: User, form: LeavingForm) -> HttpResponse:
        page: Any = self
        reach = find_reach(person, now=timezone.now())
        context = {
            **page.admin_site.each_context(request),
            "title": gettext("%(person)s leaves") % {"person": full_name_of(person)},
            "opts": User._meta,
            "media": page.media + form.media,
            "form": form,
            "person": person,
            "sections": describe_reach(reach, actor_of(request)),
            "proposed": [(full_name_of(other), why) for other, why in propose_successors(reach)],
            "is_done": not person.is_active and reach.is_empty,
        }
        return TemplateResponse(request, "admin/workflows/account_leaves.html", context)


def _tell_result(request: HttpRequest, person: User, result: HandoverResult) -> None:
    """What was done, and what was not, each with why."""
    sentence = ngettext(
        "%(count)s thing was handed over.", "%(count)s things were handed over.", result.done
    )
    messages.success(request, sentence % {"count": result.done})
    for left in result.left:
        text = gettext("%(thing)s was not handed over: %(why)s")
        messages.warning(request, text % {"thing": left.thing, "why": left.why})
    if result.is_closed:
        closed = gettext("The account of %(person)s is closed.")
        messages.success(request, closed % {"person": full_name_of(person)})


# -- what is asked before -------------------------------------------------------------------------


class StrandingQuestionMixin:
    """Before a save closes an account, or takes it out of a group, the page says what is nobody's
    then, and asks once more."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Mapping[str, Any] | None = None,
    ) -> HttpResponse:
        """As Django does, after that question."""
        page: Any = self
        person = page.get_object(request, object_id) if object_id is not None else None
        if request.method == "POST" and person is not None and SEEN not in request.POST:
            sections = _stranded_by(request, person)
            if sections and page.has_change_permission(request, person):
                return self._ask(request, person, sections)
        answer: HttpResponse = super().changeform_view(  # type: ignore[misc]
            request, object_id, form_url, extra_context
        )
        return answer

    def _ask(
        self, request: HttpRequest, person: User, sections: list[ReachSection]
    ) -> HttpResponse:
        page: Any = self
        sent = [
            (name, value)
            for name, values in request.POST.lists()
            if name != "csrfmiddlewaretoken"
            for value in values
        ]
        context = {
            **page.admin_site.each_context(request),
            "title": gettext("What would be nobody's"),
            "opts": User._meta,
            "media": page.media,
            "person": person,
            "sections": sections,
            "sent": [*sent, (SEEN, "yes")],
            "leave_url": reverse("admin:account_leaves", args=[person.pk]),
        }
        return TemplateResponse(request, "admin/workflows/stranding.html", context)


def _stranded_by(request: HttpRequest, person: User) -> list[ReachSection]:
    """What a save as it was sent would strand."""
    reader, now = actor_of(request), timezone.now()
    if person.pk == reader.pk and not reader.is_superuser:
        return []
    if person.is_active and "is_active" not in request.POST:
        reach = find_reach(person, now=now)
        return [] if reach.is_empty else describe_reach(reach, reader)
    chosen = {int(pk) for pk in request.POST.getlist("groups") if pk.isdigit()}
    left = [group for group in _groups_to_leave(reader, person) if group.pk not in chosen]
    if not left:
        return []
    steps = find_steps_stranded_without(person, left)
    found = (describe_stranded(steps, reader), describe_tasks(_lost(person, left), reader))
    return [section for section in found if section is not None]


def _lost(person: User, left: list[Group]) -> list[Any]:
    return list(find_tasks_lost_with(person, left))


def _groups_to_leave(reader: User, person: User) -> list[Group]:
    """Those out of which the reader may take this person; others stay whatever the form says."""
    groups = person.groups.all()
    return list(groups if reader.is_superuser else groups.filter(pk__in=reader.groups.values("pk")))


class GroupReachMixin(PageContextMixin):
    """On a group's page: where it is used, and what would be nobody's without it."""

    def page_context(self, request: HttpRequest, row: Group) -> dict[str, Any]:
        """What stands beside the form."""
        return {"sections": describe_group_reach(row, actor_of(request))}
