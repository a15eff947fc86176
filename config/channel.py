"""Middleware that notes by which door a request to the site came, for the trail."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from workflows.trail.choices import TrailChannel
from workflows.trail.services.channel import channel_scope

CHANNEL_PREFIXES = (
    ("/api/v1/hooks/", TrailChannel.WEBHOOK),
    ("/api/", TrailChannel.API),
    ("/admin/", TrailChannel.ADMIN),
    ("/decide/", TrailChannel.MAIL_LINK),
    ("/public/", TrailChannel.PUBLIC_FORM),
    ("/confirm/", TrailChannel.PUBLIC_FORM),
)
"""Beginnings of addresses; all others are pages."""


class ChannelMiddleware:
    """Outermost of what may write to the trail."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with channel_scope(channel_of(request.path_info)):
            return self.get_response(request)


def channel_of(path: str) -> TrailChannel:
    """The channel of an address."""
    prefixes = CHANNEL_PREFIXES
    return next((code for start, code in prefixes if path.startswith(start)), TrailChannel.PAGE)
