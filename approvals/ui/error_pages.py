"""A way on from every refusal: where to go next, and what was typed."""

from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.shortcuts import render
from django.template import loader
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, gettext_lazy

from approvals.ui.responses import API_PREFIX
from approvals.ui.typed_text import sent_file_names, typed_fields

SECTIONS = (
    ("/tasks/", "/", gettext_lazy("To your inbox")),
    ("/requests/", "/requests/", gettext_lazy("To your requests")),
    ("/incidents/", "/requests/?whose=all", gettext_lazy("To the requests")),
    ("/merges/", "/requests/?whose=all", gettext_lazy("To the requests")),
    ("/documents/", "/requests/", gettext_lazy("To your requests")),
    ("/start/", "/start/", gettext_lazy("To the workflows that you may start")),
    ("/reports/reviews/", "/reports/reviews/", gettext_lazy("To the reviews")),
    ("/reports/", "/reports/", gettext_lazy("To the reports")),
    ("/workflows/", "/workflows/", gettext_lazy("To the workflows")),
    ("/admin/", "/admin/", gettext_lazy("To the admin")),
)
HOME_ADDRESS = "/"


def home_links() -> list[tuple[str, str]]:
    """Where everybody can go on from anywhere."""
    return [(HOME_ADDRESS, gettext("To your inbox"))]


def onward_links(request: HttpRequest) -> list[tuple[str, str]]:
    """Addresses to go on from here, the nearest first, with what they are called."""
    links = (
        [(back, gettext("Back to the page before"))] if (back := _referring_page(request)) else []
    )
    for begins, address, name in SECTIONS:
        if request.path.startswith(begins):
            links += [(address, str(name))] if _may_open(request, address) else []
            break
    home = home_links()
    return links if home[0] in links else [*links, *home]


def _may_open(request: HttpRequest, address: str) -> bool:
    """Whether a section is one that the person finds in their menu: nobody is led to a refusal."""
    is_staff = bool(getattr(getattr(request, "user", None), "is_staff", False))
    if address.startswith("/admin/"):
        return is_staff
    if address.startswith("/reports/"):
        return is_staff or bool(request.session.get("reads_reports"))
    return True


def _referring_page(request: HttpRequest) -> str:
    """The page of ours that this came from; not the one that refuses, unless a form is there."""
    came_from = request.headers.get("Referer", "")
    try:
        host = request.get_host()
    except DisallowedHost:
        return ""
    is_own_host = url_has_allowed_host_and_scheme(
        came_from, {host}, require_https=request.is_secure()
    )
    is_here = came_from.partition(host)[2].partition("?")[0] == request.path
    return (
        came_from
        if came_from and is_own_host and not (is_here and request.method != "POST")
        else ""
    )


class MethodNotAllowedPage:
    """Middleware: the bare answer to a method that an address does not take becomes a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 405 or response.streaming or response.content:
            return response
        if request.path.startswith(API_PREFIX) or request.method == "HEAD":
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
    context = {"typed": typed_fields(request), "files": sent_file_names(request)}
    return HttpResponseServerError(loader.get_template("500.html").render(context))
