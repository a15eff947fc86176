"""Real local servers for the tests of calls: each takes a function that answers on a socket."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from workflows.automation.http.client import HttpCall

Behaviour = Callable[[socket.socket, bytes], None]
HERE = "127.0.0.1"


@dataclass
class Server:
    """A server on this machine; `heard` are the heads of the requests that it was sent."""

    port: int
    heard: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address, without a path."""
        return f"http://{HERE}:{self.port}"


@contextmanager
def serving(behave: Behaviour, *, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A threaded server; `behave` is given the socket and the head of each request."""
    listener = socket.create_server((HERE, 0))
    server = Server(listener.getsockname()[1])
    over = threading.Event()

    def accept() -> None:
        while not over.is_set():
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(sock,), daemon=True).start()

    def talk(sock: socket.socket) -> None:
        with suppress(OSError), sock:
            sock.settimeout(20)
            speaking = context.wrap_socket(sock, server_side=True) if context else sock
            with speaking:
                head = _head(speaking)
                server.heard.append(head)
                behave(speaking, head)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _head(sock: socket.socket) -> bytes:
    """A request, as far as it came with its head; its body too where its length is told."""
    said = b""
    while b"\r\n\r\n" not in said:
        part = sock.recv(65536)
        if not part or part.startswith(b"\x16"):  # nothing, or TLS where none is spoken
            return part
        said += part
    head, _, body = said.partition(b"\r\n\r\n")
    for line in head.lower().splitlines():
        if line.startswith(b"content-length:"):
            while len(body) < int(line.split(b":")[1]):
                body += sock.recv(65536)
    return head + b"\r\n\r\n" + body


def answering(body: bytes = b"{}", *, status: str = "200 OK", headers: str = "") -> Behaviour:
    """Answers everything alike."""

    def behave(sock: socket.socket, head: bytes) -> None:
        told = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        sock.sendall(told.encode() + (b"" if head.startswith(b"HEAD ") else body))

    return behave


def redirecting(to: str, *, status: str = "302 Found") -> Behaviour:
    """Sends everybody elsewhere."""
    return answering(b"over there", status=status, headers=f"Location: {to}\r\n")


def a_call(url: str, **changes: Any) -> HttpCall:
    """A GET with a second or so of patience, to a host that is not allowed inside."""
    given: dict[str, Any] = {
        "method": "GET",
        "url": url,
        "headers": {},
        "body": None,
        "timeout": 5.0,
        "allowed_hosts": frozenset(),
    }
    return HttpCall(**given | changes)


def to_here(url: str, **changes: Any) -> HttpCall:
    """The same to a server of these tests, whose host is allowed."""
    return a_call(url, **{"allowed_hosts": frozenset({HERE})} | changes)


def names(**known: str | list[str]) -> Callable[..., list[tuple[Any, ...]]]:
    """A resolver that knows these names only; `_` in a name stands for a dot."""

    def resolve(host: str, port: int, **more: Any) -> list[tuple[Any, ...]]:
        found = known.get(host.replace(".", "_"))
        if found is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        texts = [found] if isinstance(found, str) else found
        kinds = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(kinds[":" in ip], socket.SOCK_STREAM, 6, "", (ip, port)) for ip in texts]

    return resolve
