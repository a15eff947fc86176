"""The action `http`: one call to another system, told by the map, guarded by its connection."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from workflows.automation.http.building import plan_call
from workflows.automation.http.client import CallFailed, HttpAnswer, HttpCall
from workflows.automation.http.paging import read_all_pages
from workflows.automation.http.responses import parse_answer_body, readable_excerpt, requested_wait
from workflows.automation.http.sign_in import UNAUTHORIZED, SignedCalls
from workflows.connections.models import Connection
from workflows.connections.secrets import mask_secrets
from workflows.engine.format.actions import ActionFailed, ActionResult, Job, action
from workflows.engine.texts import text
from workflows.engine.values.serialization import external_values

WORTH_ANOTHER_TRY = frozenset({408, 425, 429})


@action("http")
def call_http(job: Job) -> ActionResult:
    """Make the call; an expected status is success, and its JSON the answer."""
    arguments, facts = dict(job.parameters), placeholder_facts(job)
    connection = connection_named(arguments.get("connection"))
    call = plan_call(arguments, facts, connection, idempotency_key=job.idempotency_key)
    reader = _AnswerReader(SignedCalls(connection, now=job.now), arguments, job.now)
    pages = arguments.get("pages")
    if isinstance(pages, Mapping):
        document = read_all_pages(call, pages, reader.read)
    else:
        _, document = reader.read(call)
    return ActionResult(answer=document, status=reader.status, answer_text=reader.excerpt)


class _AnswerReader:
    """Makes the calls of one attempt and reads their answers. `status` and `excerpt` are the first
    one's, as the attempt keeps them."""

    def __init__(self, calls: SignedCalls, arguments: Mapping[str, Any], now: datetime) -> None:
        self._calls, self._expected, self._now = calls, arguments.get("expect"), now
        self.status: int | None = None
        self.excerpt = ""

    def read(self, call: HttpCall) -> tuple[HttpAnswer, Any]:
        """The answer, and the document in it. Raises ActionFailed."""
        answer = _make_call(self._calls, call, self._expected)
        excerpt = mask_secrets(readable_excerpt(answer.body, answer), self._calls.secrets)
        if self.status is None:
            self.status, self.excerpt = answer.status, excerpt
        if not _is_expected_status(answer.status, self._expected):
            raise _status_failure(answer, excerpt, self._now)
        return answer, parse_answer_body(answer, excerpt, self._calls.secrets)


def _make_call(calls: SignedCalls, call: HttpCall, expected: object) -> HttpAnswer:
    takes_unauthorized = expected is not None and _is_expected_status(UNAUTHORIZED, expected)
    try:
        return calls.make(call, takes_unauthorized=takes_unauthorized)
    except CallFailed as failed:
        raise ActionFailed(
            failed.code,
            mask_secrets(failed.message, calls.secrets),
            retry=failed.retry,
            status=failed.status,
            answer_text=mask_secrets(readable_excerpt(failed.answer), calls.secrets),
        ) from None


def placeholder_facts(job: Job) -> Mapping[str, Any]:
    """What placeholders may name when others are told: the request's fields, its reference and
    its link."""
    return {**external_values(job.definition.all_fields, job.data), **job.facts}


def connection_named(key: object) -> Connection | None:
    """The connection that a map names; none where it names none."""
    if key is None:
        return None
    connection = Connection.objects.filter(key=str(key)).first()
    if connection is None:
        raise ActionFailed(
            "connection_unknown",
            text(
                "There is no connection '%(key)s'. Add it under Connections, or correct the map.",
                key=key,
            ),
        )
    if not connection.is_active:
        raise ActionFailed(
            "connection_off",
            text("The connection '%(key)s' is switched off. Its owner can switch it on.", key=key),
        )
    return connection


def _is_expected_status(status: int, expected: object) -> bool:
    if expected is None:
        return 200 <= status < 300
    return status in (expected if isinstance(expected, Collection) else (expected,))


def _status_failure(answer: HttpAnswer, excerpt: str, now: datetime) -> ActionFailed:
    may_retry = answer.status >= 500 or answer.status in WORTH_ANOTHER_TRY
    return ActionFailed(
        f"status_{answer.status}",
        text("The other side answered with status %(status)s.", status=answer.status),
        retry=may_retry,
        status=answer.status,
        answer_text=excerpt,
        wait=requested_wait(answer, now),
    )
