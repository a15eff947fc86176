"""The one way out: a guarded HTTP call that cannot be led inside, held open or flooded.

The name is looked up once, every address of it is checked, and the connection is made to a
checked address, so a second DNS answer changes nothing. The clock runs over the whole call,
redirects included. Proxies of the environment are not used.
"""

import re
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final

import httpcore

from workflows.automation.http.addresses import (
    WHAT_IT_IS,
    BadAddress,
    Resolver,
    Target,
    addresses_in,
    internal_address_code,
    literal_address,
    read_address,
)
from workflows.engine.texts import Text, text

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS: Final = 3
SHOWN_OF_A_CUT_ANSWER: Final = 4096
GO_ALONG: Final = frozenset({"accept", "user-agent"})
"""All that another host is told when a redirect leads there: no header of these is a secret."""

_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_NOT_IN_A_VALUE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OURS: Final = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "upgrade",
        "expect",
        "te",
        "trailer",
        "accept-encoding",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
    }
)


@dataclass(frozen=True, kw_only=True)
class HttpCall:
    """One call as it is wanted. `timeout` is for all of it, in seconds; `allowed_hosts` are the
    hosts (as the address writes them, in lower case) that may be inside the company."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    timeout: float
    allowed_hosts: frozenset[str]
    max_bytes: int = 1_000_000


@dataclass(frozen=True)
class HttpAnswer:
    """What came back; the names of its headers are in lower case."""

    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class CallFailed(Exception):
    """There is no answer, or none that may be used. `code` says why, `message` what to do, and
    `retry` whether trying again may help."""

    def __init__(
        self,
        code: str,
        text: Text | str,
        *,
        retry: bool = False,
        status: int | None = None,
        answer: bytes = b"",
    ) -> None:
        super().__init__(f"{code}: {text}")
        self.code, self.text, self.retry = code, text, retry
        self.status, self.answer = status, answer

    @property
    def message(self) -> str:
        """What to do, in the language of whoever reads it."""
        return str(self.text)


def make_http_call(http_call: HttpCall, *, resolve: Resolver = socket.getaddrinfo) -> HttpAnswer:
    """Make the call and give its answer, whatever its status. Raises CallFailed."""
    clock = _Clock(http_call.timeout)
    target, headers = _read_target(http_call.url), _checked_headers(http_call.headers)
    for followed in range(MOST_REDIRECTS + 1):
        network = _Network(http_call.allowed_hosts, clock, resolve, redirected=followed > 0)
        answer = _exchange_once(http_call, target, headers, network)
        if answer.status not in REDIRECTS or not answer.headers.get("location"):
            return answer
        target, headers = _redirect_target(http_call, answer, target, headers)
    raise CallFailed(
        "too_many_redirects",
        text(
            "The call was redirected more than %(most)s times; write the last address.",
            most=MOST_REDIRECTS,
        ),
        status=answer.status,
    )


# -- what is sent -----------------------------------------------------------------------------


def _read_target(url: str, *, base: str = "") -> Target:
    try:
        target = read_address(url, base=base)
        literal_address(target.host)
    except BadAddress as bad:
        raise CallFailed("bad_address", str(bad)) from None
    return target


def _checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers, where none could end early and begin another one, or steer the call itself."""
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or _NOT_IN_A_VALUE.search(value):
            raise CallFailed(
                "bad_header",
                text(
                    "The header %(name)s has a line end or a sign no header may have.",
                    name=repr(name[:60]),
                ),
            )
        if name.lower() in _OURS:
            raise CallFailed(
                "bad_header",
                text("The header %(name)s is set by the call itself; remove it.", name=name),
            )
    return {name: value.strip() for name, value in headers.items()}


def _redirect_target(
    http_call: HttpCall, answer: HttpAnswer, target: Target, headers: dict[str, str]
) -> tuple[Target, dict[str, str]]:
    """Where a redirect leads, and what that host may be told."""
    if http_call.method not in ("GET", "HEAD") or http_call.body is not None:
        raise CallFailed(
            "redirected",
            text(
                "The other side wants this call somewhere else, and only GET without a body"
                " follows; write the new address."
            ),
            status=answer.status,
            answer=answer.body[:SHOWN_OF_A_CUT_ANSWER],
        )
    onward = _read_target(answer.headers["location"], base=target.url)
    if onward.origin != target.origin:
        headers = {name: value for name, value in headers.items() if name.lower() in GO_ALONG}
    return onward, headers


# -- the call ---------------------------------------------------------------------------------


@cache
def _trusted_certificates() -> ssl.SSLContext:
    """The certificates that the system trusts; SSL_CERT_FILE names a company's own."""
    return ssl.create_default_context()


def _exchange_once(
    http_call: HttpCall, target: Target, headers: dict[str, str], network: "_Network"
) -> HttpAnswer:
    """One request and its answer, on a connection of its own."""
    request = _wire_request(http_call, target, headers)
    try:
        with httpcore.ConnectionPool(
            ssl_context=_trusted_certificates(), network_backend=network, keepalive_expiry=0
        ) as pool:
            response = pool.handle_request(request)
            try:
                return _read_answer(response, http_call.max_bytes)
            finally:
                response.close()
    except httpcore.NetworkError:
        raise CallFailed(
            "broken_answer", text("The other side closed the connection in the middle."), retry=True
        ) from None
    except httpcore.ProtocolError:
        raise CallFailed(
            "broken_answer",
            text("The other side's answer is no HTTP that can be read."),
            retry=True,
        ) from None


def _wire_request(http_call: HttpCall, target: Target, headers: dict[str, str]) -> httpcore.Request:
    return httpcore.Request(
        http_call.method.encode(),
        httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        ),
        headers=_wire_headers(http_call, target, headers),
        content=http_call.body,
    )


def _wire_headers(
    http_call: HttpCall, target: Target, headers: dict[str, str]
) -> list[tuple[bytes, bytes]]:
    own_headers = {"Host": target.host_header, "Connection": "close", "Accept-Encoding": "identity"}
    if http_call.body is not None or http_call.method in ("POST", "PUT", "PATCH"):
        own_headers["Content-Length"] = str(len(http_call.body or b""))
    return [(name.encode(), value.encode()) for name, value in {**own_headers, **headers}.items()]


def _read_answer(response: httpcore.Response, max_bytes: int) -> HttpAnswer:
    """The answer, read until it is longer than allowed; what it says of its length is not
    believed."""
    body = bytearray()
    assert isinstance(response.stream, Iterable)
    try:
        for part in response.stream:
            body += part
            if len(body) > max_bytes:
                raise CallFailed(
                    "answer_too_large",
                    text(
                        "The answer is longer than %(max_bytes)s bytes; ask for less of it.",
                        max_bytes=format(max_bytes, ","),
                    ),
                )
    except CallFailed as failed:
        failed.status, failed.answer = response.status, bytes(body[:SHOWN_OF_A_CUT_ANSWER])
        raise
    headers: dict[str, str] = {}
    for raw_name, raw_value in response.headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return HttpAnswer(response.status, headers, bytes(body))


# -- the network ------------------------------------------------------------------------------


class _Clock:
    """The time that is left of a call."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._end = seconds, time.monotonic() + seconds

    def seconds_left(self) -> float:
        """Seconds; CallFailed when there are none."""
        remaining = self._end - time.monotonic()
        if remaining <= 0:
            raise self.over()
        return remaining

    def over(self) -> CallFailed:
        """The failure of a call that took too long."""
        return CallFailed(
            "timed_out",
            text(
                "The other side had not answered in full after %(seconds)s seconds.",
                seconds=format(self._seconds, "g"),
            ),
            retry=True,
        )


class _Network(httpcore.NetworkBackend):
    """Connections to checked addresses only."""

    def __init__(
        self, allowed: frozenset[str], clock: _Clock, resolve: Resolver, *, redirected: bool
    ) -> None:
        self._allowed, self._clock, self._resolve = allowed, clock, resolve
        self._redirected = redirected

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Look the host up, check every address of it, and connect to the first that answers."""
        addresses = self._checked_addresses(host, port)
        for tried, address in enumerate(addresses):
            share = self._clock.seconds_left() / (len(addresses) - tried)
            try:
                sock = socket.create_connection((str(address), port), share)
            except OSError:
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return _Wire(sock, self._clock)
        self._clock.seconds_left()
        raise CallFailed(
            "cannot_connect",
            text("Nothing takes calls at %(host)s, port %(port)s.", host=host, port=port),
            retry=True,
        )

    def _checked_addresses(self, host: str, port: int) -> list[IPv4Address | IPv6Address]:
        written = literal_address(host)
        addresses = [written] if written is not None else self._look_up(host, port)
        if host in self._allowed or f"[{host}]" in self._allowed:
            return addresses
        for address in addresses:
            code = internal_address_code(address)
            if code is not None:
                raise self._refusal(host, code, by_name=written is None)
        return addresses

    def _refusal(self, host: str, code: str, *, by_name: bool) -> CallFailed:
        reported_code = "name_resolves_inside" if by_name else code
        places = {"host": host, "where": WHAT_IT_IS[code]}
        if by_name:
            leads = text("%(host)s leads to %(where)s.", **places)
        else:
            leads = text("%(host)s is %(where)s.", **places)
        if self._redirected:
            reported_code = "redirect_inside"
            leads = text("The other side redirects the call: %(leads)s", leads=leads)
        return CallFailed(
            reported_code,
            text("%(leads)s Only the owner of the connection can allow that host.", leads=leads),
        )

    def _look_up(self, host: str, port: int) -> list[IPv4Address | IPv6Address]:
        """The addresses of a name. The system's lookup knows no time-out, so it has a thread of
        its own that is left behind when the call's time is over."""
        results: list[Any] = []

        def resolve_host() -> None:
            try:
                results.append(self._resolve(host, port, type=socket.SOCK_STREAM))
            except (OSError, UnicodeError) as problem:
                results.append(problem)

        asking = threading.Thread(target=resolve_host, daemon=True, name="look-up")
        asking.start()
        asking.join(self._clock.seconds_left())
        if not results:
            raise self._clock.over()
        addresses = [] if isinstance(results[0], Exception) else addresses_in(results[0])
        if not addresses:
            raise CallFailed(
                "name_not_found",
                text("The name %(host)s cannot be looked up; correct it.", host=host),
                retry=True,
            )
        return addresses


def _certificate_failure(host: str | None, problem: ssl.SSLCertVerificationError) -> CallFailed:
    sentence = text(
        "%(host)s shows no valid certificate: %(problem)s.",
        host=host,
        problem=problem.verify_message,
    )
    return CallFailed("tls_failed", sentence)


class _Wire(httpcore.NetworkStream):
    """A socket on which every wait ends when the call's time is over."""

    def __init__(self, sock: socket.socket, clock: _Clock) -> None:
        self._sock, self._clock = sock, clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What came, at most `max_bytes`; nothing at the end."""
        try:
            self._sock.settimeout(self._clock.seconds_left())
            return self._sock.recv(max_bytes)
        except TimeoutError:
            raise self._clock.over() from None
        except OSError as problem:
            raise httpcore.ReadError(str(problem)) from None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        rest = memoryview(buffer)
        try:
            while rest:
                self._sock.settimeout(self._clock.seconds_left())
                rest = rest[self._sock.send(rest) :]
        except TimeoutError:
            raise self._clock.over() from None
        except OSError as problem:
            raise httpcore.WriteError(str(problem)) from None

    def close(self) -> None:
        """Let go."""
        self._sock.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Go on encrypted, once the other side has shown who it is."""
        try:
            self._sock.settimeout(self._clock.seconds_left())
            self._sock = ssl_context.wrap_socket(self._sock, server_hostname=server_hostname)
        except TimeoutError:
            raise self._clock.over() from None
        except ssl.SSLCertVerificationError as problem:
            raise _certificate_failure(server_hostname, problem) from None
        except (OSError, ValueError):
            raise CallFailed(
                "tls_failed",
                text("%(host)s does not speak TLS there.", host=server_hostname),
                retry=True,
            ) from None
        finally:
            if not isinstance(self._sock, ssl.SSLSocket):
                self._sock.close()
        return self

    def get_extra_info(self, info: str) -> Any:
        """Whether it is encrypted; nothing else is asked."""
        return (
            self._sock if info == "ssl_object" and isinstance(self._sock, ssl.SSLSocket) else None
        )
