"""Sessions that slide: whoever is active stays signed in, up to a longest time.

The session is written at most twenty times in its idle time, not with every request; so the
idle time may end up to a twentieth early.
"""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse

BEGUN, SEEN = "signed_in_at", "seen_at"
PARTS = 20


def begin(*, request: HttpRequest, **_: Any) -> None:
    """Somebody has signed in now."""
    request.session[BEGUN] = request.session[SEEN] = int(time.time())


class SlidingSession:
    """Middleware behind the session's own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and SESSION_KEY in request.session:
            _slide(request)
        return self.get_response(request)


def _slide(request: HttpRequest) -> None:
    now, session = int(time.time()), request.session
    begun = session.get(BEGUN, 0)
    if not begun:  # signed in before sessions knew when
        session[BEGUN] = session[SEEN] = now
    elif settings.SESSION_LONGEST and now - begun > settings.SESSION_LONGEST:
        logout(request)
    elif now - session.get(SEEN, begun) > settings.SESSION_COOKIE_AGE / PARTS:
        session[SEEN] = now
