"""API tokens: made here with their text shown once, and revoked."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from workflows.admin.base import RefusedInWords, StaffAdmin, actor_of, list_url, timed
from workflows.models import ApiToken
from workflows.once import made
from workflows.services import tokens


class NewTokenForm(forms.ModelForm):
    """For whom, for what, what it may do, and until when."""

    scopes = forms.MultipleChoiceField(
        label="May", choices=ApiToken.SCOPES, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    class Meta:
        model = ApiToken
        fields = ("user", "name", "scopes", "expires_at")


@admin.action(description="Revoke", permissions=["command"])
def revoke_selected(page: "TokenAdmin", request: HttpRequest, rows: QuerySet[ApiToken]) -> None:
    """From now on these tokens open nothing."""
    for pk in list(rows.values_list("pk", flat=True)):
        with page.refusals(request):
            token = tokens.revoke(pk, by=actor_of(request), now=timezone.now())
            page.message_user(request, f"{token} opens nothing any more.", messages.SUCCESS)


@admin.register(ApiToken)
class TokenAdmin(RefusedInWords, StaffAdmin):
    """Tokens. What is kept of a token is its digest; nobody can read it again."""

    of_workflow = ""
    list_display = (
        *("name", "user", "hint", "may", "state"),
        *(timed("expires_at", "expires"), timed("last_used_at", "last used")),
    )
    list_select_related = ("user",)
    search_fields = ("name", "user__username", "hint")
    actions = (revoke_selected,)
    readonly_fields = (
        *("user", "name", "hint", "may", "state", "created_at", "created_by"),
        *("expires_at", "last_used_at", "revoked_at"),
    )

    @admin.display(description="may")
    def may(self, token: ApiToken) -> str:
        """Its scopes."""
        return ", ".join(token.scopes)

    @admin.display(description="state")
    def state(self, token: ApiToken) -> str:
        """Whether it opens anything."""
        if token.revoked_at is not None:
            return "revoked"
        if token.expires_at is not None and token.expires_at <= timezone.now():
            return "expired"
        return "valid" if token.user.is_active else "its account is not active"

    # -- who may ---------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A token is never edited; the list's action revokes it."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: it is part of the record who could act in whose name."""
        return False

    # -- a new token -----------------------------------------------------------------------

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A new token is filled in; from then on it is read."""
        return self.readonly_fields if obj is not None else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What is asked, or what is known."""
        return self.readonly_fields if obj is not None else NewTokenForm.Meta.fields

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """New tokens have a form; the others are read."""
        if obj is None:
            kwargs["form"] = NewTokenForm
        return super().get_form(request, obj, change=change, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Everybody for themselves, and for the service accounts that they answer for."""
        person = actor_of(request)
        active = User.objects.filter(is_active=True).order_by("username")
        theirs = Q(service_account__owner=person)
        if person.is_superuser:
            theirs = Q(service_account__isnull=False)
        kwargs["queryset"] = active.filter(Q(pk=person.pk) | theirs)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """One service makes the token; its text goes to the page that follows, and nowhere else."""
        given = form.cleaned_data
        row, form.instance.shown_once = tokens.make_token(
            user=given["user"],
            name=given["name"],
            scopes=given["scopes"],
            expires_at=given["expires_at"],
            by=actor_of(request),
            now=timezone.now(),
        )
        obj.pk, obj.hint, obj._state.adding = row.pk, row.hint, False

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The page that shows the text once; no redirect, so that it is stored nowhere (the admin
        lets no cache keep its pages)."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"The token “{obj.name}”",
            "opts": self.model._meta,
            "media": self.media,
            "text": obj.shown_once,
            "back": list_url(ApiToken),
        }
        page = TemplateResponse(request, "admin/workflows/token_made.html", context)
        return made(page, at=list_url(ApiToken))
