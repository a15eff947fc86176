"""Whether this process can do its work, and whether the site can, for machines to ask."""

from http import HTTPStatus

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from workflows.monitoring.queries.readiness import check_readiness


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Whether this process lives: 200 "ok" when the database answers, else 503 without detail."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("the database does not answer\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether the whole site works: 200, or 503 with the names of what does not.

    Anybody may ask, so the sentences are for the health page alone.
    """
    answers = check_readiness(now=timezone.now())
    is_ready = all(answer.is_well for answer in answers)
    body = {"ready": is_ready, "checks": {answer.part: answer.is_well for answer in answers}}
    status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
    return JsonResponse(body, status=status)
