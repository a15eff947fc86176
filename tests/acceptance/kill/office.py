"""The people of the kill test: they ask and decide, and try again when nobody answers."""

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

GONE = (OSError, http.client.HTTPException, ValueError)
"""What a client meets when the web dies under its call."""


class Client:
    """One person at the HTTP API; every POST has a key, so it can be sent again."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token

    def send(self, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        """One call; raises what `GONE` names when it was not answered."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        try:
            link.request(
                method, f"/api/v1{path}", json.dumps(body) if body is not None else None, headers
            )
            answer = link.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            link.close()

    def until_answered(self, method: str, path: str, body: Any, key: str) -> tuple[int, Any]:
        """Send it until somebody answers it for good."""
        while True:
            try:
                status, said = self.send(method, path, body, key)
            except GONE:
                time.sleep(0.3)
                continue
            if status < 500 and status != 429:
                return status, said
            time.sleep(0.3)


class Office:
    """Everybody at work at once."""

    def __init__(
        self, port: int, tokens: Mapping[str, str], requests: int, seed: int, *, pause: float = 0.0
    ) -> None:
        self.port, self.tokens, self.requests = port, dict(tokens), requests
        self.pause, self.enough = pause, threading.Event()
        self.chance = random.Random(seed)
        self.started: dict[int, str] = {}
        self.asked = 0
        self.answers: Counter[str] = Counter()
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.numbers = iter(range(requests))
        self.threads = [
            threading.Thread(target=work, args=(name,), daemon=True)
            for name in self.tokens
            for work in ((self.ask,) if name.startswith("asker") else (self.decide,))
        ]

    def begin(self) -> None:
        """Let them work."""
        for thread in self.threads:
            thread.start()

    def end(self) -> None:
        """Send them home."""
        self.stop.set()
        for thread in self.threads:
            thread.join(timeout=30)

    def ask(self, name: str) -> None:
        """Start one request after the other."""
        client = Client(self.port, self.tokens[name])
        while True:
            with self.lock:
                number = next(self.numbers, None)
                bad = self.chance.random() < 0.03
            if number is None or self.enough.wait(self.pause) or self.stop.is_set():
                return
            with self.lock:
                self.asked += 1
            body = {
                "workflow": "killed",
                "data": {"amount": f"{number + 1}.00", "way": "refused" if bad else "usual"},
            }
            status, said = client.until_answered("POST", "/instances", body, f"start-{number}")
            assert status == 201, (status, said)
            with self.lock:
                self.started[number] = said["reference"]

    def decide(self, name: str) -> None:
        """Take what is in the inbox and decide it."""
        client = Client(self.port, self.tokens[name])
        while not self.stop.is_set():
            try:
                status, said = client.send("GET", "/inbox?limit=20")
            except GONE:
                status, said = 0, None
            if status != 200 or not said["items"]:
                time.sleep(0.3)
                continue
            with self.lock:
                one = self.chance.choice(said["items"])
            status, said = client.until_answered(
                "POST",
                f"/work-items/{one['id']}/decide",
                {"outcome": "ok"},
                f"{name}-{one['id']}",
            )
            with self.lock:
                self.answers[str(status)] += 1
