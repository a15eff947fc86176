"""How often one caller may call: windows of a fixed length, counted in the cache.

A throttle keeps nothing on itself, because one object serves all threads.
"""

import time
from collections.abc import Callable

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest
from ninja.throttling import BaseThrottle

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class FixedWindowThrottle(BaseThrottle):
    """So many calls a window for each caller; `rate` is read at each call ('600/m')."""

    def __init__(self, scope: str, rate: Callable[[], str]) -> None:
        self.scope = scope
        self.rate = rate

    def allow_request(self, request: HttpRequest) -> bool:
        """Count this call; whether it is one of those that the rate lets through."""
        limit, window = self._parse_rate()
        caller = getattr(request, "auth", None) or self.get_ident(request)
        key = f"api-rate:{self.scope}:{caller}:{int(time.time()) // window}"
        caches["process"].add(key, 0, 2 * window)
        try:
            return caches["process"].incr(key) <= limit
        except ValueError:  # the cache dropped the key in between; it begins to count anew
            return True

    def wait(self) -> float:
        """The seconds until the window is over."""
        window = self._parse_rate()[1]
        return window - time.time() % window

    def _parse_rate(self) -> tuple[int, int]:
        limit, _, unit = self.rate().partition("/")
        return int(limit), SECONDS[unit]


CALLERS = FixedWindowThrottle("caller", lambda: settings.API_RATE)
HOOKS = FixedWindowThrottle("hook", lambda: settings.API_RATE)
LINKS = FixedWindowThrottle("link", lambda: settings.API_RATE_ANONYMOUS)
PUBLIC_PAGES = FixedWindowThrottle("public-page", lambda: settings.API_RATE_ANONYMOUS)
PUBLIC_FORMS = FixedWindowThrottle("public-form", lambda: settings.PUBLIC_FORM_RATE)
ANONYMOUS = FixedWindowThrottle("anonymous", lambda: settings.API_RATE_ANONYMOUS)
