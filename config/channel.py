"""Middleware that notes by which door a request to the site came, for the trail."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from workflows.services.channel import through

DOORS = (("/api/v1/hooks/", "webhook"), ("/api/", "api"), ("/admin/", "admin"))
"""Beginnings of addresses; all others are pages."""


class Channel:
    """Outermost of what may write to the trail."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with through(channel_of(request.path_info)):
            return self.get_response(request)


def channel_of(path: str) -> str:
    """The channel of an address."""
    return next((code for start, code in DOORS if path.startswith(start)), "page")
