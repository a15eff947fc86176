"""What pages have in common that a link opens without signing in."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from approvals.api.rate_limits import LINKS, FixedWindowThrottle

P = ParamSpec("P")
PRIVATE_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
"""The address itself opens the page: it goes to no other site and into no index. That no cache
keeps it holds for every page."""

PageView = Callable[Concatenate[HttpRequest, P], HttpResponse]


def counted_page(throttle: FixedWindowThrottle) -> Callable[[PageView[P]], PageView[P]]:
    """A view for people without an account: tries are counted for each place that they come
    from."""

    def count_tries(view: PageView[P]) -> PageView[P]:
        @wraps(view)
        def guarded_view(
            request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponse:
            if throttle.allow_request(request):
                return view(request, *args, **kwargs)
            response = render(request, "links/too_many.html", status=429)
            response.headers["Retry-After"] = str(int(throttle.wait()) + 1)
            return response

        return guarded_view

    return count_tries


def key_page(throttle: FixedWindowThrottle) -> Callable[[PageView[P]], PageView[P]]:
    """A counted view whose address is its own key.

    It reads no session and sets no cookie, so a form on it carries a token of its own instead of
    Django's.
    """

    def keep_private(view: PageView[P]) -> PageView[P]:
        counted_view = counted_page(throttle)(view)

        @wraps(view)
        def guarded_view(
            request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponse:
            response = counted_view(request, *args, **kwargs)
            for name, value in PRIVATE_HEADERS.items():
                response.headers[name] = value
            return response

        return cast("PageView[P]", csrf_exempt(guarded_view))

    return keep_private


def link_page(view: PageView[P]) -> PageView[P]:
    """The page of a status link, or of a link to decide by."""
    return key_page(LINKS)(view)


def no_such_link(request: HttpRequest) -> HttpResponse:
    """The one answer to every text that opens nothing, whatever the reason."""
    return render(request, "links/nothing.html", status=404)
