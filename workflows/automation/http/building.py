"""A call as the map tells it: method, address, headers and body, with values spelt for each place.

Nothing is sent here, and no secret is known, so that the same call can be shown beforehand.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from workflows.automation.http.client import HttpCall
from workflows.connections.models import Connection
from workflows.engine.format.actions import ActionFailed
from workflows.engine.texts import text
from workflows.engine.values.placeholders import fill_address_placeholders, fill_placeholders
from workflows.engine.values.serialization import (
    render_header_value,
    render_query_values,
    render_value_text,
)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


LONGEST_ANSWER = 1_000_000


def plan_call(
    arguments: Mapping[str, Any],
    facts: Mapping[str, Any],
    connection: Connection | None,
    *,
    idempotency_key: str,
) -> HttpCall:
    """The call that a step makes with these facts, but for what signs it in. Raises ActionFailed
    and PlaceholderProblem."""
    headers = _map_headers(arguments, facts, idempotency_key)
    body = _write_body(arguments, facts, headers)
    return HttpCall(
        method=_http_method(arguments),
        url=_call_url(arguments, facts, connection),
        headers=headers,
        body=body,
        timeout=_call_timeout(arguments, connection),
        allowed_hosts=allowed_hosts_of(connection),
        max_bytes=LONGEST_ANSWER,
    )


def _map_headers(
    arguments: Mapping[str, Any], facts: Mapping[str, Any], idempotency_key: str
) -> dict[str, str]:
    """Every call's headers, with those that the map gives."""
    headers = {
        "Accept": "application/json",
        "Idempotency-Key": idempotency_key,
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


def _write_body(
    arguments: Mapping[str, Any], facts: Mapping[str, Any], headers: dict[str, str]
) -> bytes | None:
    """The body in bytes; its type is said in the headers. A text may be of any type that the map
    says, such as XML."""
    if "json" in arguments:
        body = json.dumps(fill_placeholders(arguments["json"], facts), ensure_ascii=False)
        _set_header(headers, "Content-Type", "application/json")
    elif "form" in arguments:
        body = _urlencode(arguments["form"], facts)
        _set_header(headers, "Content-Type", "application/x-www-form-urlencoded")
    elif "text" in arguments:
        body = render_value_text(fill_placeholders(str(arguments["text"]), facts))
        if "content-type" not in {name.lower() for name in headers}:
            _set_header(headers, "Content-Type", "text/plain; charset=utf-8")
    else:
        return None
    return body.encode()


def _urlencode(pairs: Mapping[str, Any] | None, facts: Mapping[str, Any]) -> str:
    """Names and values as a query and a form write them; what is empty is left out."""
    filled = fill_placeholders(pairs or {}, facts)
    return urlencode({key: render_query_values(value) for key, value in filled.items()}, doseq=True)


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
    written = _urlencode(arguments.get("query"), facts)
    return f"{url}?{written}" if written else url


def _call_timeout(arguments: Mapping[str, Any], connection: Connection | None) -> float:
    seconds = arguments.get("timeout")
    if isinstance(seconds, int | float) and 0 < seconds <= 120:
        return float(seconds)
    return float(connection.timeout_seconds) if connection is not None else 10.0


def allowed_hosts_of(connection: Connection | None) -> frozenset[str]:
    """The hosts inside that the connection's owner lets it reach."""
    lines = connection.allowed_hosts.split() if connection is not None else []
    return frozenset(line.strip().lower() for line in lines)
