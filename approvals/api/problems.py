"""The one mapping from a refusal to an answer of the API: RFC 9457 problem documents."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.encoding import escape_uri_path
from django.utils.translation import gettext, gettext_lazy
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError

from approvals.api.rate_limits import ANONYMOUS
from approvals.api.validation_messages import describe_validation_error
from approvals.ui.responses import status_of
from workflows.automation.triggers.webhooks import NotSigned
from workflows.engine.errors import HandoffError

MEDIA_TYPE = "application/problem+json"

SENTENCES = {
    400: gettext_lazy("The body is not JSON that can be read; mend it and send it again."),
    401: gettext_lazy("Send a valid token: 'Authorization: Bearer ho_…'."),
    403: gettext_lazy("You may not do this."),
    404: gettext_lazy("There is nothing at this address, or it is not yours to see."),
    405: gettext_lazy(
        "This address does not take this method; the Allow header says which it takes."
    ),
    413: gettext_lazy("The body is larger than 1 MB; send less."),
    415: gettext_lazy("Send the body as JSON, with 'Content-Type: application/json'."),
    429: gettext_lazy("Too many calls; wait for as long as the Retry-After header says."),
    500: gettext_lazy("Something went wrong here, and nothing was changed. Try again later."),
}
STATUS_TITLES = {
    400: gettext_lazy("Bad Request"),
    401: gettext_lazy("Unauthorized"),
    403: gettext_lazy("Forbidden"),
    404: gettext_lazy("Not Found"),
    405: gettext_lazy("Method Not Allowed"),
    413: gettext_lazy("Request Entity Too Large"),
    415: gettext_lazy("Unsupported Media Type"),
    429: gettext_lazy("Too Many Requests"),
    500: gettext_lazy("Internal Server Error"),
}
TITLES = {
    "NotAllowed": gettext_lazy("Not allowed"),
    "NotFound": gettext_lazy("Not found"),
    "WrongState": gettext_lazy("Not in this state"),
    "WorkflowPaused": gettext_lazy("The workflow is paused"),
    "WorkflowRetired": gettext_lazy("The workflow is out of use"),
    "UsedBefore": gettext_lazy("The key was used before"),
    "ChangedSince": gettext_lazy("It changed since it was seen"),
    "MergeConflict": gettext_lazy("Branches disagree"),
    "InvalidInput": gettext_lazy("Invalid input"),
    "DefinitionProblem": gettext_lazy("The map has a problem"),
    "NotSigned": gettext_lazy("Not signed"),
}


def problem_response(
    request: HttpRequest,
    status: int,
    detail: str = "",
    *,
    kind: str = "about:blank",
    title: str = "",
    **members: Any,
) -> HttpResponse:
    """A problem document: what kind of refusal, and a sentence that says what to do."""
    document = {
        "type": kind,
        "title": title or _status_title(status),
        "status": status,
        "detail": detail or str(SENTENCES.get(status) or gettext("This call cannot be answered.")),
        "instance": escape_uri_path(request.path),
    }
    response = JsonResponse(document | members, status=status, content_type=MEDIA_TYPE)
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="Handoff"'
    return response


def _status_title(status: int) -> str:
    return str(STATUS_TITLES.get(status) or HTTPStatus(status).phrase)


def refusal_problem(request: HttpRequest, error: HandoffError) -> HttpResponse:
    """What a service refused, in its own words."""
    name = type(error).__name__
    kind = "urn:handoff:" + "".join(f"-{c.lower()}" if c.isupper() else c for c in name).strip("-")
    return problem_response(
        request, status_of(error), str(error), kind=kind, title=str(TITLES.get(name, name))
    )


def _validation_problem(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors = [
        {
            "where": ".".join(dict.fromkeys(map(str, entry["loc"]))),
            "what": str(describe_validation_error(entry)),
        }
        for entry in error.errors
    ]
    first = (
        errors[0]
        if errors
        else {
            "where": gettext("the call"),
            "what": gettext("it cannot be read"),
        }
    )
    return problem_response(
        request,
        422,
        gettext("%(where)s: %(what)s.") % first,
        kind="urn:handoff:validation",
        title=gettext("Not valid"),
        errors=errors,
    )


def unauthenticated_problem(request: HttpRequest, error: Exception) -> HttpResponse:
    """401, alike for every reason; whoever tries too often is asked to wait."""
    if not ANONYMOUS.allow_request(request):
        return throttled_problem(request, ANONYMOUS.wait())
    signed = {"detail": str(error)} if isinstance(error, NotSigned) else {}
    return problem_response(request, 401, **signed)


def throttled_problem(request: HttpRequest, seconds: float | None) -> HttpResponse:
    """429, with how long to wait."""
    response = problem_response(request, 429)
    response["Retry-After"] = str(int(seconds or 0) + 1)
    return response


def map_errors(api: NinjaAPI) -> None:
    """Let every refusal become a problem document; what is unforeseen goes on to Django."""
    for kind, answer in HANDLERS.items():
        api.add_exception_handler(kind, answer)


HANDLERS: Mapping[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
    HandoffError: refusal_problem,
    NotSigned: unauthenticated_problem,
    AuthenticationError: unauthenticated_problem,
    ValidationError: _validation_problem,
    Throttled: lambda request, error: throttled_problem(request, error.wait),
    Http404: lambda request, _: problem_response(request, 404),
    HttpError: lambda request, error: problem_response(request, error.status_code),
}
