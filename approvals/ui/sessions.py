"""Sessions that slide: whoever is active stays signed in, up to a longest time.

The session is written at most twenty times in its idle time, not with every request; so the
idle time may end up to a twentieth early. A page that looks by itself whether it has changed is no
activity of its reader.
"""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse

from workflows.people.models import User
from workflows.resources.queries.holders import visible_resources

SIGNED_IN_AT, LAST_SEEN_AT = "signed_in_at", "seen_at"
SEES_RESOURCES = "sees_resources"
WRITES_PER_IDLE_TIME = 20


def record_sign_in(*, request: HttpRequest, **_: Any) -> None:
    """Somebody has signed in now."""
    request.session[SIGNED_IN_AT] = request.session[LAST_SEEN_AT] = int(time.time())


def remember_resources(*, request: HttpRequest, user: User, **_: Any) -> None:
    """Whether there are resources that the person may see is asked as they sign in, and kept with
    the session: the menu shows the way by it, so that no page asks again."""
    request.session[SEES_RESOURCES] = visible_resources(user).exists()


class SlidingSession:
    """Middleware behind the session's own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and SESSION_KEY in request.session:
            _slide_session(request)
        return self.get_response(request)


def _slide_session(request: HttpRequest) -> None:
    now, session = int(time.time()), request.session
    signed_in_at = session.get(SIGNED_IN_AT, 0)
    if not signed_in_at:  # signed in before sessions knew when
        session[SIGNED_IN_AT] = session[LAST_SEEN_AT] = now
    elif settings.SESSION_LONGEST and now - signed_in_at > settings.SESSION_LONGEST:
        logout(request)
    elif "HX-Request" not in request.headers and (
        now - session.get(LAST_SEEN_AT, signed_in_at)
        > settings.SESSION_COOKIE_AGE / WRITES_PER_IDLE_TIME
    ):
        session[LAST_SEEN_AT] = now
