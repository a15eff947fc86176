"""A way on from every refusal: where to go next, and what was typed."""

from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.shortcuts import render
from django.template import loader
from django.utils.http import url_has_allowed_host_and_scheme

from approvals.api.edge import PREFIX
from approvals.typed import file_names, texts

SECTIONS = (
    ("/tasks/", "/", "To your inbox"),
    ("/requests/", "/requests/", "To your requests"),
    ("/incidents/", "/requests/?whose=all", "To the requests"),
    ("/merges/", "/requests/?whose=all", "To the requests"),
    ("/documents/", "/requests/", "To your requests"),
    ("/start/", "/start/", "To the workflows that you may start"),
    ("/reports/reviews/", "/reports/reviews/", "To the reviews"),
    ("/reports/", "/reports/", "To the reports"),
    ("/workflows/", "/workflows/", "To the workflows"),
    ("/admin/", "/admin/", "To the admin"),
)
HOME = [("/", "To your inbox")]


def ways_on(request: HttpRequest) -> list[tuple[str, str]]:
    """Addresses to go on from here, the nearest first, with what they are called."""
    found = [(back, "Back to the page before")] if (back := _before(request)) else []
    for begins, address, name in SECTIONS:
        if request.path.startswith(begins):
            found.append((address, name))
            break
    return found if HOME[0] in found else [*found, *HOME]


def _before(request: HttpRequest) -> str:
    """The page of ours that this came from; not the one that refuses, unless a form is there."""
    came_from = request.headers.get("Referer", "")
    try:
        host = request.get_host()
    except DisallowedHost:
        return ""
    ours = url_has_allowed_host_and_scheme(came_from, {host}, require_https=request.is_secure())
    is_here = came_from.partition(host)[2].partition("?")[0] == request.path
    return came_from if came_from and ours and not (is_here and request.method != "POST") else ""


class WaysOn:
    """Middleware: the bare answer to a method that an address does not take becomes a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 405 or response.streaming or response.content:
            return response
        if request.path.startswith(PREFIX) or request.method == "HEAD":
            return response
        page = render(request, "405.html", status=405)
        page.headers["Allow"] = response.headers["Allow"]
        return page


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page was open for too long, or the form came from elsewhere: its text is shown, to be
    copied, and never sent on from here."""
    return render(request, "403_csrf.html", {"reason": reason}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """A fault of ours. Whatever else is broken, the page is there; with the text, if it can be."""
    context = {"typed": texts(request), "files": file_names(request)}
    return HttpResponseServerError(loader.get_template("500.html").render(context))
