"""The action `http`: one call to another system, told by the map, guarded by its connection."""

import base64
import json
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from workflows.automation.caller import Answer, Call, CallFailed, call
from workflows.engine.actions import ActionFailed, Done, Job, action
from workflows.engine.templates import fill, fill_address
from workflows.models import Connection
from workflows.services.secrets import SecretUnreadable, decrypt, hide, mask

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
            shown=mask(_text(failed.answer), secrets),
        ) from None
    shown = mask(_text(answer.body), secrets)
    if not _expected(answer.status, told.get("expect")):
        raise _refused(answer, shown)
    document = _document(answer, shown, secrets)
    return Done(answer=document, status=answer.status, shown=shown)


def facts_of(job: Job) -> Mapping[str, Any]:
    """What placeholders may name: the request's fields, its reference and its link."""
    return {
        **job.data,
        "request.reference": job.reference,
        "request.link": job.link,
        "request.key": job.idempotency_key,
    }


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
        _set(headers, str(name), str(fill(value, facts)))
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
    query = {
        key: value
        for key, value in fill(told.get("query") or {}, facts).items()
        if value is not None
    }
    return f"{url}?{urlencode(query, doseq=True)}" if query else url


def _timeout(told: Mapping[str, Any], connection: Connection | None) -> float:
    asked = told.get("timeout")
    if isinstance(asked, int | float) and 0 < asked <= 120:
        return float(asked)
    return float(connection.timeout_seconds) if connection is not None else 10.0


def _expected(status: int, wanted: object) -> bool:
    if wanted is None:
        return 200 <= status < 300
    return status in (wanted if isinstance(wanted, Collection) else (wanted,))


def _refused(answer: Answer, shown: str) -> ActionFailed:
    wait = answer.headers.get("retry-after", "")
    again = answer.status >= 500 or answer.status in WORTH_ANOTHER_TRY
    return ActionFailed(
        f"status_{answer.status}",
        f"The other side answered with status {answer.status}.",
        retry=again,
        status=answer.status,
        shown=shown,
        wait=float(wait) if wait.isascii() and wait.isdigit() and len(wait) < 6 else 0,
    )


def _document(answer: Answer, shown: str, secrets: list[str]) -> Any:
    """The answer's JSON, without the secrets that it may repeat; nothing where it has no body."""
    body = hide(answer.body.decode("utf-8", "replace"), secrets)
    if not body.strip():
        return None
    try:
        # Numbers stay decimals on their way into fields, so no digit of an amount is lost.
        return json.loads(body, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        if "json" not in answer.headers.get("content-type", ""):
            return body[:4096].replace("\x00", "\ufffd")
        raise ActionFailed(
            "answer_unreadable", "The answer is not the JSON that it says it is.",
            retry=True, status=answer.status, shown=shown,
        ) from None  # fmt: skip


def _no_number(text: str) -> Any:
    raise ValueError(text)


def _text(body: bytes) -> str:
    return body[:4096].decode("utf-8", "replace").replace("\x00", "\ufffd")
