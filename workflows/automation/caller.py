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

from workflows.automation.addresses import (
    WHAT_IT_IS,
    BadAddress,
    Resolver,
    Target,
    addresses_in,
    inside,
    literal,
    read_address,
)

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS: Final = 3
SHOWN_OF_A_CUT_ANSWER: Final = 4096
GO_ALONG: Final = frozenset({"accept", "user-agent"})
"""All that another host is told when a redirect leads there: no header of these is a secret."""

_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_NOT_IN_A_VALUE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OURS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "expect", "te",
     "trailer", "accept-encoding", "keep-alive", "proxy-authorization", "proxy-connection"}
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Call:
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
class Answer:
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
        message: str,
        *,
        retry: bool = False,
        status: int | None = None,
        answer: bytes = b"",
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.retry = code, message, retry
        self.status, self.answer = status, answer


def call(what: Call, *, resolve: Resolver = socket.getaddrinfo) -> Answer:
    """Make the call and give its answer, whatever its status. Raises CallFailed."""
    clock = _Clock(what.timeout)
    target, headers = _target(what.url), _sound(what.headers)
    for followed in range(MOST_REDIRECTS + 1):
        network = _Network(what.allowed_hosts, clock, resolve, redirected=followed > 0)
        answer = _exchange(what, target, headers, network)
        if answer.status not in REDIRECTS or not answer.headers.get("location"):
            return answer
        target, headers = _next(what, answer, target, headers)
    raise CallFailed(
        "too_many_redirects",
        f"The call was redirected more than {MOST_REDIRECTS} times; write the last address.",
        status=answer.status,
    )


# -- what is sent -----------------------------------------------------------------------------


def _target(url: str, *, base: str = "") -> Target:
    try:
        target = read_address(url, base=base)
        literal(target.host)
    except BadAddress as bad:
        raise CallFailed("bad_address", str(bad)) from None
    return target


def _sound(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers, where none could end early and begin another one, or steer the call itself."""
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or _NOT_IN_A_VALUE.search(value):
            raise CallFailed(
                "bad_header",
                f"The header {name[:60]!r} has a line end or a sign no header may have.",
            )
        if name.lower() in _OURS:
            raise CallFailed(
                "bad_header", f"The header {name} is set by the call itself; remove it."
            )
    return {name: value.strip() for name, value in headers.items()}


def _next(
    what: Call, answer: Answer, target: Target, headers: dict[str, str]
) -> tuple[Target, dict[str, str]]:
    """Where a redirect leads, and what that host may be told."""
    if what.method not in ("GET", "HEAD") or what.body is not None:
        raise CallFailed(
            "redirected",
            "The other side wants this call somewhere else, and only GET without a body follows;"
            " write the new address.",
            status=answer.status,
            answer=answer.body[:SHOWN_OF_A_CUT_ANSWER],
        )
    onward = _target(answer.headers["location"], base=target.url)
    if onward.origin != target.origin:
        headers = {name: value for name, value in headers.items() if name.lower() in GO_ALONG}
    return onward, headers


# -- the call ---------------------------------------------------------------------------------


@cache
def _trust() -> ssl.SSLContext:
    """The certificates that the system trusts; SSL_CERT_FILE names a company's own."""
    return ssl.create_default_context()


def _exchange(what: Call, target: Target, headers: dict[str, str], network: "_Network") -> Answer:
    """One request and its answer, on a connection of its own."""
    request = httpcore.Request(
        what.method.encode(),
        httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        ),
        headers=_wire(what, target, headers),
        content=what.body,
    )
    try:
        with httpcore.ConnectionPool(
            ssl_context=_trust(), network_backend=network, keepalive_expiry=0
        ) as pool:
            response = pool.handle_request(request)
            try:
                return _read(response, what.max_bytes)
            finally:
                response.close()
    except httpcore.NetworkError:
        raise CallFailed(
            "broken_answer", "The other side closed the connection in the middle.", retry=True
        ) from None
    except httpcore.ProtocolError:
        raise CallFailed(
            "broken_answer", "The other side's answer is no HTTP that can be read.", retry=True
        ) from None


def _wire(what: Call, target: Target, headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    ours = {"Host": target.host_header, "Connection": "close", "Accept-Encoding": "identity"}
    if what.body is not None or what.method in ("POST", "PUT", "PATCH"):
        ours["Content-Length"] = str(len(what.body or b""))
    return [(name.encode(), value.encode()) for name, value in {**ours, **headers}.items()]


def _read(response: httpcore.Response, max_bytes: int) -> Answer:
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
                    f"The answer is longer than {max_bytes:,} bytes; ask for less of it.",
                )
    except CallFailed as failed:
        failed.status, failed.answer = response.status, bytes(body[:SHOWN_OF_A_CUT_ANSWER])
        raise
    headers: dict[str, str] = {}
    for raw_name, raw_value in response.headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Answer(response.status, headers, bytes(body))


# -- the network ------------------------------------------------------------------------------


class _Clock:
    """The time that is left of a call."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._end = seconds, time.monotonic() + seconds

    def left(self) -> float:
        """Seconds; CallFailed when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.over()
        return left

    def over(self) -> CallFailed:
        """The failure of a call that took too long."""
        return CallFailed(
            "timed_out",
            f"The other side had not answered in full after {self._seconds:g} seconds.",
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
        addresses = self._checked(host, port)
        for tried, address in enumerate(addresses):
            share = self._clock.left() / (len(addresses) - tried)
            try:
                sock = socket.create_connection((str(address), port), share)
            except OSError:
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return _Wire(sock, self._clock)
        self._clock.left()
        raise CallFailed(
            "cannot_connect", f"Nothing takes calls at {host}, port {port}.", retry=True
        )

    def _checked(self, host: str, port: int) -> list[IPv4Address | IPv6Address]:
        written = literal(host)
        found = [written] if written is not None else self._look_up(host, port)
        if host in self._allowed or f"[{host}]" in self._allowed:
            return found
        for address in found:
            code = inside(address)
            if code is not None:
                raise self._refusal(host, code, by_name=written is None)
        return found

    def _refusal(self, host: str, code: str, *, by_name: bool) -> CallFailed:
        leads = f"{host} leads to" if by_name else f"{host} is"
        shown = "name_resolves_inside" if by_name else code
        if self._redirected:
            shown, leads = "redirect_inside", f"The other side redirects the call: {leads}"
        return CallFailed(
            shown,
            f"{leads} {WHAT_IT_IS[code]}. Only the owner of the connection can allow that host.",
        )

    def _look_up(self, host: str, port: int) -> list[IPv4Address | IPv6Address]:
        """The addresses of a name. The system's lookup knows no time-out, so it has a thread of
        its own that is left behind when the call's time is over."""
        came: list[Any] = []

        def ask() -> None:
            try:
                came.append(self._resolve(host, port, type=socket.SOCK_STREAM))
            except (OSError, UnicodeError) as problem:
                came.append(problem)

        asking = threading.Thread(target=ask, daemon=True, name="look-up")
        asking.start()
        asking.join(self._clock.left())
        if not came:
            raise self._clock.over()
        found = [] if isinstance(came[0], Exception) else addresses_in(came[0])
        if not found:
            raise CallFailed(
                "name_not_found", f"The name {host} cannot be looked up; correct it.", retry=True
            )
        return found


class _Wire(httpcore.NetworkStream):
    """A socket on which every wait ends when the call's time is over."""

    def __init__(self, sock: socket.socket, clock: _Clock) -> None:
        self._sock, self._clock = sock, clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What came, at most `max_bytes`; nothing at the end."""
        try:
            self._sock.settimeout(self._clock.left())
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
                self._sock.settimeout(self._clock.left())
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
            self._sock.settimeout(self._clock.left())
            self._sock = ssl_context.wrap_socket(self._sock, server_hostname=server_hostname)
        except TimeoutError:
            raise self._clock.over() from None
        except ssl.SSLCertVerificationError as problem:
            raise CallFailed(
                "tls_failed",
                f"{server_hostname} shows no valid certificate: {problem.verify_message}.",
            ) from None
        except (OSError, ValueError):
            raise CallFailed(
                "tls_failed", f"{server_hostname} does not speak TLS there.", retry=True
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
