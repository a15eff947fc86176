"""The button that tests a connection: a call as a step would make it, and what came back."""

import time
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext

from workflows.admin_site.base import PageContextMixin
from workflows.admin_site.links import change_url
from workflows.automation.http.building import allowed_hosts_of
from workflows.automation.http.client import CallFailed, HttpAnswer, HttpCall
from workflows.automation.http.sign_in import SignedCalls
from workflows.connections.models import Connection
from workflows.connections.secrets import mask_secrets
from workflows.engine.format.actions import ActionFailed

TEST_TIMEOUT_SECONDS = 15.0
"""Seconds; somebody waits for it."""


class ConnectionTestMixin(PageContextMixin):
    """The button on a connection's page, and its address."""

    def page_context(self, request: HttpRequest, row: Connection) -> dict[str, Any]:
        """The button that tests the connection, for those who may."""
        page: Any = self
        may_change = page.has_change_permission(request, row)
        address = reverse("admin:test_connection", args=[row.pk]) if may_change else ""
        return {"test_url": address, "may_grant": may_change}

    def get_urls(self) -> list[URLPattern]:
        """With the address of the test."""
        page: Any = self
        view = page.admin_site.admin_view(self.test_view)
        return [path("<int:pk>/test/", view, name="test_connection"), *super().get_urls()]  # type: ignore[misc]

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Call the base address as a step would, and say what came back. POST only."""
        page: Any = self
        if request.method != "POST":  # whoever signed in again on the way: the button is there
            return redirect("admin:workflows_connection_change", pk)
        connection = get_object_or_404(Connection, pk=pk)
        if not page.has_change_permission(request, connection):
            raise PermissionDenied
        level, sentence = try_connection(connection)
        page.log_change(request, connection, gettext("Tested. %(answer)s") % {"answer": sentence})
        page.message_user(request, sentence, level)
        return HttpResponseRedirect(change_url(connection))


def try_connection(connection: Connection) -> tuple[int, str]:
    """What a GET of the base address brings, as a message level and a sentence."""
    began = time.monotonic()
    calls = SignedCalls(connection, now=timezone.now())
    try:
        answer = calls.make(
            HttpCall(
                method="GET",
                url=connection.base_url,
                headers={"Accept": "application/json", "User-Agent": "Handoff"},
                body=None,
                timeout=min(float(connection.timeout_seconds), TEST_TIMEOUT_SECONDS),
                allowed_hosts=allowed_hosts_of(connection),
            )
        )
    except (CallFailed, ActionFailed) as failed:
        sentence = gettext("It does not work: %(message)s (%(code)s)") % {
            "message": failed.message,
            "code": failed.code,
        }
        return messages.ERROR, mask_secrets(sentence, calls.secrets)
    level, sentence = _judge_answer(answer)
    seconds = f"{time.monotonic() - began:.2f}"
    return level, sentence % {"status": answer.status, "seconds": seconds}


def _judge_answer(answer: HttpAnswer) -> tuple[int, str]:
    """A message level, and a sentence with places for the status and the time."""
    if answer.status in (401, 403):
        return messages.ERROR, gettext(
            "It answered with status %(status)s in %(seconds)s s: it does not take these"
            " credentials; enter them again."
        )
    if answer.status == 404:
        return messages.WARNING, gettext(
            "It answered with status %(status)s in %(seconds)s s: it is there, and has nothing at"
            " the base address itself. That is right where only the paths of maps lead to"
            " something."
        )
    if answer.status >= 400:
        return messages.WARNING, gettext(
            "It answered with status %(status)s in %(seconds)s s: it is there, and refuses a plain"
            " GET."
        )
    return messages.SUCCESS, gettext("It answered with status %(status)s in %(seconds)s s.")
