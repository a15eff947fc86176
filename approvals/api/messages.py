"""Messages for requests that wait for them."""

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from ninja import Router

from approvals.api.authentication import authorized_user
from approvals.api.responses import command_operation, request_values, run_command_once
from approvals.api.schemas.bodies import CorrelatedIn, MessageIn, SignalIn
from approvals.api.schemas.requests import MessageOut, SignalledOut, SignalOut
from workflows.access.conditions import AUDIT, MANAGE, START, VIEW
from workflows.access.models import ApiToken
from workflows.definitions.models import WorkflowTemplate
from workflows.definitions.queries.compiled_versions import get_version_map
from workflows.definitions.queries.published_versions import get_published_version
from workflows.engine.errors import InvalidInput, NotFound
from workflows.execution.queries.visible_instances import NO_REQUEST
from workflows.execution.services.messages import incoming as messages
from workflows.execution.services.messages.signals import SignalReport, send_signal

router = Router(tags=["messages"])


@router.post("/instances/{slug:reference}/message", **command_operation("message", MessageOut))
def receive_message_call(request: HttpRequest, reference: str, body: MessageIn) -> JsonResponse:
    """Let the step of this request go on that waits for the message, or keep it for one that is
    still to come; 409 where there is none."""
    user = authorized_user(request, ApiToken.COURSE)

    def answer_message() -> MessageOut:
        try:
            received = messages.send_message(
                reference,
                body.message,
                actor=user,
                now=timezone.now(),
                data=body.data,
                correlation=body.correlation,
            )
        except NotFound:
            raise NotFound(NO_REQUEST) from None
        return _message_out(request, received)

    return run_command_once(request, user, answer_message)


@router.post("/messages", **command_operation("correlate", MessageOut))
def correlate_message_call(request: HttpRequest, body: CorrelatedIn) -> JsonResponse:
    """Send a message to the request of a workflow that waits for it with this correlation."""
    user = authorized_user(request, ApiToken.COURSE)
    if (
        WorkflowTemplate.objects.with_verbs(user, START, VIEW, MANAGE, AUDIT)
        .filter(key=body.workflow)
        .exists()
    ):
        _require_known_fields(body)  # who sees no more of it than a wait is not told its fields

    def correlate_message() -> MessageOut:
        received = messages.correlate_message(
            body.workflow,
            body.message,
            actor=user,
            now=timezone.now(),
            correlation=body.correlation,
            data=body.data,
        )
        return _message_out(request, received)

    return run_command_once(request, user, correlate_message)


@router.post("/workflows/{slug:workflow}/signal", **command_operation("signal", SignalOut))
def send_signal_call(request: HttpRequest, workflow: str, body: SignalIn) -> JsonResponse:
    """Send a message to all requests of a workflow that wait for it, or will, and have the values
    of `where`; up to 200 in a call. What one request refuses stops no other."""
    user = authorized_user(request, ApiToken.COURSE)

    def signal() -> SignalOut:
        report = send_signal(
            workflow,
            body.message,
            actor=user,
            now=timezone.now(),
            data=body.data,
            where=body.where,
            after=body.after,
        )
        return _signal_out(report)

    return run_command_once(request, user, signal)


def _signal_out(report: SignalReport) -> SignalOut:
    fates = [line.fate for line in report.lines]
    return SignalOut(
        taken=fates.count(messages.MessageFate.TAKEN),
        kept=sum(fate in messages.KEPT_FATES for fate in fates),
        refused=fates.count(None),
        requests=[
            SignalledOut(
                reference=line.reference,
                message=line.fate.value if line.fate is not None else "refused",
                reason=str(line.refusal) if line.refusal is not None else None,
            )
            for line in report.lines
        ],
        next=report.following,
    )


def _message_out(request: HttpRequest, received: messages.Received) -> MessageOut:
    return MessageOut(
        **request_values(request, received.instance),
        message=received.fate.value,
        kept_until=received.kept_until,
    )


def _require_known_fields(body: CorrelatedIn) -> None:
    """A correlation names fields of the workflow, never a way of comparing."""
    definition = get_version_map(get_published_version(body.workflow)).graph.definition
    for key in body.correlation:
        if key not in definition.all_fields:
            raise InvalidInput(
                "This workflow has no field '%(key)s'; correlate by one that it has.", key=key
            )
