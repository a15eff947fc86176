"""What is somebody's own is kept by nobody on the way: no browser, no proxy, no disk."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

NO_STORE = "private, no-store"


class NoStoreMiddleware:
    """Sets the one `Cache-Control` of every answer; files under /static/ never come here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers["Cache-Control"] = NO_STORE
        # `Expires` and validators would only tell a cache what it may not keep.
        for name in ("Expires", "ETag", "Last-Modified"):
            response.headers.pop(name, None)
        return response
