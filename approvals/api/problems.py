"""The one mapping from a refusal to an answer of the API: RFC 9457 problem documents."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.encoding import escape_uri_path
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError

from approvals.api.limits import ANONYMOUS
from approvals.pages import status_of
from workflows.engine.errors import HandoffError
from workflows.services.webhooks import NotSigned

MEDIA_TYPE = "application/problem+json"

SENTENCES = {
    400: "The body is not JSON that can be read; mend it and send it again.",
    401: "Send a valid token: 'Authorization: Bearer ho_…'.",
    403: "You may not do this.",
    404: "There is nothing at this address, or it is not yours to see.",
    405: "This address does not take this method; the Allow header says which it takes.",
    413: "The body is larger than 1 MB; send less.",
    415: "Send the body as JSON, with 'Content-Type: application/json'.",
    429: "Too many calls; wait for as long as the Retry-After header says.",
    500: "Something went wrong here, and nothing was changed. Try again later.",
}
TITLES = {
    "NotAllowed": "Not allowed",
    "NotFound": "Not found",
    "WrongState": "Not in this state",
    "WorkflowPaused": "The workflow is paused",
    "WorkflowRetired": "The workflow is out of use",
    "UsedBefore": "The key was used before",
    "ChangedSince": "It changed since it was seen",
    "MergeConflict": "Branches disagree",
    "InvalidInput": "Invalid input",
    "DefinitionProblem": "The map has a problem",
    "NotSigned": "Not signed",
}


def problem(
    request: HttpRequest,
    status: int,
    detail: str = "",
    *,
    kind: str = "about:blank",
    title: str = "",
    **more: Any,
) -> HttpResponse:
    """A problem document: what kind of refusal, and a sentence that says what to do."""
    said = {
        "type": kind,
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or SENTENCES.get(status, "This call cannot be answered."),
        "instance": escape_uri_path(request.path),
    }
    response = JsonResponse(said | more, status=status, content_type=MEDIA_TYPE)
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="Handoff"'
    return response


def refusal(request: HttpRequest, error: HandoffError) -> HttpResponse:
    """What a service refused, in its own words."""
    name = type(error).__name__
    kind = "urn:handoff:" + "".join(f"-{c.lower()}" if c.isupper() else c for c in name).strip("-")
    return problem(request, status_of(error), str(error), kind=kind, title=TITLES.get(name, name))


def _not_valid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    found = [
        {"where": ".".join(dict.fromkeys(map(str, one["loc"]))), "what": str(one["msg"])}
        for one in error.errors
    ]
    first = found[0] if found else {"where": "the call", "what": "it cannot be read"}
    return problem(
        request, 422, f"{first['where']}: {first['what']}.",
        kind="urn:handoff:validation", title="Not valid", errors=found,
    )  # fmt: skip


def unauthenticated(request: HttpRequest, error: Exception) -> HttpResponse:
    """401, alike for every reason; whoever tries too often is asked to wait."""
    if not ANONYMOUS.allow_request(request):
        return too_many(request, ANONYMOUS.wait())
    signed = {"detail": str(error)} if isinstance(error, NotSigned) else {}
    return problem(request, 401, **signed)


def too_many(request: HttpRequest, seconds: float | None) -> HttpResponse:
    """429, with how long to wait."""
    response = problem(request, 429)
    response["Retry-After"] = str(int(seconds or 0) + 1)
    return response


def map_errors(api: NinjaAPI) -> None:
    """Let every refusal become a problem document; what is unforeseen goes on to Django."""
    for kind, answer in HANDLERS.items():
        api.add_exception_handler(kind, answer)


HANDLERS: Mapping[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
    HandoffError: refusal,
    NotSigned: unauthenticated,
    AuthenticationError: unauthenticated,
    ValidationError: _not_valid,
    Throttled: lambda request, error: too_many(request, error.wait),
    Http404: lambda request, _: problem(request, 404),
    HttpError: lambda request, error: problem(request, error.status_code),
}
