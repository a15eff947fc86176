"""A small OAuth 2 server with something to call: it checks clients, PKCE, codes and tokens, gives
each refresh token for one use, and can be told to misbehave."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urlsplit

CLIENT, SECRET = "handoff:app", "cl!ent s3cret+/="


@dataclass
class OAuthServer:
    """What the server knows, and what it was asked."""

    url: str = ""
    lifetime: int | None = 3600
    delay: float = 0.0
    rotates: bool = True
    refuses: str = ""
    fails: int = 0
    tokens: set[str] = field(default_factory=set)
    refresh_tokens: set[str] = field(default_factory=set)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def authorize(self, query: str) -> str:
        """The account agrees: where its browser is sent."""
        asked = dict(parse_qsl(query))
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(12)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def give_token(self, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        """The answer of the token address."""
        form = dict(parse_qsl(body.decode(), strict_parsing=True))
        time.sleep(self.delay)
        with self.lock:
            self.asked.append(form)
            if self.fails:
                return self.fails, {}
            if not self._is_known_client(headers, form):
                return 401, {"error": "invalid_client"}
            if self.refuses:
                return 400, {"error": self.refuses, "error_description": f"no, {SECRET}"}
            return self._grant(form)

    def _is_known_client(self, headers: Mapping[str, str], form: Mapping[str, str]) -> bool:
        said = headers.get("Authorization", "")
        if said.startswith("Basic "):
            name, _, word = base64.b64decode(said[6:]).decode().partition(":")
            return (unquote_plus(name), unquote_plus(word)) == (CLIENT, SECRET)
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)

    def _grant(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        kind = form["grant_type"]
        if kind == "client_credentials":
            return self._new_token(with_refresh=False)
        if kind == "refresh_token":
            if form["refresh_token"] not in self.refresh_tokens:
                return 400, {"error": "invalid_grant"}
            if self.rotates:
                self.refresh_tokens.discard(form["refresh_token"])
            return self._new_token(with_refresh=self.rotates)
        asked = self.codes.pop(form["code"], None)
        if asked is None or not _is_proven(asked, form):
            return 400, {"error": "invalid_grant"}
        return self._new_token(with_refresh=True)

    def _new_token(self, *, with_refresh: bool) -> tuple[int, dict[str, Any]]:
        token = f"tok-{secrets.token_urlsafe(16)}"
        self.tokens.add(token)
        answer: dict[str, Any] = {"access_token": token, "token_type": "Bearer"}
        if self.lifetime is not None:
            answer["expires_in"] = self.lifetime
        if with_refresh:
            answer["refresh_token"] = f"ref-{secrets.token_urlsafe(16)}"
            self.refresh_tokens.add(answer["refresh_token"])
        return 200, answer

    def answer_call(self, call: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The answer of what is called with a token; it repeats what it was sent."""
        with self.lock:
            self.calls.append(call)
            said = call["headers"].get("Authorization", "")
            if said.removeprefix("Bearer ") in self.tokens:
                return 200, {"number": "PO-7", "said": said}
            return 401, {"error": "invalid_token", "said": said}


def _is_proven(asked: Mapping[str, str], form: Mapping[str, str]) -> bool:
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    is_same_place = asked["redirect_uri"] == form.get("redirect_uri")
    return is_same_place and challenge == asked["code_challenge"]


@contextmanager
def oauth_server() -> Iterator[OAuthServer]:
    """A running server."""
    here = OAuthServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/authorize":
                self.reply(302, {}, Location=here.authorize(parts.query))
            else:
                self.reply(*here.answer_call(self.heard()))

        def do_POST(self) -> None:
            heard = self.heard()
            if self.path == "/token":
                self.reply(*here.give_token(heard["headers"], heard["body"]))
            else:
                self.reply(*here.answer_call(heard))

        def heard(self) -> dict[str, Any]:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            return {"path": self.path, "headers": dict(self.headers), "body": body}

        def reply(self, status: int, document: dict[str, Any], **headers: str) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    here.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def query_of(address: str) -> dict[str, str]:
    """The query of an address, each name once."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
