"""Middleware that answers in the reader's language and time zone.

Whoever is signed in has a language and a zone of their own; everybody else, and every program, gets
what `Accept-Language` asks for among the languages offered, in the site's zone. What a request
chose stays until the next one begins, so that a long answer is told to its end in one language.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

from approvals.ui.responses import API_PREFIX
from workflows.language.readers import activate_language_of

TRANSLATED_TYPES = ("text/html", "application/problem+json")
"""What has sentences in it: pages and refusals. Data and files read the same for everybody."""


class AcceptedLanguageMiddleware:
    """Outermost: the language that the browser or program asks for, and what caches must know."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        timezone.deactivate()
        translation.activate(translation.get_language_from_request(request))
        response = self.get_response(request)
        if response.headers.get("Content-Type", "").startswith(TRANSLATED_TYPES):
            response.headers.setdefault("Content-Language", translation.get_language())
            patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response


class ReaderLanguageMiddleware:
    """Behind the session: the language and zone of whoever is signed in, on pages and the admin."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_page = not request.path_info.startswith(API_PREFIX)
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        if is_page and has_session and request.user.is_authenticated:
            activate_language_of(request.user)
        return self.get_response(request)
