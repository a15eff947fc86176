"""API tokens: made here with their text shown once, and revoked."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from workflows.access.models import ApiToken
from workflows.access.permissions import accounts_answered_for
from workflows.access.services import tokens
from workflows.admin_site.base import FilledInOnceMixin, RefusalMessageMixin, StaffAdmin, actor_of
from workflows.admin_site.elements import moment_column
from workflows.admin_site.service_writes import give_key
from workflows.admin_site.shown_once import show_secret_once
from workflows.persistence.row_edits import RowEdits


class NewTokenForm(forms.ModelForm):
    """For whom, for what, what it may do, and until when."""

    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("May"),
        choices=ApiToken.SCOPES,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = ApiToken
        fields = ("user", "name", "scopes", "expires_at")


@admin.action(description=gettext_lazy("Revoke"), permissions=["command"])
def revoke_selected(page: "TokenAdmin", request: HttpRequest, rows: QuerySet[ApiToken]) -> None:
    """From now on these tokens open nothing."""
    for pk in list(rows.values_list("pk", flat=True)):
        with page.refusals(request):
            token = tokens.revoke_token(pk, by=actor_of(request), now=timezone.now())
            sentence = gettext("%(token)s opens nothing any more.") % {"token": token}
            page.message_user(request, sentence, messages.SUCCESS)


class TokenColumns:
    """Columns of the list of tokens."""

    @admin.display(description=gettext_lazy("may"))
    def may(self, token: ApiToken) -> str:
        """Its scopes."""
        return ", ".join(token.scopes)

    @admin.display(description=gettext_lazy("state"))
    def state(self, token: ApiToken) -> str:
        """Whether it opens anything."""
        if token.revoked_at is not None:
            return gettext("revoked")
        if token.expires_at is not None and token.expires_at <= timezone.now():
            return gettext("expired")
        return gettext("valid") if token.user.is_active else gettext("its account is not active")


class NewTokenMixin:
    """Making a token: its text is on the page that follows, and nowhere else."""

    def write_rows(
        self, request: HttpRequest, form: Any, edits: RowEdits[ApiToken], *, is_new: bool
    ) -> None:
        """One service makes the token."""
        cleaned_data = form.cleaned_data
        row, form.instance.shown_once = tokens.make_token(
            user=cleaned_data["user"],
            name=cleaned_data["name"],
            scopes=cleaned_data["scopes"],
            expires_at=cleaned_data["expires_at"],
            by=actor_of(request),
            now=timezone.now(),
        )
        give_key(form, row)
        form.instance.hint = row.hint

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The page that shows the text once."""
        title = gettext("The token “%(name)s”") % {"name": obj.name}
        return show_secret_once(self, request, "token_made", title=title, text=obj.shown_once)


@admin.register(ApiToken)
class TokenAdmin(NewTokenMixin, TokenColumns, FilledInOnceMixin, RefusalMessageMixin, StaffAdmin):
    """Tokens. What is kept of a token is its digest; nobody can read it again."""

    of_workflow = ""
    list_display = (
        *("name", "user", "hint", "may", "state"),
        moment_column("expires_at", gettext_lazy("expires")),
        moment_column("last_used_at", gettext_lazy("last used")),
    )
    list_select_related = ("user",)
    search_fields = ("name", "user__username", "hint")
    actions = (revoke_selected,)
    entry_form = NewTokenForm
    entry_fields = NewTokenForm.Meta.fields
    readonly_fields = (
        *("user", "name", "hint", "may", "state", "created_at", "created_by"),
        *("expires_at", "last_used_at", "revoked_at"),
    )

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Everybody for themselves, and for the service accounts that they answer for."""
        kwargs["queryset"] = accounts_answered_for(actor_of(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
