"""Delivering what is due at a time of the test's choosing; a receiver that can misbehave."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.engine.driving import task
from tests.workflows.drawn import NO, STOP, drawn
from tests.workflows.support import Flow, begin, make_people, person
from workflows.automation.services.delivery import deliver_due
from workflows.connections.models import Connection
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.outbox.models import Attempt, OutboxMessage


def plain(key: str, steps: Mapping[str, Any], **head: Any) -> dict[str, Any]:
    """A drawn map that is not reopened, so that its steps may have any names."""
    data = drawn(key, steps, **head)
    data["steps"]["done"].pop("reopen", None)
    return data


def work_off(now: datetime) -> int:
    """Deliver all that is due at this moment."""
    return deliver_due(lambda: now)


@dataclass
class Course:
    """A request whose outside is driven by the test's clock."""

    flow: Flow

    @classmethod
    def of(cls, data: Mapping[str, Any], **values: Any) -> "Course":
        """A request of this map, just started; nothing delivered yet."""
        return cls(begin(dict(data), **values))

    @property
    def now(self) -> datetime:
        return self.flow.now

    def work(self, **later: float) -> str:
        """Let time pass and deliver what is due then; where the request stands."""
        self.flow.now += timedelta(**later)
        work_off(self.flow.now)
        return self.flow.where

    @property
    def attempts(self) -> list[tuple[int, str, str]]:
        """Number, state and code of each attempt."""
        rows = Attempt.objects.filter(request=self.flow.request)
        return [(row.number, row.state, row.code) for row in rows]

    @property
    def waiting(self) -> list[OutboxMessage]:
        """The messages of the request that are not closed, those apart that tell people of it."""
        rows = OutboxMessage.objects.filter(
            request=self.flow.request, state__in=("waiting", "taken")
        )
        return list(rows.exclude(kind__in=("tell", "due", "notice")))


# -- a receiver -------------------------------------------------------------------------------


@dataclass
class Reply:
    """What the receiver says to one call."""

    status: int = 200
    body: Any = field(default_factory=lambda: {"number": "PO-7"})
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0


@dataclass
class Receiver:
    """A local HTTP server that honours idempotency keys and counts effects by key."""

    url: str = ""
    replies: list[Reply] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    effects: Counter[str] = field(default_factory=Counter)

    def next(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        reply = self.replies.pop(0) if self.replies else Reply()
        self.calls.append({"method": method, "path": path, "headers": dict(headers), "body": body})
        key = headers.get("Idempotency-Key", "")
        if reply.status < 300 and not self.effects[key]:
            self.effects[key] += 1
        return reply


@contextmanager
def receiver(*replies: Reply) -> Iterator[Receiver]:
    """A running receiver that gives these replies in turn, then its usual one."""
    here = Receiver(replies=list(replies))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            reply = here.next(self.command, self.path, self.headers, body)
            time.sleep(reply.delay)
            said = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PUT = answer  # noqa: N815 - the names that the server calls

        def log_message(self, *_: Any) -> None:
            """Tests are quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, address: Any) -> None:
            """A caller that has gone is no error here."""

    server = Server(("127.0.0.1", 0), Handler)
    here.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def connect(url: str, *, owner: Any, key: str = "erp", **more: Any) -> Connection:
    """A connection that is allowed to call this machine."""
    return Connection.objects.create(
        key=key,
        name=key.upper(),
        base_url=url,
        owner=owner,
        allowed_hosts="127.0.0.1",
        **{"timeout_seconds": 5} | more,
    )


ORDER = {
    "kind": "automation",
    "action": "http",
    "with": {
        "method": "POST",
        "connection": "erp",
        "path": "/orders/{{ request.reference }}",
        "json": {"amount": "{{ amount }}", "cents": "{{ amount | number }}"},
    },
    "outputs": {"note": "$.number"},
    "retry": {"attempts": 3, "first_delay": "10s", "factor": 2},
    "to": "check",
}


def ordering(**order: Any) -> dict[str, Any]:
    steps = {"order": ORDER | order, "check": task(ok="done", no=NO, stop=STOP)}
    if "on_error" in order:
        steps["fix"] = task(again="order", stop=STOP)
    return plain("orders", steps)


def course(there: Receiver, **order: Any) -> Course:
    make_people()
    connect(there.url, owner=person("olga"))
    return Course.of(ordering(**order))


def folded(one: Course) -> bool:
    request = one.flow.refresh()
    marking, data = rebuild_from_trail(request)
    return (marking.to_json(), data) == (request.marking, request.data)


def auto(action_name: str, told: dict[str, Any], **more: Any) -> dict[str, Any]:
    step = {"kind": "automation", "action": action_name, "with": told, "to": "check"} | more
    return plain("auto", {"do": step, "check": task(ok="done", no=NO, stop=STOP)})
