"""The action `http`: one call to another system, told by the map, guarded by its connection."""

import base64
import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from workflows.automation.http.client import CallFailed, HttpAnswer, HttpCall, make_http_call
from workflows.automation.http.responses import parse_answer_body, readable_excerpt, requested_wait
from workflows.connections.models import Connection
from workflows.connections.secrets import SecretUnreadable, decrypt, mask_secrets
from workflows.engine.format.actions import ActionFailed, ActionResult, Job, action
from workflows.engine.texts import text
from workflows.engine.values.placeholders import fill_address_placeholders, fill_placeholders
from workflows.engine.values.serialization import (
    external_values,
    render_header_value,
    render_query_values,
)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
WORTH_ANOTHER_TRY = frozenset({408, 425, 429})
LONGEST_ANSWER = 1_000_000


@action("http")
def call_http(job: Job) -> ActionResult:
    """Make the call; an expected status is success, and its JSON the answer."""
    arguments, facts = dict(job.parameters), placeholder_facts(job)
    connection = connection_named(arguments.get("connection"))
    http_call, secrets = _build_call(job, arguments, facts, connection)
    try:
        answer = make_http_call(http_call)
    except CallFailed as failed:
        raise ActionFailed(
            failed.code,
            mask_secrets(failed.message, secrets),
            retry=failed.retry,
            status=failed.status,
            answer_text=mask_secrets(readable_excerpt(failed.answer), secrets),
        ) from None
    excerpt = mask_secrets(readable_excerpt(answer.body, answer), secrets)
    if not _is_expected_status(answer.status, arguments.get("expect")):
        raise _status_failure(answer, excerpt, job.now)
    answer_document = parse_answer_body(answer, excerpt, secrets)
    return ActionResult(answer=answer_document, status=answer.status, answer_text=excerpt)


def placeholder_facts(job: Job) -> Mapping[str, Any]:
    """What placeholders may name when others are told: the request's fields, its reference and
    its link."""
    return {**external_values(job.definition.fields, job.data), **job.facts}


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


def _build_call(
    job: Job, arguments: Mapping[str, Any], facts: Mapping[str, Any], connection: Connection | None
) -> tuple[HttpCall, list[str]]:
    headers = _map_headers(job, arguments, facts)
    secrets: list[str] = []
    if connection is not None:
        signed, secrets = connection_credentials(connection)
        for name, value in signed.items():
            _set_header(headers, name, value)
    body = None
    if "json" in arguments:
        body = json.dumps(fill_placeholders(arguments["json"], facts), ensure_ascii=False).encode()
        headers["Content-Type"] = "application/json"
    return (
        HttpCall(
            method=_http_method(arguments),
            url=_call_url(arguments, facts, connection),
            headers=headers,
            body=body,
            timeout=_call_timeout(arguments, connection),
            allowed_hosts=allowed_hosts_of(connection),
            max_bytes=LONGEST_ANSWER,
        ),
        secrets,
    )


def _map_headers(
    job: Job, arguments: Mapping[str, Any], facts: Mapping[str, Any]
) -> dict[str, str]:
    """Every call's headers, with those that the map gives."""
    headers = {
        "Accept": "application/json",
        "Idempotency-Key": job.idempotency_key,
        "User-Agent": "Handoff",
    }
    for name, value in (arguments.get("headers") or {}).items():
        header_value = render_header_value(fill_placeholders(value, facts))
        if header_value is not None:
            _set_header(headers, str(name), header_value)
    return headers


def _set_header(headers: dict[str, str], name: str, value: str) -> None:
    """Give a header its one value, in whatever case it was written before."""
    for other in [existing for existing in headers if existing.lower() == name.lower()]:
        del headers[other]
    headers[name] = value


def connection_credentials(connection: Connection) -> tuple[dict[str, str], list[str]]:
    """The headers that sign a connection's calls in, and the secrets to mask in what is kept."""
    if connection.auth == Connection.NONE or not connection.secret:
        return {}, []
    try:
        secret = decrypt(connection.secret)
    except SecretUnreadable as problem:
        raise ActionFailed("secret_unreadable", str(problem)) from None
    if connection.auth == Connection.BEARER:
        return {"Authorization": f"Bearer {secret}"}, [secret]
    if connection.auth == Connection.BASIC:
        pair = base64.b64encode(f"{connection.username}:{secret}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}, [secret, pair]
    return {connection.header: secret}, [secret]


def allowed_hosts_of(connection: Connection | None) -> frozenset[str]:
    """The hosts inside that the connection's owner lets it reach."""
    lines = connection.allowed_hosts.split() if connection is not None else []
    return frozenset(line.strip().lower() for line in lines)


def _http_method(arguments: Mapping[str, Any]) -> str:
    method = str(arguments.get("method", "GET")).upper()
    if method not in METHODS:
        raise ActionFailed(
            "bad_method",
            text(
                "'%(method)s' is no method; use %(methods)s.",
                method=method,
                methods=", ".join(sorted(METHODS)),
            ),
        )
    return method


def _call_url(
    arguments: Mapping[str, Any], facts: Mapping[str, Any], connection: Connection | None
) -> str:
    """The address: the connection's and the path, or one that the map gives whole. What is put
    into a path or a query is quoted, so a value cannot lead elsewhere."""
    if connection is None:
        url = fill_address_placeholders(str(arguments.get("url", "")), facts)
    else:
        path = fill_address_placeholders(str(arguments.get("path", "")), facts)
        url = f"{connection.base_url.rstrip('/')}/{path.lstrip('/')}"
    query = {
        key: render_query_values(value)
        for key, value in fill_placeholders(arguments.get("query") or {}, facts).items()
    }
    written = urlencode(query, doseq=True)
    return f"{url}?{written}" if written else url


def _call_timeout(arguments: Mapping[str, Any], connection: Connection | None) -> float:
    seconds = arguments.get("timeout")
    if isinstance(seconds, int | float) and 0 < seconds <= 120:
        return float(seconds)
    return float(connection.timeout_seconds) if connection is not None else 10.0


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
