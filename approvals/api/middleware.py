"""What the API answers before and after its calls: bodies that are refused unread, and problem
documents instead of pages for what Django itself answers."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from approvals.api.problems import MEDIA_TYPE, problem_response
from approvals.api.uploads import JSON_TYPE, most_bytes, takes_files
from approvals.ui.responses import API_PREFIX

KEPT_HEADERS = ("Allow", "Retry-After")


class ApiEdge:
    """Middleware around everything under /api/."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(API_PREFIX):
            return self.get_response(request)
        response = _refuse_unread_body(request) or self.get_response(request)
        if response.status_code < 400 or response.headers.get("Content-Type") == MEDIA_TYPE:
            return response
        return _replace_with_problem(request, response)


def _refuse_unread_body(request: HttpRequest) -> HttpResponse | None:
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return problem_response(request, 400)
    if length > most_bytes(request):
        return problem_response(request, 413)
    if length > 0 and request.content_type != JSON_TYPE and not takes_files(request):
        return problem_response(request, 415)
    return None


def _replace_with_problem(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Unknown addresses and methods, refused hosts, errors: their status, in our words."""
    answer = problem_response(request, response.status_code)
    for name in KEPT_HEADERS:
        if name in response.headers:
            answer[name] = response.headers[name]
    return answer
