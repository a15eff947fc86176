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


class Rate(BaseThrottle):
    """So many calls a window for each caller; `rate` is read at each call ('600/m')."""

    def __init__(self, scope: str, rate: Callable[[], str]) -> None:
        self.scope = scope
        self.rate = rate

    def allow_request(self, request: HttpRequest) -> bool:
        """Count this call; whether it is one of those that the rate lets through."""
        most, window = self._limit()
        caller = getattr(request, "auth", None) or self.get_ident(request)
        key = f"api-rate:{self.scope}:{caller}:{int(time.time()) // window}"
        caches["process"].add(key, 0, 2 * window)
        try:
            return caches["process"].incr(key) <= most
        except ValueError:  # the cache dropped the key in between; it begins to count anew
            return True

    def wait(self) -> float:
        """The seconds until the window is over."""
        window = self._limit()[1]
        return window - time.time() % window

    def _limit(self) -> tuple[int, int]:
        most, _, unit = self.rate().partition("/")
        return int(most), SECONDS[unit]


CALLERS = Rate("caller", lambda: settings.API_RATE)
HOOKS = Rate("hook", lambda: settings.API_RATE)
ANONYMOUS = Rate("anonymous", lambda: settings.API_RATE_ANONYMOUS)
