"""What the admin's pages share: who may do what, read-only rows, history, refusals in words."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import display
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin, TabularInline

from workflows.access.services.once_only_forms import serve_view_once
from workflows.admin_site.edit_conflicts import EditConflictMixin
from workflows.admin_site.list_rendering import render_row_checkbox
from workflows.admin_site.service_writes import ServiceWrittenMixin
from workflows.admin_site.visibility import VisibleHistoryMixin, VisibleRowsMixin
from workflows.engine.errors import HandoffError
from workflows.people.models import User


class StaffAdmin(ServiceWrittenMixin, VisibleRowsMixin, EditConflictMixin, ModelAdmin):
    """Long lists without needless counting; commands for those who may change the model."""

    show_full_result_count = False
    list_per_page = 50
    list_fullwidth = True
    list_filter_sheet = False
    compressed_fields = True
    actions_on_top = True
    object_history_template = "admin/object_history.html"

    class Media:
        css = {"all": ("map.css", "workflows/admin.css")}

    @display(description=ModelAdmin.action_checkbox.short_description)
    def action_checkbox(self, obj: models.Model) -> SafeString:
        """The box that selects a row."""
        return render_row_checkbox(obj.pk)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Mapping[str, Any] | None = None,
    ) -> HttpResponse:
        """As Django does, and once: a form that is sent twice is saved once."""
        view = super().changeform_view
        return serve_view_once(request, lambda: view(request, object_id, form_url, extra_context))

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


class RefusalMessageMixin:
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
            return super().changeform_view(request, object_id, form_url, extra_context)  # type: ignore[misc]
        except HandoffError as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(request.path)


class PageContextMixin:
    """A page on which something stands beside the form of a row; `page_context` says what."""

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What the template of this row's page is given besides."""
        raise NotImplementedError

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """As Django does, with what stands beside."""
        row = self.get_object(request, object_id)  # type: ignore[attr-defined]
        beside = self.page_context(request, row) if row is not None else {}
        return super().change_view(  # type: ignore[misc]
            request, object_id, form_url, {**beside, **(extra_context or {})}
        )


class FilledInOnceMixin:
    """Rows that are filled in when they are made and read from then on: never edited or deleted.

    `entry_fields` are what is asked for a new one, in `entry_form` where it has a form of its own.
    """

    readonly_fields: tuple[str, ...] = ()
    entry_fields: tuple[str, ...] = ()
    entry_form: type[forms.ModelForm] | None = None

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Of the list, whose actions are commands; no row of it is edited."""
        return obj is None and super().has_change_permission(request)  # type: ignore[misc]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: the record names what was made."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A new one is filled in; from then on it is read."""
        return self.readonly_fields if obj is not None else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What is asked, or what is known."""
        return self.readonly_fields if obj is not None else self.entry_fields

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """New ones have a form; the others are read."""
        if obj is None and self.entry_form is not None:
            kwargs["form"] = self.entry_form
        return super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]


class HistoryAdmin(VisibleHistoryMixin, SimpleHistoryAdmin, StaffAdmin):
    """A history button whose earlier versions can be read, and never be brought back from here."""

    object_history_template = SimpleHistoryAdmin.object_history_template

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Nothing is filled in from the address: a person or a choice that is none would break
        the page, and one that is would be somebody else's choice."""
        return {}

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


def actor_of(request: HttpRequest) -> User:
    """Who is signed in; the admin lets nobody else in."""
    assert isinstance(request.user, User)
    return request.user
