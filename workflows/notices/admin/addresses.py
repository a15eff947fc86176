"""Where teams, and people by chat, are told: set up here, a chat's address never shown again."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminPasswordWidget

from workflows.admin_site.base import HistoryAdmin, RefusalMessageMixin, actor_of
from workflows.engine.errors import HandoffError
from workflows.notices.models import NoticeAddress
from workflows.notices.services.addresses import (
    delete_notice_address,
    save_notice_address,
    validate_notice_address,
)
from workflows.people.models import User
from workflows.persistence.row_edits import RowEdits


class NoticeAddressForm(forms.ModelForm):
    """An address; a chat's is entered and never shown."""

    actor: User

    chat_url = forms.CharField(
        label=gettext_lazy("The chat's address"),
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy(
            "As Apprise writes it: slack://…, workflows://… (Teams), gchat://…, mmosts://…,"
            " matrixs://… Leave it empty to keep the one that is there; it is never shown again."
        ),
    )

    class Meta:
        model = NoticeAddress
        fields = ("person", "team", "channel", "mail", "is_active")

    def _post_clean(self) -> None:
        """The service's refusals stand above the form, which keeps what was typed."""
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        before = NoticeAddress.objects.filter(pk=self.instance.pk).first()
        secret = self.cleaned_data.get("chat_url", "")
        try:
            validate_notice_address(self.instance, before=before, by=self.actor, secret=secret)
        except HandoffError as refused:
            self.add_error(None, str(refused))


@admin.register(NoticeAddress)
class NoticeAddressAdmin(RefusalMessageMixin, HistoryAdmin):
    """One address a team and channel, one chat a person."""

    of_workflow = ""
    form = NoticeAddressForm
    list_display = ("__str__", "channel", "service", "is_active")
    list_filter = ("channel", "is_active")
    search_fields = ("person__username", "team__name", "mail")
    search_help_text = gettext_lazy("A part of a login, a team's name or an address")
    autocomplete_fields = ("person", "team")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Who only reads is not asked for a secret."""
        may_write = (
            self.has_add_permission(request)
            if obj is None
            else self.has_change_permission(request, obj)
        )
        secret = "chat_url" if may_write else "service"
        return [("person", "team"), "channel", "mail", secret, "is_active"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Whose address it is stays: another's is another row."""
        return ("person", "team", "channel", "service") if obj is not None else ()

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """A form that knows who fills it in."""
        form = super().get_form(request, obj, change=change, **kwargs)
        form.actor = actor_of(request)
        return form

    def write_rows(
        self,
        request: HttpRequest,
        form: Any,
        edits: RowEdits[NoticeAddress],
        *,
        is_new: bool,
    ) -> None:
        """One service writes it."""
        save_notice_address(
            form.instance,
            by=actor_of(request),
            secret=form.cleaned_data.get("chat_url", ""),
            now=timezone.now(),
        )

    def delete_rows(self, request: HttpRequest, row: NoticeAddress) -> None:
        """One service takes it away."""
        delete_notice_address(row, by=actor_of(request), now=timezone.now())
