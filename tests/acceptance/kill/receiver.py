"""The other side: slow, failing, silent, and counting what it did, by key and by piece of work."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    """Honours idempotency keys: a key that it has seen has no second effect.

    `effects` counts by path, which names request and step: two keys for one piece of work would
    show there as two.
    """

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.lock = threading.Lock()
        self.seen: set[str] = set()
        self.effects: Counter[str] = Counter()
        self.behaviour: Counter[str] = Counter()
        self.url = ""

    def choose(self, path: str, key: str) -> tuple[str, float]:
        """What happens to this call, and how long it takes."""
        with self.lock:
            dice, pause = self.chance.random(), self.chance.uniform(0.05, 0.4)
            how = "answered"
            if "/refused/" in path:
                how = "refused for good"
            elif dice < 0.08:
                how = "500 before the effect"
            elif dice < 0.14:
                how = "500 after the effect"
            elif dice < 0.18:
                how, pause = "silent after the effect", 1.6
            elif dice < 0.35:
                how = "slow"
            self.behaviour[how] += 1
            if how not in ("500 before the effect", "refused for good") and key not in self.seen:
                self.seen.add(key)
                self.effects[path] += 1
        return how, pause if how in ("slow", "silent after the effect") else 0.0


@contextmanager
def running(seed: int) -> Iterator[Receiver]:
    """The receiver at a port of its own."""
    here = Receiver(seed)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            how, pause = here.choose(self.path, self.headers.get("Idempotency-Key", ""))
            time.sleep(pause)
            status = 422 if how == "refused for good" else 500 if how.startswith("500") else 200
            said = json.dumps({"number": f"N{len(here.seen)}"}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: Any, address: Any) -> None:
            """Callers are killed here all the time."""

    server = Server(("127.0.0.1", 0), Handler)
    here.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
