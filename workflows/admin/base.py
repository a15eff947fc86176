"""What the admin's pages share: who may do what, read-only rows, history, refusals in words."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin import display
from django.contrib.auth.models import User
from django.db import IntegrityError, models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin, TabularInline

from workflows.admin.meanwhile import ToldOfChanges
from workflows.admin.sight import HistoryInSight, InSight
from workflows.engine.days import on_the_clock
from workflows.engine.errors import HandoffError, WrongState
from workflows.models import TemplateVersion, WorkflowTemplate
from workflows.once import once_only
from workflows.permissions import may_manage


class StaffAdmin(InSight, ToldOfChanges, ModelAdmin):
    """Long lists without needless counting; commands for those who may change the model."""

    show_full_result_count = False
    list_per_page = 50
    list_fullwidth = True
    list_filter_sheet = False
    compressed_fields = True
    actions_on_top = True
    object_history_template = "admin/object_history.html"

    class Media:
        css = {"all": ("workflows/admin.css",)}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Mapping[str, Any] | None = None,
    ) -> HttpResponse:
        """As Django does, and once: a form that is sent twice is saved once."""
        view = super().changeform_view
        return once_only(request, lambda: view(request, object_id, form_url, extra_context))

    def has_command_permission(self, request: HttpRequest) -> bool:
        """Who may run this page's actions; the service that they call asks again."""
        opts = self.model._meta
        return request.user.has_perm(f"{opts.app_label}.change_{opts.model_name}")

    @contextmanager
    def refusals(self, request: HttpRequest) -> Iterator[None]:
        """What a service refuses is shown as a message; nothing was written then."""
        try:
            yield
        except HandoffError as refused:
            self.message_user(request, str(refused), messages.ERROR)


class RefusedInWords:
    """A form whose service may refuse: what it says is a message, and the form is there again."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Mapping[str, Any] | None = None,
    ) -> HttpResponse:
        """As Django does, with refusals as messages."""
        try:
            return super().changeform_view(  # type: ignore[misc, no-any-return]
                request, object_id, form_url, extra_context
            )
        except HandoffError as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(request.path)


class HistoryAdmin(HistoryInSight, SimpleHistoryAdmin, StaffAdmin):
    """A history button whose earlier versions can be read, and never be brought back from here."""

    object_history_template = SimpleHistoryAdmin.object_history_template

    def revert_disabled(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """There is no way back but a new change, made by a service."""
        return True


class ReadOnly:
    """Rows that only services write: nobody adds, changes or deletes them here."""

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Never."""
        return False


class ReadOnlyInline(ReadOnly, TabularInline):
    """A table of rows on the page of what they belong to."""

    extra = 0
    max_num = 0
    tab = True
    show_change_link = True


# -- drafts -----------------------------------------------------------------------------------


def manages(request: HttpRequest, template: WorkflowTemplate) -> bool:
    """Whether the person answers for the workflow; asked once a page."""
    known: dict[int, bool] = request.__dict__.setdefault("_workflows_managed", {})
    if template.pk not in known:
        known[template.pk] = may_manage(request.user, template)
    return known[template.pk]


def may_edit(request: HttpRequest, version: TemplateVersion) -> bool:
    """Whether this person may change this version's map: it is a draft, of a workflow of theirs."""
    return version.is_editable and manages(request, version.template)


def actor_of(request: HttpRequest) -> User:
    """Who is signed in; the admin lets nobody else in."""
    assert isinstance(request.user, User)
    return request.user


@contextmanager
def locked_draft(version_id: int | None) -> Iterator[None]:
    """Edits of a draft and its publication come one after the other, never at once."""
    with transaction.atomic():
        templates = WorkflowTemplate.objects.select_for_update(of=("self",))
        templates.filter(versions=version_id).order_by("pk").first()
        yield


class DraftAdmin(HistoryAdmin):
    """Pages that edit a draft: all is read-only once the version is published."""

    def version_of(self, obj: Any) -> TemplateVersion:
        """The version that a row belongs to."""
        version: TemplateVersion = obj.version
        return version

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """On drafts of workflows that the person manages."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or may_edit(request, self.version_of(obj)))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """On drafts of workflows that the person manages; one at a time."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and obj is not None and may_edit(request, self.version_of(obj))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without Django's deletion of many rows at once, which asks for no draft."""
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Mapping[str, Any] | None = None,
    ) -> HttpResponse:
        """As Django does; edits wait for a publication that goes on, and are refused after it."""
        view = super().changeform_view
        return self._while_draft(
            request, object_id, lambda: view(request, object_id, form_url, extra_context)
        )

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """As Django does, under the same lock."""
        view = super().delete_view
        return self._while_draft(
            request, object_id, lambda: view(request, object_id, extra_context)
        )

    def _while_draft(self, request: HttpRequest, object_id: str | None, view: Any) -> HttpResponse:
        if request.method != "POST" or object_id is None:
            return view()
        row = self.get_object(request, object_id)
        try:
            with locked_draft(self.version_of(row).pk if row else None):
                return view()
        except (WrongState, IntegrityError) as refused:
            sentence = str(refused) if isinstance(refused, WrongState) else CHANGED_MEANWHILE
            self.message_user(request, sentence, messages.ERROR)
            return HttpResponseRedirect(request.path)


CHANGED_MEANWHILE = "Somebody changed or published this draft a moment ago; nothing was saved."


# -- links ------------------------------------------------------------------------------------


def change_url(obj: models.Model) -> str:
    """The admin page of a row."""
    opts = obj._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[obj.pk])


def list_url(model: type[models.Model], **filters: Any) -> str:
    """The admin list of a model, filtered."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{address}?{urlencode(filters)}" if filters else address


def link(address: str, text: Any) -> SafeString:
    """A link."""
    return format_html('<a class="handoff-link" href="{}">{}</a>', address, text)


# -- times ------------------------------------------------------------------------------------


def moment(when: datetime | None) -> str:
    """A time to the minute, in the site's time zone."""
    zone = timezone.get_current_timezone()
    return f"{on_the_clock(when, zone):%Y-%m-%d %H:%M}" if when else "—"


def timed(column: str, words: str) -> Callable[[Any], SafeString]:
    """A column of a list that shows a moment on one line."""

    @display(description=words, ordering=column)
    def show(row: Any) -> SafeString:
        text = moment(getattr(row, column))
        return format_html('<span class="handoff-moment">{}</span>', text)

    return show
