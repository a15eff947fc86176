"""The action `http`: one call to another system, told by the map, guarded by its connection."""

import base64
import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from workflows.automation.answers import document, shown_text, wanted_wait
from workflows.automation.caller import Answer, Call, CallFailed, call
from workflows.engine.actions import ActionFailed, Done, Job, action
from workflows.engine.spelling import in_header, in_query, told_outside
from workflows.engine.templates import fill, fill_address
from workflows.models import Connection
from workflows.services.secrets import SecretUnreadable, decrypt, mask

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
KNOWN = frozenset(
    {"method", "connection", "url", "path", "query", "headers", "json", "timeout", "expect"}
)
WORTH_ANOTHER_TRY = frozenset({408, 425, 429})
LONGEST_ANSWER = 1_000_000


@action("http")
def call_http(job: Job) -> Done:
    """Make the call; an expected status is success, and its JSON the answer."""
    told, facts = dict(job.told), facts_of(job)
    connection = connection_named(told.get("connection"))
    what, secrets = _call_of(job, told, facts, connection)
    try:
        answer = call(what)
    except CallFailed as failed:
        raise ActionFailed(
            failed.code,
            mask(failed.message, secrets),
            retry=failed.retry,
            status=failed.status,
            shown=mask(shown_text(failed.answer), secrets),
        ) from None
    shown = mask(shown_text(answer.body, answer), secrets)
    if not _expected(answer.status, told.get("expect")):
        raise _refused(answer, shown, job.now)
    found = document(answer, shown, secrets)
    return Done(answer=found, status=answer.status, shown=shown)


def facts_of(job: Job) -> Mapping[str, Any]:
    """What placeholders may name when others are told: the request's fields, its reference and
    its link."""
    return {**told_outside(job.definition.fields, job.data), **job.facts}


def connection_named(key: object) -> Connection | None:
    """The connection that a map names; none where it names none."""
    if key is None:
        return None
    found = Connection.objects.filter(key=str(key)).first()
    if found is None:
        raise ActionFailed(
            "connection_unknown",
            f"There is no connection '{key}'. Add it under Connections, or correct the map.",
        )
    if not found.is_active:
        raise ActionFailed(
            "connection_off", f"The connection '{key}' is switched off. Its owner can switch it on."
        )
    return found


def _call_of(
    job: Job, told: Mapping[str, Any], facts: Mapping[str, Any], connection: Connection | None
) -> tuple[Call, list[str]]:
    headers = {
        "Accept": "application/json",
        "Idempotency-Key": job.idempotency_key,
        "User-Agent": "Handoff",
    }
    for name, value in (told.get("headers") or {}).items():
        said = in_header(fill(value, facts))
        if said is not None:
            _set(headers, str(name), said)
    secrets: list[str] = []
    if connection is not None:
        signed, secrets = credentials(connection)
        for name, value in signed.items():
            _set(headers, name, value)
    body = None
    if "json" in told:
        body = json.dumps(fill(told["json"], facts), ensure_ascii=False).encode()
        headers["Content-Type"] = "application/json"
    return Call(
        method=_method(told),
        url=_url(told, facts, connection),
        headers=headers,
        body=body,
        timeout=_timeout(told, connection),
        allowed_hosts=allowed(connection),
        max_bytes=LONGEST_ANSWER,
    ), secrets


def _set(headers: dict[str, str], name: str, value: str) -> None:
    """Give a header its one value, in whatever case it was written before."""
    for other in [known for known in headers if known.lower() == name.lower()]:
        del headers[other]
    headers[name] = value


def credentials(connection: Connection) -> tuple[dict[str, str], list[str]]:
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


def allowed(connection: Connection | None) -> frozenset[str]:
    """The hosts inside that the connection's owner lets it reach."""
    lines = connection.allowed_hosts.split() if connection is not None else []
    return frozenset(line.strip().lower() for line in lines)


def _method(told: Mapping[str, Any]) -> str:
    method = str(told.get("method", "GET")).upper()
    if method not in METHODS:
        raise ActionFailed(
            "bad_method", f"'{method}' is no method; use {', '.join(sorted(METHODS))}."
        )
    return method


def _url(told: Mapping[str, Any], facts: Mapping[str, Any], connection: Connection | None) -> str:
    """The address: the connection's and the path, or one that the map gives whole. What is put
    into a path or a query is quoted, so a value cannot lead elsewhere."""
    if connection is None:
        url = fill_address(str(told.get("url", "")), facts)
    else:
        path = fill_address(str(told.get("path", "")), facts)
        url = f"{connection.base_url.rstrip('/')}/{path.lstrip('/')}"
    query = {key: in_query(value) for key, value in fill(told.get("query") or {}, facts).items()}
    written = urlencode(query, doseq=True)
    return f"{url}?{written}" if written else url


def _timeout(told: Mapping[str, Any], connection: Connection | None) -> float:
    asked = told.get("timeout")
    if isinstance(asked, int | float) and 0 < asked <= 120:
        return float(asked)
    return float(connection.timeout_seconds) if connection is not None else 10.0


def _expected(status: int, wanted: object) -> bool:
    if wanted is None:
        return 200 <= status < 300
    return status in (wanted if isinstance(wanted, Collection) else (wanted,))


def _refused(answer: Answer, shown: str, now: datetime) -> ActionFailed:
    again = answer.status >= 500 or answer.status in WORTH_ANOTHER_TRY
    return ActionFailed(
        f"status_{answer.status}",
        f"The other side answered with status {answer.status}.",
        retry=again,
        status=answer.status,
        shown=shown,
        wait=wanted_wait(answer, now),
    )
