"""Connections: set up here, their secrets entered, and never shown again."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy
from unfold.widgets import UnfoldAdminPasswordWidget

from workflows.access.admin.grants import ObjectGrantsMixin, render_map_list
from workflows.access.conditions import USE
from workflows.admin_site.base import HistoryAdmin, RefusalMessageMixin, actor_of
from workflows.connections.admin.account_sign_in import AccountSignInMixin
from workflows.connections.admin.connection_tests import ConnectionTestMixin
from workflows.connections.models import Connection
from workflows.connections.services import credentials as connections
from workflows.connections.services.oauth_tokens import has_readable_token
from workflows.definitions.queries import external_permissions as foreign
from workflows.engine.errors import HandoffError
from workflows.people.models import User
from workflows.persistence.row_edits import RowEdits


class PublicConnectionForm(forms.ModelForm):
    """What of a connection is no secret."""

    class Meta:
        model = Connection
        fields = (
            *("key", "name", "base_url", "owner", "deputy", "auth", "username", "header"),
            *("token_url", "authorize_url", "client_id", "client_auth", "scope"),
            *("allowed_hosts", "timeout_seconds", "is_active"),
        )
        field_classes = dict.fromkeys(
            ("base_url", "token_url", "authorize_url"),
            partial(forms.URLField, assume_scheme="https"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "client_auth" in self.fields:  # the usual way, where nobody says another
            self.fields["client_auth"].required = False


class ConnectionForm(PublicConnectionForm):
    """A connection; its secret is entered and never shown."""

    actor: User

    secret_text = forms.CharField(
        label=gettext_lazy("Secret"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy(
            "The token, the password, the header's value or the client's secret. Leave it empty to"
            " keep the one that is there; it is never shown again."
        ),
    )

    def _post_clean(self) -> None:
        """The service's refusals stand above the form, which keeps what was typed."""
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        before = Connection.objects.filter(pk=self.instance.pk).first()
        secret = self.cleaned_data["secret_text"]
        try:
            connections.validate_connection(
                self.instance, before=before, by=self.actor, secret=secret
            )
        except HandoffError as refused:
            self.add_error(None, str(refused))


class ConnectionColumns:
    """Columns of the list and of the page of connections."""

    @admin.display(description=gettext_lazy("called by"))
    def called_by(self, connection: Connection) -> SafeString | str:
        """The published maps that name it, and who answers for them."""
        return render_map_list(foreign.find_calling_versions(connection))

    @admin.display(description=gettext_lazy("signs in by"))
    def signs_in(self, connection: Connection) -> str:
        """How, and whether a secret is there."""
        sign_in_method: str = connection.get_auth_display()
        if connection.auth != Connection.NONE and not connection.secret:
            return gettext("%(way)s, none entered") % {"way": sign_in_method}
        if connection.auth == Connection.OAUTH_ACCOUNT and not has_readable_token(connection):
            return gettext("%(way)s, not connected") % {"way": sign_in_method}
        return sign_in_method


class ConnectionFormMixin:
    """The form of a connection: with a secret to enter for who may change it, else to read."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Maps name the key, so it stays; only superusers make connections for others."""
        fixed = ("key", "called_by") if obj is not None else ()
        return (*fixed, "signs_in") if not self._may_edit_connection(request, obj) else fixed

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Who only reads is not asked for a secret."""
        secret = "secret_text" if self._may_edit_connection(request, obj) else "signs_in"
        return [
            ("name", "key"),
            ("base_url", "timeout_seconds"),
            ("owner", "deputy"),
            "is_active",
            "auth",
            ("username", "header"),
            ("token_url", "authorize_url"),
            ("client_id", "scope"),
            "client_auth",
            secret,
            "allowed_hosts",
            *(["called_by"] if obj is not None else []),
        ]

    def _may_edit_connection(self, request: HttpRequest, obj: Any) -> bool:
        page: Any = self
        if obj is None:
            return bool(page.has_add_permission(request))
        return bool(page.has_change_permission(request, obj))

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """A form that knows who fills it in; who only reads gets none of its own."""
        if not self._may_edit_connection(request, obj):
            kwargs["form"] = PublicConnectionForm
        form = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]
        form.actor = actor_of(request)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """People make connections of their own."""
        initial = super().get_changeform_initial_data(request)  # type: ignore[misc]
        return {"owner": actor_of(request).pk, **initial}

    def write_rows(
        self, request: HttpRequest, form: Any, edits: RowEdits[Connection], *, is_new: bool
    ) -> None:
        """One service writes it; the form has asked it before, so nothing is refused here but
        what changed in between."""
        secret = form.cleaned_data["secret_text"]
        connections.save_connection(form.instance, by=actor_of(request), secret=secret)


@admin.register(Connection)
class ConnectionAdmin(
    ConnectionFormMixin,
    AccountSignInMixin,
    ConnectionTestMixin,
    ConnectionColumns,
    RefusalMessageMixin,
    ObjectGrantsMixin,
    HistoryAdmin,
):
    """What automations may call. A connection is switched off, never deleted: maps name it."""

    of_workflow = ""
    form = ConnectionForm
    change_form_template = "admin/workflows/connection_page.html"
    list_display = ("name", "key", "base_url", "owner", "signs_in", "is_active")
    list_select_related = ("owner", "token")
    list_filter = ("is_active", "auth", ("owner", admin.RelatedOnlyFieldListFilter))
    search_fields = ("name", "key", "base_url")
    grantable = (USE,)

    def may_grant(self, request: HttpRequest, obj: Connection) -> bool:
        """Its owner says whose maps may call by it."""
        return self.has_change_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its owner, its deputy or a superuser; others read."""
        allowed_here = super().has_change_permission(request, obj)
        return allowed_here and (
            obj is None or connections.may_change_connection(actor_of(request), obj)
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: published maps name it. It is switched off instead."""
        return False
