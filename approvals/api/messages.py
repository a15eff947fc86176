"""Messages for requests that wait for them."""

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from ninja import Router

from approvals.api.answers import command, done, request_out
from approvals.api.callers import acting
from approvals.api.instances import workflow_in_sight
from approvals.api.shapes import CorrelatedIn, MessageIn, RequestOut
from approvals.reading import request_in_sight
from workflows.engine.errors import InvalidInput
from workflows.models import ApiToken
from workflows.services import messages
from workflows.services.maps import map_of
from workflows.services.requests import published_version

router = Router(tags=["messages"])


@router.post("/instances/{slug:reference}/message", **command("message", RequestOut))
def message(request: HttpRequest, reference: str, body: MessageIn) -> JsonResponse:
    """Let the step of this request go on that waits for the message; 409 where none does."""
    user = acting(request, ApiToken.COURSE)
    instance = request_in_sight(user, reference)

    def act() -> RequestOut:
        received = messages.receive(
            instance.reference,
            body.message,
            actor=user,
            now=timezone.now(),
            data=body.data,
            correlation=body.correlation,
        )
        return request_out(request, received)

    return done(request, user, act)


@router.post("/messages", **command("correlate", RequestOut))
def correlate(request: HttpRequest, body: CorrelatedIn) -> JsonResponse:
    """Send a message to the request of a workflow that waits for it with this correlation."""
    user = acting(request, ApiToken.COURSE)
    workflow_in_sight(user, body.workflow)
    _fields_only(body)

    def act() -> RequestOut:
        received = messages.correlate(
            body.workflow,
            body.message,
            actor=user,
            now=timezone.now(),
            correlation=body.correlation,
            data=body.data,
        )
        return request_out(request, received)

    return done(request, user, act)


def _fields_only(body: CorrelatedIn) -> None:
    """A correlation names fields of the workflow, never a way of comparing."""
    definition = map_of(published_version(body.workflow)).graph.definition
    for key in body.correlation:
        if key not in definition.fields:
            raise InvalidInput(f"This workflow has no field '{key}'; correlate by one that it has.")
