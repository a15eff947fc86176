"""Messages for requests that wait for them."""

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from ninja import Router

from approvals.api.answers import command, done, request_out
from approvals.api.callers import acting
from approvals.api.shapes import CorrelatedIn, MessageIn, RequestOut
from approvals.reading import NO_REQUEST
from workflows.engine.errors import InvalidInput, NotFound
from workflows.models import ApiToken
from workflows.permissions import AUDIT, MANAGE, START, VIEW, templates_with
from workflows.services import messages
from workflows.services.maps import map_of
from workflows.services.requests import published_version

router = Router(tags=["messages"])


@router.post("/instances/{slug:reference}/message", **command("message", RequestOut))
def message(request: HttpRequest, reference: str, body: MessageIn) -> JsonResponse:
    """Let the step of this request go on that waits for the message; 409 where none does."""
    user = acting(request, ApiToken.COURSE)

    def act() -> RequestOut:
        try:
            received = messages.receive(
                reference,
                body.message,
                actor=user,
                now=timezone.now(),
                data=body.data,
                correlation=body.correlation,
            )
        except NotFound:
            raise NotFound(NO_REQUEST) from None
        return request_out(request, received)

    return done(request, user, act)


@router.post("/messages", **command("correlate", RequestOut))
def correlate(request: HttpRequest, body: CorrelatedIn) -> JsonResponse:
    """Send a message to the request of a workflow that waits for it with this correlation."""
    user = acting(request, ApiToken.COURSE)
    if templates_with(user, START, VIEW, MANAGE, AUDIT).filter(key=body.workflow).exists():
        _fields_only(body)  # who sees no more of it than a wait is not told its fields

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
