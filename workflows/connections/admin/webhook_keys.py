"""Webhook keys: made here, their secrets shown once, revoked."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from workflows.access.conditions import MANAGE
from workflows.access.permissions import accounts_answered_for
from workflows.admin_site.base import FilledInOnceMixin, HistoryAdmin, RefusalMessageMixin, actor_of
from workflows.admin_site.elements import moment_column
from workflows.admin_site.service_writes import give_key
from workflows.admin_site.shown_once import show_secret_once
from workflows.connections.models import WebhookKey
from workflows.connections.services import credentials as connections
from workflows.definitions.models import WorkflowTemplate
from workflows.people.models import User
from workflows.persistence.row_edits import RowEdits


@admin.action(description=gettext_lazy("Revoke"), permissions=["command"])
def revoke_selected_keys(
    page: "WebhookKeyAdmin", request: HttpRequest, rows: QuerySet[WebhookKey]
) -> None:
    """From now on these keys start nothing."""
    for pk in list(rows.values_list("pk", flat=True)):
        with page.refusals(request):
            key = connections.revoke_webhook_key(pk, by=actor_of(request), now=timezone.now())
            sentence = gettext("%(key)s starts nothing any more.") % {"key": key}
            page.message_user(request, sentence, messages.SUCCESS)


@admin.action(description=gettext_lazy("Give a new secret"), permissions=["command"])
def rotate_selected(
    page: "WebhookKeyAdmin", request: HttpRequest, rows: QuerySet[WebhookKey]
) -> HttpResponse | None:
    """A new secret for one key; the old one signs nothing any more."""
    if rows.count() != 1:
        page.message_user(request, gettext("Choose one key."), messages.ERROR)
        return None
    with page.refusals(request):
        key, text = connections.rotate_webhook_key(
            rows.get().pk, by=actor_of(request), now=timezone.now()
        )
        return page.show_once(request, key, text)
    return None


class NewKeyMixin:
    """Making a key: its secret is on the page that follows, and nowhere else."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """One's own workflows, and oneself or a service account that one answers for."""
        if db_field.name == "template":
            kwargs["queryset"] = WorkflowTemplate.objects.with_verbs(actor_of(request), MANAGE)
        if db_field.name == "acts_as":
            kwargs["queryset"] = accounts_answered_for(actor_of(request))
        if db_field.name == "deputy":
            kwargs["queryset"] = User.objects.filter(is_active=True, service_account=None).order_by(
                "username"
            )
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def write_rows(
        self, request: HttpRequest, form: Any, edits: RowEdits[WebhookKey], *, is_new: bool
    ) -> None:
        """One service makes the key."""
        cleaned_data = form.cleaned_data
        row, form.instance.shown_once = connections.make_webhook_key(
            template=cleaned_data["template"],
            name=cleaned_data["name"],
            acts_as=cleaned_data["acts_as"],
            deputy=cleaned_data["deputy"],
            by=actor_of(request),
            now=timezone.now(),
        )
        give_key(form, row)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The page that shows the secret once."""
        return self.show_once(request, obj, obj.shown_once)

    def show_once(self, request: HttpRequest, obj: WebhookKey, text: str) -> HttpResponse:
        """The page that shows the secret once, with the address that it signs for."""
        return show_secret_once(
            self,
            request,
            "webhook_key_made",
            title=gettext("The webhook key “%(name)s”") % {"name": obj.name},
            text=text,
            address=request.build_absolute_uri(f"/api/v1/hooks/{obj.template.key}"),
        )


@admin.register(WebhookKey)
class WebhookKeyAdmin(NewKeyMixin, FilledInOnceMixin, RefusalMessageMixin, HistoryAdmin):
    """Keys of other systems that start requests. A secret is shown once, when it is made."""

    of_workflow = "template"
    list_display = (
        *("name", "template", "acts_as", "owner", "state"),
        moment_column("created_at", gettext_lazy("made")),
    )
    list_select_related = ("template", "acts_as", "owner")
    list_filter = ("template",)
    search_fields = ("name", "template__name", "acts_as__username")
    actions = (revoke_selected_keys, rotate_selected)
    entry_fields = ("template", "name", "acts_as", "deputy")
    readonly_fields = (
        *("template", "name", "acts_as", "owner", "deputy"),
        *("state", "created_at", "created_by", "revoked_at"),
    )

    @admin.display(description=gettext_lazy("state"))
    def state(self, key: WebhookKey) -> str:
        """Whether it starts anything."""
        if key.revoked_at is not None:
            return gettext("revoked")
        return gettext("valid") if key.acts_as.is_active else gettext("its person is not active")
