"""Connecting an account: the way to the other side's sign-in page and back, by OAuth 2.

It begins with a POST of whoever may change the connection. What has to come back is kept in their
session, once and for some minutes; so nobody else can end the journey, or begin it for them.
"""

import hmac
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext

from workflows.admin_site.base import PageContextMixin, actor_of
from workflows.admin_site.links import change_url
from workflows.automation.http.oauth import SignInJourney, TokenRefused, redeem_code
from workflows.connections.models import Connection, ConnectionToken
from workflows.connections.secrets import SecretUnreadable, decrypt, encrypt
from workflows.connections.services import oauth_tokens as tokens
from workflows.engine.format.actions import ActionFailed
from workflows.language.formats import moment_text

CALLBACK: Final = "/admin/workflows/connection/signed-in/"
SESSION_KEY: Final = "connection_sign_in"
LONGEST_JOURNEY: Final = timedelta(minutes=15)


def redirect_address() -> str:
    """Where the other side leads back to: one address for all connections, never told by anybody
    who calls."""
    return f"{settings.SITE_URL}{CALLBACK}"


class AccountSignInMixin(PageContextMixin):
    """The buttons on a connection's page, and the three addresses behind them."""

    def page_context(self, request: HttpRequest, row: Connection) -> dict[str, Any]:
        """The state of the account and its buttons, for those who may."""
        page: Any = self
        context = super().page_context(request, row)
        is_account = row.auth == Connection.OAUTH_ACCOUNT and bool(row.secret)
        if not is_account or not page.has_change_permission(request, row):
            return context
        return context | {
            "connect_url": reverse("admin:connect_account", args=[row.pk]),
            "disconnect_url": reverse("admin:disconnect_account", args=[row.pk]),
            "redirect_uri": redirect_address(),
            "account_state": describe_account(row),
            "is_connected": tokens.has_readable_token(row),
        }

    def get_urls(self) -> list[URLPattern]:
        """With the addresses of connecting."""
        page: Any = self
        protect = page.admin_site.admin_view
        return [
            path("<int:pk>/connect/", protect(self.connect_view), name="connect_account"),
            path("<int:pk>/disconnect/", protect(self.disconnect_view), name="disconnect_account"),
            path("signed-in/", protect(self.signed_in_view), name="connection_signed_in"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def connect_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say where it goes, and keep what has to come back. POST only. A link leads out, for a
        form may lead to no other site."""
        if request.method != "POST":
            return redirect("admin:workflows_connection_change", pk)
        connection = self._changeable(request, pk)
        if connection.auth != Connection.OAUTH_ACCOUNT or not connection.secret:
            return redirect("admin:workflows_connection_change", pk)
        journey = SignInJourney.begin()
        request.session[SESSION_KEY] = {
            "connection": connection.pk,
            "receiver": tokens.receiver_mark(connection),
            "state": journey.state,
            "verifier": encrypt(journey.verifier),
            "begun": timezone.now().isoformat(),
        }
        page: Any = self
        context = {
            **page.admin_site.each_context(request),
            "title": gettext("Connect an account"),
            "opts": page.model._meta,
            "media": page.media,
            "connection": connection.name,
            "host": urlsplit(connection.authorize_url).hostname,
            "address": journey.address(connection, redirect_address()),
            "back": change_url(connection),
        }
        return TemplateResponse(request, "admin/workflows/account_leads_out.html", context)

    def disconnect_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Forget the account. POST only."""
        if request.method != "POST":
            return redirect("admin:workflows_connection_change", pk)
        connection = self._changeable(request, pk)
        tokens.disconnect_account(connection, by=actor_of(request), now=timezone.now())
        page: Any = self
        sentence = gettext("The account is forgotten. Steps that call by this connection fail.")
        page.message_user(request, sentence, messages.SUCCESS)
        return HttpResponseRedirect(change_url(connection))

    def signed_in_view(self, request: HttpRequest) -> HttpResponse:
        """Come back from the other side's page: only with what was kept when it began."""
        page: Any = self
        kept = request.session.pop(SESSION_KEY, None)
        if not _is_own_journey(kept, request.GET.get("state", "")):
            sentence = gettext("This sign-in was not begun here, or too long ago; begin it again.")
            page.message_user(request, sentence, messages.ERROR)
            return redirect("admin:workflows_connection_changelist")
        connection = self._changeable(request, kept["connection"])
        level, sentence = self._finish_journey(request, connection, kept)
        page.message_user(request, sentence, level)
        return HttpResponseRedirect(change_url(connection))

    def _finish_journey(
        self, request: HttpRequest, connection: Connection, kept: dict[str, Any]
    ) -> tuple[int, str]:
        """Take the token for the code that came along; a message level and a sentence."""
        if tokens.receiver_mark(connection) != kept["receiver"]:
            return messages.ERROR, gettext(
                "The connection was changed meanwhile; begin the sign-in again."
            )
        code = request.GET.get("code", "")
        if not code:
            return messages.ERROR, gettext(
                "The other side says that nobody agreed; begin the sign-in again."
            )
        try:
            journey = SignInJourney(kept["state"], decrypt(kept["verifier"]))
            answer = redeem_code(connection, code, journey, redirect_address())
        except TokenRefused as refused:
            sentence = gettext("The other side gave no token: %(code)s. Begin the sign-in again.")
            return messages.ERROR, sentence % {"code": refused.code}
        except ActionFailed as failed:
            return messages.ERROR, failed.message
        except SecretUnreadable as problem:
            return messages.ERROR, str(problem)
        tokens.connect_account(connection, answer, by=actor_of(request), now=timezone.now())
        return messages.SUCCESS, gettext("The account is connected; maps can call by it.")

    def _changeable(self, request: HttpRequest, pk: int) -> Connection:
        """The connection, for whoever may change it."""
        page: Any = self
        connection = get_object_or_404(Connection, pk=pk)
        if not page.has_change_permission(request, connection):
            raise PermissionDenied
        return connection


def _is_own_journey(kept: object, state: str) -> bool:
    """Whether this is the end of the journey that the session began, and soon enough."""
    if not isinstance(kept, dict) or not hmac.compare_digest(
        str(kept.get("state", "")).encode(), state.encode()
    ):
        return False
    begun = datetime.fromisoformat(kept["begun"])
    return bool(state) and timezone.now() - begun <= LONGEST_JOURNEY


def describe_account(connection: Connection) -> str:
    """Whether an account is connected, since when and by whom, or that it was refused."""
    row = ConnectionToken.objects.filter(connection=connection).first()
    if row is not None and row.broken_code and row.broken_at is not None:
        return gettext(
            "The other side gives no token any more (%(code)s, since %(moment)s). Connect the"
            " account again; steps that wait on incidents are then retried there."
        ) % {"code": row.broken_code, "moment": moment_text(row.broken_at)}
    if row is None or row.connected_at is None or not tokens.has_readable_token(connection):
        return gettext("No account is connected; calls are refused until one is.")
    return gettext("Connected by %(person)s at %(moment)s.") % {
        "person": row.connected_by or gettext("somebody"),
        "moment": moment_text(row.connected_at),
    }
