"""Connections and webhook keys: set up here, their secrets entered or shown once, never again."""

import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminPasswordWidget

from workflows.admin.base import (
    HistoryAdmin,
    RefusedInWords,
    actor_of,
    change_url,
    list_url,
    timed,
)
from workflows.admin.granting import Grants, maps_listed
from workflows.automation.caller import Answer, Call, CallFailed, call
from workflows.automation.calls import allowed, credentials
from workflows.engine.actions import ActionFailed
from workflows.engine.errors import HandoffError
from workflows.models import Connection, WebhookKey
from workflows.once import made
from workflows.permissions import MANAGE, USE, templates_with
from workflows.services import connections, foreign
from workflows.services.secrets import mask

LONGEST_TEST = 15.0
"""Seconds; somebody waits for it."""


class PlainForm(forms.ModelForm):
    """What of a connection is no secret."""

    class Meta:
        model = Connection
        fields = (
            *("key", "name", "base_url", "owner", "auth", "username", "header"),
            *("allowed_hosts", "timeout_seconds", "is_active"),
        )
        field_classes = {"base_url": partial(forms.URLField, assume_scheme="https")}


class ConnectionForm(PlainForm):
    """A connection; its secret is entered and never shown."""

    actor: User

    secret_text = forms.CharField(
        label="Secret",
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text="The token, the password or the header's value. Leave it empty to keep the one"
        " that is there; it is never shown again.",
    )

    def _post_clean(self) -> None:
        """The service's refusals stand above the form, which keeps what was typed."""
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        before = Connection.objects.filter(pk=self.instance.pk).first()
        secret = self.cleaned_data["secret_text"]
        try:
            connections.check(self.instance, before=before, by=self.actor, secret=secret)
        except HandoffError as refused:
            self.add_error(None, str(refused))


@admin.register(Connection)
class ConnectionAdmin(RefusedInWords, Grants, HistoryAdmin):
    """What automations may call. A connection is switched off, never deleted: maps name it."""

    of_workflow = ""
    form = ConnectionForm
    change_form_template = "admin/workflows/connection_page.html"
    list_display = ("name", "key", "base_url", "owner", "signs_in", "is_active")
    list_select_related = ("owner",)
    list_filter = ("is_active", "auth", ("owner", admin.RelatedOnlyFieldListFilter))
    search_fields = ("name", "key", "base_url")

    grantable = (USE,)

    def may_grant(self, request: HttpRequest, obj: Connection) -> bool:
        """Its owner says whose maps may call by it."""
        return self.has_change_permission(request, obj)

    @admin.display(description="called by")
    def called_by(self, connection: Connection) -> SafeString | str:
        """The published maps that name it, and who answers for them."""
        return maps_listed(foreign.callers_of(connection))

    @admin.display(description="signs in by")
    def signs_in(self, connection: Connection) -> str:
        """How, and whether a secret is there."""
        how: str = connection.get_auth_display()  # type: ignore[attr-defined]
        missing = connection.auth != Connection.NONE and not connection.secret
        return f"{how}, none entered" if missing else how

    # -- who may ---------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its owner or a superuser; others read."""
        allowed_here = super().has_change_permission(request, obj)
        return allowed_here and (obj is None or connections.may_change(actor_of(request), obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: published maps name it. It is switched off instead."""
        return False

    # -- the form --------------------------------------------------------------------------

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Maps name the key, so it stays; only superusers make connections for others."""
        fixed = ("key", "called_by") if obj is not None else ()
        return (*fixed, "signs_in") if not self._edits(request, obj) else fixed

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Who only reads is not asked for a secret."""
        fields = [
            ("name", "key"), ("base_url", "timeout_seconds"), ("owner", "is_active"), "auth",
            ("username", "header"), "secret_text", "allowed_hosts",
        ]  # fmt: skip
        if not self._edits(request, obj):
            fields[fields.index("secret_text")] = "signs_in"
        return [*fields, "called_by"] if obj is not None else fields

    def _edits(self, request: HttpRequest, obj: Any) -> bool:
        if obj is None:
            return self.has_add_permission(request)
        return self.has_change_permission(request, obj)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """A form that knows who fills it in; who only reads gets none of its own."""
        if not self._edits(request, obj):
            kwargs["form"] = PlainForm
        form = super().get_form(request, obj, change=change, **kwargs)
        form.actor = actor_of(request)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """People make connections of their own."""
        return {"owner": actor_of(request).pk, **super().get_changeform_initial_data(request)}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """One service writes it; the form has asked it before, so nothing is refused here but
        what changed in between."""
        connections.keep(obj, by=actor_of(request), secret=form.cleaned_data["secret_text"])

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Mapping[str, Any] | None = None,
    ) -> HttpResponse:
        """With the button that tests the connection, for those who may."""
        connection = self.get_object(request, object_id) if object_id else None
        more: dict[str, Any] = {"test_url": "", "may_grant": False}
        if connection is not None and self.has_change_permission(request, connection):
            more["may_grant"] = True
            more["test_url"] = reverse("admin:test_connection", args=[connection.pk])
        return super().changeform_view(
            request, object_id, form_url, {**(extra_context or {}), **more}
        )

    # -- the test --------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """With the address of the test."""
        view = self.admin_site.admin_view(self.test_view)
        return [path("<int:pk>/test/", view, name="test_connection"), *super().get_urls()]

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Call the base address as a step would, and say what came back. POST only."""
        if request.method != "POST":  # whoever signed in again on the way: the button is there
            return redirect("admin:workflows_connection_change", pk)
        connection = get_object_or_404(Connection, pk=pk)
        if not self.has_change_permission(request, connection):
            raise PermissionDenied
        level, sentence = try_out(connection)
        self.log_change(request, connection, f"Tested. {sentence}")
        self.message_user(request, sentence, level)
        return HttpResponseRedirect(change_url(connection))


def try_out(connection: Connection) -> tuple[int, str]:
    """What a GET of the base address brings, as a message level and a sentence."""
    began = time.monotonic()
    secrets: list[str] = []
    try:
        headers, secrets = credentials(connection)
        answer = call(
            Call(
                method="GET",
                url=connection.base_url,
                headers={"Accept": "application/json", "User-Agent": "Handoff", **headers},
                body=None,
                timeout=min(float(connection.timeout_seconds), LONGEST_TEST),
                allowed_hosts=allowed(connection),
            )
        )
    except (CallFailed, ActionFailed) as failed:
        return messages.ERROR, mask(f"It does not work: {failed.message} ({failed.code})", secrets)
    return _told(answer, time.monotonic() - began)


def _told(answer: Answer, seconds: float) -> tuple[int, str]:
    came = f"It answered with status {answer.status} in {seconds:.2f} s"
    if answer.status in (401, 403):
        return messages.ERROR, f"{came}: it does not take these credentials; enter them again."
    if answer.status == 404:
        return messages.WARNING, (
            f"{came}: it is there, and has nothing at the base address itself. That is right"
            " where only the paths of maps lead to something."
        )
    if answer.status >= 400:
        return messages.WARNING, f"{came}: it is there, and refuses a plain GET."
    return messages.SUCCESS, f"{came}."


# -- webhook keys -----------------------------------------------------------------------------


@admin.action(description="Revoke", permissions=["command"])
def revoke_selected(
    page: "WebhookKeyAdmin", request: HttpRequest, rows: QuerySet[WebhookKey]
) -> None:
    """From now on these keys start nothing."""
    for pk in list(rows.values_list("pk", flat=True)):
        with page.refusals(request):
            key = connections.revoke_webhook_key(pk, by=actor_of(request), now=timezone.now())
            page.message_user(request, f"{key} starts nothing any more.", messages.SUCCESS)


@admin.action(description="Give a new secret", permissions=["command"])
def rotate_selected(
    page: "WebhookKeyAdmin", request: HttpRequest, rows: QuerySet[WebhookKey]
) -> HttpResponse | None:
    """A new secret for one key; the old one signs nothing any more."""
    if rows.count() != 1:
        page.message_user(request, "Choose one key.", messages.ERROR)
        return None
    with page.refusals(request):
        key, text = connections.rotate_webhook_key(
            rows.get().pk, by=actor_of(request), now=timezone.now()
        )
        return page.show_once(request, key, text)
    return None


@admin.register(WebhookKey)
class WebhookKeyAdmin(RefusedInWords, HistoryAdmin):
    """Keys of other systems that start requests. A secret is shown once, when it is made."""

    of_workflow = "template"
    list_display = ("name", "template", "acts_as", "state", timed("created_at", "made"))
    list_select_related = ("template", "acts_as")
    list_filter = ("template",)
    search_fields = ("name", "template__name", "acts_as__username")
    actions = (revoke_selected, rotate_selected)
    asked = ("template", "name", "acts_as")
    readonly_fields = (*asked, "state", "created_at", "created_by", "revoked_at")

    @admin.display(description="state")
    def state(self, key: WebhookKey) -> str:
        """Whether it starts anything."""
        if key.revoked_at is not None:
            return "revoked"
        return "valid" if key.acts_as.is_active else "its person is not active"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A key is never edited; the list's action revokes it."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: it is part of the record who could start requests."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A new key is filled in; from then on it is read."""
        return self.readonly_fields if obj is not None else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What is asked, or what is known."""
        return self.readonly_fields if obj is not None else self.asked

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """One's own workflows, and oneself or a service account that one answers for."""
        person = actor_of(request)
        if db_field.name == "template":
            kwargs["queryset"] = templates_with(person, MANAGE)
        if db_field.name == "acts_as":
            active = User.objects.filter(is_active=True).order_by("username")
            theirs = Q(service_account__owner=person)
            if person.is_superuser:
                theirs = Q(service_account__isnull=False)
            kwargs["queryset"] = active.filter(Q(pk=person.pk) | theirs)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """One service makes the key; its secret goes to the page that follows, and nowhere else."""
        given = form.cleaned_data
        row, form.instance.shown_once = connections.make_webhook_key(
            template=given["template"],
            name=given["name"],
            acts_as=given["acts_as"],
            by=actor_of(request),
            now=timezone.now(),
        )
        obj.pk, obj._state.adding = row.pk, False

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The page that shows the secret once."""
        return self.show_once(request, obj, obj.shown_once)

    def show_once(self, request: HttpRequest, obj: WebhookKey, text: str) -> HttpResponse:
        """The page that shows the secret once; no redirect, so that it is stored nowhere else."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"The webhook key “{obj.name}”",
            "opts": self.model._meta,
            "media": self.media,
            "text": text,
            "address": request.build_absolute_uri(f"/api/v1/hooks/{obj.template.key}"),
            "back": list_url(WebhookKey),
        }
        page = TemplateResponse(request, "admin/workflows/webhook_key_made.html", context)
        return made(page, at=list_url(WebhookKey))
